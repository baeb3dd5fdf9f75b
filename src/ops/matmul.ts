// A linear layer, out [N, M] = x [N, K] · weight [K, M] + bias [M]. Forward and backward are matrix products of three forms; see
// shaders/matmul.wgsl. This file knows which variants can compute a product, and the trials that choose among them.
import source from '../../shaders/matmul.wgsl?raw'
import blockSource from '../../shaders/matmul.block.wgsl?raw'
import matrixSource from '../../shaders/matmul.matrix.wgsl?raw'
import subgroupSource from '../../shaders/matmul.subgroup.wgsl?raw'
import tileSource from '../../shaders/matmul.tile.wgsl?raw'
import type { Activation, Dropout, Tensor } from '../engine'
import type { Autotuner } from '../gpu/autotune'
import type { Dispatch, Kernels, Shader } from '../gpu/kernel'
import type { Contest } from '../gpu/ladder'
import type { GpuTensor } from '../gpu/tensor'
import { invariant } from '../errors'
import { sizeOf } from '../params'
import { partOf, splits, splitsOfLong } from '../splits'
import { COARSE, LADDERS, THIN, variantsOf, type Sizes, type Variant } from './matmul_variants'
import { byFours as inNumbers, dropoutOf, threads, type GpuOp } from './op'
import { ACTIVATION, FORM, MATMUL } from './shared'

interface Product extends Sizes {
  label: string
  a: GpuTensor
  b: GpuTensor
  c: GpuTensor
  accumulate: boolean
  bias?: GpuTensor | undefined
  /** Written with the activation's input; c then gets the activation. */
  pre?: GpuTensor | undefined
  /** Seed and step of dropout's draws, where the sum goes through dropout. */
  dice?: GpuTensor | undefined
  dropout?: Dropout | undefined
  /** Added to the sum. */
  residual?: GpuTensor | undefined
  /** The input of the activation by whose slope the sum is multiplied. */
  slope?: GpuTensor | undefined
  activation?: Activation | undefined
  /** Lengths of rows of a and c in memory, where they are padded: K, or R in tn; and M. */
  a_pitch?: number | undefined
  c_pitch?: number | undefined
  /** Scratch for the sums over parts of K, where there is more than one. */
  partials?: GpuTensor | undefined
  /** Whether factors may be rounded to 16 bits. */
  fast?: boolean | undefined
  /** The factor that is a gradient of a mean over `rows` rows, and is scaled up before it is rounded to 16 bits. */
  gradient?: { of: 'a' | 'b'; rows: number }
}

/** Lengths of rows of a and c in memory. */
function pitchesOf({ form, R, K, M, a_pitch, c_pitch }: Sizes & Pick<Product, 'a_pitch' | 'c_pitch'>) {
  return { a_pitch: a_pitch ?? (form === 'tn' ? R : K), c_pitch: c_pitch ?? M }
}
/** Into how many parts the sum over K is cut. */
function partsOf({ form, R, K, M, partials }: Sizes & { partials?: unknown }): number {
  if (!partials) return 1
  return form === 'tn' ? splits(R, K, M) : R <= THIN ? 1 : splitsOfLong(R, K, M)
}

/** Whether a product can be read by vec4s; else the kernel `any` computes it. A binding of vec4s holds at least four numbers. */
function isByFours({ form, R, K, M }: Sizes): boolean {
  return { nn: M, nt: K, tn: M }[form] % 4 === 0 && (form === 'tn' ? R >= 4 : true) && R * K >= 4
}

function product(kernels: Kernels, tuner: Autotuner, p: Product): Dispatch[] {
  const { R, K, M, label, a, b, c } = p
  const { a_pitch, c_pitch } = pitchesOf(p)
  invariant(
    sizeOf(a.shape) === (p.form === 'tn' ? K : R) * a_pitch &&
      sizeOf(b.shape) === K * M &&
      sizeOf(c.shape) === R * c_pitch,
    () => `${label}: [${a.shape.join(', ')}] and [${b.shape.join(', ')}] do not make [${c.shape.join(', ')}]`,
  )
  if (!isByFours(p)) return [strided(kernels, p)]
  const variants = variantsOf(kernels, p)
  const by = (chosen: string) =>
    byFours(
      kernels,
      p,
      variants.find(({ name }) => name === chosen)!,
    )
  return tuner.dispatches(contest(kernels, p, variants), by)
}

/** A class of products has one form and one extent: few workgroups, enough for a large GPU, or more than any runs at once. */
function contest(kernels: Kernels, p: Product, variants: readonly Variant[]): Contest {
  const { form, R, K, M } = p
  const workgroups = Math.ceil(R / 64) * Math.ceil(M / 64) * partsOf(p)
  const whole = workgroups < 64 ? 'small' : workgroups < 512 ? 'large' : 'huge'
  const extent = Math.min(R, M) <= 48 ? 'narrow' : whole
  const names = variants.map(({ name }) => name)
  return {
    key: `matmul ${form} ${extent}${p.fast ? ' fast' : ''}`,
    variants: names,
    ladder: [...COARSE.toReversed(), ...LADDERS[extent]].filter((name) => names.includes(name)),
    equal: !names.some((name) => COARSE.includes(name)),
    coarse: COARSE,
    // A CPU driver emulates workgroup memory: tiles took three times as long as the plain kernel, and seconds to compile (LOG.md).
    given: kernels.software ? variants.findLast(({ entry }) => /^(plain|subgroup|thin)/.test(entry))!.name : undefined,
    flops: 2 * R * K * M,
    trial(flops) {
      // The batch makes a product large, so a trial has fewer of its rows: R, or K in a weight's gradient.
      const rows = (all: number, rest: number) => Math.min(all, Math.max(64, Math.ceil(flops / (2 * rest) / 64) * 64))
      const sizes = form === 'tn' ? { form, R, M, K: rows(K, R * M) } : { form, K, M, R: rows(R, K * M) }
      const { a_pitch, c_pitch, partials } = p
      const parts = partsOf({ ...sizes, partials })
      const pitches = pitchesOf({ ...sizes, a_pitch, c_pitch })
      return {
        flops: 2 * sizes.R * sizes.K * sizes.M,
        tensors: {
          a: [(form === 'tn' ? sizes.K : sizes.R) * pitches.a_pitch],
          b: [sizes.K * sizes.M],
          c: [sizes.R * pitches.c_pitch],
          ...(parts > 1 ? { partials: [parts * sizes.R * sizes.M] } : {}),
        },
        output: 'c',
        dispatches: (variant, { a, b, c, partials }) =>
          byFours(
            kernels,
            {
              ...sizes,
              ...pitches,
              label: `try ${variant}`,
              a: a!,
              b: b!,
              c: c!,
              partials,
              accumulate: false,
              fast: p.fast,
            },
            variants.find(({ name }) => name === variant)!,
          ),
      }
    },
  }
}

/** Overrides, `struct Size` members and tensors of what follows the sum. Unused bindings are filled with b and never read. */
function epilogue({ bias, pre, dice, dropout, residual, slope, activation, accumulate, a, b, c }: Product) {
  const drop = dropout ? dropoutOf(dropout) : null
  return {
    constants: {
      BIAS: Number(bias !== undefined),
      RESIDUAL: Number(residual !== undefined),
      SLOPE: Number(slope !== undefined),
      ACTIVATION: activation ? ACTIVATION[activation] : 0,
      ACCUMULATE: Number(accumulate),
      ...drop?.constants,
    },
    size: drop?.size ?? {},
    tensors: { a, a4: a, b, b4: b, bias: bias ?? b, beside: residual ?? slope ?? b, c, pre, dice },
  }
}

/** The texts of variants. */
const AFTER = { tile: tileSource, block: blockSource, matrix: matrixSource, subgroup: subgroupSource }

/** The function that stores four neighbouring columns of a row of c. */
const PUT = 'fn put4(row: u32, m: u32, part: u32, sum: vec4f) '
const PUT_FOUR = `${PUT}{ put(row, m, part, sum); } `
const PUT_ONES =
  `${PUT}{ put(row, m, part, sum.x); put(row, m + 1u, part, sum.y); ` +
  'put(row, m + 2u, part, sum.z); put(row, m + 3u, part, sum.w); } '

/**
 * The text of a kernel, which stores by `fours` or one by one. A written binding cannot be filled with another tensor, so the text names
 * `pre` only where it is written.
 */
function shaderOf(
  { pre, dice }: Pick<Product, 'pre' | 'dice'>,
  fours: boolean,
  { name = 'any', before = '', after, enable = '' }: Partial<Variant>,
): Shader {
  const next = pre ? 'pre[i] = y; return activate_each(ACTIVATION, y);' : dice ? 'return drop(i, y);' : 'return y;'
  const store = `fn followed(i: u32, y: numbers) -> numbers { ${next} } ${fours ? PUT_FOUR : PUT_ONES}`
  // A module is cached by its name, so the name has all that is put before the text.
  const text = before === '' ? '' : ` (${before.trim()})`
  const shader = {
    name: `matmul ${name}${pre ? ' activated' : dice ? ' dropped' : ''}${text}`,
    source: before + store + source + (after ? AFTER[after] : ''),
  }
  return { ...inNumbers(shader, fours), enable }
}

function byFours(kernels: Kernels, p: Product, variant: Variant): Dispatch[] {
  const { form, R, K, M, label, c } = p
  const PARTS = partsOf(p)
  const pitches = pitchesOf(p)
  const { constants, size: more, tensors } = epilogue(p)
  const size = { r: R, k: K, m: M, parts: PARTS, k_part: partOf(K, PARTS), ...pitches, ...more }
  const fours = pitches.c_pitch % 4 === 0
  const shader = shaderOf(p, fours, variant)
  const up = p.gradient && COARSE.includes(variant.name) ? 2 ** Math.ceil(Math.log2(p.gradient.rows)) : 1
  const sum = (target: GpuTensor, extra: Record<string, number>) =>
    kernels.dispatch(shader, variant.entry, {
      label,
      tensors: { ...tensors, c: target },
      constants: {
        ...constants,
        ...extra,
        ...(up > 1 && { [p.gradient?.of === 'a' ? 'UP_A' : 'UP_B']: up }),
        FORM: FORM[form],
        VEC_A: Number(pitches.a_pitch % 4 === 0),
      },
      size,
      workgroups: [Math.ceil(M / variant.columns), Math.ceil(R / variant.rows), PARTS],
      flops: 2 * R * K * M,
    })
  if (PARTS === 1) return [sum(c, {})]
  invariant(p.partials, () => `${label}: a sum in ${PARTS} parts without a place for them`)
  return [
    sum(p.partials, { PARTIAL: 1, ACCUMULATE: 0 }),
    kernels.dispatch(shaderOf({}, fours, {}), 'finish', {
      label: `${label}.finish`,
      tensors: { partials: p.partials, c },
      constants: { ACCUMULATE: constants.ACCUMULATE },
      size,
      workgroups: threads((R * pitches.c_pitch) / (fours ? 4 : 1)),
      flops: PARTS * R * M,
    }),
  ]
}

/** The dispatch of a product of any form and any sizes. */
function strided(kernels: Kernels, p: Product): Dispatch {
  const { form, R, K, M, label } = p
  const { constants, size, tensors } = epilogue(p)
  const { a_pitch, c_pitch } = pitchesOf(p)
  const strides = {
    a_row: form === 'tn' ? 1 : a_pitch,
    a_k: form === 'tn' ? a_pitch : 1,
    b_column: form === 'nt' ? K : 1,
    b_k: form === 'nt' ? 1 : M,
  }
  return kernels.dispatch(shaderOf(p, false, {}), 'any', {
    label,
    tensors,
    constants,
    size: { r: R, k: K, m: M, c_pitch, ...strides, ...size },
    workgroups: [Math.ceil(M / (4 * MATMUL.side)), Math.ceil(R / (4 * MATMUL.side)), 1],
    flops: 2 * R * K * M,
  })
}

/** The sizes of a layer, out [R, M] = x [R, K] · weight; rows of out are `pitch` long in memory. */
function sizesOf(x: Tensor, weight: Tensor, out: Tensor, transposed: boolean) {
  const [K, pitch] = [x.shape.at(-1)!, out.shape.at(-1)!]
  return { R: sizeOf(x.shape) / K, K, M: transposed ? weight.shape[0]! : pitch, pitch }
}

export const matmul: GpuOp<'matmul'> = (kernels, tuner) => ({
  forward({
    name,
    t: { x, weight, bias, out, pre, dice, residual },
    attrs: { transposed, activation, dropout, fast },
  }) {
    const { R, K, M, pitch } = sizesOf(x, weight, out, transposed)
    const form = transposed ? 'nt' : 'nn'
    const label = `${name}.matmul`
    const epilogue = {
      c_pitch: pitch,
      bias,
      residual,
      pre,
      activation: pre && activation,
      dice,
      dropout: dice && dropout,
      fast,
    }
    return product(kernels, tuner, { label, form, R, K, M, a: x, b: weight, c: out, accumulate: false, ...epilogue })
  },
  backward({ name, t: { x, weight, out, xpre }, d, adds, attrs: { transposed, activation, fast } }) {
    const { dout, dx, dxpre, dweight, dbias, partials } = d
    invariant(dout, () => `${name}: matmul backward without dout`)
    const { R, K, M, pitch } = sizesOf(x, weight, out, transposed)
    const work: Dispatch[] = []
    const form = transposed ? 'nn' : 'nt'
    const back = { R, K: M, M: K, a: dout, a_pitch: pitch, b: weight, form, fast } as const
    const gradientOf = (of: 'a' | 'b') => ({ of, rows: R })
    // out = x·w → dx = dout·wᵀ
    if (dx)
      work.push(
        ...product(kernels, tuner, {
          ...back,
          gradient: gradientOf('a'),
          label: `${name}.matmul.dx`,
          c: dx,
          partials,
          accumulate: adds.has('dx'),
        }),
      )
    // out = f(xpre)·w → dxpre = dout·wᵀ · f′(xpre)
    if (dxpre)
      work.push(
        ...product(kernels, tuner, {
          ...back,
          gradient: gradientOf('a'),
          label: `${name}.matmul.dxpre`,
          c: dxpre,
          slope: xpre,
          activation,
          accumulate: adds.has('dxpre'),
        }),
      )
    // out = x·w → dw = xᵀ·dout, and its transpose for a weight that lies [out, in]
    if (dweight) {
      const [rows, columns] = transposed ? [M, K] : [K, M]
      const [a, b] = transposed ? [dout, x] : [x, dout]
      work.push(
        ...product(kernels, tuner, {
          label: `${name}.matmul.dweight`,
          form: 'tn',
          R: rows,
          K: R,
          M: columns,
          a,
          ...(transposed && { a_pitch: pitch }),
          b,
          c: dweight,
          partials,
          fast,
          gradient: gradientOf(transposed ? 'a' : 'b'),
          accumulate: adds.has('dweight'),
        }),
      )
    }
    if (dbias)
      work.push(
        kernels.dispatch(shaderOf({}, false, {}), 'backward_bias', {
          label: `${name}.matmul.dbias`,
          tensors: { dout, dbias },
          constants: { ACCUMULATE: Number(adds.has('dbias')) },
          size: { r: R, m: M },
          workgroups: [Math.ceil(M / MATMUL.bias_columns), 1, 1],
          flops: R * M,
        }),
      )
    return work
  },
})
