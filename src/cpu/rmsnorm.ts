// Root-mean-square normalisation (Zhang and Sennrich, arXiv 1910.07467) of each row of x [N, C]:
//   out = x · rstd · weight,   rstd = 1/√(mean(x²) + eps)
import { floats, gradient, opened, rowsOf, work, type CpuOp } from './tensor'

export const rmsnorm: CpuOp<'rmsnorm'> = {
  forward({ name, t, attrs }) {
    const { rows: N, width: C } = rowsOf(t.x)
    const [x, weight, out, rstds] = [floats(t.x), floats(t.weight), floats(t.out), floats(t.rstd)]
    const run = () => {
      for (let n = 0; n < N; n++) {
        const row = n * C
        let squares = 0
        for (let c = 0; c < C; c++) squares += x[row + c]! ** 2
        const rstd = 1 / Math.sqrt(squares / C + attrs.eps)
        for (let c = 0; c < C; c++) out[row + c] = x[row + c]! * rstd * weight[c]!
        rstds[n] = rstd
      }
    }
    return [work(`${name}.rmsnorm`, 4 * N * C, Object.values(t), run)]
  },

  backward(call) {
    const { name, t, d, adds } = call
    const { rows: N, width: C } = rowsOf(t.x)
    const [x, weight, rstds] = [floats(t.x), floats(t.weight), floats(t.rstd)]
    const dout = gradient(d.dout, call)
    const program = []
    if (d.dx) {
      const dx = floats(d.dx)
      // out = norm · weight, norm = x · rstd
      //   ⇒  dx = rstd · (dnorm − norm · mean(dnorm · norm)),  dnorm = dout · weight
      const run = () => {
        opened(dx, adds.has('dx'))
        for (let n = 0; n < N; n++) {
          const row = n * C
          const rstd = rstds[n]!
          let mean = 0
          for (let c = 0; c < C; c++) mean += dout[row + c]! * weight[c]! * x[row + c]! * rstd
          mean /= C
          for (let c = 0; c < C; c++) dx[row + c]! += rstd * (dout[row + c]! * weight[c]! - x[row + c]! * rstd * mean)
        }
      }
      program.push(work(`${name}.rmsnorm.dx`, 9 * N * C, [t.x, t.weight, d.dout, d.dx], run))
    }
    if (d.dweight) {
      const dweight = floats(d.dweight)
      const sum = new Float64Array(C)
      // out = norm · weight  ⇒  dweight = Σ_n dout · norm
      const run = () => {
        opened(dweight, adds.has('dweight'))
        sum.fill(0)
        for (let n = 0; n < N; n++) {
          const rstd = rstds[n]!
          for (let c = 0; c < C; c++) sum[c]! += dout[n * C + c]! * x[n * C + c]! * rstd
        }
        for (let c = 0; c < C; c++) dweight[c]! += sum[c]!
      }
      program.push(work(`${name}.rmsnorm.dweight`, 3 * N * C, [t.x, d.dout, d.dweight], run))
    }
    return program
  },
}
