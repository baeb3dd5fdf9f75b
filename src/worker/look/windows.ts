// Windows of a model's held-out text, as long as the model looks back: what a loss is measured on while somebody waits.
import type { Dataset } from '../../data/dataset/dataset'
import type { Tokens } from '../../data/tokenize/tokenizer'
import { ProbeError } from '../../errors'
import type { Looked } from './slots'

/** Windows that a part's worth is measured on, and the same for a setting of gates. */
export const LOSS_WINDOWS = 4

/** A model's text. Throws ProbeError where it is not at hand. */
export async function ownText(looked: Looked): Promise<Dataset> {
  const dataset = await looked.dataset()
  if (!dataset)
    throw new ProbeError(`The text of “${looked.info.name}” is not at hand, so there is none held out. Type a text.`)
  return dataset
}

/** Up to `count` windows of up to `length` tokens, evenly spread. */
export function evenWindows(tokens: Tokens, length: number, count: number): number[][] {
  const T = Math.min(length, tokens.length)
  const last = tokens.length - T
  return Array.from({ length: Math.min(count, last + 1) }, (_, i) => {
    const from = count === 1 ? 0 : Math.floor((i * last) / (count - 1))
    return Array.from(tokens.subarray(from, from + T))
  })
}

/** `count` windows of tokens, evenly spread over the held-out text. Throws ProbeError where no text is at hand, or it is too short. */
export async function heldOut(looked: Looked, count: number): Promise<number[][]> {
  const { val } = await ownText(looked)
  const { name, config } = looked.info
  if (Math.min(config.block_size, val.length) < 2)
    throw new ProbeError(`“${name}” holds no text out. Type a text, or hold a part out in Data.`)
  return evenWindows(val, config.block_size, count)
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
