// The global gradient norm: see shaders/grad_norm.wgsl.
import source from '../../shaders/grad_norm.wgsl?raw'
import { NORM_PARTIALS } from '../engine'
import { sizeOf } from '../params'
import { byFours, noBackward, type GpuOp } from './op'

const text = { name: 'grad_norm', source }

export const grad_norm: GpuOp<'grad_norm'> = (kernels) => ({
  forward({ name, t, attrs: { first, last } }) {
    const SIZE = sizeOf(t.grads.shape)
    const shader = byFours(text, SIZE % 4 === 0)
    const FIRST = first * NORM_PARTIALS
    const partial = kernels.dispatch(shader, 'partial', {
      label: `${name}.grad_norm`,
      tensors: t,
      constants: { SIZE, FIRST, GROUPS: NORM_PARTIALS },
      workgroups: [NORM_PARTIALS, 1, 1],
      flops: 2 * SIZE,
    })
    if (!last) return [partial]
    const COUNT = FIRST + NORM_PARTIALS
    return [
      partial,
      kernels.dispatch(shader, 'finish', {
        label: `${name}.grad_norm.finish`,
        tensors: t,
        constants: { COUNT },
        workgroups: [1, 1, 1],
        flops: COUNT,
      }),
    ]
  },
  backward: noBackward,
})
