// From the curves of several runs to the lines of one chart: each in the shared unit, along steps, tokens or seconds.
import type { Curve } from '../../words/kept'

export type Along = 'step' | 'tokens' | 'time'
export type Which = 'val' | 'train'

export interface Line {
  x: number[]
  y: number[]
}

/** Rows to either side over which the training loss is averaged, as a share of all rows. */
const REACH = 0.01

/** Where a step lies on the axis: at the row that it fell into, or before it in proportion. */
function xOf({ step, tokens, elapsed_s }: Curve, at: number, along: Along): number {
  if (along === 'step') return at
  const xs = along === 'tokens' ? tokens : elapsed_s
  const i = step.findIndex((s) => s >= at)
  if (i < 0) return xs.at(-1) ?? 0
  const [x0, s0] = i === 0 ? [0, 0] : [xs[i - 1]!, step[i - 1]!]
  return x0 + ((at - s0) / (step[i]! - s0 || 1)) * (xs[i]! - x0)
}

/**
 * A run's line; `scale` turns nats into the unit of the chart. With `logX` what lies at 0 has no place and is left out. Points whose x
 * another already has are left out too.
 */
export function lineOf(curve: Curve, which: Which, along: Along, scale: (nats: number) => number, logX: boolean): Line {
  const line: Line = { x: [], y: [] }
  const add = (x: number, nats: number) => {
    if (!Number.isFinite(nats) || (logX && x <= 0) || x <= (line.x.at(-1) ?? -1)) return
    line.x.push(x)
    line.y.push(scale(nats))
  }
  if (which === 'val') for (const { step, val_loss } of curve.evals) add(xOf(curve, step, along), val_loss)
  else {
    const xs = along === 'step' ? curve.step : along === 'tokens' ? curve.tokens : curve.elapsed_s
    const reach = Math.floor(curve.loss.length * REACH)
    curve.loss.forEach((_, i) => {
      const near = curve.loss.slice(Math.max(0, i - reach), i + reach + 1)
      add(xs[i]!, near.reduce((sum, x) => sum + x, 0) / near.length)
    })
  }
  return line
}

/** The value of a line at x, between its neighbours; null before its first point and after its last. */
export function valueAt({ x, y }: Line, at: number): number | null {
  if (x.length === 0 || at < x[0]! || at > x.at(-1)!) return null
  let [low, high] = [0, x.length - 1]
  while (low < high) {
    const middle = (low + high) >> 1
    if (x[middle]! < at) low = middle + 1
    else high = middle
  }
  if (x[low] === at || low === 0) return y[low]!
  const share = (at - x[low - 1]!) / (x[low]! - x[low - 1]!)
  return y[low - 1]! + share * (y[low]! - y[low - 1]!)
}

/** `count` places along all lines, evenly by value or by ratio, the ends included. */
export function places(lines: readonly Line[], count: number, logX: boolean): number[] {
  const all = lines.flatMap(({ x }) => (x.length > 0 ? [x[0]!, x.at(-1)!] : []))
  if (all.length === 0) return []
  const [low, high] = [Math.min(...all), Math.max(...all)]
  if (low === high) return [low]
  return Array.from({ length: count }, (_, i) => {
    const share = i / (count - 1)
    return i === count - 1 ? high : logX ? low * (high / low) ** share : low + share * (high - low)
  })
}
