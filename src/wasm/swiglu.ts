// SwiGLU (Shazeer, arXiv 2002.05202): out [N, F] = silu(gate) · up, where x [N, 2F] = [gate | up] and
// silu(gate) = gate · σ(gate), σ(gate) = 1/(1 + e^−gate).
import { float, once } from './expressions'
import { integers, kernel, pointers } from './kernel'
import { sigmoid } from './math'
import { across, loop, put } from './statements'
import { floating, launch, mask, rowsOf, work, type WasmOp } from './tensor'

const forward = kernel('swiglu', { ...pointers('x', 'out'), ...integers('N', 'F') }, (t) => {
  const { N, F } = t
  loop(N, (n) => {
    const gates = t.x.row(n, F.shl(1))
    const [ups, out] = [once(gates.plus(F)), t.out.row(n, F)]
    across(F, (f) => {
      const gate = once(gates.at(f))
      out.store(f, gate.mul(sigmoid(gate)).mul(ups.at(f)))
    })
  })
})

// out = gate · σ(gate) · up  ⇒  dgate = dout · up · σ·(1 + gate·(1 − σ)),  dup = dout · gate · σ
const backward = kernel('swiglu_backward', { ...pointers('x', 'dout', 'dx'), ...integers('N', 'F', 'adds') }, (t) => {
  const { N, F } = t
  loop(N, (n) => {
    const [gates, dgates, douts] = [t.x.row(n, F.shl(1)), t.dx.row(n, F.shl(1)), t.dout.row(n, F)]
    const [ups, dups] = [once(gates.plus(F)), once(dgates.plus(F))]
    across(F, (f) => {
      const [gate, dout] = [once(gates.at(f)), once(douts.at(f))]
      const sigma = once(sigmoid(gate))
      const slope = sigma.mul(gate.mul(float(1).sub(sigma)).add(1))
      put(dgates, f, dout.mul(ups.at(f)).mul(slope), t.adds)
      put(dups, f, dout.mul(gate).mul(sigma), t.adds)
    })
  })
})

export const swiglu: WasmOp<'swiglu'> = {
  forward({ name, t: { x, out } }) {
    const { rows: N, width: F } = rowsOf(out)
    return [work(`${name}.swiglu`, 5 * N * F, [x, out], [launch(forward, { x, out, N, F })])]
  },
  backward({ name, t: { x, out }, d, adds }) {
    if (!d.dx) return []
    const { rows: N, width: F } = rowsOf(out)
    const values = { x, dout: floating(d.dout, name), dx: d.dx, N, F, adds: mask(adds, 'dx') }
    return [work(`${name}.swiglu.dx`, 11 * N * F, [x, d.dout, d.dx], [launch(backward, values)])]
  },
}
