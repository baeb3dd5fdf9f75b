// The tuned lens: an affine reader for each depth, which says what the last depth will hold (Belrose et al., arXiv 2303.08112). Early depths
// speak another basis than the last; the plain lens reads them as if they did not. A reader is fitted in closed form, by least squares
// with a ridge (Din et al., arXiv 2303.09435, "Jump to Conclusions"): what final norm makes of the stream at the last depth, out of what it
// makes of this one, before gain and bias. Least squares hold in any basis, so the logits' errors are the least, too. The ridge draws
// towards the plain lens. Knows no text and no clock.
import type { ModelConfig } from '../config/config'
import { streamAddresses } from './addresses'
import { dot } from './numbers'

/** Rows of a reader's text: so many times the width, between these bounds. */
const ROWS_A_WIDTH = 8
const FEWEST = 2048
const MOST = 4096
/** The ridge as a share of what a coordinate's squares add up to. */
const RIDGE = 1e-3
/** Rows that are added up together. */
const BLOCK = 4

/** How a depth is read: x becomes x + x·A + b. A is [C, C], b [C]. */
export interface Reader {
  A: Float32Array
  b: Float32Array
}

/** How many rows of the stream the readers of a model should be fitted to. */
export const rowsWanted = ({ n_embd }: Pick<ModelConfig, 'n_embd'>): number =>
  Math.min(MOST, Math.max(FEWEST, ROWS_A_WIDTH * n_embd))

/** Rows of the stream at every depth, normed, gathered text by text. */
export class StreamRows {
  readonly #config: ModelConfig
  readonly #depths: Float32Array[]
  readonly capacity: number
  #count = 0

  constructor(config: ModelConfig, capacity: number) {
    this.#config = config
    this.capacity = capacity
    this.#depths = streamAddresses(config).map(() => new Float32Array(capacity * config.n_embd))
  }

  get count(): number {
    return this.#count
  }

  /** Takes up to `most` rows of a text's stream [2L + 1, T, C], evenly spread over its positions. */
  add(stream: Float32Array, most: number): void {
    const { n_embd: C } = this.#config
    const T = stream.length / C / this.#depths.length
    const n = Math.min(T, most, this.capacity - this.#count)
    for (let i = 0; i < n; i++) {
      const t = Math.floor(((i + 0.5) * T) / n)
      for (const [depth, rows] of this.#depths.entries())
        normRow(this.#config, stream, (depth * T + t) * C, rows, (this.#count + i) * C)
    }
    this.#count += n
  }

  /** The readers of every depth but the last, depth by depth; yields the share that is done. */
  *fit(): Generator<number, TunedLens> {
    const { n_embd: C } = this.#config
    const last = this.#depths.at(-1)!
    const readers: Reader[] = []
    const before = this.#depths.slice(0, -1)
    for (const [depth, rows] of before.entries()) {
      const fitting = fitReader(rows, last, this.#count, C)
      for (;;) {
        const { done, value } = fitting.next()
        if (done) {
          readers.push(value)
          break
        }
        yield (depth + value) / before.length
      }
    }
    return new TunedLens(this.#config, readers)
  }
}

/** The readers of a model's depths; the last depth needs none. */
export class TunedLens {
  readonly #config: ModelConfig
  readonly readers: readonly Reader[]

  constructor(config: ModelConfig, readers: readonly Reader[]) {
    this.#config = config
    this.readers = readers
  }

  /**
   * A stream [2L + 1, T, C] as the readers translate it, and the length of each row, [2L + 1, T]: final norm takes the length away, and
   * the logits get it back; a reader that is not sure is short. The last depth stays as it is, with length 1.
   */
  translate(stream: Float32Array): { stream: Float32Array; lengths: Float32Array } {
    const { n_embd: C, norm_eps } = this.#config
    const rows = stream.length / C
    const T = rows / (this.readers.length + 1)
    const out = stream.slice()
    const lengths = new Float32Array(rows).fill(1)
    const x = new Float32Array(C)
    for (const [depth, { A, b }] of this.readers.entries())
      for (let row = depth * T; row < (depth + 1) * T; row++) {
        normRow(this.#config, stream, row * C, x, 0)
        const z = out.subarray(row * C, (row + 1) * C)
        for (let j = 0; j < C; j++) z[j] = x[j]! + b[j]!
        for (let i = 0; i < C; i++) {
          const xi = x[i]!
          for (let j = 0, at = i * C; j < C; j++, at++) z[j]! += xi * A[at]!
        }
        lengths[row] = Math.sqrt(dot(z, 0, z, 0, C) / C + norm_eps)
      }
    return { stream: out, lengths }
  }
}

/**
 * The least squares of Y − X from X, [N, C] each, with a ridge on A: X + X·A + b is as near to Y as it gets. Yields the share that is
 * done.
 */
export function* fitReader(X: Float32Array, Y: Float32Array, N: number, C: number): Generator<number, Reader> {
  const [meanX, meanD] = [new Float64Array(C), new Float64Array(C)]
  for (let n = 0; n < N; n++)
    for (let i = 0, at = n * C; i < C; i++, at++) {
      meanX[i]! += X[at]! / N
      meanD[i]! += (Y[at]! - X[at]!) / N
    }
  /** Σ x·x, lower triangle, and Σ x·d, around the means. */
  const [gram, right] = [new Float64Array(C * C), new Float64Array(C * C)]
  const x = Array.from({ length: BLOCK }, () => new Float64Array(C))
  const d = Array.from({ length: BLOCK }, () => new Float64Array(C))
  const [x0, x1, x2, x3] = x as [Float64Array, Float64Array, Float64Array, Float64Array]
  const [d0, d1, d2, d3] = d as [Float64Array, Float64Array, Float64Array, Float64Array]
  for (let n = 0; n < N; n += BLOCK) {
    for (let k = 0; k < BLOCK; k++)
      for (let i = 0, at = (n + k) * C; i < C; i++, at++) {
        const inside = n + k < N
        x[k]![i] = inside ? X[at]! - meanX[i]! : 0
        d[k]![i] = inside ? Y[at]! - X[at]! : 0
      }
    for (let i = 0; i < C; i++) {
      const [a, b, c, e] = [x0[i]!, x1[i]!, x2[i]!, x3[i]!]
      const at = i * C
      for (let j = 0; j <= i; j++) gram[at + j]! += a * x0[j]! + b * x1[j]! + c * x2[j]! + e * x3[j]!
      for (let j = 0; j < C; j++) right[at + j]! += a * d0[j]! + b * d1[j]! + c * d2[j]! + e * d3[j]!
    }
    yield (0.8 * n) / N
  }
  let squares = 0
  for (let i = 0; i < C; i++) squares += gram[i * C + i]! / C
  for (let i = 0; i < C; i++) gram[i * C + i]! += RIDGE * squares + Number.MIN_VALUE
  yield* solve(gram, right, C)
  const A = Float32Array.from(right)
  const b = Float32Array.from(meanD, (mean, j) => {
    let sum = mean
    for (let i = 0; i < C; i++) sum -= meanX[i]! * right[i * C + j]!
    return sum
  })
  return { A, b }
}

/** Solves G·A = R in the place of R [C, C], G symmetric and positive, its lower triangle given, by Cholesky's L·Lᵀ. */
function* solve(G: Float64Array, R: Float64Array, C: number): Generator<number, void> {
  for (let i = 0; i < C; i++) {
    for (let j = 0; j <= i; j++) {
      const rest = G[i * C + j]! - dot(G, i * C, G, j * C, j)
      G[i * C + j] = i === j ? Math.sqrt(rest) : rest / G[j * C + j]!
    }
    yield 0.8 + (0.05 * i) / C
  }
  /** Row i of R loses `factor` times row k. */
  const without = (i: number, k: number, factor: number) => {
    for (let j = 0; j < C; j++) R[i * C + j]! -= factor * R[k * C + j]!
  }
  for (let i = 0; i < C; i++) {
    for (let k = 0; k < i; k++) without(i, k, G[i * C + k]!)
    for (let j = 0; j < C; j++) R[i * C + j]! /= G[i * C + i]!
    yield 0.85 + (0.07 * i) / C
  }
  for (let i = C - 1; i >= 0; i--) {
    for (let k = i + 1; k < C; k++) without(i, k, G[k * C + i]!)
    for (let j = 0; j < C; j++) R[i * C + j]! /= G[i * C + i]!
    yield 0.92 + (0.08 * (C - i)) / C
  }
}

/** A row of the stream as final norm makes it, before gain and bias. */
function normRow(c: ModelConfig, from: Float32Array, at: number, to: Float32Array, start: number): void {
  const { n_embd: C } = c
  let mean = 0
  if (c.norm === 'layernorm') {
    for (let i = 0; i < C; i++) mean += from[at + i]!
    mean /= C
  }
  let squares = 0
  for (let i = 0; i < C; i++) squares += (from[at + i]! - mean) ** 2
  const scale = 1 / Math.sqrt(squares / C + c.norm_eps)
  for (let i = 0; i < C; i++) to[start + i] = (from[at + i]! - mean) * scale
}
