// Causal attention, the plain form: see shaders/attention.wgsl.
import source from '../../shaders/attention.wgsl?raw'
import type { Dropout, Heads, Tensor } from '../engine'
import { grid } from '../gpu/kernel'
import { dropoutOf, threads, type GpuOp } from './op'

const shader = { name: 'attention', source }

export const attention: GpuOp<'attention'> = (kernels) => ({
  forward({ name, t, attrs }) {
    const { constants, size, rows, elements, triangle } = plan(t.qkv, attrs)
    const dispatch = (entry: string, what: string, workgroups: [number, number, number]) =>
      kernels.dispatch(shader, entry, {
        label: `${name}.attention.${what}`,
        tensors: t,
        constants,
        size,
        workgroups,
        flops: 2 * triangle,
      })
    return [dispatch('forward_att', 'att', grid(rows)), dispatch('forward_out', 'out', threads(elements))]
  },
  backward({ name, t, d, adds, attrs }) {
    const { constants, size, rows, elements, triangle, shared } = plan(t.qkv, attrs)
    const dispatch = (entry: string, what: string, workgroups: [number, number, number], passes: number) =>
      kernels.dispatch(shader, entry, {
        label: `${name}.attention.${what}`,
        tensors: { ...t, ...d },
        constants: { ...constants, ACCUMULATE: Number(adds.has('dqkv')) },
        size,
        workgroups,
        flops: passes * 2 * triangle,
      })
    return [
      dispatch('backward_att', 'dpreatt', grid(rows), 1),
      dispatch('backward_q', 'dq', threads(elements), 1),
      dispatch('backward_kv', 'dkv', threads(shared), 2),
    ]
  },
})

function plan(qkv: Tensor, { n_head: NH, n_kv_head: NKV, ...dropout }: Heads & Dropout) {
  const [B = 1, T = 1, width = 1] = qkv.shape
  const HS = width / (NH + 2 * NKV)
  const drop = dropout.p > 0 ? dropoutOf(dropout) : null
  return {
    constants: { B, T, NH, NKV, HS, SCALE: 1 / Math.sqrt(HS), ...(drop && { DROPOUT: 1, ...drop.constants }) },
    size: drop?.size ?? {},
    rows: B * NH * T,
    elements: B * T * NH * HS,
    shared: B * T * NKV * HS,
    /** Multiplications of one product with the causal half of att. */
    triangle: (B * NH * HS * T * (T + 1)) / 2,
  }
}
