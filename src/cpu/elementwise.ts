// What GELU and ReLU² have in common: out[i] depends on x[i] alone.
import { floats, gradient, opened, work, type CpuOp } from './tensor'

/** An op from a function of one number and its derivative. `flops` are those of one element, forward and backward. */
export function elementwise(
  op: 'gelu' | 'relu2',
  f: (x: number) => number,
  df: (x: number) => number,
  flops: [number, number],
): CpuOp<'gelu'> & CpuOp<'relu2'> {
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
