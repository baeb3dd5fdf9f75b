// Attention over a cache of keys and values: see shaders/attention_cached.wgsl.
import source from '../../shaders/attention_cached.wgsl?raw'
import { grid } from '../gpu/kernel'
import { noBackward, threads, type GpuOp } from './op'

const shader = { name: 'attention_cached', source }

export const attention_cached: GpuOp<'attention_cached'> = (kernels) => ({
  forward({ name, t, attrs: { n_head: NH, n_kv_head: NKV } }) {
    const [, T = 1, width = 1] = t.qkv.shape
    const P = t.keys.shape[0]!
    const HS = width / (NH + 2 * NKV)
    const constants = { T, P, NH, NKV, HS, SCALE: 1 / Math.sqrt(HS) }
    const dispatch = (entry: string, what: string, workgroups: [number, number, number], flops: number) =>
      kernels.dispatch(shader, entry, {
        label: `${name}.attention_cached.${what}`,
        tensors: t,
        constants,
        workgroups,
        flops,
      })
    return [
      dispatch('append', 'append', threads(T * NKV * HS), 0),
      dispatch('forward_att', 'att', grid(NH * T), 2 * T * P * NH * HS),
      dispatch('forward_out', 'out', threads(T * NH * HS), 2 * T * P * NH * HS),
    ]
  },
  backward: noBackward,
})
