// The residual stream (He et al., arXiv 1512.03385): out = a + b.
import { sizeOf } from '../params'
import { integers, kernel, pointers } from './kernel'
import { fours, put } from './statements'
import { floating, launch, mask, work, type WasmOp } from './tensor'

/** out = a + b, of `size` numbers. */
export const add = kernel('add', { ...pointers('a', 'b', 'out'), ...integers('size') }, ({ a, b, out, size }) =>
  fours(size, (i) => out.store(i, a.at(i).add(b.at(i)))),
)
/** gradient (+)= dout, of `size` numbers. */
const pass = kernel(
  'pass',
  { ...pointers('dout', 'gradient'), ...integers('size', 'adds') },
  ({ dout, gradient, size, adds }) => fours(size, (i) => put(gradient, i, dout.at(i), adds)),
)

export const residual: WasmOp<'residual'> = {
  forward({ name, t: { a, b, out } }) {
    const size = sizeOf(out.shape)
    return [work(`${name}.residual`, size, [a, b, out], [launch(add, { a, b, out, size })])]
  },
  // out = a + b  ⇒  da = dout, db = dout
  backward({ name, d, adds }) {
    const dout = floating(d.dout, name)
    const size = sizeOf(dout.shape)
    return (['da', 'db'] as const).flatMap((key) => {
      const gradient = d[key]
      if (!gradient) return []
      const call = launch(pass, { dout, gradient, size, adds: mask(adds, key) })
      return [work(`${name}.residual.${key}`, adds.has(key) ? size : 0, [dout, gradient], [call])]
    })
  },
}
