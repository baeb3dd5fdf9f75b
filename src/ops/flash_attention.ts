// Causal attention without the matrix: see shaders/flash_attention.wgsl. Here is which variants can compute a call, and what they
// are tried on.
import source from '../../shaders/flash_attention.wgsl?raw'
import quadSource from '../../shaders/flash_attention.quad.wgsl?raw'
import sharedSource from '../../shaders/flash_attention.shared.wgsl?raw'
import tileSource from '../../shaders/flash_attention.tile.wgsl?raw'
import type { Dropout, Heads, Tensor } from '../engine'
import { invariant } from '../errors'
import type { Contest } from '../gpu/autotune'
import { grid, type Dispatch, type Kernels, type Shader } from '../gpu/kernel'
import type { GpuTensor } from '../gpu/tensor'
import { dropoutOf, threads, type GpuOp } from './op'
import { FLASH } from './shared'

/**
 * plain: a thread walks over all rows by itself; tile: through workgroup memory; quad: the same, where four threads can add directly; half:
 * what is in workgroup memory has 16 bits.
 */
type Variant = 'plain' | 'tile' | 'quad' | 'half tile' | 'half quad'
const COARSE: readonly Variant[] = ['half tile', 'half quad']

/** One call by its sizes. */
interface Plan extends Heads, Dropout {
  B: number
  T: number
  HS: number
  /** Numbers of 16 bits will do. */
  fast?: boolean
}

export const flash_attention: GpuOp<'flash_attention'> = (kernels, tuner) => ({
  forward({ name, t, attrs }) {
    const plan = planOf(t.qkv, attrs)
    const variant = tuner.choose(contest(kernels, 'forward', plan)) as Variant
    return forward(kernels, variant, plan, name, t)
  },
  backward({ name, t, d, adds, attrs }) {
    const plan = planOf(t.qkv, attrs)
    const variant = tuner.choose(contest(kernels, 'backward', plan)) as Variant
    return backward(kernels, variant, plan, name, { ...t, ...d }, adds.has('dqkv'))
  },
})

function planOf(qkv: Tensor, attrs: Heads & Dropout & { fast?: boolean }): Plan {
  const [B = 1, T = 1, width = 1] = qkv.shape
  const HS = width / (attrs.n_head + 2 * attrs.n_kv_head)
  invariant(HS % 4 === 0, () => `flash attention reads by fours, and a head has ${HS}`)
  return { ...attrs, B, T, HS }
}

/** Multiplications in one product with the causal half of the matrix: there are two in forward, seven in backward's two passes. */
const triangle = ({ B, T, HS, n_head }: Plan) => (B * n_head * HS * T * (T + 1)) / 2
const FLOPS = { forward: 4, backward: 14 } as const

type Tensors = Readonly<Record<string, GpuTensor | undefined>>

function forward(kernels: Kernels, variant: Variant, plan: Plan, name: string, tensors: Tensors): Dispatch[] {
  const flops = FLOPS.forward * triangle(plan)
  return [dispatch(kernels, variant, 'forward', plan, { label: `${name}.flash_attention`, tensors, flops })]
}

function backward(
  kernels: Kernels,
  variant: Variant,
  plan: Plan,
  name: string,
  tensors: Tensors,
  accumulate: boolean,
): Dispatch[] {
  const pass = (entry: 'backward_q' | 'backward_kv', what: string, products: number) =>
    dispatch(kernels, variant, entry, plan, {
      label: `${name}.flash_attention.${what}`,
      tensors,
      accumulate,
      flops: 2 * products * triangle(plan),
    })
  return [pass('backward_q', 'dq', 3), pass('backward_kv', 'dkv', 4)]
}

function dispatch(
  kernels: Kernels,
  variant: Variant,
  entry: 'forward' | 'backward_q' | 'backward_kv',
  plan: Plan,
  { accumulate = false, ...rest }: { label: string; tensors: Tensors; flops: number; accumulate?: boolean },
): Dispatch {
  const { B, T, HS, n_head: NH, n_kv_head: NKV } = plan
  const drop = plan.p > 0 ? dropoutOf(plan) : null
  const heads = B * (entry === 'backward_kv' ? NKV : NH)
  const tiled = variant !== 'plain'
  // As a mean over so many rows makes them.
  const up = COARSE.includes(variant) && entry === 'backward_kv' ? 2 ** Math.ceil(Math.log2(B * T)) : 1
  return kernels.dispatch(shaderOf(variant, HS), tiled ? `${entry}_tile` : entry, {
    ...rest,
    constants: {
      ...(drop && { DROPOUT: 1, ...drop.constants }),
      B,
      T,
      NH,
      NKV,
      SCALE: 1 / Math.sqrt(HS),
      ...(entry !== 'forward' && { ACCUMULATE: Number(accumulate) }),
      ...(up > 1 && { UP: up }),
    },
    size: drop?.size ?? {},
    workgroups: tiled ? grid(heads * Math.ceil(T / FLASH.rows)) : threads(heads * T),
  })
}

/** A thread's own arrays, and a workgroup's, must have sizes that the shader's text knows. */
function shaderOf(variant: Variant, HS: number): Shader {
  const head = `const HS4 = ${HS / 4}u; `
  if (variant === 'plain') return { name: `flash_attention.${HS}`, source: head + source }
  const half = COARSE.includes(variant)
  const quad = variant.endsWith('quad')
  // Of 16 KiB, which every device has, 8 are for the parts of sums; a row of the tiles takes 2·HS numbers, and two of 32 bits.
  const rows = 8 * Math.floor(8192 / ((half ? 4 : 8) * HS + 8) / 8)
  const kept = `alias Kept = ${half ? 'vec4<f16>' : 'vec4f'}; `
  return {
    name: `flash_attention.${HS} ${variant}`,
    source: `const TILE = ${rows}u; ${kept}${head}${source}${tileSource}${quad ? quadSource : sharedSource}`,
    enable: `${half ? 'enable f16;\n' : ''}${quad ? 'enable subgroups;\n' : ''}`,
  }
}

/** Four threads share a row by vec4s. */
function variantsOf(kernels: Kernels, { HS, fast = false }: Plan): Variant[] {
  if (HS % 16 !== 0) return ['plain']
  const exact: Variant[] = kernels.subgroup >= 4 ? ['tile', 'quad'] : ['tile']
  return ['plain', ...exact, ...(fast && kernels.half ? exact.map((variant) => `half ${variant}` as Variant) : [])]
}

/** Calls of a class have heads of one size, and texts that are all a few blocks of rows long, or all longer. */
function contest(kernels: Kernels, direction: 'forward' | 'backward', plan: Plan): Contest {
  const { B, T, HS, n_head: NH, n_kv_head: NKV } = plan
  const flops = FLOPS[direction] * triangle(plan)
  const variants = variantsOf(kernels, plan)
  return {
    key: `flash_attention ${direction} ${HS} ${T <= 256 ? 'short' : 'long'}${plan.fast ? ' fast' : ''}`,
    variants,
    coarse: COARSE,
    // llvmpipe compiles the plain forward for 22 s at heads of 32, and quad for 1.5 s; quad then runs 2.4 times as fast, tile 1.7.
    given: kernels.software ? variants.findLast((variant) => !COARSE.includes(variant)) : undefined,
    flops,
    trial(most) {
      // Fewer texts, or fewer groups of heads of one text: a head's work stays what it is.
      const groups = Math.max(1, Math.min(B * NKV, Math.round((most / flops) * B * NKV)))
      const few = { ...plan, B: Math.ceil(groups / NKV), n_kv_head: Math.min(groups, NKV) }
      const small = { ...few, n_head: few.n_kv_head * (NH / NKV) }
      const rows = [small.B, small.n_head, T]
      const qkv = [small.B, T, (small.n_head + 2 * small.n_kv_head) * HS]
      const out = [small.B, T, small.n_head * HS]
      const tensors = { qkv, out, lse: rows, dice: [2] }
      if (direction === 'forward')
        return {
          flops: FLOPS.forward * triangle(small),
          tensors,
          output: 'out',
          dispatches: (variant, t) => forward(kernels, variant as Variant, small, `try ${variant}`, t),
        }
      return {
        flops: FLOPS.backward * triangle(small),
        tensors: { ...tensors, dout: out, delta: rows, dqkv: qkv },
        // out and lse are functions of qkv, and no normal draws.
        before: (t) => forward(kernels, 'plain', small, 'try', t),
        output: 'dqkv',
        dispatches: (variant, t) => backward(kernels, variant as Variant, small, `try ${variant}`, t, false),
      }
    },
  }
}
