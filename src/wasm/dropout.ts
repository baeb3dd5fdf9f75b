// Dropout (Srivastava et al. 2014): out = x · keep/(1 − p). `keep` is a function of (seed, step, stream, index) alone (src/rng.ts), so the
// backward and every other engine draw the same.
import type { Dropout } from '../engine'
import { sizeOf } from '../params'
import { dropoutThreshold } from '../rng'
import { floats, integers, kernel, pointers } from './kernel'
import { dropoutKey, keepFactor } from './math'
import { fours, put } from './statements'
import { floating, launch, mask, work, type WasmOp } from './tensor'

/** out (+)= x · keep/(1 − p) of `size` numbers. */
export const drop = kernel(
  'drop',
  { ...pointers('x', 'out', 'dice'), ...integers('size', 'adds', 'stream', 'threshold'), ...floats('rescale') },
  ({ x, out, dice, size, adds, stream, ...odds }) => {
    const key = dropoutKey(dice, stream)
    fours(size, (i) => put(out, i, x.at(i).mul(keepFactor(key, i, odds)), adds))
  },
)

/** What a kernel is told of a dropout. */
export function oddsOf({ p, stream }: Dropout): { stream: number; threshold: number; rescale: number } {
  return { stream, threshold: dropoutThreshold(p), rescale: 1 / (1 - p) }
}

export const dropout: WasmOp<'dropout'> = {
  forward({ name, t: { x, out, dice }, attrs }) {
    if (!x) return []
    const size = sizeOf(out.shape)
    return [work(`${name}.dropout`, size, [x, out], [launch(drop, { x, out, dice, size, adds: 0, ...oddsOf(attrs) })])]
  },
  // out = x · keep/(1 − p)  ⇒  dx = dout · keep/(1 − p)
  backward({ name, t: { dice }, d: { dx, dout }, attrs, adds }) {
    if (!dx) return []
    const size = sizeOf(dx.shape)
    const values = { x: floating(dout, name), out: dx, dice, size, adds: mask(adds, 'dx'), ...oddsOf(attrs) }
    return [work(`${name}.dropout.dx`, size, [dout, dx], [launch(drop, values)])]
  },
}
