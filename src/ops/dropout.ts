// Dropout: see shaders/dropout.wgsl.
import text from '../../shaders/dropout.wgsl?raw'
import { sizeOf } from '../params'
import { dropoutOf, elements, type GpuOp } from './op'

const source = { name: 'dropout', source: text }

export const dropout: GpuOp<'dropout'> = (kernels) => ({
  forward({ name, t, attrs }) {
    if (!t.x) return []
    const SIZE = sizeOf(t.out.shape)
    const { shader, workgroups } = elements(source, SIZE)
    const { constants, size } = dropoutOf(attrs)
    return [
      kernels.dispatch(shader, 'forward', {
        label: `${name}.dropout`,
        tensors: t,
        constants: { SIZE, ...constants },
        size,
        workgroups,
        flops: SIZE,
      }),
    ]
  },
  backward({ name, t, d, adds, attrs }) {
    const SIZE = sizeOf(t.out.shape)
    const { shader, workgroups } = elements(source, SIZE)
    const { constants, size } = dropoutOf(attrs)
    return [
      kernels.dispatch(shader, 'backward', {
        label: `${name}.dropout.dx`,
        tensors: { ...t, ...d },
        constants: { SIZE, ...constants, ACCUMULATE: Number(adds.has('dx')) },
        size,
        workgroups,
        flops: SIZE,
      }),
    ]
  },
})
