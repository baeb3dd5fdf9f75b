// How far byte pairs of each size compress a text: one pass over a sample counts, for every merge, the edges that it joins.
import { edgeRanks } from '../data/tokenize/merge_replay'
import { countingPieces } from '../data/tokenize/pieces'
import { specialTokens } from '../data/tokenize/special'
import { within } from '../paced'
import { NEVER, SMALLEST_VOCAB, type CompressionPoint, type TokenizerState } from '../words/tokens'
import { lengthInBytes } from './passage'

/** Pieces are replayed in windows of so many characters: longer ones are no words, and their time grows with the square. */
const WINDOW = 1024

/** How many tokens byte pairs of each size make of the sample. */
export function* curveOf(
  state: TokenizerState,
  sample: readonly string[],
  special: readonly string[],
): Generator<number, CompressionPoint[]> {
  const ranks = edgeRanks(state)
  /** The number of edges that each merge joins. */
  const joins = new Float64Array(state.merges?.length ?? 0)
  let tokens = 0
  let bytes = 0
  let stretches = 0
  for (const stretch of sample) {
    for (const part of specialTokens({ ...state, special: [...special] }).split(stretch))
      if (typeof part === 'number') {
        tokens++
        bytes += lengthInBytes(state.vocab[part] ?? '')
      }
    const share = stretches++ / sample.length
    for (const [piece, count] of yield* within(countingPieces(stretch, special), share, share)) {
      for (let from = 0; from < piece.length; from += WINDOW)
        for (const rank of ranks(piece.slice(from, from + WINDOW))) {
          tokens += count
          bytes += count
          if (rank !== NEVER) joins[rank]! += count
        }
      yield share
    }
  }
  const points: CompressionPoint[] = []
  const most = state.vocab.length
  const smallest = SMALLEST_VOCAB + special.length
  const sizes = [smallest]
  for (let size = 2 * SMALLEST_VOCAB; size < most; size *= 2) sizes.push(size)
  if (most > smallest) sizes.push(most)
  let merged = 0
  for (const vocab_size of sizes) {
    for (; merged < vocab_size - smallest; merged++) tokens -= joins[merged]!
    points.push({ vocab_size, tokens, bytes })
  }
  return points
}
