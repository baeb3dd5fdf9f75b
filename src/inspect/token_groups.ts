// Which tokens of a text are hard: losses by what a token is made of and by how frequent it is, and the stretches of a text with the
// highest and the lowest mean loss.
import { TOKEN_CLASSES, type GroupLoss, type TokenClass } from '../words/look'

/** What a token is made of: by its first sign that is neither space nor mark, so that " the" is letters; of spaces, a break if one has any. */
export function classOf(text: string): TokenClass {
  if (text === '' || text.includes('\ufffd')) return 'other'
  if (/^\s+$/u.test(text)) return /[\n\r\u2028\u2029]/u.test(text) ? 'break' : 'space'
  if (/\p{L}/u.test(text)) return 'letters'
  if (/\p{N}/u.test(text)) return 'digits'
  return /[\p{P}\p{S}]/u.test(text) ? 'punctuation' : 'other'
}

/** The place of each of V tokens among all by frequency in a text, from 0: [V]. Tokens that it lacks come last, in their order. */
export function frequencyRanks(tokens: ArrayLike<number>, V: number): Uint32Array {
  const counts = new Uint32Array(V)
  for (let i = 0; i < tokens.length; i++) counts[tokens[i]!]!++
  const order = Array.from({ length: V }, (_, id) => id).sort((a, b) => counts[b]! - counts[a]! || a - b)
  const ranks = new Uint32Array(V)
  order.forEach((id, rank) => (ranks[id] = rank))
  return ranks
}

/** The power of ten up to which a place among tokens counts, from 10 on: place 0 … 9 is 10, 10 … 99 is 100. */
export function bandOf(rank: number): number {
  let band = 10
  while (rank >= band) band *= 10
  return band
}

/** Number and mean of losses by group; NaN is no loss. In the order in which groups first appear. */
export function byGroup<K>(losses: ArrayLike<number>, groupAt: (i: number) => K): GroupLoss<K>[] {
  const sums = new Map<K, { count: number; sum: number }>()
  for (let i = 0; i < losses.length; i++) {
    const loss = losses[i]!
    if (Number.isNaN(loss)) continue
    const group = groupAt(i)
    const { count, sum } = sums.get(group) ?? { count: 0, sum: 0 }
    sums.set(group, { count: count + 1, sum: sum + loss })
  }
  return [...sums].map(([group, { count, sum }]) => ({ group, count, mean: sum / count }))
}

/** Groups in the order of `TOKEN_CLASSES`. */
export const byClass = (losses: ArrayLike<number>, texts: readonly string[]): GroupLoss<TokenClass>[] =>
  byGroup(losses, (i) => classOf(texts[i]!)).sort(
    (a, b) => TOKEN_CLASSES.indexOf(a.group) - TOKEN_CLASSES.indexOf(b.group),
  )

/** `length` tokens of a window from `from` on, and their mean loss. */
export interface Stretch {
  window: number
  from: number
  mean: number
}

/**
 * The `count` stretches of `length` tokens with the highest, or lowest, mean loss, the most extreme first, none of which overlap. Places
 * before `context` are left out: a model that has read little is wrong for that reason. So is a stretch with a NaN.
 */
export function extremeStretches(
  windows: readonly ArrayLike<number>[],
  which: 'highest' | 'lowest',
  { count, length, context }: { count: number; length: number; context: number },
): Stretch[] {
  const all = windows.flatMap((losses, window) =>
    Array.from({ length: Math.max(0, losses.length - length + 1 - context) }, (_, i) => {
      const from = context + i
      let sum = 0
      for (let t = from; t < from + length; t++) sum += losses[t]!
      return { window, from, mean: sum / length }
    }),
  )
  const sign = which === 'highest' ? -1 : 1
  const chosen: Stretch[] = []
  for (const one of all.filter(({ mean }) => !Number.isNaN(mean)).sort((a, b) => sign * (a.mean - b.mean))) {
    if (chosen.length === count) break
    if (!chosen.some(({ window, from }) => window === one.window && Math.abs(from - one.from) < length))
      chosen.push(one)
  }
  return chosen
}
