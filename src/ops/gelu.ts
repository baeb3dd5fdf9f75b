// GELU, tanh form: see shaders/gelu.wgsl.
import source from '../../shaders/gelu.wgsl?raw'
import { grid } from '../gpu/kernel'
import { sizeOf } from '../params'
import type { GpuOp } from './op'

const shader = { name: 'gelu', source }

export const gelu: GpuOp<'gelu'> = (kernels) => ({
  forward({ name, t }) {
    const SIZE = sizeOf(t.out.shape)
    const workgroups = grid(Math.ceil(SIZE / 64))
    return [
      kernels.dispatch(shader, 'forward', {
        label: `${name}.gelu`,
        tensors: t,
        constants: { SIZE },
        workgroups,
        flops: 12 * SIZE,
      }),
    ]
  },
  backward({ name, t, d, adds }) {
    const SIZE = sizeOf(t.out.shape)
    const constants = { SIZE, ACCUMULATE: Number(adds.has('dx')) }
    const workgroups = grid(Math.ceil(SIZE / 64))
    return [
      kernels.dispatch(shader, 'backward', {
        label: `${name}.gelu.dx`,
        tensors: { ...t, ...d },
        constants,
        workgroups,
        flops: 20 * SIZE,
      }),
    ]
  },
})
