// The activations whose out[i] depends on x[i] alone, each as a function with its derivative and as an op. matmul.ts computes them too,
// before or after a product.
import type { Activation } from '../engine'
import { floats, gradient, opened, work, type CpuOp } from './tensor'

/** A function of one number and its derivative. */
interface Curve {
  f(x: number): number
  df(x: number): number
}

const SCALE = Math.sqrt(2 / Math.PI)
const sigmoid2u = (x: number) => 1 / (1 + Math.exp(-2 * SCALE * (x + 0.044715 * x * x * x)))

/**
 * GELU (Hendrycks and Gimpel, arXiv 1606.08415), GPT-2's tanh form: ½·x·(1 + tanh(u)), u = √(2/π)·(x + 0.044715·x³).
 * Computed as x·σ(2u), σ(z) = 1/(1 + e^−z), which is the same number: ½·(1 + tanh(u)) = σ(2u).
 */
const gelu: Curve = {
  f: (x) => x * sigmoid2u(x),
  // f = x·σ(2u)  ⇒  f′ = σ + x·σ·(1 − σ)·2u′
  df: (x) => {
    const sigma = sigmoid2u(x)
    return sigma + x * sigma * (1 - sigma) * 2 * SCALE * (1 + 3 * 0.044715 * x * x)
  },
}

/** ReLU² (So et al., arXiv 2109.08668): max(x, 0)². */
const relu2: Curve = {
  f: (x) => Math.max(x, 0) ** 2,
  df: (x) => 2 * Math.max(x, 0),
}

export const CURVES: Record<Activation, Curve> = { gelu, relu2 }

/** The op of an activation; x and out have one shape. `flops` are those of one element, forward and backward. */
export function elementwise(op: Activation, flops: [number, number]): CpuOp<'gelu'> & CpuOp<'relu2'> {
  const { f, df } = CURVES[op]
  return {
    forward({ name, t }) {
      const [x, out] = [floats(t.x), floats(t.out)]
      const run = () => {
        for (let i = 0; i < out.length; i++) out[i] = f(x[i]!)
      }
      return [work(`${name}.${op}`, flops[0] * out.length, [t.x, t.out], run)]
    },

    backward(call) {
      const { name, t, d, adds } = call
      if (!d.dx) return []
      const [x, dx] = [floats(t.x), floats(d.dx)]
      const dout = gradient(d.dout, call)
      // out = f(x)  ⇒  dx = dout · f′(x)
      const run = () => {
        opened(dx, adds.has('dx'))
        for (let i = 0; i < dx.length; i++) dx[i]! += dout[i]! * df(x[i]!)
      }
      return [work(`${name}.${op}.dx`, flops[1] * dx.length, [t.x, d.dout, d.dx], run)]
    },
  }
}
