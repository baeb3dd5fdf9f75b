// Gates: out = x · gate, one multiplier for every `span` neighbours of x [N, M], G of them in turn.
import { gateSpan } from '../engine'
import { sizeOf } from '../params'
import { once } from './expressions'
import { integers, kernel, pointers } from './kernel'
import { across, loop, put, sum, zero } from './statements'
import { floating, launch, mask, work, type WasmOp } from './tensor'

/** out (+)= x · gate, stretch by stretch: `stretches` of `span` elements each. */
const multiply = kernel(
  'gate',
  { ...pointers('x', 'gate', 'out'), ...integers('stretches', 'span', 'G', 'adds') },
  (t) =>
    loop(t.stretches, (i) => {
      const [x, out] = [t.x.row(i, t.span), t.out.row(i, t.span)]
      const factor = once(t.gate.at(i.rem(t.G)))
      across(t.span, (c) => put(out, c, x.at(c).mul(factor), t.adds))
    }),
)

// out = x · gate  ⇒  dgate = Σ dout · x over all that it multiplies
const backward_gate = kernel(
  'gate_backward_gate',
  { ...pointers('x', 'dout', 'dgate'), ...integers('stretches', 'span', 'G', 'adds') },
  (t) =>
    loop(t.G, (g) => {
      const all = zero({ lanes: 1 })
      loop(t.stretches.div(t.G), (turn) => {
        const i = once(turn.mul(t.G).add(g))
        const [x, dout] = [t.x.row(i, t.span), t.dout.row(i, t.span)]
        all.set(all.add(sum(t.span, (c) => x.at(c).mul(dout.at(c)))))
      })
      put(t.dgate, g, all, t.adds)
    }),
)

function sizes(t: Parameters<typeof gateSpan>[0], positions: boolean) {
  const span = gateSpan(t, positions)
  return { stretches: sizeOf(t.x.shape) / span, span, G: sizeOf(t.gate.shape) }
}

export const gate: WasmOp<'gate'> = {
  forward({ name, t, attrs }) {
    const call = launch(multiply, { ...t, ...sizes(t, attrs.positions), adds: 0 })
    return [work(`${name}.gate`, sizeOf(t.x.shape), [t.x, t.gate, t.out], [call])]
  },
  backward({ name, t, d: { dx, dgate, dout: given }, attrs, adds }) {
    const dout = floating(given, name)
    const size = sizeOf(t.x.shape)
    const over = sizes(t, attrs.positions)
    const program = []
    if (dx) {
      // out = x · gate  ⇒  dx = dout · gate
      const call = launch(multiply, { x: dout, gate: t.gate, out: dx, ...over, adds: mask(adds, 'dx') })
      program.push(work(`${name}.gate.dx`, size, [t.gate, dout, dx], [call]))
    }
    if (dgate) {
      const call = launch(backward_gate, { x: t.x, dout, dgate, ...over, adds: mask(adds, 'dgate') })
      program.push(work(`${name}.gate.dgate`, 2 * size, [t.x, dout, dgate], [call]))
    }
    return program
  },
}
