// Causal attention that keeps no T×T matrix (Dao et al., arXiv 2205.14135); the same numbers as attention.ts. The backward recomputes the
// weights from the log-sum-exp of each row:
//   lse [B, NH, T] = log Σ exp(q · kᵀ/√HS),   out = Σ keep · exp(q · kᵀ/√HS − lse) · v
import { layout } from './attention'
import { keepFactors } from './dropout'
import { floats, gradient, opened, work, type CpuOp } from './tensor'

export const flash_attention: CpuOp<'flash_attention'> = {
  forward({ name, t, attrs }) {
    const { B, T, NH, HS, width, group, keys, values, scale } = layout(t.qkv, attrs)
    const [qkv, out, lse] = [floats(t.qkv), floats(t.out), floats(t.lse)]
    const [scores, sum] = [new Float64Array(T), new Float64Array(HS)]
    const run = () => {
      const keep = keepFactors(t.dice, attrs)
      for (let b = 0; b < B; b++)
        for (let h = 0; h < NH; h++) {
          const kv = Math.floor(h / group) * HS
          for (let i = 0; i < T; i++) {
            const q = (b * T + i) * width + h * HS
            const row = (b * NH + h) * T + i
            let max = -Infinity
            for (let s = 0; s <= i; s++) {
              const k = (b * T + s) * width + keys + kv
              let dot = 0
              for (let c = 0; c < HS; c++) dot += qkv[q + c]! * qkv[k + c]!
              scores[s] = dot * scale
              max = Math.max(max, dot * scale)
            }
            let total = 0
            for (let s = 0; s <= i; s++) total += scores[s] = Math.exp(scores[s]! - max)
            sum.fill(0)
            for (let s = 0; s <= i; s++) {
              const v = (b * T + s) * width + values + kv
              const share = (scores[s]! / total) * keep(row * T + s)
              for (let c = 0; c < HS; c++) sum[c]! += share * qkv[v + c]!
            }
            lse[row] = max + Math.log(total)
            out.set(sum, (b * T + i) * NH * HS + h * HS)
          }
        }
    }
    const pairs = (B * NH * T * (T + 1)) / 2
    return [work(`${name}.flash_attention`, pairs * (4 * HS + 5), [t.qkv, t.out, t.lse], run)]
  },

  // p = exp(score − lse), out = keep · p · v, dp = keep · (dout · vᵀ), delta = dout · out
  //   ⇒  ds = p · (dp − delta),  dq = scale · ds · k,  dk = scale · dsᵀ · q,  dv = (keep · p)ᵀ · dout
  backward(call) {
    const { name, t, d, attrs, adds } = call
    if (!d.dqkv) return []
    const { B, T, NH, HS, width, group, keys, values, scale } = layout(t.qkv, attrs)
    const [qkv, out, lse, delta, dqkv] = [floats(t.qkv), floats(t.out), floats(t.lse), floats(d.delta), floats(d.dqkv)]
    const dout = gradient(d.dout, call)
    const sums = new Float64Array(dqkv.length)
    const run = () => {
      const keep = keepFactors(t.dice, attrs)
      // The sums stay in double precision until the end: a key's gradient sums over all later queries of its group.
      sums.fill(0)
      for (let b = 0; b < B; b++)
        for (let h = 0; h < NH; h++) {
          const kv = Math.floor(h / group) * HS
          for (let i = 0; i < T; i++) {
            const row = (b * NH + h) * T + i
            const q = (b * T + i) * width + h * HS
            const g = (b * T + i) * NH * HS + h * HS
            let dot = 0
            for (let c = 0; c < HS; c++) dot += dout[g + c]! * out[g + c]!
            delta[row] = dot
            for (let s = 0; s <= i; s++) {
              const k = (b * T + s) * width + keys + kv
              const v = (b * T + s) * width + values + kv
              let score = 0
              let dp = 0
              for (let c = 0; c < HS; c++) {
                score += qkv[q + c]! * qkv[k + c]!
                dp += dout[g + c]! * qkv[v + c]!
              }
              const p = Math.exp(score * scale - lse[row]!)
              const kept = keep(row * T + s)
              const ds = p * (dp * kept - dot) * scale
              for (let c = 0; c < HS; c++) {
                sums[q + c]! += ds * qkv[k + c]!
                sums[k + c]! += ds * qkv[q + c]!
                sums[v + c]! += p * kept * dout[g + c]!
              }
            }
          }
        }
      opened(dqkv, adds.has('dqkv'))
      for (let i = 0; i < sums.length; i++) dqkv[i]! += sums[i]!
    }
    const pairs = (B * NH * T * (T + 1)) / 2
    return [work(`${name}.flash_attention.dqkv`, pairs * (10 * HS + 7), [t.qkv, t.out, t.lse, d.dout, d.dqkv], run)]
  },
}
