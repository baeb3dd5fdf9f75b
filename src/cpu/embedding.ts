// Token and position embedding: out[b, t] = wte[tokens[b, t]] + wpe[pos + t].
// The backward gathers instead of scattering: `order` lists the batch's positions sorted by token, so that each row of dwte is summed in
// one place and in a fixed order.
import { floats, gradient, opened, rowsOf, work, words, type CpuOp } from './tensor'

export const embedding: CpuOp<'embedding'> = {
  forward({ name, t }) {
    const T = t.tokens.shape.at(-1) ?? 1
    const { rows: N, width: C } = rowsOf(t.out)
    const [tokens, wte, out] = [words(t.tokens), floats(t.wte), floats(t.out)]
    const wpe = t.wpe && floats(t.wpe)
    const pos = t.pos && words(t.pos)
    const run = () => {
      const start = pos ? pos[0]! : 0
      for (let n = 0; n < N; n++) {
        const [token, place] = [tokens[n]! * C, (start + (n % T)) * C]
        for (let c = 0; c < C; c++) out[n * C + c] = wte[token + c]! + (wpe ? wpe[place + c]! : 0)
      }
    }
    return [work(`${name}.embedding`, wpe ? N * C : 0, [t.tokens, t.out, t.out], run)]
  },

  backward(call) {
    const { name, t, d, adds } = call
    const T = t.tokens.shape.at(-1) ?? 1
    const { rows: N, width: C } = rowsOf(t.out)
    const V = t.wte.shape[0]!
    const [order, starts] = [words(t.order), words(t.starts)]
    const dout = gradient(d.dout, call)
    const sum = new Float64Array(C)
    const program = []
    if (d.dwte) {
      const dwte = floats(d.dwte)
      // out[b, t] = wte[tokens[b, t]] + …  ⇒  dwte[v] = Σ dout over the positions that hold v
      const run = () => {
        opened(dwte, adds.has('dwte'))
        for (let v = 0; v < V; v++) {
          sum.fill(0)
          for (let i = starts[v]!; i < starts[v + 1]!; i++)
            for (let c = 0; c < C; c++) sum[c]! += dout[order[i]! * C + c]!
          for (let c = 0; c < C; c++) dwte[v * C + c]! += sum[c]!
        }
      }
      program.push(work(`${name}.embedding.dwte`, N * C, [t.order, t.starts, d.dout, d.dwte], run))
    }
    if (d.dwpe) {
      const dwpe = floats(d.dwpe)
      const pos = t.pos && words(t.pos)
      // out[b, t] = … + wpe[pos + t]  ⇒  dwpe[pos + t] = Σ_b dout[b, t]
      const run = () => {
        opened(dwpe, adds.has('dwpe'))
        const start = pos ? pos[0]! : 0
        for (let at = 0; at < T; at++) {
          sum.fill(0)
          for (let n = at; n < N; n += T) for (let c = 0; c < C; c++) sum[c]! += dout[n * C + c]!
          for (let c = 0; c < C; c++) dwpe[(start + at) * C + c]! += sum[c]!
        }
      }
      program.push(work(`${name}.embedding.dwpe`, N * C, [d.dout, d.dwpe], run))
    }
    return program
  },
}
