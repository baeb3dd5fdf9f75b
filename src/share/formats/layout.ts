// Our parameters as other programs hold them: which family of models a config belongs to, and each tensor of that family as a part of one
// of ours. Ours are GPT-2's: matrices [in, out], c_attn holds q, k and v side by side, c_fc of SwiGLU gate and up. Others keep [out, in] apart.
import type { ModelConfig } from '../../config/config'
import { invariant } from '../../errors'
import { sizeOf } from '../../params'

/**
 * The families that can hold a model of ours, by their name in transformers and llama.cpp alike. Every norm of GPT-2, StarCoder2 and
 * StableLM has a bias; Llama's and Arcee's have none.
 */
export type Family = 'gpt2' | 'llama' | 'arcee' | 'starcoder2' | 'stablelm'

/** What a tensor is for. `qkv` and `fc` stand for what a family keeps in one piece. */
export type Role =
  'wte' | 'wpe' | 'ln_1' | 'qkv' | 'q' | 'k' | 'v' | 'o' | 'ln_2' | 'gate' | 'up' | 'down' | 'ln_f' | 'head'

/** A tensor of another program. `param`: ours, of which it is the columns `from` to `to` (elements, of a vector); null: zeros. */
export interface Part {
  role: Role
  layer: number | null
  kind: 'weight' | 'bias'
  /** [in, out] as ours, or [out, in]: as `transposed` says. */
  shape: readonly number[]
  param: string | null
  from: number
  to: number
  transposed: boolean
}

/** How a family lays a model out. */
export interface Layout {
  /** Matrices of the layers are [out, in]; embeddings and head are [V, C] everywhere. */
  transposed: boolean
  /** q, k and v in one matrix. */
  joined: boolean
  /** Biases of norms, of q, k and v, of the other matrices: zeros where ours has none. */
  bias: { norm: boolean; qkv: boolean; linear: boolean }
  /** A table of positions: zeros where ours has none. */
  positions: boolean
  /** The head is written even where it is the embedding's. */
  head: boolean
}

/** Every tensor of a model in that layout, in the order of the forward pass. */
export function partsOf(c: ModelConfig, layout: Layout): Part[] {
  const { n_embd: C, n_inner: F, vocab_size: V } = c
  const kv = (C / c.n_head) * c.n_kv_head
  const parts: Part[] = []
  const add = (role: Role, layer: number | null, part: Omit<Part, 'role' | 'layer'>) =>
    parts.push({ role, layer, ...part })
  const table = (role: Role, rows: number, param: string | null) =>
    add(role, null, { kind: 'weight', shape: [rows, C], param, from: 0, to: C, transposed: false })
  const norm = (role: Role, layer: number | null, at: string) => {
    const vector = { shape: [C], from: 0, to: C, transposed: false }
    add(role, layer, { kind: 'weight', param: `${at}.weight`, ...vector })
    if (layout.bias.norm)
      add(role, layer, { kind: 'bias', param: c.bias && c.norm === 'layernorm' ? `${at}.bias` : null, ...vector })
  }
  const linear = (role: Role, layer: number, at: string, rows: number, [from, to]: [number, number], bias: boolean) => {
    const columns = to - from
    const shape = layout.transposed ? [columns, rows] : [rows, columns]
    add(role, layer, { kind: 'weight', shape, param: `${at}.weight`, from, to, transposed: layout.transposed })
    if (bias)
      add(role, layer, {
        kind: 'bias',
        shape: [columns],
        param: c.bias ? `${at}.bias` : null,
        from,
        to,
        transposed: false,
      })
  }

  table('wte', V, 'transformer.wte.weight')
  if (layout.positions) table('wpe', c.block_size, c.position === 'learned' ? 'transformer.wpe.weight' : null)
  for (let l = 0; l < c.n_layer; l++) {
    const h = `transformer.h.${l}`
    norm('ln_1', l, `${h}.ln_1`)
    const attn = `${h}.attn.c_attn`
    if (layout.joined) linear('qkv', l, attn, C, [0, C + 2 * kv], layout.bias.qkv)
    else {
      linear('q', l, attn, C, [0, C], layout.bias.qkv)
      linear('k', l, attn, C, [C, C + kv], layout.bias.qkv)
      linear('v', l, attn, C, [C + kv, C + 2 * kv], layout.bias.qkv)
    }
    linear('o', l, `${h}.attn.c_proj`, C, [0, C], layout.bias.linear)
    norm('ln_2', l, `${h}.ln_2`)
    const fc = `${h}.mlp.c_fc`
    if (c.mlp === 'swiglu') linear('gate', l, fc, C, [0, F], layout.bias.linear)
    linear('up', l, fc, C, c.mlp === 'swiglu' ? [F, 2 * F] : [0, F], layout.bias.linear)
    linear('down', l, `${h}.mlp.c_proj`, F, [0, C], layout.bias.linear)
  }
  norm('ln_f', null, 'transformer.ln_f')
  if (layout.head || !c.tie) table('head', V, c.tie ? 'transformer.wte.weight' : 'lm_head.weight')
  return parts
}

/** The numbers of a part, out of arrays by our names: weights, or AdamW's moments. */
export function cut(part: Part, ours: ReadonlyMap<string, Float32Array>): Float32Array {
  const size = sizeOf(part.shape)
  if (part.param === null) return new Float32Array(size)
  const from = ours.get(part.param)
  invariant(from, () => `a model without ${part.param}`)
  const columns = part.to - part.from
  const rows = size / columns
  const width = from.length / rows
  if (width === columns && !part.transposed) return from
  const numbers = new Float32Array(size)
  for (let r = 0; r < rows; r++)
    for (let i = 0; i < columns; i++)
      numbers[part.transposed ? i * rows + r : r * columns + i] = from[r * width + part.from + i]!
  return numbers
}
