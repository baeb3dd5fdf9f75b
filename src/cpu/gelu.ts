// GELU, GPT-2's tanh form: see elementwise.ts.
import { elementwise } from './elementwise'

export const gelu = elementwise('gelu', [9, 17])
