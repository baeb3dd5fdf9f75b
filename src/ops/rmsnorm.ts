// RMSNorm: see shaders/rmsnorm.wgsl.
import source from '../../shaders/rmsnorm.wgsl?raw'
import { sizeOf } from '../params'
import { rowPlan, type GpuOp } from './op'

const text = { name: 'rmsnorm', source }

export const rmsnorm: GpuOp<'rmsnorm'> = (kernels) => ({
  forward({ name, t, attrs }) {
    const [N, C] = [sizeOf(t.rstd.shape), sizeOf(t.weight.shape)]
    const { shader, constants, rows } = rowPlan(text, N, C)
    return [
      kernels.dispatch(shader, 'forward', {
        label: `${name}.rmsnorm`,
        tensors: t,
        constants: { ...constants, EPS: attrs.eps },
        workgroups: rows,
        flops: 4 * N * C,
      }),
    ]
  },
  backward({ name, t, d, adds }) {
    const [N, C] = [sizeOf(t.rstd.shape), sizeOf(t.weight.shape)]
    const { shader, constants, stretches, columns } = rowPlan(text, N, C)
    return [
      kernels.dispatch(shader, 'backward', {
        label: `${name}.rmsnorm.dx`,
        tensors: { ...t, ...d },
        constants,
        size: { accumulate: Number(adds.has('dx')) },
        workgroups: stretches,
        flops: 12 * N * C,
      }),
      ...(d.dweight
        ? [
            kernels.dispatch(shader, 'finish', {
              label: `${name}.rmsnorm.dweight`,
              tensors: d,
              constants,
              size: { accumulate: Number(adds.has('dweight')) },
              workgroups: [columns, 1, 1],
              flops: constants.COUNT * C,
            }),
          ]
        : []),
    ]
  },
})
