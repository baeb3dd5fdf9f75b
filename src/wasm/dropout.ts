// Dropout (Srivastava et al. 2014): out = x · keep/(1 − p). `keep` is a function of (seed, step, stream, index) alone (src/rng.ts), so the
// backward and every other engine draw the same.
import type { Dropout, Tensor } from '../engine'
import { sizeOf } from '../params'
import { dropoutThreshold } from '../rng'
import { floats, integers, kernel, pointers } from './kernel'
import { dropoutKey, keepFactor } from './math'
import { fours, put } from './statements'
import { floating, launch, mask, work, type WasmOp } from './tensor'

/** out (+)= x · keep/(1 − p) of `size` numbers, `each` to a row of the batch. */
export const drop = kernel(
  'drop',
  { ...pointers('x', 'out', 'dice'), ...integers('size', 'each', 'adds', 'stream', 'threshold'), ...floats('rescale') },
  ({ x, out, dice, size, each, adds, stream, ...odds }) => {
    const key = dropoutKey(dice, stream, each)
    fours(size, (i) => put(out, i, x.at(i).mul(keepFactor(key, i, odds)), adds))
  },
)

/** What a kernel is told of a dropout. */
export function oddsOf({ p, stream }: Dropout): { stream: number; threshold: number; rescale: number } {
  return { stream, threshold: dropoutThreshold(p), rescale: 1 / (1 - p) }
}

/** The elements of a tensor, and of one row of its batch. */
export function sizesOf({ shape }: Tensor): { size: number; each: number } {
  return { size: sizeOf(shape), each: sizeOf(shape.slice(1)) }
}

export const dropout: WasmOp<'dropout'> = {
  forward({ name, t: { x, out, dice }, attrs }) {
    if (!x) return []
    const sizes = sizesOf(out)
    const call = launch(drop, { x, out, dice, adds: 0, ...sizes, ...oddsOf(attrs) })
    return [work(`${name}.dropout`, sizes.size, [x, out], [call])]
  },
  // out = x · keep/(1 − p)  ⇒  dx = dout · keep/(1 − p)
  backward({ name, t: { dice }, d: { dx, dout }, attrs, adds }) {
    if (!dx) return []
    const sizes = sizesOf(dx)
    const values = { x: floating(dout, name), out: dx, dice, adds: mask(adds, 'dx'), ...sizes, ...oddsOf(attrs) }
    return [work(`${name}.dropout.dx`, sizes.size, [dout, dx], [launch(drop, values)])]
  },
}
