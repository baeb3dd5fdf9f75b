// The n-gram ladder: how well one predicts a text from its last 0, 1, 2, … tokens by counting alone. The estimate is interpolated
// Witten–Bell (Witten and Bell 1991; Chen and Goodman 1999, section 2.6):
//   p(w | c) = (count(c w) + kinds(c) · p(w | c')) / (count(c) + kinds(c)).
// c' is the context without its oldest token. kinds(c) says how many different tokens follow c. At the bottom stands 1/V.
import { invariant } from '../../errors'
import { resplit, type Dataset } from './dataset'
import { Numbering } from '../tokenize/numbering'
import { paced } from '../../paced'
import type { Tokens } from '../tokenize/tokenizer'

/** Tokens that a text's ladder counts and measures at most: a second or two of counting. */
const COUNTED = 4_000_000
const MEASURED = 400_000
/** Tokens between two rests: some milliseconds. */
const STRETCH = 4096

/** A list that grows by doubling. */
class Counts {
  #values = new Uint32Array(1 << 16)
  get(i: number): number {
    return this.#values[i] ?? 0
  }
  increment(i: number): void {
    if (i >= this.#values.length) {
      const old = this.#values
      this.#values = new Uint32Array(Math.max(2 * old.length, i + 1))
      this.#values.set(old)
    }
    this.#values[i]!++
  }
}

/**
 * Cross-entropy on `val` in nats a token: of guessing evenly among `vocab_size` tokens, then of 1- to `order`-grams counted on
 * `train`. Runs in short turns, for `paced`. Needs a token to measure on. Memory grows with the number of different `order`-grams.
 */
export function* climbing(train: Tokens, val: Tokens, vocab_size: number, order: number): Generator<number, number[]> {
  invariant(val.length > 0, () => 'the ladder needs held-out tokens to be measured on')
  // A stretch of tokens has one number: (number of the stretch without its last token, last token). 0 is the empty stretch.
  const stretches = new Numbering()
  stretches.add(0)
  const counts = new Counts()
  const followers = new Counts()
  const kinds = new Counts()
  const key = (stretch: number, token: number) => 1 + stretch * vocab_size + token
  const all = train.length + val.length
  for (let i = 0; i < train.length; i++) {
    if (i % STRETCH === 0) yield i / all
    // Each k-gram that ends here is walked from its oldest token.
    for (let k = 1; k <= Math.min(order, i + 1); k++) {
      let context = 0
      for (let j = i - k + 1; j < i; j++) context = stretches.get(key(context, train[j]!))
      const stretch = stretches.add(key(context, train[i]!))
      if (counts.get(stretch) === 0) kinds.increment(context)
      counts.increment(stretch)
      followers.increment(context)
    }
  }
  const sums = new Float64Array(order + 1)
  for (let i = 0; i < val.length; i++) {
    if (i % STRETCH === 0) yield (train.length + i) / all
    let p = 1 / vocab_size
    sums[0]! += Math.log(p)
    for (let k = 1; k <= order; k++) {
      let context = k - 1 > i ? -1 : 0
      for (let j = i - k + 1; j < i && context >= 0; j++) context = stretches.get(key(context, val[j]!))
      if (context >= 0 && followers.get(context) > 0) {
        const stretch = stretches.get(key(context, val[i]!))
        const count = stretch < 0 ? 0 : counts.get(stretch)
        p = (count + kinds.get(context) * p) / (followers.get(context) + kinds.get(context))
      }
      sums[k]! += Math.log(p)
    }
  }
  return Array.from(sums, (sum) => -sum / val.length)
}

/**
 * The ladder of a text from blind guessing to 5-grams, of its first tokens where it is very long; null where nothing is held out.
 * `pause` is awaited every 20 ms, so that others may work; what it throws ends the counting.
 */
export async function ladderOf(
  dataset: Dataset,
  val_fraction: number,
  pause: () => Promise<void>,
): Promise<number[] | null> {
  const { train, val } = resplit(dataset, val_fraction)
  if (train.length === 0 || val.length === 0) return null
  const { vocab_size } = dataset.tokenizer
  const climb = climbing(train.subarray(0, COUNTED), val.subarray(0, MEASURED), vocab_size, 5)
  return paced(climb, pause)
}
