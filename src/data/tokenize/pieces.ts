// The pieces that GPT-2 cuts a text into before it looks for tokens. A piece is a word with the space before it, a number, a run
// of marks or a run of white space. No token reaches over the edge of a piece.
import { atOnce, within } from '../../paced'
import { textBetween } from './special'

/**
 * GPT-2's pattern. Its \s is Unicode's White_Space, as in Hugging Face's tokenizers; JavaScript's \s has U+FEFF and lacks U+0085.
 * Every character belongs to exactly one piece.
 */
const PIECE =
  /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\p{White_Space}\p{L}\p{N}]+|\p{White_Space}+(?!\P{White_Space})|\p{White_Space}+/gu

/** A longer run of one kind is cut here, so that none can exhaust the regular expression's stack; texts that people write have none. */
const LONGEST_PIECE = 1 << 16
/** The pattern looks at most this far past a piece: `'re` without its last letter would be a mark and a word. */
const LOOK_AHEAD = 4

/** Calls `visit` with every piece of a text, in order; together they are the text. */
export function eachPiece(text: string, visit: (piece: string) => void): void {
  atOnce(visiting(text, visit))
}

/** The same in short turns, for `paced`. */
export function* visiting(text: string, visit: (piece: string) => void): Generator<number, void> {
  let start = 0
  while (start < text.length) {
    const window = text.slice(start, start + LONGEST_PIECE)
    const safe = start + window.length === text.length ? window.length : window.length - LOOK_AHEAD
    let from = 0
    PIECE.lastIndex = 0
    // `test` moves lastIndex and, unlike `exec`, makes no array.
    while (PIECE.test(window)) {
      const to = PIECE.lastIndex
      if (to > safe) break
      visit(window.slice(from, to))
      from = to
    }
    if (from === 0) {
      from = isHighSurrogate(window.charCodeAt(window.length - 1)) ? window.length - 1 : window.length
      visit(window.slice(0, from))
    }
    start += from
    yield start / text.length
  }
}

const isHighSurrogate = (unit: number) => (unit & 0xfc00) === 0xd800

/** How often each piece occurs, in the order of their first occurrence; special tokens are no part of a piece. In short turns. */
export function* countingPieces(text: string, special: readonly string[]): Generator<number, Map<string, number>> {
  const counts = new Map<string, number>()
  const count = (piece: string) => void counts.set(piece, (counts.get(piece) ?? 0) + 1)
  let done = 0
  for (const part of textBetween(text, special)) {
    const from = done
    done += part.length
    yield* within(visiting(part, count), from / text.length, done / text.length)
  }
  return counts
}
