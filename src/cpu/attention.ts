// Causal attention (Vaswani et al., arXiv 1706.03762) with grouped queries (Ainslie et al., arXiv 2305.13245). A row of
// qkv [B, T, (NH + 2 NKV)·HS] is [query heads | key heads | value heads]; query head h looks at key/value head ⌊h / (NH/NKV)⌋.
//   att [B, NH, T, T] = softmax(q · kᵀ / √HS) over s ≤ t, zero beyond,   out [B, T, NH·HS] = dropout(att) · v
import type { Heads } from '../engine'
import { keepFactors } from './dropout'
import { floats, gradient, opened, work, type CpuOp, type CpuTensor } from './tensor'

/** The sizes of one call, and the offsets of keys and values in a row of qkv. `group` is the query heads per key/value head. */
export function layout(qkv: CpuTensor, { n_head: NH, n_kv_head: NKV }: Heads) {
  const [B = 1, T = 1, width = 1] = qkv.shape
  const HS = width / (NH + 2 * NKV)
  return { B, T, NH, NKV, HS, width, group: NH / NKV, keys: NH * HS, values: (NH + NKV) * HS, scale: 1 / Math.sqrt(HS) }
}

export const attention: CpuOp<'attention'> = {
  forward({ name, t, attrs }) {
    const { B, T, NH, HS, width, group, keys, values, scale } = layout(t.qkv, attrs)
    const [qkv, att, out] = [floats(t.qkv), floats(t.att), floats(t.out)]
    const [scores, sum] = [new Float64Array(T), new Float64Array(HS)]
    const run = () => {
      const keep = keepFactors(t.dice, attrs)
      for (let b = 0; b < B; b++)
        for (let h = 0; h < NH; h++) {
          const kv = Math.floor(h / group) * HS
          for (let i = 0; i < T; i++) {
            const q = (b * T + i) * width + h * HS
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
            const row = ((b * NH + h) * T + i) * T
            sum.fill(0)
            for (let s = 0; s <= i; s++) {
              att[row + s] = scores[s]! / total
              const v = (b * T + s) * width + values + kv
              const share = att[row + s]! * keep(row + s)
              for (let c = 0; c < HS; c++) sum[c]! += share * qkv[v + c]!
            }
            att.fill(0, row + i + 1, row + T)
            out.set(sum, (b * T + i) * NH * HS + h * HS)
          }
        }
    }
    const pairs = (B * NH * T * (T + 1)) / 2
    return [work(`${name}.attention`, pairs * (4 * HS + 5), [t.qkv, t.att, t.out], run)]
  },

  backward(call) {
    const { name, t, d, attrs, adds } = call
    if (!d.dqkv) return []
    const { B, T, NH, NKV, HS, width, group, keys, values, scale } = layout(t.qkv, attrs)
    const [qkv, att, dpreatt, dqkv] = [floats(t.qkv), floats(t.att), floats(d.dpreatt), floats(d.dqkv)]
    const dout = gradient(d.dout, call)
    const datt = new Float64Array(T)
    const [sumK, sumV] = [new Float64Array(HS), new Float64Array(HS)]

    // att = softmax(preatt), out = keep · att · v
    //   ⇒  datt = keep · (dout · vᵀ);  preatt = scale · q · kᵀ  ⇒  dpreatt, the gradient of q · kᵀ, = scale · att · (datt − Σ att · datt)
    //   ⇒  dq = dpreatt · k
    const runQ = () => {
      const keep = keepFactors(t.dice, attrs)
      opened(dqkv, adds.has('dqkv'))
      for (let b = 0; b < B; b++)
        for (let h = 0; h < NH; h++) {
          const kv = Math.floor(h / group) * HS
          for (let i = 0; i < T; i++) {
            const row = ((b * NH + h) * T + i) * T
            const g = (b * T + i) * NH * HS + h * HS
            let mean = 0
            for (let s = 0; s <= i; s++) {
              const v = (b * T + s) * width + values + kv
              let dot = 0
              for (let c = 0; c < HS; c++) dot += dout[g + c]! * qkv[v + c]!
              datt[s] = dot * keep(row + s)
              mean += att[row + s]! * datt[s]!
            }
            sumK.fill(0)
            for (let s = 0; s <= i; s++) {
              const share = scale * att[row + s]! * (datt[s]! - mean)
              dpreatt[row + s] = share
              const k = (b * T + s) * width + keys + kv
              for (let c = 0; c < HS; c++) sumK[c]! += share * qkv[k + c]!
            }
            const q = (b * T + i) * width + h * HS
            for (let c = 0; c < HS; c++) dqkv[q + c]! += sumK[c]!
          }
        }
    }
    // dk = dpreattᵀ · q;  out = keep · att · v  ⇒  dv = (keep · att)ᵀ · dout
    // Both are summed over the queries i ≥ s and over the heads of the group.
    const runKV = () => {
      const keep = keepFactors(t.dice, attrs)
      for (let b = 0; b < B; b++)
        for (let kv = 0; kv < NKV; kv++)
          for (let s = 0; s < T; s++) {
            sumK.fill(0)
            sumV.fill(0)
            for (let h = kv * group; h < (kv + 1) * group; h++)
              for (let i = s; i < T; i++) {
                const at = ((b * NH + h) * T + i) * T + s
                const q = (b * T + i) * width + h * HS
                const g = (b * T + i) * NH * HS + h * HS
                const toK = dpreatt[at]!
                const toV = att[at]! * keep(at)
                for (let c = 0; c < HS; c++) {
                  sumK[c]! += toK * qkv[q + c]!
                  sumV[c]! += toV * dout[g + c]!
                }
              }
            const k = (b * T + s) * width + keys + kv * HS
            const v = (b * T + s) * width + values + kv * HS
            for (let c = 0; c < HS; c++) {
              dqkv[k + c]! += sumK[c]!
              dqkv[v + c]! += sumV[c]!
            }
          }
    }
    const pairs = (B * NH * T * (T + 1)) / 2
    return [
      work(`${name}.attention.dq`, pairs * (4 * HS + 5), [t.qkv, t.att, d.dout, d.dpreatt, d.dqkv], runQ),
      work(`${name}.attention.dkv`, pairs * (4 * HS + 2), [t.qkv, t.att, d.dout, d.dpreatt, d.dqkv], runKV),
    ]
  },
}
