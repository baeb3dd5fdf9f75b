// Windows of a model's held-out text, as long as the model looks back: what a loss is measured on while somebody waits.
import type { Dataset } from '../../data/dataset/dataset'
import type { Tokens } from '../../data/tokenize/tokenizer'
import { ProbeError } from '../../errors'
import type { Looked } from './slots'

/** Windows that a part's worth is measured on, and the same for a setting of gates. */
export const LOSS_WINDOWS = 4

const GOLDEN = (Math.sqrt(5) - 1) / 2

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

/** A window of a model's text: where it begins in the whole of it, and whether it is held out. */
export interface Window {
  from: number
  held: boolean
  tokens: number[]
}

/**
 * Windows of the text that a model was trained on, and of the text held out, each evenly spread. They come in an order in which the
 * first few are spread too. Throws ProbeError where no text is at hand, or nothing is held out.
 */
export async function windowsOf(looked: Looked, counts: { trained: number; held: number }): Promise<Window[]> {
  const dataset = await looked.dataset()
  const { name, config } = looked.info
  if (!dataset) throw new ProbeError(`The text of “${name}” is not at hand. Put a model into the slot whose text is.`)
  const { tokens, train, val } = dataset
  const T = Math.min(config.block_size, train.length, val.length > 0 ? val.length : Infinity)
  if (T < 2) throw new ProbeError(`The text of “${name}” is too short to look through. Take one with more in it.`)
  const spread = (part: { length: number }, first: number, count: number, held: boolean): Window[] => {
    const room = part.length - T
    if (room < 0) return []
    const n = Math.min(count, Math.ceil(part.length / T))
    const places = Array.from({ length: n }, (_, i) => first + (n === 1 ? 0 : Math.floor((i * room) / (n - 1))))
    // Multiples of the golden ratio fall evenly, however many there are.
    const order = places.map((_, i) => (i * GOLDEN) % 1)
    return places
      .map((from, i) => ({
        at: order[i]!,
        window: { from, held, tokens: Array.from(tokens.subarray(from, from + T)) },
      }))
      .toSorted((a, b) => a.at - b.at)
      .map(({ window }) => window)
  }
  const [seen, unseen] = [spread(train, 0, counts.trained, false), spread(val, train.length, counts.held, true)]
  // Both kinds in turn, as far as they reach.
  const both = [
    ...seen.map((w, i) => ({ w, at: (i + 0.5) / seen.length })),
    ...unseen.map((w, i) => ({ w, at: (i + 0.5) / unseen.length })),
  ]
  return both.toSorted((a, b) => a.at - b.at).map(({ w }) => w)
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
