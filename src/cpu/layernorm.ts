// Layer normalisation (Ba et al., arXiv 1607.06450) of each row of x [N, C]:
//   out = (x − mean) · rstd · weight + bias,   rstd = 1/√(mean((x − mean)²) + eps)
import { floats, gradient, opened, rowsOf, work, type CpuOp } from './tensor'

export const layernorm: CpuOp<'layernorm'> = {
  forward({ name, t, attrs }) {
    const { rows: N, width: C } = rowsOf(t.x)
    const [x, weight, out] = [floats(t.x), floats(t.weight), floats(t.out)]
    const [means, rstds] = [floats(t.mean), floats(t.rstd)]
    const bias = t.bias && floats(t.bias)
    const run = () => {
      for (let n = 0; n < N; n++) {
        const row = n * C
        let mean = 0
        for (let c = 0; c < C; c++) mean += x[row + c]!
        mean /= C
        let variance = 0
        for (let c = 0; c < C; c++) variance += (x[row + c]! - mean) ** 2
        const rstd = 1 / Math.sqrt(variance / C + attrs.eps)
        for (let c = 0; c < C; c++) out[row + c] = (x[row + c]! - mean) * rstd * weight[c]! + (bias ? bias[c]! : 0)
        means[n] = mean
        rstds[n] = rstd
      }
    }
    return [work(`${name}.layernorm`, 8 * N * C, Object.values(t), run)]
  },

  backward(call) {
    const { name, t, d, adds } = call
    const { rows: N, width: C } = rowsOf(t.x)
    const [x, weight, means, rstds] = [floats(t.x), floats(t.weight), floats(t.mean), floats(t.rstd)]
    const dout = gradient(d.dout, call)
    const program = []
    if (d.dx) {
      const dx = floats(d.dx)
      // out = norm · weight + bias, norm = (x − mean) · rstd
      //   ⇒  dx = rstd · (dnorm − mean(dnorm) − norm · mean(dnorm · norm)),  dnorm = dout · weight
      const run = () => {
        opened(dx, adds.has('dx'))
        for (let n = 0; n < N; n++) {
          const row = n * C
          const [mean, rstd] = [means[n]!, rstds[n]!]
          let [meanD, meanDNorm] = [0, 0]
          for (let c = 0; c < C; c++) {
            const dnorm = dout[row + c]! * weight[c]!
            meanD += dnorm
            meanDNorm += dnorm * (x[row + c]! - mean) * rstd
          }
          meanD /= C
          meanDNorm /= C
          for (let c = 0; c < C; c++) {
            const norm = (x[row + c]! - mean) * rstd
            dx[row + c]! += rstd * (dout[row + c]! * weight[c]! - meanD - norm * meanDNorm)
          }
        }
      }
      program.push(work(`${name}.layernorm.dx`, 13 * N * C, [t.x, t.weight, d.dout, d.dx], run))
    }
    if (d.dweight) {
      const dweight = floats(d.dweight)
      const sum = new Float64Array(C)
      // out = norm · weight + …  ⇒  dweight = Σ_n dout · norm
      const run = () => {
        opened(dweight, adds.has('dweight'))
        sum.fill(0)
        for (let n = 0; n < N; n++) {
          const [mean, rstd] = [means[n]!, rstds[n]!]
          for (let c = 0; c < C; c++) sum[c]! += dout[n * C + c]! * (x[n * C + c]! - mean) * rstd
        }
        for (let c = 0; c < C; c++) dweight[c]! += sum[c]!
      }
      program.push(work(`${name}.layernorm.dweight`, 4 * N * C, [t.x, d.dout, d.dweight], run))
    }
    if (d.dbias) {
      const dbias = floats(d.dbias)
      const sum = new Float64Array(C)
      // out = … + bias  ⇒  dbias = Σ_n dout
      const run = () => {
        opened(dbias, adds.has('dbias'))
        sum.fill(0)
        for (let n = 0; n < N; n++) for (let c = 0; c < C; c++) sum[c]! += dout[n * C + c]!
        for (let c = 0; c < C; c++) dbias[c]! += sum[c]!
      }
      program.push(work(`${name}.layernorm.dbias`, N * C, [d.dout, d.dbias], run))
    }
    return program
  },
}
