// The residual stream: see shaders/residual.wgsl.
import text from '../../shaders/residual.wgsl?raw'
import { sizeOf } from '../params'
import { elements, type GpuOp } from './op'

const source = { name: 'residual', source: text }

export const residual: GpuOp<'residual'> = (kernels) => ({
  forward({ name, t }) {
    const SIZE = sizeOf(t.out.shape)
    const { shader, workgroups } = elements(source, SIZE)
    return [
      kernels.dispatch(shader, 'forward', {
        label: `${name}.residual`,
        tensors: t,
        constants: { SIZE },
        workgroups,
        flops: SIZE,
      }),
    ]
  },
  backward({ name, t, d, adds }) {
    const SIZE = sizeOf(t.out.shape)
    const { shader, workgroups } = elements(source, SIZE)
    const half = (key: 'da' | 'db', entry: string) =>
      d[key]
        ? [
            kernels.dispatch(shader, entry, {
              label: `${name}.residual.${key}`,
              tensors: d,
              constants: { SIZE, ACCUMULATE: Number(adds.has(key)) },
              workgroups,
            }),
          ]
        : []
    return [...half('da', 'backward_a'), ...half('db', 'backward_b')]
  },
})
