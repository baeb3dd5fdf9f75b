// AdamW over one arena: see shaders/adamw.wgsl.
import source from '../../shaders/adamw.wgsl?raw'
import { grid } from '../gpu/kernel'
import { sizeOf } from '../params'
import { noBackward, type GpuOp } from './op'

const shader = { name: 'adamw', source }

export const adamw: GpuOp<'adamw'> = (kernels) => ({
  forward({ name, t, attrs }) {
    const SIZE = sizeOf(t.weights.shape)
    const constants = { SIZE, DECAYED: attrs.decayed }
    return [
      kernels.dispatch(shader, 'forward', {
        label: `${name}.adamw`,
        tensors: t,
        constants,
        workgroups: grid(Math.ceil(SIZE / 64)),
        flops: 14 * SIZE,
      }),
    ]
  },
  backward: noBackward,
})
