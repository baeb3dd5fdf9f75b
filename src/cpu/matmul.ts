// A linear layer: out [N, M] = x [N, K] · weight + bias [M]; weight is [K, M], or [M, K] where `transposed`. An activation before or after,
// dropout and a residual are part of it, as src/engine.ts says. This file says which matrices are multiplied; product.ts multiplies them.
import { keepFactors } from './dropout'
import { CURVES } from './elementwise'
import { addProduct, type Matrix } from './product'
import { floats, gradient, opened, rowsOf, work, type CpuOp, type Floats } from './tensor'

const matrix = (data: Floats, width: number): Matrix => ({ data, row: width, column: 1 })
const turned = ({ data, row, column }: Matrix): Matrix => ({ data, row: column, column: row })

export const matmul: CpuOp<'matmul'> = {
  forward({ name, t, attrs }) {
    const { rows: N, width: K } = rowsOf(t.x)
    const { width: M } = rowsOf(t.out)
    const out = floats(t.out)
    const x = matrix(floats(t.x), K) // [N, K]
    const weight = attrs.transposed ? turned(matrix(floats(t.weight), K)) : matrix(floats(t.weight), M) // [K, M]
    const bias = t.bias && floats(t.bias)
    const sum = t.pre ? floats(t.pre) : out
    const residual = t.residual && floats(t.residual)
    const f = attrs.activation && CURVES[attrs.activation].f
    const run = () => {
      if (bias) for (let n = 0; n < N; n++) sum.set(bias, n * M)
      else sum.fill(0)
      addProduct(sum, x, weight, N, K, M)
      if (t.pre && f) for (let i = 0; i < out.length; i++) out[i] = f(sum[i]!)
      if (t.dice && attrs.dropout) {
        const keep = keepFactors(t.dice, attrs.dropout)
        for (let i = 0; i < out.length; i++) out[i]! *= keep(i)
      }
      if (residual) for (let i = 0; i < out.length; i++) out[i]! += residual[i]!
    }
    return [work(`${name}.matmul`, 2 * N * K * M + (bias ? N * M : 0), Object.values(t), run)]
  },

  backward(call) {
    const { name, t, d, attrs, adds } = call
    const { rows: N, width: K } = rowsOf(t.x)
    const { width: M } = rowsOf(t.out)
    const x = matrix(floats(t.x), K) // [N, K]
    const weight = attrs.transposed ? turned(matrix(floats(t.weight), K)) : matrix(floats(t.weight), M) // [K, M]
    const dout = matrix(gradient(d.dout, call), M) // [N, M]
    const program = []
    if (d.dx) {
      const dx = floats(d.dx)
      // out = x · weight  ⇒  dx = dout · weightᵀ
      const run = () => addProduct(opened(dx, adds.has('dx')), dout, turned(weight), N, M, K)
      program.push(work(`${name}.matmul.dx`, 2 * N * K * M, [d.dout, t.weight, d.dx], run))
    }
    if (d.dxpre && t.xpre && attrs.activation) {
      const [dxpre, xpre] = [floats(d.dxpre), floats(t.xpre)]
      const { df } = CURVES[attrs.activation]
      const dx = new Float64Array(N * K)
      // x = f(xpre)  ⇒  dxpre = dx · f′(xpre)
      const run = () => {
        addProduct(dx.fill(0), dout, turned(weight), N, M, K)
        opened(dxpre, adds.has('dxpre'))
        for (let i = 0; i < dx.length; i++) dxpre[i]! += dx[i]! * df(xpre[i]!)
      }
      program.push(work(`${name}.matmul.dxpre`, 2 * N * K * M, [d.dout, t.weight, t.xpre, d.dxpre], run))
    }
    if (d.dweight) {
      const dweight = floats(d.dweight)
      // out = x · weight  ⇒  dweight [K, M] = xᵀ · dout, and its transpose doutᵀ · x where the weight is stored [M, K]
      const run = () => {
        opened(dweight, adds.has('dweight'))
        if (attrs.transposed) addProduct(dweight, turned(dout), x, M, N, K)
        else addProduct(dweight, turned(x), dout, K, N, M)
      }
      program.push(work(`${name}.matmul.dweight`, 2 * N * K * M, [d.dout, t.x, d.dweight], run))
    }
    if (d.dbias) {
      const dbias = floats(d.dbias)
      const sum = new Float64Array(M)
      // out = … + bias  ⇒  dbias = Σ_n dout
      const run = () => {
        opened(dbias, adds.has('dbias'))
        sum.fill(0)
        for (let n = 0; n < N; n++) for (let m = 0; m < M; m++) sum[m]! += dout.data[n * M + m]!
        for (let m = 0; m < M; m++) dbias[m]! += sum[m]!
      }
      program.push(work(`${name}.matmul.dbias`, N * M, [d.dout, d.dbias], run))
    }
    return program
  },
}
