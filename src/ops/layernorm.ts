// LayerNorm: see shaders/layernorm.wgsl.
import source from '../../shaders/layernorm.wgsl?raw'
import { grid } from '../gpu/kernel'
import { sizeOf } from '../params'
import type { GpuOp } from './op'

const shader = { name: 'layernorm', source }

export const layernorm: GpuOp<'layernorm'> = (kernels) => ({
  forward({ name, t, attrs }) {
    const [N, C] = [sizeOf(t.mean.shape), sizeOf(t.weight.shape)]
    const constants = { N, C, EPS: attrs.eps, BIAS: Number(t.bias !== undefined) }
    // Without a bias the binding is filled, and never read.
    const tensors = { ...t, bias: t.bias ?? t.weight }
    return [
      kernels.dispatch(shader, 'forward', {
        label: `${name}.layernorm`,
        tensors,
        constants,
        workgroups: grid(N),
        flops: 8 * N * C,
      }),
    ]
  },
  backward({ name, t, d, adds, attrs }) {
    const [N, C] = [sizeOf(t.mean.shape), sizeOf(t.weight.shape)]
    const write = (key: 'dx' | 'dweight' | 'dbias', entry: string, workgroups: [number, number, number]) => {
      const constants = { N, C, EPS: attrs.eps, ACCUMULATE: Number(adds.has(key)) }
      return d[key]
        ? [
            kernels.dispatch(shader, entry, {
              label: `${name}.layernorm.${key}`,
              tensors: { ...t, ...d },
              constants,
              workgroups,
              flops: 8 * N * C,
            }),
          ]
        : []
    }
    const columns: [number, number, number] = [Math.ceil(C / 16), 1, 1]
    return [
      ...write('dx', 'backward_x', grid(N)),
      ...write('dweight', 'backward_weight', columns),
      ...write('dbias', 'backward_bias', columns),
    ]
  },
})
