// SwiGLU: see shaders/swiglu.wgsl.
import text from '../../shaders/swiglu.wgsl?raw'
import { sizeOf } from '../params'
import { elements, type GpuOp } from './op'

const source = { name: 'swiglu', source: text }

export const swiglu: GpuOp<'swiglu'> = (kernels) => ({
  forward({ name, t }) {
    const [SIZE, F] = [sizeOf(t.out.shape), t.out.shape.at(-1)!]
    const { shader, workgroups } = elements(source, SIZE, F)
    const constants = { SIZE, F }
    return [
      kernels.dispatch(shader, 'forward', {
        label: `${name}.swiglu`,
        tensors: t,
        constants,
        workgroups,
        flops: 6 * SIZE,
      }),
    ]
  },
  backward({ name, t, d, adds }) {
    const [SIZE, F] = [sizeOf(t.out.shape), t.out.shape.at(-1)!]
    const { shader, workgroups } = elements(source, SIZE, F)
    const constants = { SIZE, F, ACCUMULATE: Number(adds.has('dx')) }
    return [
      kernels.dispatch(shader, 'backward', {
        label: `${name}.swiglu.dx`,
        tensors: { ...t, ...d },
        constants,
        workgroups,
        flops: 12 * SIZE,
      }),
    ]
  },
})
