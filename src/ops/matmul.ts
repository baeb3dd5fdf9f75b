// A linear layer, out [N, M] = x [N, K] · weight [K, M] + bias [M]. Forward and backward are matrix products of three forms; see
// shaders/matmul.wgsl. This file knows which variants can compute a product, and the trials that choose among them.
import source from '../../shaders/matmul.wgsl?raw'
import blockSource from '../../shaders/matmul.block.wgsl?raw'
import matrixSource from '../../shaders/matmul.matrix.wgsl?raw'
import subgroupSource from '../../shaders/matmul.subgroup.wgsl?raw'
import tileSource from '../../shaders/matmul.tile.wgsl?raw'
import { partOf, splits, type Activation, type Dropout } from '../engine'
import type { Autotuner, Contest } from '../gpu/autotune'
import { type Dispatch, type Kernels, type Shader, type SubgroupMatrix } from '../gpu/kernel'
import type { GpuTensor } from '../gpu/tensor'
import { invariant } from '../errors'
import { sizeOf } from '../params'
import { byFours as inNumbers, dropoutOf, threads, type GpuOp } from './op'
import { ACTIVATION, FORM, MATMUL } from './shared'

type Form = keyof typeof FORM

interface Sizes {
  form: Form
  R: number
  K: number
  M: number
}

/** A kernel that reads by vec4s: its text, its entry point, and the rows and columns of c that a workgroup owns. */
interface Variant {
  name: string
  /** WGSL that comes before and after the text of matmul.wgsl. */
  before?: string
  after?: string
  enable?: string
  entry: string
  rows: number
  columns: number
}

/** The type of tiles in workgroup memory: f32, or f16 of numbers scaled by `up`. */
const KEPT = {
  whole: 'alias Kept = vec4f; fn kept(x: vec4f, up: f32) -> Kept { return x; } ',
  half: 'alias Kept = vec4<f16>; fn kept(x: vec4f, up: f32) -> Kept { return Kept(x * up); } ',
}
const ENABLE_HALF = 'enable f16;\n'

const tile = (side: 32 | 64): Variant => ({
  name: `tile ${side}×${side}`,
  before: `${KEPT.whole}const BM = ${side}u; const BN = ${side}u; `,
  after: tileSource,
  entry: 'tile',
  rows: side,
  columns: side,
})
const block = (kept: keyof typeof KEPT): Variant => ({
  name: kept === 'half' ? 'half 128×128' : 'tile 128×128',
  before: KEPT[kept],
  after: blockSource,
  ...(kept === 'half' && { enable: ENABLE_HALF }),
  entry: 'block',
  rows: MATMUL.block,
  columns: MATMUL.block,
})
/** The variant on tensor cores, which compute products [M, K]·[K, N] by subgroups of `lanes`. */
const matrix = ({ M, N, K }: SubgroupMatrix, lanes: number): Variant => ({
  name: 'matrix',
  before:
    `alias Left = subgroup_matrix_left<f16, ${K}, ${M}>; alias Right = subgroup_matrix_right<f16, ${N}, ${K}>; ` +
    `alias Sum = subgroup_matrix_result<f32, ${N}, ${M}>; ` +
    `const MM = ${M}u; const MN = ${N}u; const MK = ${K}u; const SUB = ${lanes}u; ` +
    `const BM = ${4 * M}u; const BN = ${4 * N}u; `,
  after: matrixSource,
  enable: `${ENABLE_HALF}enable chromium_experimental_subgroup_matrix;\ndiagnostic(off, chromium.subgroup_matrix_uniformity);\n`,
  entry: 'matrix',
  rows: 4 * M,
  columns: 4 * N,
})
/** Variants with 16-bit factors. */
const COARSE = ['half 128×128', 'matrix']

/** Smallest subgroup, in lanes, that the variant `subgroup` works on. */
const LANES = 8
/** Most rows that `thin` computes, as in generation; it divides the sum over K among the threads of a workgroup. */
const THIN = 4

/** The variants that can compute a product on this device, the plain one first. */
function variantsOf(kernels: Kernels, { form, R, M, fast = false }: Sizes & { fast?: boolean | undefined }): Variant[] {
  if (R <= THIN && form !== 'tn') return [{ name: 'thin', entry: 'thin', rows: 1, columns: 4 * MATMUL.side }]
  const plain =
    form === 'nt' ? { entry: 'plain_nt', columns: 4 * MATMUL.side } : { entry: 'plain', columns: 8 * MATMUL.side }
  // No wider than c: lanes past its edge compute nothing of use.
  const width = Math.max(kernels.subgroup, M <= 64 ? 16 : M < 256 ? 32 : 64)
  const subgroup = {
    before: `const WIDTH = ${width}u; `,
    after: subgroupSource,
    enable: 'enable subgroups;\n',
    entry: 'subgroup',
    rows: MATMUL.subgroup_rows,
    columns: 4 * width,
  }
  return [
    { name: 'plain', rows: 4 * MATMUL.side, ...plain },
    ...(R > 16 && M > 16 ? [tile(32)] : []),
    ...(R > 48 && M > 48 ? [tile(64)] : []),
    ...(R > 96 && M > 96 ? [block('whole')] : []),
    ...(kernels.software && kernels.subgroup >= LANES && R <= 65_535 * subgroup.rows
      ? [{ name: 'subgroup', ...subgroup }]
      : []),
    ...(fast && kernels.half && R > 96 && M > 96 ? [block('half')] : []),
    ...(fast && kernels.matrix && R > 48 && M > 48 ? [matrix(kernels.matrix, kernels.subgroup)] : []),
  ]
}

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
  /** Scratch for the sums over parts of K, where `splits` asks for more than one. */
  partials?: GpuTensor | undefined
  /** Whether factors may be rounded to 16 bits. */
  fast?: boolean | undefined
  /** The factor that is a gradient of a mean over `rows` rows, and is scaled up before it is rounded to 16 bits. */
  gradient?: { of: 'a' | 'b'; rows: number }
}

/** Whether a product can be read by vec4s; else the kernel `any` computes it. A binding of vec4s holds at least four numbers. */
function isByFours({ form, R, K, M }: Sizes): boolean {
  return { nn: M, nt: K, tn: M }[form] % 4 === 0 && (form === 'tn' ? R >= 4 : true) && R * K >= 4
}

function product(kernels: Kernels, tuner: Autotuner, p: Product): Dispatch[] {
  const { R, K, M, label, a, b, c } = p
  invariant(
    sizeOf(a.shape) === R * K && sizeOf(b.shape) === K * M && sizeOf(c.shape) === R * M,
    () => `${label}: [${a.shape.join(', ')}] and [${b.shape.join(', ')}] do not make [${c.shape.join(', ')}]`,
  )
  if (!isByFours(p)) return [strided(kernels, p)]
  const variants = variantsOf(kernels, p)
  const chosen = tuner.choose(contest(kernels, p, variants))
  return byFours(
    kernels,
    p,
    variants.find(({ name }) => name === chosen)!,
  )
}

/** A class of products has one form and one extent: few workgroups, enough for a large GPU, or more than any runs at once. */
function contest(kernels: Kernels, p: Product, variants: readonly Variant[]): Contest {
  const { form, R, K, M } = p
  const workgroups = Math.ceil(R / 64) * Math.ceil(M / 64) * (p.partials ? splits(R, K, M) : 1)
  const extent = workgroups < 64 ? 'small' : workgroups < 512 ? 'large' : 'huge'
  return {
    key: `matmul ${form} ${Math.min(R, M) <= 48 ? 'narrow' : extent}${p.fast ? ' fast' : ''}`,
    variants: variants.map(({ name }) => name),
    coarse: COARSE,
    // A CPU driver emulates workgroup memory: tiles took three times as long as the plain kernel, and seconds to compile (LOG.md).
    given: kernels.software ? variants.findLast(({ entry }) => /^(plain|subgroup|thin)/.test(entry))!.name : undefined,
    flops: 2 * R * K * M,
    trial(flops) {
      // The batch makes a product large, so a trial has fewer of its rows: R, or K in a weight's gradient.
      const rows = (all: number, rest: number) => Math.min(all, Math.max(64, Math.ceil(flops / (2 * rest) / 64) * 64))
      const sizes = form === 'tn' ? { form, R, M, K: rows(K, R * M) } : { form, K, M, R: rows(R, K * M) }
      const parts = p.partials ? splits(sizes.R, sizes.K, sizes.M) : 1
      return {
        flops: 2 * sizes.R * sizes.K * sizes.M,
        tensors: {
          a: [sizes.R * sizes.K],
          b: [sizes.K * sizes.M],
          c: [sizes.R * sizes.M],
          ...(parts > 1 ? { partials: [parts * sizes.R * sizes.M] } : {}),
        },
        output: 'c',
        dispatches: (variant, { a, b, c, partials }) =>
          byFours(
            kernels,
            { ...sizes, label: `try ${variant}`, a: a!, b: b!, c: c!, partials, accumulate: false, fast: p.fast },
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
  { name = 'any', before = '', after = '', enable = '' }: Partial<Variant>,
): Shader {
  const next = pre ? 'pre[i] = y; return activate_each(ACTIVATION, y);' : dice ? 'return drop(i, y);' : 'return y;'
  const store = `fn followed(i: u32, y: numbers) -> numbers { ${next} } ${fours ? PUT_FOUR : PUT_ONES}`
  // A module is cached by its name, so the name has all that is put before the text.
  const text = before === '' ? '' : ` (${before.trim()})`
  const shader = {
    name: `matmul ${name}${pre ? ' activated' : dice ? ' dropped' : ''}${text}`,
    source: before + store + source + after,
  }
  return { ...inNumbers(shader, fours), enable }
}

function byFours(kernels: Kernels, p: Product, variant: Variant): Dispatch[] {
  const { form, R, K, M, label, c } = p
  const PARTS = form === 'tn' && p.partials ? splits(R, K, M) : 1
  const { constants, size: more, tensors } = epilogue(p)
  const size = { r: R, k: K, m: M, parts: PARTS, k_part: partOf(K, PARTS), ...more }
  const fours = M % 4 === 0
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
        VEC_A: Number((form === 'tn' ? R : K) % 4 === 0),
      },
      size,
      workgroups: [Math.ceil(M / variant.columns), Math.ceil(R / variant.rows), PARTS],
      flops: 2 * R * K * M,
    })
  if (PARTS === 1) return [sum(c, {})]
  invariant(p.partials, () => `${label}: a sum in ${PARTS} parts without a place for them`)
  return [
    sum(p.partials, { PARTIAL: 1, ACCUMULATE: 0 }),
    kernels.dispatch(shader, 'finish', {
      label: `${label}.finish`,
      tensors: { partials: p.partials, c },
      constants: { ACCUMULATE: constants.ACCUMULATE },
      size,
      workgroups: threads((R * M) / (fours ? 4 : 1)),
      flops: PARTS * R * M,
    }),
  ]
}

/** The dispatch of a product of any form and any sizes. */
function strided(kernels: Kernels, p: Product): Dispatch {
  const { form, R, K, M, label } = p
  const { constants, size, tensors } = epilogue(p)
  const strides = {
    a_row: form === 'tn' ? 1 : K,
    a_k: form === 'tn' ? R : 1,
    b_column: form === 'nt' ? K : 1,
    b_k: form === 'nt' ? 1 : M,
  }
  return kernels.dispatch(shaderOf(p, false, {}), 'any', {
    label,
    tensors,
    constants,
    size: { r: R, k: K, m: M, ...strides, ...size },
    workgroups: [Math.ceil(M / (4 * MATMUL.side)), Math.ceil(R / (4 * MATMUL.side)), 1],
    flops: 2 * R * K * M,
  })
}

export const matmul: GpuOp<'matmul'> = (kernels, tuner) => ({
  forward({
    name,
    t: { x, weight, bias, out, pre, dice, residual },
    attrs: { transposed, activation, dropout, fast },
  }) {
    const [K, M] = [x.shape.at(-1)!, out.shape.at(-1)!]
    const R = sizeOf(x.shape) / K
    const form = transposed ? 'nt' : 'nn'
    const label = `${name}.matmul`
    const epilogue = { bias, residual, pre, activation: pre && activation, dice, dropout: dice && dropout, fast }
    return product(kernels, tuner, { label, form, R, K, M, a: x, b: weight, c: out, accumulate: false, ...epilogue })
  },
  backward({ name, t: { x, weight, out, xpre }, d, adds, attrs: { transposed, activation, fast } }) {
    const { dout, dx, dxpre, dweight, dbias, partials } = d
    invariant(dout, () => `${name}: matmul backward without dout`)
    const [K, M] = [x.shape.at(-1)!, out.shape.at(-1)!]
    const R = sizeOf(x.shape) / K
    const work: Dispatch[] = []
    const back = { R, K: M, M: K, a: dout, b: weight, form: transposed ? 'nn' : 'nt', fast } as const
    const gradientOf = (of: 'a' | 'b') => ({ of, rows: R })
    // out = x·w → dx = dout·wᵀ
    if (dx)
      work.push(
        ...product(kernels, tuner, {
          ...back,
          gradient: gradientOf('a'),
          label: `${name}.matmul.dx`,
          c: dx,
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
