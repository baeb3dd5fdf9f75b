// LayerNorm: see shaders/layernorm.wgsl.
import source from '../../shaders/layernorm.wgsl?raw'
import { invariant } from '../errors'
import { sizeOf } from '../params'
import { rowPlan, type GpuOp } from './op'

const text = { name: 'layernorm', source }

export const layernorm: GpuOp<'layernorm'> = (kernels) => ({
  forward({ name, t, attrs }) {
    const [N, C] = [sizeOf(t.mean.shape), sizeOf(t.weight.shape)]
    const { shader, constants, rows } = rowPlan(text, N, C)
    return [
      kernels.dispatch(shader, 'forward', {
        label: `${name}.layernorm`,
        // Without a bias the binding is filled with the weight and never read.
        tensors: { ...t, bias: t.bias ?? t.weight },
        constants: { ...constants, EPS: attrs.eps, BIAS: Number(t.bias !== undefined) },
        workgroups: rows,
        flops: 8 * N * C,
      }),
    ]
  },
  backward({ name, t, d, adds }) {
    const [N, C] = [sizeOf(t.mean.shape), sizeOf(t.weight.shape)]
    const { shader, constants, stretches, columns } = rowPlan(text, N, C)
    const sums = t.bias ? 2 : 1
    const adding = adds.has('dweight')
    const { dweight, dbias } = d
    invariant(
      !dweight || !dbias || adds.has('dbias') === adding,
      () => `${name}: dweight and dbias are both written, or both added to`,
    )
    const finish = (entry: string, what: string, count: number, accumulate: boolean) =>
      kernels.dispatch(shader, entry, {
        label: `${name}.layernorm.${what}`,
        tensors: d,
        constants: { ...constants, SUMS: sums },
        size: { accumulate: Number(accumulate) },
        workgroups: [columns, count, 1],
        flops: count * constants.COUNT * C,
      })
    return [
      kernels.dispatch(shader, 'backward', {
        label: `${name}.layernorm.dx`,
        tensors: { ...t, ...d },
        constants: { ...constants, SUMS: sums },
        size: { accumulate: Number(adds.has('dx')) },
        workgroups: stretches,
        flops: 16 * N * C,
      }),
      ...(dweight && dbias ? [finish('finish_both', 'dweight_dbias', 2, adding)] : []),
      ...(dweight && !dbias ? [finish('finish', 'dweight', 1, adding)] : []),
      ...(dbias && !dweight ? [finish('finish_bias', 'dbias', 1, adds.has('dbias'))] : []),
    ]
  },
})
