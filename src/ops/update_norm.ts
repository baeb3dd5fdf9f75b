// The norms of AdamW's last update and of the weights: see shaders/update_norm.wgsl.
import source from '../../shaders/update_norm.wgsl?raw'
import { NORM_PARTIALS } from '../engine'
import { noBackward, type GpuOp } from './op'

const shader = { name: 'update_norm', source }

export const update_norm: GpuOp<'update_norm'> = (kernels) => ({
  forward({ name, t, attrs: { decayed, first, last } }) {
    const FIRST = first * NORM_PARTIALS
    const partial = kernels.dispatch(shader, 'partial', {
      label: `${name}.update_norm`,
      tensors: t,
      constants: { DECAYED: decayed, FIRST, GROUPS: NORM_PARTIALS },
      workgroups: [NORM_PARTIALS, 1, 1],
      flops: 9 * decayed,
    })
    if (!last) return [partial]
    const COUNT = FIRST + NORM_PARTIALS
    return [
      partial,
      kernels.dispatch(shader, 'finish', {
        label: `${name}.update_norm.finish`,
        tensors: t,
        constants: { COUNT },
        workgroups: [1, 1, 1],
        flops: 2 * COUNT,
      }),
    ]
  },
  backward: noBackward,
})
