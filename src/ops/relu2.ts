// Squared ReLU: see shaders/relu2.wgsl.
import source from '../../shaders/relu2.wgsl?raw'
import { grid } from '../gpu/kernel'
import { sizeOf } from '../params'
import type { GpuOp } from './op'

const shader = { name: 'relu2', source }

export const relu2: GpuOp<'relu2'> = (kernels) => ({
  forward({ name, t }) {
    const SIZE = sizeOf(t.out.shape)
    const workgroups = grid(Math.ceil(SIZE / 64))
    return [
      kernels.dispatch(shader, 'forward', {
        label: `${name}.relu2`,
        tensors: t,
        constants: { SIZE },
        workgroups,
        flops: 2 * SIZE,
      }),
    ]
  },
  backward({ name, t, d, adds }) {
    const SIZE = sizeOf(t.out.shape)
    const constants = { SIZE, ACCUMULATE: Number(adds.has('dx')) }
    const workgroups = grid(Math.ceil(SIZE / 64))
    return [
      kernels.dispatch(shader, 'backward', {
        label: `${name}.relu2.dx`,
        tensors: { ...t, ...d },
        constants,
        workgroups,
        flops: 3 * SIZE,
      }),
    ]
  },
})
