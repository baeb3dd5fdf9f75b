// Characters as tokens: one Unicode code point each, sorted by code point, as nanoGPT's data/shakespeare_char/prepare.py does.
import { CheckpointError } from '../../errors'
import type { TokenizerState } from '../../words/tokens'
import { slices } from '../../paced'
import { specialTokens, textBetween, withSpecial } from './special'
import { readingBy, readStretches, spelledOut, type Tokenizer } from './tokenizer'

const CODE_POINTS = 0x110000
/**
 * Most characters a vocabulary may hold. Real alphabets stay below it: a Chinese novel uses 3,000 to 5,000 characters. Above it,
 * embedding and head outgrow the rest of a small model, for characters too rare to be learned.
 */
export const LARGEST_CHAR_VOCAB = 8192
/** In the table from code point to id: no such token. Above every id. */
const UNKNOWN = 0xffff

/**
 * The vocabulary of a text, special tokens after its characters; `dropped` lists the rarest characters, left out because there are
 * too many.
 */
export function buildCharVocab(
  text: string,
  special: readonly string[] = [],
): { state: TokenizerState; dropped: string[] } {
  const counts = new Uint32Array(CODE_POINTS)
  for (const part of textBetween(text, special))
    for (let i = 0; i < part.length; i++) {
      const c = part.codePointAt(i)!
      if (c > 0xffff) i++
      counts[c]!++
    }
  const points: number[] = []
  for (let c = 0; c < CODE_POINTS; c++) if (counts[c]! > 0) points.push(c)
  // Stable: of two equally rare characters, the one that comes first in Unicode is kept.
  const byCount = points.toSorted((a, b) => counts[b]! - counts[a]!)
  const kept = byCount.slice(0, LARGEST_CHAR_VOCAB).sort((a, b) => a - b)
  const characters = (list: number[]) => list.map((c) => String.fromCodePoint(c))
  return {
    state: { kind: 'char', ...withSpecial(characters(kept), special) },
    dropped: characters(byCount.slice(LARGEST_CHAR_VOCAB)),
  }
}

/**
 * A tokenizer from its state. Throws CheckpointError where the state is not a list of different single characters and special
 * tokens.
 */
export function charTokenizer(state: TokenizerState): Tokenizer {
  const { vocab } = state
  const special = specialTokens(state)
  const characters = vocab.length - special.ids.size
  if (characters <= 0 || characters > LARGEST_CHAR_VOCAB)
    throw new CheckpointError(
      `The tokenizer has ${characters} characters; it must have 1 to ${LARGEST_CHAR_VOCAB}. The file is damaged: open another.`,
    )
  // No longer than the characters go: all of Unicode would take 2 MB, cleared for every model that is opened.
  const idOf = new Uint16Array(vocab.reduce((end, token) => Math.max(end, (token.codePointAt(0) ?? 0) + 1), 0)).fill(
    UNKNOWN,
  )
  for (const [id, token] of vocab.entries()) {
    if (special.ids.get(token) === id) continue
    const point = token.codePointAt(0)
    if (point === undefined || token !== String.fromCodePoint(point) || idOf[point] !== UNKNOWN)
      throw new CheckpointError(
        `Token ${id} of the tokenizer, ${JSON.stringify(token)}, is not one character of its own. The file is damaged: open another.`,
      )
    idOf[point] = id
  }
  return {
    state,
    vocab_size: vocab.length,
    ...spelledOut(vocab),
    ...readingBy(function* (text) {
      const ids = new Uint16Array(text.length)
      const unknown = new Set<number>()
      let n = 0
      const read = (part: string) => {
        for (let i = 0; i < part.length; i++) {
          const c = part.codePointAt(i)!
          if (c > 0xffff) i++
          const id = c < idOf.length ? idOf[c]! : UNKNOWN
          if (id === UNKNOWN) unknown.add(c)
          else ids[n++] = id
        }
      }
      yield* readStretches(
        text,
        special,
        (id) => (ids[n++] = id),
        (stretch) => slices(stretch, read),
      )
      return {
        ids: n === ids.length ? ids : ids.slice(0, n),
        unknown: [...unknown].map((c) => String.fromCodePoint(c)),
      }
    }),
  }
}
