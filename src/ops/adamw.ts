// AdamW over one arena: see shaders/adamw.wgsl.
import source from '../../shaders/adamw.wgsl?raw'
import { sizeOf } from '../params'
import { elements, noBackward, type GpuOp } from './op'

const text = { name: 'adamw', source }

export const adamw: GpuOp<'adamw'> = (kernels) => ({
  forward({ name, t, attrs }) {
    const SIZE = sizeOf(t.weights.shape)
    // By vec4s where the elements of each vec4 all decay or all do not.
    const { shader, workgroups } = elements(text, SIZE, attrs.decayed % 4 === 0 ? SIZE : 1)
    const constants = { SIZE, DECAYED: attrs.decayed }
    return [
      kernels.dispatch(shader, 'forward', {
        label: `${name}.adamw`,
        tensors: t,
        constants,
        workgroups,
        flops: 14 * SIZE,
      }),
    ]
  },
  backward: noBackward,
})
