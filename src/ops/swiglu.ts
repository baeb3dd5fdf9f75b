// SwiGLU: see shaders/swiglu.wgsl.
import source from '../../shaders/swiglu.wgsl?raw'
import { grid } from '../gpu/kernel'
import { sizeOf } from '../params'
import type { GpuOp } from './op'

const shader = { name: 'swiglu', source }

export const swiglu: GpuOp<'swiglu'> = (kernels) => ({
  forward({ name, t }) {
    const SIZE = sizeOf(t.out.shape)
    const constants = { SIZE, F: t.out.shape.at(-1)! }
    return [
      kernels.dispatch(shader, 'forward', {
        label: `${name}.swiglu`,
        tensors: t,
        constants,
        workgroups: grid(Math.ceil(SIZE / 64)),
        flops: 6 * SIZE,
      }),
    ]
  },
  backward({ name, t, d, adds }) {
    const SIZE = sizeOf(t.out.shape)
    const constants = { SIZE, F: t.out.shape.at(-1)!, ACCUMULATE: Number(adds.has('dx')) }
    return [
      kernels.dispatch(shader, 'backward', {
        label: `${name}.swiglu.dx`,
        tensors: { ...t, ...d },
        constants,
        workgroups: grid(Math.ceil(SIZE / 64)),
        flops: 12 * SIZE,
      }),
    ]
  },
})
