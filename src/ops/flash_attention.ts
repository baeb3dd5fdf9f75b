// Causal attention that keeps no T×T matrix: see shaders/flash_attention.wgsl. This file knows which variants can compute a call, and the
// trials that choose among them.
import source from '../../shaders/flash_attention.wgsl?raw'
import quadSource from '../../shaders/flash_attention.quad.wgsl?raw'
import sharedSource from '../../shaders/flash_attention.shared.wgsl?raw'
import tileSource from '../../shaders/flash_attention.tile.wgsl?raw'
import type { Dropout, Heads, Tensor } from '../engine'
import { invariant } from '../errors'
import { grid, type Dispatch, type Kernels, type Shader } from '../gpu/kernel'
import type { Contest } from '../gpu/ladder'
import type { GpuTensor } from '../gpu/tensor'
import { dropoutOf, threads, type GpuOp } from './op'
import { FLASH } from './shared'

/**
 * plain: each thread loops over all rows by itself. tile: rows are shared through workgroup memory. quad: as tile, with sums by quad
 * operations. half: tiles have 16 bits.
 */
type Variant = 'plain' | 'tile' | 'quad' | 'half tile' | 'half quad'
const COARSE: readonly Variant[] = ['half tile', 'half quad']

/** The sizes of one call, qkv [B, T, (n_head + 2 n_kv_head)·HS]. */
interface Plan extends Heads, Dropout {
  B: number
  T: number
  HS: number
  /** Whether keys, values and gradients may be rounded to 16 bits. */
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

/** Multiplications of one product with the causal half of the matrix. The forward has two such products, the backward's two passes seven. */
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
  // A gradient of a mean over B·T rows is about 1/(B·T).
  const up = COARSE.includes(variant) && entry === 'backward_kv' ? 2 ** Math.ceil(Math.log2(B * T)) : 1
  return kernels.dispatch(shaderOf(variant, HS), tiled ? `${entry}_tile` : entry, {
    ...rest,
    constants: {
      ...(drop && { DROPOUT: 1, ...drop.constants }),
      T,
      NH,
      NKV,
      SCALE: 1 / Math.sqrt(HS),
      ...(entry !== 'forward' && { ACCUMULATE: Number(accumulate) }),
      ...(up > 1 && { UP: up }),
    },
    size: { b: B, ...drop?.size },
    workgroups: tiled ? grid(heads * Math.ceil(T / FLASH.rows)) : threads(heads * T),
  })
}

/** The text of a variant. Array sizes are constants in it: WGSL allows no override as the size of a thread's own array. */
function shaderOf(variant: Variant, HS: number): Shader {
  const head = `const HS4 = ${HS / 4}u; `
  if (variant === 'plain') return { name: `flash_attention.${HS}`, source: head + source }
  const half = COARSE.includes(variant)
  const quad = variant.endsWith('quad')
  // Tiles have 8 of the 16 KiB that every device has, `parts` the other 8. A row takes 2·HS numbers, and lse and delta in f32.
  const rows = 8 * Math.floor(8192 / ((half ? 4 : 8) * HS + 8) / 8)
  const kept = `alias Kept = ${half ? 'vec4<f16>' : 'vec4f'}; `
  return {
    name: `flash_attention.${HS} ${variant}`,
    source: `const TILE = ${rows}u; ${kept}${head}${source}${tileSource}${quad ? quadSource : sharedSource}`,
    enable: `${half ? 'enable f16;\n' : ''}${quad ? 'enable subgroups;\n' : ''}`,
  }
}

/** The variants that can compute heads of this size on this device, the plain one first. Tiles need HS a multiple of 16. */
function variantsOf(kernels: Kernels, { HS, fast = false }: Plan): Variant[] {
  if (HS % 16 !== 0) return ['plain']
  const exact: Variant[] = kernels.subgroup >= 4 ? ['tile', 'quad'] : ['tile']
  return ['plain', ...exact, ...(fast && kernels.half ? exact.map((variant) => `half ${variant}` as Variant) : [])]
}

/** A class of calls has one direction, one head size, and sequences up to 256 long or longer ones. */
function contest(kernels: Kernels, direction: 'forward' | 'backward', plan: Plan): Contest {
  const { B, T, HS, n_head: NH, n_kv_head: NKV } = plan
  const flops = FLOPS[direction] * triangle(plan)
  const variants = variantsOf(kernels, plan)
  return {
    key: `flash_attention ${direction} ${HS} ${T <= 256 ? 'short' : 'long'}${plan.fast ? ' fast' : ''}`,
    variants,
    ladder: variants.slice(1).toReversed(),
    coarse: COARSE,
    // llvmpipe compiles the plain forward for 22 s at heads of 32, and quad for 1.5 s; quad then runs 2.4 times as fast, tile 1.7.
    given: kernels.software ? variants.findLast((variant) => !COARSE.includes(variant)) : undefined,
    flops,
    trial(most) {
      // A trial has fewer sequences, or fewer groups of heads of one; the work of a head stays the same.
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
