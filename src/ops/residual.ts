// The residual stream: see shaders/residual.wgsl.
import source from '../../shaders/residual.wgsl?raw'
import { grid } from '../gpu/kernel'
import { sizeOf } from '../params'
import type { GpuOp } from './op'

const shader = { name: 'residual', source }

export const residual: GpuOp<'residual'> = (kernels) => ({
  forward({ name, t }) {
    const SIZE = sizeOf(t.out.shape)
    return [
      kernels.dispatch(shader, 'forward', {
        label: `${name}.residual`,
        tensors: t,
        constants: { SIZE },
        workgroups: grid(Math.ceil(SIZE / 64)),
        flops: SIZE,
      }),
    ]
  },
  backward({ name, t, d, adds }) {
    const SIZE = sizeOf(t.out.shape)
    const half = (key: 'da' | 'db', entry: string) =>
      d[key]
        ? [
            kernels.dispatch(shader, entry, {
              label: `${name}.residual.${key}`,
              tensors: d,
              constants: { SIZE, ACCUMULATE: Number(adds.has(key)) },
              workgroups: grid(Math.ceil(SIZE / 64)),
            }),
          ]
        : []
    return [...half('da', 'backward_a'), ...half('db', 'backward_b')]
  },
})
