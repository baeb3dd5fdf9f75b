// Layer normalisation (Ba et al., arXiv 1607.06450) of each row of x [N, C]:
//   out = (x − mean) · rstd · weight + bias,   rstd = 1/√(mean((x − mean)²) + eps)
import { float, once, type Int } from './expressions'
import type { Place } from './pointer'
import { floats, integers, kernel, pointers } from './kernel'
import { bias_backward } from './matmul'
import { across, loop, put, sum, sumOfRows, when } from './statements'
import { floating, launch, mask, rowsOf, work, type WasmOp } from './tensor'

const forward = kernel(
  'layernorm',
  { ...pointers('x', 'weight', 'bias', 'out', 'mean', 'rstd'), ...integers('N', 'C'), ...floats('eps') },
  (t) => {
    const { N, C } = t
    const width = once(C.toFloat())
    loop(N, (n) => {
      const [x, out] = [t.x.row(n, C), t.out.row(n, C)]
      const mean = once(sum(C, (c) => x.at(c)).div(width))
      const variance = sum(C, (c) => once(x.at(c).sub(mean)).square()).div(width)
      const rstd = once(float(1).div(variance.add(t.eps).sqrt()))
      const norm = (c: Place) => x.at(c).sub(mean).mul(rstd).mul(t.weight.at(c))
      when(
        t.bias.exists(),
        () => across(C, (c) => out.store(c, norm(c).add(t.bias.at(c)))),
        () => across(C, (c) => out.store(c, norm(c))),
      )
      t.mean.store(n, mean)
      t.rstd.store(n, rstd)
    })
  },
)

// out = norm · weight + bias, norm = (x − mean) · rstd
//   ⇒  dx = rstd · (dnorm − mean(dnorm) − norm · mean(dnorm · norm)),  dnorm = dout · weight
const backward_x = kernel(
  'layernorm_backward_x',
  { ...pointers('x', 'weight', 'mean', 'rstd', 'dout', 'dx'), ...integers('N', 'C', 'adds') },
  (t) => {
    const { N, C } = t
    const width = once(C.toFloat())
    loop(N, (n) => {
      const [x, dout, dx] = [t.x.row(n, C), t.dout.row(n, C), t.dx.row(n, C)]
      const [mean, rstd] = [once(t.mean.at(n)), once(t.rstd.at(n))]
      const norm = (c: Place) => x.at(c).sub(mean).mul(rstd)
      const dnorm = (c: Place) => dout.at(c).mul(t.weight.at(c))
      const meanD = once(sum(C, dnorm).div(width))
      const meanDNorm = once(sum(C, (c) => dnorm(c).mul(norm(c))).div(width))
      across(C, (c) => put(dx, c, dnorm(c).sub(meanD).sub(norm(c).mul(meanDNorm)).mul(rstd), t.adds))
    })
  },
)

// out = norm · weight + …  ⇒  dweight = Σ_n dout · norm
const backward_weight = kernel(
  'layernorm_backward_weight',
  { ...pointers('x', 'mean', 'rstd', 'dout', 'dweight'), ...integers('N', 'C', 'adds') },
  ({ x, mean, rstd, dout, dweight, N, C, adds }) => {
    const norm = (n: Int, c: Place) => x.row(n, C).at(c).sub(mean.at(n)).mul(rstd.at(n))
    sumOfRows(N, C, dweight, adds, (n, c) => dout.row(n, C).at(c).mul(norm(n, c)))
  },
)

export const layernorm: WasmOp<'layernorm'> = {
  forward({ name, t, attrs: { eps } }) {
    const { rows: N, width: C } = rowsOf(t.x)
    const call = launch(forward, { ...t, bias: t.bias, N, C, eps })
    return [work(`${name}.layernorm`, 8 * N * C, Object.values(t), [call])]
  },

  backward({ name, t, d, adds }) {
    const { rows: N, width: C } = rowsOf(t.x)
    const dout = floating(d.dout, name)
    const { x, weight, mean, rstd } = t
    const { dx, dweight, dbias } = d
    const program = []
    if (dx) {
      const call = launch(backward_x, { x, weight, mean, rstd, dout, dx, N, C, adds: mask(adds, 'dx') })
      program.push(work(`${name}.layernorm.dx`, 13 * N * C, [x, weight, dout, dx], [call]))
    }
    if (dweight) {
      const values = { x, mean, rstd, dout, dweight, N, C, adds: mask(adds, 'dweight') }
      const call = launch(backward_weight, values)
      program.push(work(`${name}.layernorm.dweight`, 4 * N * C, [x, dout, dweight], [call]))
    }
    if (dbias) {
      // out = … + bias  ⇒  dbias = Σ_n dout
      const call = launch(bias_backward, { dout, dbias, N, M: C, adds: mask(adds, 'dbias') })
      program.push(work(`${name}.layernorm.dbias`, N * C, [dout, dbias], [call]))
    }
    return program
  },
}
