// A linear layer: out [N, M] = x [N, K] · weight + bias [M]; weight is [K, M], or [M, K] where `transposed`. An activation before or after,
// dropout and a residual are part of it, as src/engine.ts says:
//   out = keep · f(x · weight + bias) + residual
// This file says which matrices are multiplied; product.ts multiplies them.
import { CURVE_KERNELS } from './activations'
import { drop, oddsOf, sizesOf } from './dropout'
import { once, splat, variable } from './expressions'
import { integers, kernel, pointers } from './kernel'
import { LEFT, PANELS, product, type Form } from './product'
import { add } from './residual'
import { across, loop, sum, sumOfRows, zero } from './statements'
import {
  floating,
  launch,
  mask,
  rowsOf,
  work,
  type Address,
  type Launch,
  type Machine,
  type WasmOp,
  type WasmTensor,
} from './tensor'

/** Rows of x up to which nothing is packed: writing text has one. */
const THIN = 2

/** out [M] = x [K] · weight [K, M], 32 columns at a time, so that whole cache lines of weights are read. */
const thin_nn = kernel(
  'thin_nn',
  { ...pointers('x', 'weight', 'out'), ...integers('K', 'M') },
  ({ x, weight, out, K, M }) => {
    const wide = once(M.sub(M.and(31)))
    loop(
      wide,
      (m) => {
        const sums = Array.from({ length: 8 }, () => variable(splat(0)))
        const row = variable(weight.plus(m))
        loop(K, (k) => {
          const factor = once(x.splat(k))
          sums.forEach((sum, i) => sum.set(sum.add(factor.mul(row.four(4 * i)))))
          row.set(row.plus(M))
        })
        const to = once(out.plus(m))
        sums.forEach((sum, i) => to.store(4 * i, sum))
      },
      { by: 32 },
    )
    across(
      M,
      (m) => {
        const sum = zero(m)
        loop(K, (k) => sum.set(sum.add(weight.row(k, M).at(m).mul(x.at(k)))))
        out.store(m, sum)
      },
      wide,
    )
  },
)

/** out [M] = x [K] · weightᵀ, weight [M, K]. */
const thin_nt = kernel(
  'thin_nt',
  { ...pointers('x', 'weight', 'out'), ...integers('K', 'M') },
  ({ x, weight, out, K, M }) =>
    loop(M, (m) => {
      const row = weight.row(m, K)
      out.store(
        m,
        sum(K, (k) => x.at(k).mul(row.at(k))),
      )
    }),
)

/** out [N, M] += bias [M]. */
const add_bias = kernel('add_bias', { ...pointers('out', 'bias'), ...integers('N', 'M') }, ({ out, bias, N, M }) =>
  loop(N, (n) => {
    const row = out.row(n, M)
    across(M, (m) => row.store(m, row.at(m).add(bias.at(m))))
  }),
)

/** dbias [M] (+)= Σ_n dout [N, M]. */
export const bias_backward = kernel(
  'bias_backward',
  { ...pointers('dout', 'dbias'), ...integers('N', 'M', 'adds') },
  ({ dout, dbias, N, M, adds }) => sumOfRows(N, M, dbias, adds, (n, m) => dout.row(n, M).at(m)),
)

export const matmul = (machine: Machine): WasmOp<'matmul'> => ({
  forward({ name, t, attrs }) {
    const { rows: N, width: K } = rowsOf(t.x)
    const { width: M } = rowsOf(t.out)
    const size = N * M
    const sum = t.pre ?? t.out
    const { pre, dice, out, bias, residual } = t
    const { activation, dropout, transposed } = attrs
    const steps =
      N <= THIN
        ? thin(t.x, t.weight, sum, { N, K, M, transposed })
        : [multiplied(machine, transposed ? 'nt' : 'nn', t.x, t.weight, sum, [N, K, M], 0)]
    if (bias) steps.push(launch(add_bias, { out: sum, bias, N, M }))
    if (pre && activation) steps.push(launch(CURVE_KERNELS[activation].forward, { x: pre, out, size }))
    if (dice && dropout) steps.push(launch(drop, { x: out, out, dice, adds: 0, ...sizesOf(out), ...oddsOf(dropout) }))
    if (residual) steps.push(launch(add, { a: out, b: residual, out, size }))
    return [work(`${name}.matmul`, 2 * N * K * M + (bias ? size : 0), Object.values(t), steps)]
  },

  backward({ name, t, d, attrs, adds }) {
    const { rows: N, width: K } = rowsOf(t.x)
    const { width: M } = rowsOf(t.out)
    const dout = floating(d.dout, name)
    const flops = 2 * N * K * M
    // out = x · weight  ⇒  dx = dout · weightᵀ
    const form = attrs.transposed ? 'nn' : 'nt'
    const dx = (to: WasmTensor | Address, adding: number) =>
      multiplied(machine, form, dout, t.weight, to, [N, M, K], adding)
    const program = []
    if (d.dx) program.push(work(`${name}.matmul.dx`, flops, [dout, t.weight, d.dx], [dx(d.dx, mask(adds, 'dx'))]))
    if (d.dxpre && t.xpre && attrs.activation) {
      // x = f(xpre)  ⇒  dxpre = dx · f′(xpre), in place but where it is added to what is there
      const adding = mask(adds, 'dxpre')
      const [space] = adding ? machine.scratch(N * K, PANELS, LEFT) : [d.dxpre]
      const values = { x: t.xpre, dout: space!, dx: d.dxpre, size: N * K, adds: adding }
      const steps = [dx(space!, 0), launch(CURVE_KERNELS[attrs.activation].backward, values)]
      program.push(work(`${name}.matmul.dxpre`, flops, [dout, t.weight, t.xpre, d.dxpre], steps))
    }
    if (d.dweight) {
      // out = x · weight  ⇒  dweight [K, M] = xᵀ · dout, and its transpose doutᵀ · x where the weight is stored [M, K]
      const adding = mask(adds, 'dweight')
      const call = attrs.transposed
        ? multiplied(machine, 'tn', dout, t.x, d.dweight, [M, N, K], adding)
        : multiplied(machine, 'tn', t.x, dout, d.dweight, [K, N, M], adding)
      program.push(work(`${name}.matmul.dweight`, flops, [dout, t.x, d.dweight], [call]))
    }
    if (d.dbias) {
      // out = … + bias  ⇒  dbias = Σ_n dout
      const call = launch(bias_backward, { dout, dbias: d.dbias, N, M, adds: mask(adds, 'dbias') })
      program.push(work(`${name}.matmul.dbias`, N * M, [dout, d.dbias], [call]))
    }
    return program
  },
})

/** One product by blocks: c [rows, columns] (+)= a · b. */
function multiplied(
  machine: Machine,
  form: Form,
  a: WasmTensor,
  b: WasmTensor,
  c: WasmTensor | Address,
  [rows, inner, columns]: readonly [number, number, number],
  adds: number,
): Launch {
  // The first stretch of scratch memory is dxpre's, where the sum waits there.
  const [, panels, left] = machine.scratch('label' in c ? 0 : rows * columns, PANELS, LEFT)
  return launch(product[form], { a, b, c, rows, inner, columns, adds, panels, left })
}

/** A product of a few rows, one by one. */
function thin(
  x: WasmTensor,
  weight: WasmTensor,
  out: WasmTensor,
  { N, K, M, transposed }: { N: number; K: number; M: number; transposed: boolean },
): Launch[] {
  const row = (tensor: WasmTensor, n: number, width: number) => ({ pointer: tensor.pointer + 4 * n * width })
  return Array.from({ length: N }, (_, n) =>
    launch(transposed ? thin_nt : thin_nn, { x: row(x, n, K), weight, out: row(out, n, M), K, M }),
  )
}
