// Causal attention for generation. The T new positions pos … pos + T − 1 append their keys and values to the caches [P, NKV·HS], and each
// attends to all positions up to itself. qkv [1, T, (NH + 2 NKV)·HS] as in attention.ts; att [NH, T, P] is zero past them; no dropout.
import { invariant } from '../errors'
import { once } from './expressions'
import { floats, integers, kernel, pointers } from './kernel'
import { exp } from './math'
import { across, largest, loop, sum, zero } from './statements'
import { launch, work, type Machine, type WasmOp } from './tensor'

const forward = kernel(
  'attention_cached',
  {
    ...pointers('qkv', 'keys', 'values', 'pos', 'att', 'out'),
    ...integers('T', 'P', 'NH', 'NKV', 'HS'),
    ...floats('scale'),
  },
  (t) => {
    const { T, P, NH, NKV, HS, scale } = t
    const [cache, width, outWidth] = [once(NKV.mul(HS)), once(NKV.shl(1).add(NH).mul(HS)), once(NH.mul(HS))]
    const start = once(t.pos.int(0))
    loop(T, (i) => {
      const k = once(t.qkv.row(i, width).plus(outWidth))
      const v = once(k.plus(cache))
      const [keys, values] = [t.keys.row(start.add(i), cache), t.values.row(start.add(i), cache)]
      across(cache, (c) => {
        keys.store(c, k.at(c))
        values.store(c, v.at(c))
      })
    })
    loop(NH, (head) => {
      const shared = once(head.mul(NKV).div(NH).mul(HS))
      loop(T, (i) => {
        const q = once(t.qkv.row(i, width).plus(head.mul(HS)))
        const [att, out] = [t.att.row(head.mul(T).add(i), P), once(t.out.row(i, outWidth).plus(head.mul(HS)))]
        const seen = once(start.add(i).add(1))
        loop(seen, (s) => {
          const key = once(t.keys.row(s, cache).plus(shared))
          att.store(s, sum(HS, (c) => q.at(c).mul(key.at(c))).mul(scale))
        })
        const most = largest(seen, (s) => att.at(s))
        const mass = sum(seen, (s) => {
          const weight = once(exp(att.at(s).sub(most)))
          att.store(s, weight)
          return weight
        })
        across(seen, (s) => att.store(s, att.at(s).div(mass)))
        across(P, (s) => att.store(s, 0), seen)
        const value = once(t.values.plus(shared))
        across(HS, (c) => {
          const all = zero(c)
          loop(seen, (s) => all.set(all.add(value.row(s, cache).at(c).mul(att.at(s)))))
          out.store(c, all)
        })
      })
    })
  },
)

export const attention_cached = (machine: Machine): WasmOp<'attention_cached'> => ({
  forward({ name, t, attrs: { n_head: NH, n_kv_head: NKV } }) {
    const [, T = 1, width = 1] = t.qkv.shape
    const P = t.keys.shape[0]!
    const HS = width / (NH + 2 * NKV)
    const fits = () => {
      const start = machine.words(t.pos)[0]!
      invariant(start + T <= P, () => `${name}: positions ${start} … ${start + T - 1} do not fit a cache of ${P}`)
    }
    const call = launch(forward, { ...t, T, P, NH, NKV, HS, scale: 1 / Math.sqrt(HS) })
    return [work(`${name}.attention_cached`, NH * T * P * (4 * HS + 5), Object.values(t), [fits, call])]
  },
  backward: () => [],
})
