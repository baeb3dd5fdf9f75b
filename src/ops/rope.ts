// Rotary position embedding: see shaders/rope.wgsl.
import text from '../../shaders/rope.wgsl?raw'
import type { Heads, Tensor } from '../engine'
import { sizeOf } from '../params'
import { elements, type GpuOp } from './op'

const source = { name: 'rope', source: text }

export const rope: GpuOp<'rope'> = (kernels) => ({
  forward({ name, t, attrs }) {
    const pairs = sizeOf(t.x.shape) / 2
    const constants = sizes(t.x, attrs)
    const { shader, workgroups } = elements(source, pairs, constants.HALF)
    const tensors = { ...t, cos_table: t.cos, sin_table: t.sin }
    return [
      kernels.dispatch(shader, t.pos ? 'forward_from' : 'forward', {
        label: `${name}.rope`,
        tensors,
        constants,
        workgroups,
        flops: 6 * pairs,
      }),
    ]
  },
  backward({ name, t, d, adds, attrs }) {
    const pairs = sizeOf(t.x.shape) / 2
    const constants = sizes(t.x, attrs)
    const { shader, workgroups } = elements(source, pairs, constants.HALF)
    const tensors = { ...t, ...d, cos_table: t.cos, sin_table: t.sin }
    return [
      kernels.dispatch(shader, 'backward', {
        label: `${name}.rope.dx`,
        tensors,
        constants: { ...constants, ACCUMULATE: Number(adds.has('dx')) },
        workgroups,
        flops: 6 * pairs,
      }),
    ]
  },
})

function sizes(x: Tensor, { n_head, n_kv_head }: Heads) {
  const [B = 1, T = 1, width = 1] = x.shape
  const HEADS = n_head + 2 * n_kv_head
  return { N: B * T, T, HEADS, TURNED: n_head + n_kv_head, HALF: width / HEADS / 2 }
}
