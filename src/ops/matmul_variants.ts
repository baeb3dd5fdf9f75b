// The kernels that compute a matrix product: what each puts around the text of matmul.wgsl, what a workgroup of it owns, which can compute a
// product on a device, and which are likely to be the fastest.
import type { Kernels, SubgroupMatrix } from '../gpu/kernel'
import { MATMUL, type FORM } from './shared'

export type Form = keyof typeof FORM

export interface Sizes {
  form: Form
  R: number
  K: number
  M: number
}

/** A kernel that reads by vec4s: its text, its entry point, and the rows and columns of c that a workgroup owns. */
export interface Variant {
  name: string
  /** WGSL that comes before the text of matmul.wgsl, and the file matmul.*.wgsl that comes after it. */
  before?: string
  after?: 'tile' | 'block' | 'matrix' | 'subgroup'
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
  after: 'tile',
  entry: 'tile',
  rows: side,
  columns: side,
})
const block = (kept: keyof typeof KEPT): Variant => ({
  name: kept === 'half' ? 'half 128×128' : 'tile 128×128',
  before: KEPT[kept],
  after: 'block',
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
  after: 'matrix',
  enable: `${ENABLE_HALF}enable chromium_experimental_subgroup_matrix;\ndiagnostic(off, chromium.subgroup_matrix_uniformity);\n`,
  entry: 'matrix',
  rows: 4 * M,
  columns: 4 * N,
})
/** Variants with 16-bit factors. */
export const COARSE = ['half 128×128', 'matrix']

/** Smallest subgroup, in lanes, that the variant `subgroup` works on. */
const LANES = 8
/** Most rows that `thin` computes, as in generation; it divides the sum over K among the threads of a workgroup. */
export const THIN = 4

/** The variants that can compute a product on this device, the plain one first. */
export function variantsOf(
  kernels: Kernels,
  { form, R, M, fast = false }: Sizes & { fast?: boolean | undefined },
): Variant[] {
  if (R <= THIN && form !== 'tn') return [{ name: 'thin', entry: 'thin', rows: 1, columns: 4 * MATMUL.side }]
  const plain =
    form === 'nt' ? { entry: 'plain_nt', columns: 4 * MATMUL.side } : { entry: 'plain', columns: 8 * MATMUL.side }
  // No wider than c: lanes past its edge compute nothing of use.
  const width = Math.max(kernels.subgroup, M <= 64 ? 16 : M < 256 ? 32 : 64)
  const subgroup = {
    before: `const WIDTH = ${width}u; `,
    after: 'subgroup' as const,
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

/** Variants by what they should be worth, the best first: a large tile reads less, and leaves fewer workgroups. */
export const LADDERS = {
  narrow: ['tile 32×32', 'tile 64×64'],
  small: ['tile 32×32', 'tile 64×64', 'tile 128×128'],
  large: ['tile 64×64', 'tile 128×128', 'tile 32×32'],
  huge: ['tile 128×128', 'tile 64×64', 'tile 32×32'],
}
