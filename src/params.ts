// The parameter table: every weight's name, shape, initial distribution and decay group, from a config. Names are GPT-2's
// state-dict paths. Layouts are GPT-2's too: matrices of a layer [in, out], embeddings and head [V, C]. The initialisation is
// nanoGPT's (model.py): normal 0.02, residual projections 0.02/√(2L), ones and zeros for norms and biases. Parameters lie in flat
// arenas, decayed ones first, so that an optimizer needs one dispatch an arena.
import type { ModelConfig } from './config/config'

export interface Param {
  name: string
  shape: readonly number[]
  /** Standard deviation of a normal draw, or a constant. */
  init: { normal: number } | { constant: number }
  /** Weight decay applies (tensors of two or more dimensions). */
  decay: boolean
  /** Training moves it. A frozen one has no gradient and no moments, and keeps its bits. */
  trains: boolean
}
/** Which parameters a training moves, by name. */
export type Trains = (name: string) => boolean

/** Every parameter of a model, in the order of the forward pass; all train, unless told otherwise. */
export function paramTable(c: ModelConfig, trains: Trains = () => true): Param[] {
  const { n_embd: C, n_inner: F, vocab_size: V, n_layer: L } = c
  const kv = (C / c.n_head) * c.n_kv_head
  const params: Param[] = []
  const matrix = (name: string, rows: number, columns: number, std = 0.02) =>
    params.push({ name, shape: [rows, columns], init: { normal: std }, decay: true, trains: trains(name) })
  const vector = (name: string, size: number, value: number) =>
    params.push({ name, shape: [size], init: { constant: value }, decay: false, trains: trains(name) })
  const norm = (name: string) => {
    vector(`${name}.weight`, C, 1)
    if (c.bias && c.norm === 'layernorm') vector(`${name}.bias`, C, 0)
  }
  const linear = (name: string, rows: number, columns: number, std?: number) => {
    matrix(`${name}.weight`, rows, columns, std)
    if (c.bias) vector(`${name}.bias`, columns, 0)
  }
  const residual = 0.02 / Math.sqrt(2 * L)

  matrix('transformer.wte.weight', V, C)
  if (c.position === 'learned') matrix('transformer.wpe.weight', c.block_size, C)
  for (let l = 0; l < L; l++) {
    const h = `transformer.h.${l}`
    norm(`${h}.ln_1`)
    linear(`${h}.attn.c_attn`, C, C + 2 * kv)
    linear(`${h}.attn.c_proj`, C, C, residual)
    norm(`${h}.ln_2`)
    linear(`${h}.mlp.c_fc`, C, c.mlp === 'swiglu' ? 2 * F : F)
    linear(`${h}.mlp.c_proj`, F, C, residual)
  }
  norm('transformer.ln_f')
  if (!c.tie) matrix('lm_head.weight', V, C)
  return params
}

/** Number of elements of a shape. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((a, b) => a * b, 1)
}

/** Number of learned numbers in a model. */
export function countParams(c: ModelConfig): number {
  return paramTable(c).reduce((n, p) => n + sizeOf(p.shape), 0)
}

/** Where a parameter lies: which arena, and at which element. */
export interface Place {
  param: Param
  arena: number
  offset: number
}
/** One flat stretch of parameters: elements before `decayed` are subject to weight decay. Sizes in elements. */
export interface Arena {
  size: number
  decayed: number
}

/**
 * Lays parameters out in as few arenas as `maxSize` (elements) allows, decayed ones first, each starting at a multiple of
 * `align` elements. A parameter larger than `maxSize` gets an arena of its own; the device will refuse it by name.
 */
export function layoutArenas(
  params: readonly Param[],
  maxSize: number,
  align: number,
): { places: Place[]; arenas: Arena[] } {
  const places: Place[] = []
  const arenas: Arena[] = []
  for (const param of [...params.filter((p) => p.decay), ...params.filter((p) => !p.decay)]) {
    const size = Math.ceil(sizeOf(param.shape) / align) * align
    let arena = arenas.at(-1)
    if (!arena || arena.size + size > maxSize) arenas.push((arena = { size: 0, decayed: 0 }))
    places.push({ param, arena: arenas.length - 1, offset: arena.size })
    arena.size += size
    if (param.decay) arena.decayed = arena.size
  }
  return { places, arenas }
}
