// Causal attention without the matrix: see shaders/flash_attention.wgsl.
import source from '../../shaders/flash_attention.wgsl?raw'
import type { Dropout, Heads, Tensor } from '../engine'
import { invariant } from '../errors'
import { grid } from '../gpu/kernel'
import { dropoutConstants, type GpuOp } from './op'

export const flash_attention: GpuOp<'flash_attention'> = (kernels) => ({
  forward({ name, t, attrs }) {
    const { shader, constants, rows, triangle } = plan(t.qkv, attrs)
    const label = `${name}.flash_attention`
    return [
      kernels.dispatch(shader, 'forward', {
        label,
        tensors: t,
        constants,
        workgroups: grid(Math.ceil(rows / 64)),
        flops: 4 * triangle,
      }),
    ]
  },
  backward({ name, t, d, adds, attrs }) {
    const { shader, constants, rows, shared, triangle } = plan(t.qkv, attrs)
    const dispatch = (entry: string, what: string, threads: number, flops: number) =>
      kernels.dispatch(shader, entry, {
        label: `${name}.flash_attention.${what}`,
        tensors: { ...t, ...d },
        constants: { ...constants, ACCUMULATE: Number(adds.has('dqkv')) },
        workgroups: grid(Math.ceil(threads / 64)),
        flops,
      })
    return [dispatch('backward_q', 'dq', rows, 6 * triangle), dispatch('backward_kv', 'dkv', shared, 8 * triangle)]
  },
})

function plan(qkv: Tensor, { n_head: NH, n_kv_head: NKV, ...dropout }: Heads & Dropout) {
  const [B = 1, T = 1, width = 1] = qkv.shape
  const HS = width / (NH + 2 * NKV)
  invariant(HS % 4 === 0, () => `flash attention reads by fours, and a head has ${HS}`)
  const drop = dropout.p > 0 ? { DROPOUT: 1, ...dropoutConstants(dropout) } : {}
  return {
    // A thread's own arrays must have a size that the shader's text knows.
    shader: { name: `flash_attention.${HS}`, source: `const HS4 = ${HS / 4}u; ${source}` },
    constants: { B, T, NH, NKV, SCALE: 1 / Math.sqrt(HS), ...drop },
    rows: B * NH * T,
    shared: B * NKV * T,
    /** Multiplications in one product with the causal half of the matrix. */
    triangle: (B * NH * HS * T * (T + 1)) / 2,
  }
}
