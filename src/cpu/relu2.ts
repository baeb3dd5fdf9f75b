// Squared ReLU: see elementwise.ts.
import { elementwise } from './elementwise'

export const relu2 = elementwise('relu2', [2, 3])
