// RMSNorm: see shaders/rmsnorm.wgsl.
import source from '../../shaders/rmsnorm.wgsl?raw'
import { grid } from '../gpu/kernel'
import { sizeOf } from '../params'
import type { GpuOp } from './op'

const shader = { name: 'rmsnorm', source }

export const rmsnorm: GpuOp<'rmsnorm'> = (kernels) => ({
  forward({ name, t, attrs }) {
    const [N, C] = [sizeOf(t.rstd.shape), sizeOf(t.weight.shape)]
    const constants = { N, C, EPS: attrs.eps }
    return [
      kernels.dispatch(shader, 'forward', {
        label: `${name}.rmsnorm`,
        tensors: t,
        constants,
        workgroups: grid(N),
        flops: 4 * N * C,
      }),
    ]
  },
  backward({ name, t, d, adds, attrs }) {
    const [N, C] = [sizeOf(t.rstd.shape), sizeOf(t.weight.shape)]
    const write = (key: 'dx' | 'dweight', entry: string, workgroups: [number, number, number]) => {
      const constants = { N, C, EPS: attrs.eps, ACCUMULATE: Number(adds.has(key)) }
      return d[key]
        ? [
            kernels.dispatch(shader, entry, {
              label: `${name}.rmsnorm.${key}`,
              tensors: { ...t, ...d },
              constants,
              workgroups,
              flops: 8 * N * C,
            }),
          ]
        : []
    }
    return [...write('dx', 'backward_x', grid(N)), ...write('dweight', 'backward_weight', [Math.ceil(C / 16), 1, 1])]
  },
})
