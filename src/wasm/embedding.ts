// Token and position embedding: out[b, t] = wte[tokens[b, t]] + wpe[pos + t].
// The backward gathers instead of scattering: `order` lists the batch's positions sorted by token, so that each row of dwte is summed in
// one place and in a fixed order.
import { int, once, variable } from './expressions'
import { integers, kernel, pointers } from './kernel'
import { across, clear, loop, put, sumOfRows, when, zero } from './statements'
import { floating, launch, mask, rowsOf, work, type WasmOp } from './tensor'

const forward = kernel(
  'embedding',
  { ...pointers('tokens', 'wte', 'wpe', 'pos', 'out'), ...integers('N', 'T', 'C') },
  (t) => {
    const { N, T, C } = t
    const start = variable(int(0))
    when(t.pos.exists(), () => start.set(t.pos.int(0)))
    loop(N, (n) => {
      const [out, token] = [t.out.row(n, C), t.wte.row(t.tokens.int(n), C)]
      const position = t.wpe.row(start.add(n.rem(T)), C)
      when(
        t.wpe.exists(),
        () => across(C, (c) => out.store(c, token.at(c).add(position.at(c)))),
        () => across(C, (c) => out.store(c, token.at(c))),
      )
    })
  },
)

// out[b, t] = wte[tokens[b, t]] + …  ⇒  dwte[v] = Σ dout over the positions that hold v
const backward_wte = kernel(
  'embedding_backward_wte',
  { ...pointers('order', 'starts', 'dout', 'dwte'), ...integers('V', 'C', 'adds') },
  (t) => {
    const { V, C } = t
    loop(V, (v) => {
      const [first, end] = [once(t.starts.int(v)), once(t.starts.int(v.add(1)))]
      const dwte = t.dwte.row(v, C)
      across(C, (c) => {
        const all = zero(c)
        loop(end, (i) => all.set(all.add(t.dout.row(t.order.int(i), C).at(c))), { from: first })
        put(dwte, c, all, t.adds)
      })
    })
  },
)

// out[b, t] = … + wpe[pos + t]  ⇒  dwpe[pos + t] = Σ_b dout[b, t]
const erase = kernel('erase', { ...pointers('target'), ...integers('size') }, ({ target, size }) => clear(target, size))
const backward_wpe = kernel(
  'embedding_backward_wpe',
  { ...pointers('dout', 'dwpe'), ...integers('B', 'T', 'C', 'adds') },
  ({ dout, dwpe, B, T, C, adds }) => sumOfRows(B, T.mul(C), dwpe, adds, (b, place) => dout.row(b, T.mul(C)).at(place)),
)

export const embedding: WasmOp<'embedding'> = {
  forward({ name, t: { tokens, wte, wpe, pos, out } }) {
    const { rows: N, width: C } = rowsOf(out)
    const call = launch(forward, { tokens, wte, wpe, pos, out, N, T: tokens.shape.at(-1) ?? 1, C })
    return [work(`${name}.embedding`, wpe ? N * C : 0, [tokens, out, out], [call])]
  },

  backward({ name, t: { tokens, order, starts, wte }, d: { dwte, dwpe, dout: given }, adds }) {
    const dout = floating(given, name)
    const { rows: N, width: C } = rowsOf(dout)
    const T = tokens.shape.at(-1) ?? 1
    const program = []
    if (dwte) {
      const values = { order, starts, dout, dwte, V: wte.shape[0]!, C, adds: mask(adds, 'dwte') }
      const call = launch(backward_wte, values)
      program.push(work(`${name}.embedding.dwte`, N * C, [order, starts, dout, dwte], [call]))
    }
    if (dwpe) {
      const call = launch(backward_wpe, { dout, dwpe, B: N / T, T, C, adds: mask(adds, 'dwpe') })
      // Positions that no text reaches have no gradient.
      const rest = { pointer: dwpe.pointer + 4 * T * C }
      const left = dwpe.shape[0]! * C - T * C
      const calls = adds.has('dwpe') || left === 0 ? [call] : [call, launch(erase, { target: rest, size: left })]
      program.push(work(`${name}.embedding.dwpe`, N * C, [dout, dwpe], calls))
    }
    return program
  },
}
