// Weights rounded to a few bits in groups that share a scale of 16 bits: w ≈ scale · (code − half). Plain rounding takes the nearest code.
// Compensated rounding spends the error of each column on the columns after it, by what the layer's inputs tell about which errors
// the layer's output feels: GPTQ (Frantar et al. 2022, arXiv 2210.17323), columns by falling weight, scales settled beforehand;
// then code by code whatever still lowers that error (Behdin et al. 2023, QuantEase, arXiv 2309.01885). Knows matrices, not models.
import { fromFloat16, LARGEST_FLOAT16, toFloat16 } from '../../float16'
import type { LinkBits } from '../../words/link'

/** A matrix whose rows are each multiplied with one input: [rows, columns], flat. */
export interface Rows {
  rows: number
  columns: number
  data: Float32Array
}
export interface Grid {
  bits: LinkBits
  /** Columns that share a scale; the last group of a row may be shorter. */
  group: number
}
/** Codes [rows · columns], below 2^bits, and scales [rows · groups] as binary16. */
export interface Rounded {
  codes: Uint8Array
  scales: Uint16Array
}

export const groupsOf = (columns: number, group: number): number => Math.ceil(columns / group)

/** Shares of the largest magnitude that the grid may be stretched over: a little less may fit the rest better. */
const STRETCHES = [1, 0.95, 0.9, 0.85, 0.8, 0.75, 0.7, 0.65, 0.6]
/** Passes in which single codes are mended. */
const SWEEPS = 8
/** The share of the mean weight that every column has beside its own. */
const DAMPING = 0.01

export function restore(
  { codes, scales }: Rounded,
  { rows, columns }: Pick<Rows, 'rows' | 'columns'>,
  { bits, group }: Grid,
): Float32Array {
  const half = 2 ** (bits - 1)
  const groups = groupsOf(columns, group)
  const data = new Float32Array(rows * columns)
  for (let r = 0; r < rows; r++)
    for (let c = 0; c < columns; c++)
      data[r * columns + c] =
        fromFloat16(scales[r * groups + Math.floor(c / group)]!) * (codes[r * columns + c]! - half)
  return data
}

/**
 * The scale of a group with the least error by `weights`, among a few; its sign puts the largest magnitude on the code that has no
 * opposite.
 */
function scaleOf(values: Float64Array, weights: Float64Array | null, bits: number): number {
  const half = 2 ** (bits - 1)
  let extreme = 0
  for (const value of values) if (Math.abs(value) > Math.abs(extreme)) extreme = value
  if (extreme === 0) return 0
  let [best, least] = [0, Infinity]
  for (const stretch of weights ? STRETCHES : [1]) {
    const bitsOfScale = toFloat16(Math.max(-LARGEST_FLOAT16, Math.min(LARGEST_FLOAT16, (-extreme / half) * stretch)))
    const scale = fromFloat16(bitsOfScale)
    if (scale === 0) continue
    let error = 0
    values.forEach(
      (value, i) => (error += (weights?.[i] ?? 1) * (value - scale * (codeOf(value, scale, half) - half)) ** 2),
    )
    if (error < least) [best, least] = [bitsOfScale, error]
  }
  return best
}

function codeOf(value: number, scale: number, half: number): number {
  if (scale === 0) return half
  return Math.min(2 * half - 1, Math.max(0, Math.round(value / scale) + half))
}

/** To the nearest code, or, where the second moments of the layer's inputs [columns, columns] are given, compensated. */
export function round(matrix: Rows, grid: Grid, moments: Float64Array | null = null): Rounded {
  const { rows, columns, data } = matrix
  const { bits, group } = grid
  const half = 2 ** (bits - 1)
  const groups = groupsOf(columns, group)
  const rounded = { codes: new Uint8Array(rows * columns), scales: new Uint16Array(rows * groups) }
  const curvature = moments && damped(moments, columns)
  const order =
    curvature &&
    Array.from({ length: columns }, (_, c) => c).sort(
      (a, b) => curvature[b * columns + b]! - curvature[a * columns + a]! || a - b,
    )
  const spread = curvature && inverseFactor(curvature, columns, order!)
  const scales = new Float64Array(columns)
  const target = new Float64Array(columns)
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) target[c] = data[r * columns + c]!
    for (let g = 0; g < groups; g++) {
      const [from, to] = [g * group, Math.min(columns, (g + 1) * group)]
      const weights =
        curvature && Float64Array.from({ length: to - from }, (_, i) => curvature[(from + i) * (columns + 1)]!)
      const scale = scaleOf(target.subarray(from, to), weights, bits)
      rounded.scales[r * groups + g] = scale
      scales.fill(fromFloat16(scale), from, to)
    }
    const codes = rounded.codes.subarray(r * columns, (r + 1) * columns)
    if (!curvature) target.forEach((value, c) => (codes[c] = codeOf(value, scales[c]!, half)))
    else {
      passOn(target.slice(), scales, codes, half, spread!, order!)
      mend(target, scales, codes, half, curvature)
    }
  }
  return rounded
}

/** One row, column by column: each error is passed on to the columns that come after. */
function passOn(
  values: Float64Array,
  scales: Float64Array,
  codes: Uint8Array,
  half: number,
  spread: Float64Array,
  order: readonly number[],
): void {
  const n = values.length
  for (let i = 0; i < n; i++) {
    const c = order[i]!
    codes[c] = codeOf(values[c]!, scales[c]!, half)
    const error = (values[c]! - scales[c]! * (codes[c] - half)) / spread[i * n + i]!
    for (let j = i + 1; j < n; j++) values[order[j]!]! -= error * spread[i * n + j]!
  }
}

/** One row, code by code: each takes the value that is best with all others as they are, until none moves. */
function mend(
  target: Float64Array,
  scales: Float64Array,
  codes: Uint8Array,
  half: number,
  curvature: Float64Array,
): void {
  const n = target.length
  const error = Float64Array.from(target, (value, c) => value - scales[c]! * (codes[c]! - half))
  const pull = new Float64Array(n)
  for (let i = 0; i < n; i++) {
    let sum = 0
    for (let j = 0; j < n; j++) sum += curvature[i * n + j]! * error[j]!
    pull[i] = sum
  }
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    let moved = false
    for (let c = 0; c < n; c++) {
      const now = scales[c]! * (codes[c]! - half)
      const code = codeOf(now + pull[c]! / curvature[c * n + c]!, scales[c]!, half)
      if (code === codes[c]) continue
      const way = scales[c]! * (code - codes[c]!)
      codes[c] = code
      for (let j = 0; j < n; j++) pull[j]! -= curvature[j * n + c]! * way
      moved = true
    }
    if (!moved) return
  }
}

/** Second moments with something on the diagonal, so that they can be inverted. */
function damped(moments: Float64Array, n: number): Float64Array {
  const out = moments.slice()
  let trace = 0
  for (let i = 0; i < n; i++) trace += out[i * n + i]!
  const extra = trace > 0 ? (DAMPING * trace) / n : 1
  for (let i = 0; i < n; i++) out[i * n + i]! += extra
  return out
}

/** U [n, n] with UᵀU the inverse of the matrix in this order of its rows and columns: row i tells how column i's error spreads. */
function inverseFactor(matrix: Float64Array, n: number, order: readonly number[]): Float64Array {
  const turned = new Float64Array(n * n)
  for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) turned[i * n + j] = matrix[order[i]! * n + order[j]!]!
  const L = cholesky(turned, n)
  // The inverse of L, then L⁻ᵀ L⁻¹.
  const inverse = new Float64Array(n * n)
  for (let c = 0; c < n; c++) {
    inverse[c * n + c] = 1 / L[c * n + c]!
    for (let i = c + 1; i < n; i++) {
      let sum = 0
      for (let k = c; k < i; k++) sum += L[i * n + k]! * inverse[k * n + c]!
      inverse[i * n + c] = -sum / L[i * n + i]!
    }
  }
  const product = new Float64Array(n * n)
  for (let i = 0; i < n; i++)
    for (let j = 0; j <= i; j++) {
      let sum = 0
      for (let k = i; k < n; k++) sum += inverse[k * n + i]! * inverse[k * n + j]!
      product[i * n + j] = product[j * n + i] = sum
    }
  const factor = cholesky(product, n)
  const U = new Float64Array(n * n)
  for (let i = 0; i < n; i++) for (let j = i; j < n; j++) U[i * n + j] = factor[j * n + i]!
  return U
}

/** L [n, n], lower, with LLᵀ the matrix. */
function cholesky(matrix: Float64Array, n: number): Float64Array {
  const L = new Float64Array(n * n)
  for (let i = 0; i < n; i++)
    for (let j = 0; j <= i; j++) {
      let sum = matrix[i * n + j]!
      for (let k = 0; k < j; k++) sum -= L[i * n + k]! * L[j * n + k]!
      // What rounding made less than nothing is next to nothing.
      L[i * n + j] = i === j ? Math.sqrt(Math.max(sum, 1e-12 * Math.abs(matrix[i * n + i]!))) : sum / L[j * n + j]!
    }
  return L
}
