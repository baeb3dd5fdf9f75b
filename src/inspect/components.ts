// An embedding table in two principal components, and the nearest neighbours of a row. Components are found by subspace iteration on the
// covariance [C, C], so that 32,768 rows are gone through once to sum it and once to project. A frame is turned to the one before it
// (orthogonal Procrustes: Schönemann 1966), since components have no sign and swap when their spreads cross.
import { dot } from './numbers'

/** Points [rows, 2] and the share of all variance that each component has. */
export interface Components {
  points: Float32Array
  shares: [number, number]
}

const ROUNDS = 200

/** The two principal components of `table` [rows, C]; turned, and mirrored where that fits better, towards `before` [rows, 2]. */
export function components(table: Float32Array, C: number, before?: Float32Array): Components {
  const rows = table.length / C
  const mean = new Float64Array(C)
  for (let r = 0; r < rows; r++) for (let c = 0; c < C; c++) mean[c]! += table[r * C + c]! / rows
  const covariance = new Float64Array(C * C)
  const centred = new Float64Array(C)
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < C; c++) centred[c] = table[r * C + c]! - mean[c]!
    for (let i = 0; i < C; i++) {
      const x = centred[i]!
      for (let j = i; j < C; j++) covariance[i * C + j]! += x * centred[j]!
    }
  }
  let all = 0
  for (let i = 0; i < C; i++) {
    all += covariance[i * C + i]!
    for (let j = 0; j < i; j++) covariance[i * C + j] = covariance[j * C + i]!
  }
  const [first, second] = axes(covariance, C)
  const spread = (axis: Float64Array) => dot(times(covariance, axis), 0, axis, 0, C)
  const points = new Float32Array(rows * 2)
  for (const [k, axis] of [first, second].entries()) {
    const shift = dot(mean, 0, axis, 0, C)
    for (let r = 0; r < rows; r++) points[2 * r + k] = dot(table, r * C, axis, 0, C) - shift
  }
  const share = (axis: Float64Array) => (all > 0 ? spread(axis) / all : 0)
  return { points: before ? turned(points, before) : points, shares: [share(first), share(second)] }
}

/** The two strongest axes of a symmetric matrix [C, C], by subspace iteration with Gram and Schmidt after each product. */
function axes(matrix: Float64Array, C: number): [Float64Array, Float64Array] {
  // Any start that no axis is orthogonal to: two waves of different lengths.
  let first = unit(Float64Array.from({ length: C }, (_, i) => Math.sin(1 + i)))
  let second = unit(
    without(
      Float64Array.from({ length: C }, (_, i) => Math.cos(2 + 3 * i)),
      first,
    ),
  )
  for (let round = 0; round < ROUNDS; round++) {
    const [a, b] = [unit(times(matrix, first)), times(matrix, second)]
    const c = unit(without(b, a))
    const still = Math.abs(dot(a, 0, first, 0, C)) > 1 - 1e-12 && Math.abs(dot(c, 0, second, 0, C)) > 1 - 1e-12
    first = a
    second = c
    if (still) break
  }
  return [first, second]
}

function times(matrix: Float64Array, x: Float64Array): Float64Array {
  return Float64Array.from(x, (_, i) => dot(matrix, i * x.length, x, 0, x.length))
}
function unit(x: Float64Array): Float64Array {
  const length = Math.sqrt(dot(x, 0, x, 0, x.length))
  return length > 0 ? x.map((v) => v / length) : x
}
function without(x: Float64Array, axis: Float64Array): Float64Array {
  const along = dot(x, 0, axis, 0, x.length)
  return x.map((v, i) => v - along * axis[i]!)
}

/** Points turned about the origin, or mirrored first, so that they lie as near to `before` as they can. */
function turned(points: Float32Array, before: Float32Array): Float32Array {
  let [xx, xy, yx, yy] = [0, 0, 0, 0]
  for (let i = 0; i < Math.min(points.length, before.length); i += 2) {
    xx += points[i]! * before[i]!
    xy += points[i]! * before[i + 1]!
    yx += points[i + 1]! * before[i]!
    yy += points[i + 1]! * before[i + 1]!
  }
  // In the plane the best rotation gives √((xx + yy)² + (xy − yx)²), the best reflection √((xx − yy)² + (xy + yx)²).
  const mirrored = Math.hypot(xx - yy, xy + yx) > Math.hypot(xx + yy, xy - yx)
  const angle = mirrored ? Math.atan2(xy + yx, xx - yy) : Math.atan2(xy - yx, xx + yy)
  const [cos, sin, side] = [Math.cos(angle), Math.sin(angle), mirrored ? -1 : 1]
  const out = new Float32Array(points.length)
  for (let i = 0; i < points.length; i += 2) {
    const [x, y] = [points[i]!, side * points[i + 1]!]
    out[i] = cos * x - sin * y
    out[i + 1] = sin * x + cos * y
  }
  return out
}

/** The `k` rows of `table` [rows, C] nearest to row `of` by cosine, nearest first, itself left out. */
export function neighbours(table: Float32Array, C: number, of: number, k: number): { row: number; cosine: number }[] {
  const length = (row: number) => Math.sqrt(dot(table, row * C, table, row * C, C))
  const own = length(of)
  const found: { row: number; cosine: number }[] = []
  for (let row = 0; row < table.length / C; row++) {
    if (row === of) continue
    const lengths = own * length(row)
    const cosine = lengths > 0 ? dot(table, of * C, table, row * C, C) / lengths : 0
    if (found.length === k && cosine <= found[k - 1]!.cosine) continue
    const at = found.findIndex((other) => other.cosine < cosine)
    found.splice(at < 0 ? found.length : at, 0, { row, cosine })
    if (found.length > k) found.pop()
  }
  return found
}
