// What a head does, read off its attention on a random window that is said twice: there a token's past says nothing but where it stood
// before (Elhage et al. 2021; Olsson et al., arXiv 2209.11895). Scores are shares of attention above what flat attention would give the
// same places, so that a short window does not flatter. A label says where a head looks on such a window, not what it is for.
import { hash } from '../rng'
import { patterns } from './attention'
import type { Probe } from './probe'

export const HEAD_KINDS = ['previous', 'first', 'same', 'induction', 'spread'] as const
export type HeadKind = (typeof HEAD_KINDS)[number]

export interface HeadScores {
  /** Attention on the token before; 1: all of it, 0: as much as flat attention. */
  previous: number
  /** On the first token. */
  first: number
  /** On the token itself and where it stood before. */
  same: number
  /** On what followed the token where it stood before. */
  induction: number
  /** Entropy as a share of its most, log of the positions seen: 1 is flat. */
  spread: number
  /** Mean distance looked back, in tokens. */
  distance: number
  /** The kind of the clearest score, or null where none is clear. */
  label: HeadKind | null
}

/** A score from which a kind is a label: half of what is not chance. */
const CLEAR = 0.5
/** Random scores of moderate size leave an entropy of 0.85 to 0.93 of the most. */
const FLAT = 0.97

/** A window of random tokens and the same again: 2·n ≤ `length` tokens, no two equal in one half where the vocabulary allows. */
export function repeatedWindow(vocab_size: number, length: number, seed: number): number[] {
  const n = Math.floor(length / 2)
  const half: number[] = []
  // Fisher and Yates, as far as needed; a vocabulary that is used up is shuffled anew.
  let left: number[] = []
  for (let i = 0; i < n; i++) {
    if (left.length === 0) left = Array.from({ length: vocab_size }, (_, id) => id)
    const at = Math.floor((hash(seed, 0, i) / 2 ** 32) * left.length)
    half.push(left[at]!)
    left[at] = left.at(-1)!
    left.pop()
  }
  return [...half, ...half]
}

/**
 * The scores of one head on a window that is said twice: `att` [T, T] after softmax. Rows of the second half count, from its second token
 * on, since at its first the same token is the first token.
 */
export function headScores(att: ArrayLike<number>, tokens: ArrayLike<number>): HeadScores {
  const T = tokens.length
  const n = Math.floor(T / 2)
  const kinds = { previous: 0, first: 0, same: 0, induction: 0 }
  let [spread, distance, rows] = [0, 0, 0]
  for (let i = n + 1; i < T; i++, rows++) {
    const seen = i + 1
    const places = { previous: [i - 1], first: [0], same: [] as number[], induction: [] as number[] }
    for (let j = 0; j <= i; j++) {
      if (tokens[j] === tokens[i]) places.same.push(j)
      if (j > 0 && tokens[j - 1] === tokens[i]) places.induction.push(j)
    }
    for (const kind of ['previous', 'first', 'same', 'induction'] as const) {
      const share = places[kind].reduce((sum, j) => sum + att[i * T + j]!, 0)
      const chance = places[kind].length / seen
      kinds[kind] += chance < 1 ? (share - chance) / (1 - chance) : 0
    }
    let entropy = 0
    for (let j = 0; j <= i; j++) {
      const share = att[i * T + j]!
      if (share > 0) entropy -= share * Math.log(share)
      distance += share * (i - j)
    }
    spread += entropy / Math.log(seen)
  }
  const mean = (sum: number) => (rows > 0 ? sum / rows : 0)
  const scores = {
    ...{ previous: mean(kinds.previous), first: mean(kinds.first), same: mean(kinds.same) },
    ...{ induction: mean(kinds.induction), spread: mean(spread), distance: mean(distance) },
  }
  return { ...scores, label: labelOf(scores) }
}

function labelOf(scores: Omit<HeadScores, 'label'>): HeadKind | null {
  const clear = (['previous', 'first', 'same', 'induction'] as const).filter((kind) => scores[kind] >= CLEAR)
  const clearest = clear.toSorted((a, b) => scores[b] - scores[a])[0]
  return clearest ?? (scores.spread >= FLAT ? 'spread' : null)
}

/** Windows that are asked about, and how long they are at most: their means are steady by then. */
const WINDOWS = 4
const LONGEST = 64

/**
 * Every head's scores on random windows said twice, [L · NH] in the order of the layers; the mean over windows. Throws as `Probe.ask`
 * does. A context of fewer than 8 tokens holds no window that could tell: every score is 0 there, and every label null.
 */
export async function labelHeads(probe: Probe, seed = 0): Promise<HeadScores[]> {
  const { n_layer, n_head, block_size, vocab_size } = probe.config
  const length = 2 * Math.floor(Math.min(block_size, LONGEST) / 2)
  const nothing = { previous: 0, first: 0, same: 0, induction: 0, spread: 0, distance: 0, label: null }
  if (length < 8) return Array.from({ length: n_layer * n_head }, () => nothing)
  const all: HeadScores[][] = []
  for (let window = 0; window < WINDOWS; window++) {
    const tokens = repeatedWindow(vocab_size, length, seed + window)
    const att = await patterns(probe, { tokens })
    const size = length * length
    all.push(
      Array.from({ length: n_layer * n_head }, (_, head) =>
        headScores(att.subarray(head * size, (head + 1) * size), tokens),
      ),
    )
  }
  return all[0]!.map((_, head) => {
    const mean = (of: (scores: HeadScores) => number) =>
      all.reduce((sum, window) => sum + of(window[head]!), 0) / WINDOWS
    const scores = {
      previous: mean((s) => s.previous),
      first: mean((s) => s.first),
      same: mean((s) => s.same),
      induction: mean((s) => s.induction),
      spread: mean((s) => s.spread),
      distance: mean((s) => s.distance),
    }
    return { ...scores, label: labelOf(scores) }
  })
}
