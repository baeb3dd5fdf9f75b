// The activations whose out[i] depends on x[i] alone, each as a function with its derivative and as an op. matmul.ts computes them too,
// before or after a product.
//   GELU (Hendrycks and Gimpel, arXiv 1606.08415), tanh form: ½·x·(1 + tanh u) = x·σ(2u),  u = √(2/π)·(x + 0.044715·x³)
//   ReLU² (So et al., arXiv 2109.08668): max(x, 0)²
import type { Activation } from '../engine'
import { once, type Float } from './expressions'
import { integers, kernel, pointers } from './kernel'
import { sigmoid } from './math'
import { fours, put } from './statements'
import { floating, launch, mask, work, type WasmOp } from './tensor'
import { sizeOf } from '../params'

/** A function of a number with a name, and its derivative. */
interface Curve {
  f(x: Float): Float
  df(x: Float): Float
}

const SCALE = Math.sqrt(2 / Math.PI)
const sigmoid2u = (x: Float) => sigmoid(x.add(x.mul(x).mul(x).mul(0.044715)).mul(2 * SCALE))

const geluCurve: Curve = {
  f: (x) => x.mul(sigmoid2u(x)),
  // f = x·σ(2u)  ⇒  f′ = σ + x·σ·(1 − σ)·2u′
  df: (x) => {
    const sigma = once(sigmoid2u(x))
    const slope = x
      .mul(x)
      .mul(3 * 0.044715)
      .add(1)
      .mul(2 * SCALE)
    const flat = once(sigma.sub(sigma.mul(sigma)))
    return sigma.add(x.mul(flat).mul(slope))
  },
}
const relu2Curve: Curve = {
  f: (x) => once(x.max(0)).square(),
  df: (x) => x.max(0).mul(2),
}
export const CURVES: Record<Activation, Curve> = { gelu: geluCurve, relu2: relu2Curve }

/** out = f(x), and dx (+)= dout · f′(x), of `size` numbers. */
const kernels = (op: Activation) => ({
  forward: kernel(op, { ...pointers('x', 'out'), ...integers('size') }, ({ x, out, size }) =>
    fours(size, (i) => out.store(i, CURVES[op].f(once(x.at(i))))),
  ),
  backward: kernel(
    `${op}_backward`,
    { ...pointers('x', 'dout', 'dx'), ...integers('size', 'adds') },
    ({ x, dout, dx, size, adds }) => fours(size, (i) => put(dx, i, dout.at(i).mul(CURVES[op].df(once(x.at(i)))), adds)),
  ),
})
export const CURVE_KERNELS = { gelu: kernels('gelu'), relu2: kernels('relu2') }

/** The op of an activation; x and out have one shape. `flops` are those of one element, forward and backward. */
function elementwise(op: Activation, flops: [number, number]): WasmOp<'gelu'> & WasmOp<'relu2'> {
  const { forward, backward } = CURVE_KERNELS[op]
  return {
    forward({ name, t }) {
      const size = sizeOf(t.out.shape)
      const x = floating(t.x, name)
      return [work(`${name}.${op}`, flops[0] * size, [t.x, t.out], [launch(forward, { x, out: t.out, size })])]
    },
    backward({ name, t, d, adds }) {
      if (!d.dx) return []
      const size = sizeOf(t.out.shape)
      const values = { x: t.x, dout: floating(d.dout, name), dx: d.dx, size, adds: mask(adds, 'dx') }
      return [work(`${name}.${op}.dx`, flops[1] * size, [t.x, d.dout, d.dx], [launch(backward, values)])]
    },
  }
}
export const gelu = elementwise('gelu', [9, 17])
export const relu2 = elementwise('relu2', [2, 3])
