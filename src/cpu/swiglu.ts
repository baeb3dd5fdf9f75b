// SwiGLU (Shazeer, arXiv 2002.05202): out [N, F] = silu(gate) · up, where x [N, 2F] = [gate | up] and
// silu(gate) = gate · σ(gate), σ(gate) = 1/(1 + e^−gate).
import { floats, gradient, opened, rowsOf, work, type CpuOp } from './tensor'

export const swiglu: CpuOp<'swiglu'> = {
  forward({ name, t }) {
    const { rows: N, width: F } = rowsOf(t.out)
    const [x, out] = [floats(t.x), floats(t.out)]
    const run = () => {
      for (let n = 0; n < N; n++)
        for (let f = 0; f < F; f++) {
          const gate = x[n * 2 * F + f]!
          const up = x[n * 2 * F + F + f]!
          out[n * F + f] = (gate / (1 + Math.exp(-gate))) * up
        }
    }
    return [work(`${name}.swiglu`, 5 * N * F, [t.x, t.out], run)]
  },

  backward(call) {
    const { name, t, d, adds } = call
    if (!d.dx) return []
    const { rows: N, width: F } = rowsOf(t.out)
    const [x, dx] = [floats(t.x), floats(d.dx)]
    const dout = gradient(d.dout, call)
    // out = gate · σ(gate) · up  ⇒  dgate = dout · up · σ·(1 + gate·(1 − σ)),  dup = dout · gate · σ
    const run = () => {
      opened(dx, adds.has('dx'))
      for (let n = 0; n < N; n++)
        for (let f = 0; f < F; f++) {
          const at = n * 2 * F + f
          const gate = x[at]!
          const up = x[at + F]!
          const g = dout[n * F + f]!
          const sigma = 1 / (1 + Math.exp(-gate))
          dx[at]! += g * up * sigma * (1 + gate * (1 - sigma))
          dx[at + F]! += g * gate * sigma
        }
    }
    return [work(`${name}.swiglu.dx`, 11 * N * F, [t.x, d.dout, d.dx], run)]
  },
}
