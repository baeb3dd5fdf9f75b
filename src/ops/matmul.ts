// A linear layer: out = x·w + bias, forward and backward, each a matrix product of one of three forms; see
// shaders/matmul.wgsl. Sizes that vec4 reads do not divide take the general form.
import source from '../../shaders/matmul.wgsl?raw'
import type { Dispatch, Kernels } from '../gpu/kernel'
import type { GpuTensor } from '../gpu/tensor'
import { invariant } from '../errors'
import { sizeOf } from '../params'
import type { GpuOp } from './op'

const shader = { name: 'matmul', source }

/** nn: a [R, K]·b [K, M]; nt: a [R, K]·b [M, K]ᵀ; tn: a [K, R]ᵀ·b [K, M]. */
type Form = 'nn' | 'nt' | 'tn'

interface Product {
  label: string
  form: Form
  R: number
  K: number
  M: number
  a: GpuTensor
  b: GpuTensor
  c: GpuTensor
  bias?: GpuTensor | undefined
  accumulate: boolean
}

function product(kernels: Kernels, { label, form, R, K, M, a, b, c, bias, accumulate }: Product): Dispatch {
  invariant(
    sizeOf(a.shape) === R * K && sizeOf(b.shape) === K * M && sizeOf(c.shape) === R * M,
    () => `${label}: [${a.shape.join(', ')}] and [${b.shape.join(', ')}] do not make [${c.shape.join(', ')}]`,
  )
  // A binding that is read by fours holds at least four numbers; b and c do wherever the size that counts is a multiple of four.
  const byFours = { nn: M, nt: K, tn: M }[form] % 4 === 0 && sizeOf(a.shape) >= 4
  const entry = byFours ? form : 'any'
  const columns = byFours && form !== 'nt' ? 8 : 4
  const constants = {
    R,
    K,
    M,
    VEC_A: Number((form === 'tn' ? R : K) % 4 === 0),
    BIAS: Number(bias !== undefined),
    ACCUMULATE: Number(accumulate),
    ...(byFours
      ? {}
      : {
          A_ROW: form === 'tn' ? 1 : K,
          A_K: form === 'tn' ? R : 1,
          B_COLUMN: form === 'nt' ? K : 1,
          B_K: form === 'nt' ? 1 : M,
        }),
  }
  // a and b are bound by ones and by fours at once; without a bias its binding is filled, and never read.
  const tensors = { a, a4: a, b, b4: b, bias: bias ?? b, c, c4: c }
  const workgroups: [number, number, number] = [Math.ceil(M / columns / 8), Math.ceil(R / 4 / 8), 1]
  return kernels.dispatch(shader, entry, { label, tensors, constants, workgroups, flops: 2 * R * K * M })
}

export const matmul: GpuOp<'matmul'> = (kernels) => ({
  forward({ name, t: { x, weight, bias, out }, attrs: { transposed } }) {
    const [K, M] = [x.shape.at(-1)!, out.shape.at(-1)!]
    const R = sizeOf(x.shape) / K
    return [
      product(kernels, {
        label: `${name}.matmul`,
        form: transposed ? 'nt' : 'nn',
        R,
        K,
        M,
        a: x,
        b: weight,
        c: out,
        bias,
        accumulate: false,
      }),
    ]
  },
  backward({ name, t: { x, weight, out }, d: { dout, dx, dweight, dbias }, adds, attrs: { transposed } }) {
    invariant(dout, () => `${name}: matmul backward without dout`)
    const [K, M] = [x.shape.at(-1)!, out.shape.at(-1)!]
    const R = sizeOf(x.shape) / K
    const work: Dispatch[] = []
    const label = (what: string) => `${name}.matmul.${what}`
    // out = x·w → dx = dout·wᵀ
    if (dx)
      work.push(
        product(kernels, {
          label: label('dx'),
          form: transposed ? 'nn' : 'nt',
          R,
          K: M,
          M: K,
          a: dout,
          b: weight,
          c: dx,
          accumulate: adds.has('dx'),
        }),
      )
    // out = x·w → dw = xᵀ·dout, and its transpose for a weight that lies [out, in]
    if (dweight) {
      const [rows, columns] = transposed ? [M, K] : [K, M]
      const [a, b] = transposed ? [dout, x] : [x, dout]
      work.push(
        product(kernels, {
          label: label('dweight'),
          form: 'tn',
          R: rows,
          K: R,
          M: columns,
          a,
          b,
          c: dweight,
          accumulate: adds.has('dweight'),
        }),
      )
    }
    if (dbias)
      work.push(
        kernels.dispatch(shader, 'backward_bias', {
          label: label('dbias'),
          tensors: { dout, dbias },
          constants: { R, M, K, ACCUMULATE: Number(adds.has('dbias')) },
          workgroups: [Math.ceil(M / 16), 1, 1],
          flops: R * M,
        }),
      )
    return work
  },
})
