// Causal attention for generation. The T new positions pos … pos + T − 1 append their keys and values to the caches [P, NKV·HS], and each
// attends to all positions up to itself. qkv [1, T, (NH + 2 NKV)·HS] as in attention.ts; att [NH, T, P] is zero past them; no dropout.
import { invariant } from '../errors'
import { floats, work, words, type CpuOp } from './tensor'

export const attention_cached: CpuOp<'attention_cached'> = {
  forward({ name, t, attrs: { n_head: NH, n_kv_head: NKV } }) {
    const [, T = 1, width = 1] = t.qkv.shape
    const P = t.keys.shape[0]!
    const HS = width / (NH + 2 * NKV)
    const scale = 1 / Math.sqrt(HS)
    const row = NKV * HS
    const [qkv, keys, values] = [floats(t.qkv), floats(t.keys), floats(t.values)]
    const [att, out] = [floats(t.att), floats(t.out)]
    const pos = words(t.pos)
    const [scores, sum] = [new Float64Array(P), new Float64Array(HS)]
    const run = () => {
      const start = pos[0]!
      invariant(start + T <= P, () => `${name}: positions ${start} … ${start + T - 1} do not fit a cache of ${P}`)
      for (let i = 0; i < T; i++)
        for (let c = 0; c < row; c++) {
          keys[(start + i) * row + c] = qkv[i * width + NH * HS + c]!
          values[(start + i) * row + c] = qkv[i * width + (NH + NKV) * HS + c]!
        }
      for (let h = 0; h < NH; h++) {
        const kv = Math.floor((h * NKV) / NH) * HS
        for (let i = 0; i < T; i++) {
          const q = i * width + h * HS
          let max = -Infinity
          for (let s = 0; s <= start + i; s++) {
            let dot = 0
            for (let c = 0; c < HS; c++) dot += qkv[q + c]! * keys[s * row + kv + c]!
            scores[s] = dot * scale
            max = Math.max(max, dot * scale)
          }
          let total = 0
          for (let s = 0; s <= start + i; s++) total += scores[s] = Math.exp(scores[s]! - max)
          const at = (h * T + i) * P
          sum.fill(0)
          for (let s = 0; s <= start + i; s++) {
            att[at + s] = scores[s]! / total
            for (let c = 0; c < HS; c++) sum[c]! += att[at + s]! * values[s * row + kv + c]!
          }
          att.fill(0, at + start + i + 1, at + P)
          out.set(sum, i * NH * HS + h * HS)
        }
      }
    }
    return [work(`${name}.attention_cached`, NH * T * P * (4 * HS + 5), Object.values(t), run)]
  },
  backward: () => [],
}
