// Root-mean-square normalisation (Zhang and Sennrich, arXiv 1910.07467) of each row of x [N, C]:
//   out = x · rstd · weight,   rstd = 1/√(mean(x²) + eps)
import { float, once } from './expressions'
import type { Place } from './pointer'
import { floats, integers, kernel, pointers } from './kernel'
import { across, loop, put, sum, sumOfRows } from './statements'
import { floating, launch, mask, rowsOf, work, type WasmOp } from './tensor'

const forward = kernel(
  'rmsnorm',
  { ...pointers('x', 'weight', 'out', 'rstd'), ...integers('N', 'C'), ...floats('eps') },
  (t) => {
    const { N, C } = t
    const width = once(C.toFloat())
    loop(N, (n) => {
      const [x, out] = [t.x.row(n, C), t.out.row(n, C)]
      const squares = sum(C, (c) => once(x.at(c)).square())
      const rstd = once(float(1).div(squares.div(width).add(t.eps).sqrt()))
      across(C, (c) => out.store(c, x.at(c).mul(rstd).mul(t.weight.at(c))))
      t.rstd.store(n, rstd)
    })
  },
)

// out = norm · weight, norm = x · rstd
//   ⇒  dx = rstd · (dnorm − norm · mean(dnorm · norm)),  dnorm = dout · weight
const backward_x = kernel(
  'rmsnorm_backward_x',
  { ...pointers('x', 'weight', 'rstd', 'dout', 'dx'), ...integers('N', 'C', 'adds') },
  (t) => {
    const { N, C } = t
    const width = once(C.toFloat())
    loop(N, (n) => {
      const [x, dout, dx] = [t.x.row(n, C), t.dout.row(n, C), t.dx.row(n, C)]
      const rstd = once(t.rstd.at(n))
      const norm = (c: Place) => x.at(c).mul(rstd)
      const dnorm = (c: Place) => dout.at(c).mul(t.weight.at(c))
      const mean = once(sum(C, (c) => dnorm(c).mul(norm(c))).div(width))
      across(C, (c) => put(dx, c, dnorm(c).sub(norm(c).mul(mean)).mul(rstd), t.adds))
    })
  },
)

// out = norm · weight  ⇒  dweight = Σ_n dout · norm
const backward_weight = kernel(
  'rmsnorm_backward_weight',
  { ...pointers('x', 'rstd', 'dout', 'dweight'), ...integers('N', 'C', 'adds') },
  ({ x, rstd, dout, dweight, N, C, adds }) =>
    sumOfRows(N, C, dweight, adds, (n, c) => dout.row(n, C).at(c).mul(x.row(n, C).at(c)).mul(rstd.at(n))),
)

export const rmsnorm: WasmOp<'rmsnorm'> = {
  forward({ name, t, attrs: { eps } }) {
    const { rows: N, width: C } = rowsOf(t.x)
    return [work(`${name}.rmsnorm`, 4 * N * C, Object.values(t), [launch(forward, { ...t, N, C, eps })])]
  },

  backward({ name, t: { x, weight, rstd }, d, adds }) {
    const { rows: N, width: C } = rowsOf(x)
    const dout = floating(d.dout, name)
    const { dx, dweight } = d
    const program = []
    if (dx) {
      const call = launch(backward_x, { x, weight, rstd, dout, dx, N, C, adds: mask(adds, 'dx') })
      program.push(work(`${name}.rmsnorm.dx`, 9 * N * C, [x, weight, dout, dx], [call]))
    }
    if (dweight) {
      const call = launch(backward_weight, { x, rstd, dout, dweight, N, C, adds: mask(adds, 'dweight') })
      program.push(work(`${name}.rmsnorm.dweight`, 3 * N * C, [x, dout, dweight], [call]))
    }
    return program
  },
}
