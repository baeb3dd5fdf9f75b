// From a run's columns to what a chart draws: x in steps, tokens or seconds; the training loss smoothed (the mean of what lies
// near) with the band of its lowest and highest values there; validation at its own steps. Many rows are
// gathered into at most BUCKETS along the axis as it is drawn, so that a long run costs what a short one does. A row of a long run
// may stand for several steps, whose lowest and highest it tells.
import type { EvalMetrics } from '../../words/run'
import { indexAtStep, type Columns } from '../../words/columns'

export type XUnit = 'step' | 'tokens' | 'time'

export interface Series {
  x: number[]
  step: number[]
  /** Smoothed training loss and its band. */
  train: number[]
  low: number[]
  high: number[]
  /** Validation at the same x; null between validations. */
  validation: (number | null)[]
}

interface Row {
  x: number
  step: number
  train: number
  low: number
  high: number
}

const BUCKETS = 500
/** Buckets to either side over which mean and band reach, once there are enough of them. */
const REACH = 5
const ENOUGH = 20

export const columnOf = (columns: Columns, x: XUnit) =>
  x === 'step' ? columns.step : x === 'tokens' ? columns.tokens : columns.elapsed_s

/** The run as drawn, losses as `scale` turns nats. With `logX` rows at 0 have no place and are left out. */
export function seriesOf(
  columns: Columns,
  evals: readonly EvalMetrics[],
  xUnit: XUnit,
  scale: (nats: number) => number,
  logX: boolean,
): Series {
  const xs = columnOf(columns, xUnit)
  const n = xs.length
  const place = (x: number) => (logX ? Math.log(x) : x)
  let first = 0
  while (logX && first < n && (xs[first] ?? 0) <= 0) first++
  const start = place(xs[first] ?? 0)
  const span = place(xs[n - 1] ?? 0) - start || 1

  const buckets: { x: number; step: number; sum: number; count: number; low: number; high: number }[] = []
  let bucket = -1
  for (let i = first; i < n; i++) {
    const value = columns.loss[i] ?? NaN
    if (!Number.isFinite(value)) continue
    const [low, high, steps] = [columns.low[i]!, columns.high[i]!, columns.span[i]!]
    const x = xs[i] ?? 0
    const step = columns.step[i] ?? 0
    const at = Math.floor(((place(x) - start) / span) * BUCKETS)
    const same = at === bucket ? buckets.at(-1) : undefined
    if (same) {
      same.x = x
      same.step = step
      same.sum += value * steps
      same.count += steps
      same.low = Math.min(same.low, low)
      same.high = Math.max(same.high, high)
    } else buckets.push({ x, step, sum: value * steps, count: steps, low, high })
    bucket = at
  }
  const reach = Math.min(REACH, Math.floor(buckets.length / ENOUGH))
  const rows = buckets.map(({ x, step }, i): Row => {
    const near = buckets.slice(Math.max(0, i - reach), i + reach + 1)
    const sum = near.reduce((total, b) => total + b.sum, 0)
    const count = near.reduce((total, b) => total + b.count, 0)
    const low = Math.min(...near.map((b) => b.low))
    return { x, step, train: sum / count, low, high: Math.max(...near.map((b) => b.high)) }
  })

  const series: Series = { x: [], step: [], train: [], low: [], high: [], validation: [] }
  const add = (row: Row, validation: number | null) => {
    series.x.push(row.x)
    series.step.push(row.step)
    series.train.push(scale(row.train))
    series.low.push(scale(row.low))
    series.high.push(scale(row.high))
    series.validation.push(validation === null ? null : scale(validation))
  }
  const measured = evals
    .filter((e) => Number.isFinite(e.val_loss))
    .map((e) => ({ x: xOfStep(columns, e.step, xUnit), step: e.step, value: e.val_loss }))
    .filter((e) => !logX || e.x > 0)
  let next = 0
  for (const row of rows) {
    for (let e = measured[next]; e && e.x < row.x; e = measured[++next]) add({ ...row, x: e.x, step: e.step }, e.value)
    const same = measured[next]?.x === row.x ? measured[next++] : undefined
    add(row, same ? same.value : null)
  }
  const last = rows.at(-1)
  for (let e = measured[next]; last && e; e = measured[++next]) add({ ...last, x: e.x, step: e.step }, e.value)
  return series
}

/** Where a step lies on the axis. */
export function xOfStep(columns: Columns, step: number, x: XUnit): number {
  if (x === 'step') return step
  const i = indexAtStep(columns, step)
  return i < 0 ? 0 : (columnOf(columns, x)[i] ?? 0)
}

/** The position in `series` whose x is nearest. */
export function nearest(series: Series, x: number): number {
  let [low, high] = [0, series.x.length - 1]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((series.x[middle] ?? Infinity) < x) low = middle + 1
    else high = middle
  }
  const before = low - 1
  return before >= 0 && x - (series.x[before] ?? 0) < (series.x[low] ?? 0) - x ? before : low
}
