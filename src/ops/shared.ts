// Numbers that an op and its shader both name. This table is written into every shader before the prelude: `HYPER.grad_clip` here is
// `HYPER_GRAD_CLIP` there (`constantsOf` in src/gpu/kernel.ts). A number that differs from call to call is an override instead.
import { DICE, HYPER, SAMPLING, type Activation } from '../engine'
import { MIX } from '../rng'

/** Threads of a workgroup that gives one thread to each element; `flat_thread` counts them. */
export const FLAT = 64
/** Lanes of a row kernel's workgroup: one or two subgroups on every GPU, and six barriers a sum. */
export const LANES = 64
/** Lanes whose values `sum_team` adds in one go; the smallest team of lanes that shares a row. */
export const STOREY = 8

/** The forms of a matrix product; nn: a [R, K]·b [K, M]; nt: a [R, K]·b [M, K]ᵀ; tn: a [K, R]ᵀ·b [K, M]. */
export const FORM = { nn: 0, nt: 1, tn: 2 } as const
/** The activations that a product computes on the way. 0 is none. */
export const ACTIVATION = { gelu: 1, relu2: 2 } as const satisfies Record<Activation, number>

/**
 * What a workgroup of matmul owns of c [R, M]. `side`: threads on a side of the plain kernels; `block`: rows, and columns, of
 * matmul.block.wgsl; `subgroup_rows`: rows of matmul.subgroup.wgsl; `bias_columns`: columns of `backward_bias`.
 */
export const MATMUL = { side: 8, block: 128, subgroup_rows: 8, bias_columns: 16 } as const
/** Rows of a head that a workgroup of flash_attention.tile.wgsl owns. */
export const FLASH = { rows: 64 } as const
/** Columns that a workgroup of a norm's `finish` adds up. */
export const NORM = { columns: 16 } as const
/** The largest token id that `sample` can draw: an id has 16 bits in its order of the tokens. */
export const SAMPLE = { last_id: 65535 } as const

export const SHARED = {
  FLAT,
  LANES,
  STOREY,
  MIX,
  DICE,
  HYPER,
  SAMPLING,
  FORM,
  ACTIVATION,
  MATMUL,
  FLASH,
  NORM,
  SAMPLE,
} as const
