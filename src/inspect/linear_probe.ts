// A linear reader: whether a label can be read off rows of numbers by one matrix (Alain and Bengio, arXiv 1610.01644). Multinomial logistic
// regression with ridge, by a bound on its Hessian (Böhning 1992): half of XᵀX, whatever the weights, so that one Cholesky factor serves
// every round, and every label. Rounds that gain by momentum are kept (Nesterov), those that lose begin again without. Shuffled labels tell
// what such a reader makes of nothing (Hewitt and Liang, arXiv 1909.03368).
import { hash } from '../rng'

/** Ridge for each row, in standard deviations: weights are held small where the rows do not say otherwise. */
const RIDGE = 1e-3
const ROUNDS = 30
/** A round that is sure of less than this share of the loss is the last. */
const ENOUGH = 2e-5

/** Reads a class off a row: `weights` [classes, C + 1] of standardised columns and 1. */
export interface Reader {
  classes: number
  weights: Float64Array
  mean: Float64Array
  scale: Float64Array
}

/** Rows [N, C] that readers are fitted to. */
export class Design {
  readonly #x: Float64Array
  readonly #N: number
  readonly #D: number
  readonly #mean: Float64Array
  readonly #scale: Float64Array
  readonly #factor: Float64Array

  private constructor(x: Float64Array, N: number, mean: Float64Array, scale: Float64Array, factor: Float64Array) {
    this.#x = x
    this.#N = N
    this.#D = x.length / N
    this.#mean = mean
    this.#scale = scale
    this.#factor = factor
  }

  /** Yields the share that is done, for `paced`. */
  static *of(rows: Float32Array, C: number, ridge = RIDGE): Generator<number, Design> {
    const N = rows.length / C
    const D = C + 1
    const [mean, scale] = [new Float64Array(C), new Float64Array(C)]
    for (let i = 0; i < rows.length; i++) mean[i % C]! += rows[i]! / N
    for (let i = 0; i < rows.length; i++) scale[i % C]! += (rows[i]! - mean[i % C]!) ** 2 / N
    for (let c = 0; c < C; c++) scale[c] = scale[c]! > 0 ? 1 / Math.sqrt(scale[c]!) : 0
    const x = new Float64Array(N * D)
    const bound = new Float64Array(D * D)
    for (let n = 0; n < N; n++) {
      for (let c = 0; c < C; c++) x[n * D + c] = (rows[n * C + c]! - mean[c]!) * scale[c]!
      x[n * D + C] = 1
      for (let i = 0; i < D; i++) addTimes(bound, i * D, x[n * D + i]! / 2, x, n * D, i + 1)
      if (n % 32 === 31) yield n / N
    }
    for (let c = 0; c < D; c++) bound[c * D + c]! += ridge * N
    return new Design(x, N, mean, scale, cholesky(bound, D))
  }

  /** The reader whose loss, mean nats a row and ridge, is least: labels [N] in 0 … classes − 1. Yields as `of` does. */
  *fit(labels: ArrayLike<number>, classes: number, ridge = RIDGE): Generator<number, Reader> {
    const size = classes * this.#D
    let [weights, before] = [new Float64Array(size), new Float64Array(size)]
    let [least, speed] = [Infinity, 1]
    for (let round = 0; round < ROUNDS; round++) {
      const next = (1 + Math.sqrt(1 + 4 * speed * speed)) / 2
      const push = (speed - 1) / next
      const ahead = weights.map((w, i) => w + push * (w - before[i]!))
      const { loss, gradient } = yield* this.#lossAt(ahead, labels, classes, ridge, round)
      if (loss > least && push > 0) {
        speed = 1
        before = weights
        continue
      }
      least = loss
      speed = next
      before = weights
      weights = ahead
      const way = gradient.slice()
      for (let k = 0; k < classes; k++) solve(this.#factor, this.#D, way.subarray(k * this.#D, (k + 1) * this.#D))
      for (let i = 0; i < size; i++) weights[i]! -= way[i]!
      // What the bound promises of this step.
      if (dot(gradient, 0, way, 0, size) / 2 < ENOUGH * loss) break
    }
    return { classes, weights, mean: this.#mean, scale: this.#scale }
  }

  /** Loss and gradient, both times N. */
  *#lossAt(
    weights: Float64Array,
    labels: ArrayLike<number>,
    classes: number,
    ridge: number,
    round: number,
  ): Generator<number, { loss: number; gradient: Float64Array }> {
    const [x, N, D] = [this.#x, this.#N, this.#D]
    const gradient = weights.map((w) => ridge * N * w)
    let loss = (ridge * N * dot(weights, 0, weights, 0, weights.length)) / 2
    const p = new Float64Array(classes)
    for (let n = 0; n < N; n++) {
      for (let k = 0; k < classes; k++) p[k] = dot(x, n * D, weights, k * D, D)
      let most = p[0]!
      for (let k = 1; k < classes; k++) if (p[k]! > most) most = p[k]!
      let sum = 0
      for (let k = 0; k < classes; k++) sum += Math.exp(p[k]! - most)
      loss += most + Math.log(sum) - p[labels[n]!]!
      for (let k = 0; k < classes; k++) {
        const off = Math.exp(p[k]! - most) / sum - (labels[n] === k ? 1 : 0)
        addTimes(gradient, k * D, off, x, n * D, D)
      }
      if (n % 256 === 255) yield round / ROUNDS
    }
    return { loss, gradient }
  }
}

/** The class that a reader gives each row of [N, C]. */
export function readRows({ classes, weights, mean, scale }: Reader, rows: Float32Array): Int32Array {
  const C = mean.length
  const D = C + 1
  const x = new Float64Array(D).fill(1)
  return Int32Array.from({ length: rows.length / C }, (_, n) => {
    for (let c = 0; c < C; c++) x[c] = (rows[n * C + c]! - mean[c]!) * scale[c]!
    let [best, most] = [0, -Infinity]
    for (let k = 0; k < classes; k++) {
      const score = dot(weights, k * D, x, 0, D)
      if (score > most) [best, most] = [k, score]
    }
    return best
  })
}

/** How often what was read is right, in all and of each class; NaN of a class that does not occur. */
export function hits(
  read: ArrayLike<number>,
  labels: ArrayLike<number>,
  classes: number,
): { share: number; recall: Float32Array } {
  const [right, all] = [new Float64Array(classes), new Float64Array(classes)]
  for (let n = 0; n < labels.length; n++) {
    all[labels[n]!]!++
    if (read[n] === labels[n]) right[labels[n]!]!++
  }
  return {
    share: right.reduce((a, b) => a + b, 0) / labels.length,
    recall: Float32Array.from(right, (count, k) => count / all[k]!),
  }
}

/** The same labels in an order of chance (Fisher and Yates). */
export function shuffledLabels(labels: Int32Array, seed: number): Int32Array {
  const dealt = labels.slice()
  for (let i = dealt.length - 1; i > 0; i--) {
    const j = hash(seed, 0, i) % (i + 1)
    ;[dealt[i], dealt[j]] = [dealt[j]!, dealt[i]!]
  }
  return dealt
}

/** The lower factor L of a symmetric matrix [D, D] that is given by its lower half, in its place. */
function cholesky(a: Float64Array, D: number): Float64Array {
  for (let i = 0; i < D; i++)
    for (let j = 0; j <= i; j++) {
      const rest = a[i * D + j]! - dot(a, i * D, a, j * D, j)
      a[i * D + j] = i === j ? Math.sqrt(rest) : rest / a[j * D + j]!
    }
  return a
}

/** x ← (LLᵀ)⁻¹ x. */
function solve(L: Float64Array, D: number, x: Float64Array): void {
  for (let i = 0; i < D; i++) x[i] = (x[i]! - dot(L, i * D, x, 0, i)) / L[i * D + i]!
  for (let i = D - 1; i >= 0; i--) {
    x[i]! /= L[i * D + i]!
    for (let j = 0; j < i; j++) x[j]! -= L[i * D + j]! * x[i]!
  }
}

// Loops of their own, over arrays of one type: three times as fast as those that take any.

function dot(a: Float64Array, i: number, b: Float64Array, j: number, length: number): number {
  let sum = 0
  for (let n = 0; n < length; n++) sum += a[i + n]! * b[j + n]!
  return sum
}
/** a += factor · b, over two stretches of `length`, from `i` and `j` on. */
function addTimes(a: Float64Array, i: number, factor: number, b: Float64Array, j: number, length: number): void {
  for (let n = 0; n < length; n++) a[i + n] = a[i + n]! + factor * b[j + n]!
}
