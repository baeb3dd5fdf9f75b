// Windows of a model's held-out text, as long as the model looks back: what a loss is measured on while somebody waits.
import { ProbeError } from '../../errors'
import type { Looked } from './slots'

/** Windows that a part's worth is measured on, and the same for a setting of gates. */
export const LOSS_WINDOWS = 4

/** `count` windows of tokens, evenly spread over the held-out text. Throws ProbeError where no text is at hand, or it is too short. */
export async function heldOut(looked: Looked, count: number): Promise<number[][]> {
  const dataset = await looked.dataset()
  const { name, config } = looked.info
  if (!dataset) throw new ProbeError(`The text of “${name}” is not at hand, so there is none held out. Type a text.`)
  const { val } = dataset
  const T = Math.min(config.block_size, val.length)
  if (T < 2) throw new ProbeError(`“${name}” holds no text out. Type a text, or hold a part out in Data.`)
  const last = val.length - T
  return Array.from({ length: Math.min(count, last + 1) }, (_, i) => {
    const from = count === 1 ? 0 : Math.floor((i * last) / (count - 1))
    return Array.from(val.subarray(from, from + T))
  })
}

/** A window of held-out text at about this share of it, as text; null where no text is at hand. */
export async function heldOutWindow(looked: Looked, share: number): Promise<string | null> {
  const dataset = await looked.dataset()
  if (!dataset) return null
  const { val } = dataset
  const T = Math.min(looked.info.config.block_size, val.length)
  const from = Math.floor(Math.min(1, Math.max(0, share)) * (val.length - T))
  return looked.tokenizer.decode(val.subarray(from, from + T))
}
