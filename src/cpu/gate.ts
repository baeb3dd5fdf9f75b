// Gates: out = x · gate, one multiplier for every `span` neighbours of x [N, M], G of them in turn.
import { gateSpan } from '../engine'
import { floats, gradient, opened, work, type CpuOp } from './tensor'

export const gate: CpuOp<'gate'> = {
  forward({ name, t, attrs }) {
    const [x, gates, out] = [floats(t.x), floats(t.gate), floats(t.out)]
    const span = gateSpan(t, attrs.positions)
    const run = () => {
      for (let i = 0; i < x.length; i++) out[i] = x[i]! * gates[Math.floor(i / span) % gates.length]!
    }
    return [work(`${name}.gate`, x.length, [t.x, t.gate, t.out], run)]
  },

  backward(call) {
    const { name, t, d, attrs, adds } = call
    const [x, gates, dout] = [floats(t.x), floats(t.gate), gradient(d.dout, call)]
    const span = gateSpan(t, attrs.positions)
    const program = []
    if (d.dx) {
      const dx = floats(d.dx)
      // out = x · gate  ⇒  dx = dout · gate
      const run = () => {
        opened(dx, adds.has('dx'))
        for (let i = 0; i < dx.length; i++) dx[i]! += dout[i]! * gates[Math.floor(i / span) % gates.length]!
      }
      program.push(work(`${name}.gate.dx`, x.length, [t.gate, d.dout, d.dx], run))
    }
    if (d.dgate) {
      const dgate = floats(d.dgate)
      const sums = new Float64Array(dgate.length)
      // out = x · gate  ⇒  dgate = Σ dout · x over all that it multiplies
      const run = () => {
        sums.fill(0)
        for (let i = 0; i < x.length; i++) sums[Math.floor(i / span) % gates.length]! += dout[i]! * x[i]!
        opened(dgate, adds.has('dgate'))
        for (let g = 0; g < sums.length; g++) dgate[g]! += sums[g]!
      }
      program.push(work(`${name}.gate.dgate`, 2 * x.length, [t.x, d.dout, d.dgate], run))
    }
    return program
  },
}
