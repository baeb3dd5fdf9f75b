// Byte pairs in slow motion: by which merge each edge between two bytes goes. The tokens left after n merges are those of a
// vocabulary with n merges, so one pass over a text answers for every size. Agrees with bpe.ts, whose merges it replays.
import { type TokenizerState, ALWAYS, NEVER, type MergeReplay } from '../../words/tokens'
import { BYTE_SYMBOLS } from './byte_alphabet'
import { eachPiece } from './pieces'
import { specialTokens } from './special'

const encoder = new TextEncoder()

/** For each byte of a piece: the rank of the merge that joins it to the byte before it. NEVER where none does, as at the start. */
export function edgeRanks(state: TokenizerState): (piece: string) => Int32Array<ArrayBuffer> {
  // No symbol of the alphabet is a space.
  const ranks = new Map((state.merges ?? []).map(([left, right], rank) => [`${left} ${right}`, rank]))
  return (piece) => {
    const bytes = encoder.encode(piece)
    const gone = new Int32Array(bytes.length).fill(NEVER)
    const parts = Array.from(bytes, (byte) => BYTE_SYMBOLS[byte]!)
    const starts = parts.map((_, i) => i)
    const rankAt = (i: number) => (i + 1 < parts.length ? (ranks.get(`${parts[i]} ${parts[i + 1]}`) ?? NEVER) : NEVER)
    const next = parts.map((_, i) => rankAt(i))
    let reached = ALWAYS
    for (;;) {
      let best = 0
      for (let i = 1; i < next.length; i++) if (next[i]! < next[best]!) best = i
      const rank = next[best] ?? NEVER
      if (rank === NEVER) return gone
      // Files may have a merge of earlier rank wait for a later one.
      reached = Math.max(reached, rank)
      gone[starts[best + 1]!] = reached
      parts.splice(best, 2, parts[best]! + parts[best + 1]!)
      starts.splice(best + 1, 1)
      next.splice(best, 1)
      next[best] = rankAt(best)
      if (best > 0) next[best - 1] = rankAt(best - 1)
    }
  }
}

/** A passage with its edges; those within special tokens were never there. */
export function replay(state: TokenizerState, passage: string): MergeReplay {
  const ranks = edgeRanks(state)
  const bytes: number[] = []
  const gone: number[] = []
  for (const part of specialTokens(state).split(passage))
    if (typeof part === 'number') {
      const own = encoder.encode(state.vocab[part])
      bytes.push(...own)
      gone.push(...Array.from(own, (_, i) => (i === 0 ? NEVER : ALWAYS)))
    } else
      eachPiece(part, (piece) => {
        bytes.push(...encoder.encode(piece))
        gone.push(...ranks(piece))
      })
  return { bytes, gone }
}
