// Dropout: see shaders/dropout.wgsl.
import source from '../../shaders/dropout.wgsl?raw'
import { grid } from '../gpu/kernel'
import { sizeOf } from '../params'
import { dropoutConstants, type GpuOp } from './op'

const shader = { name: 'dropout', source }

export const dropout: GpuOp<'dropout'> = (kernels) => ({
  forward({ name, t, attrs }) {
    const SIZE = sizeOf(t.out.shape)
    const constants = { SIZE, ...dropoutConstants(attrs) }
    return [
      kernels.dispatch(shader, 'forward', {
        label: `${name}.dropout`,
        tensors: t,
        constants,
        workgroups: grid(Math.ceil(SIZE / 64)),
        flops: SIZE,
      }),
    ]
  },
  backward({ name, t, d, adds, attrs }) {
    const SIZE = sizeOf(t.out.shape)
    const constants = {
      SIZE,
      ...dropoutConstants(attrs),
      ACCUMULATE: Number(adds.has('dx')),
    }
    return [
      kernels.dispatch(shader, 'backward', {
        label: `${name}.dropout.dx`,
        tensors: { ...t, ...d },
        constants,
        workgroups: grid(Math.ceil(SIZE / 64)),
        flops: SIZE,
      }),
    ]
  },
})
