// The page's catalogue with what Look inside says, which is loaded when somebody looks.
import { m as everywhere } from '../messages'
import { look } from './messages'
import { health } from './messages_health'
import { kernels } from './messages_kernels'
import { attribution, lens, patching } from './messages_lens'
import { tokenLosses } from './messages_losses'
import { off } from './messages_off'
import { lookParts } from './messages_parts'

export const m = { ...everywhere, look, lens, attribution, patching, off, tokenLosses, lookParts, health, kernels }
