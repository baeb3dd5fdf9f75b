// GGUF, the one file that llama.cpp, Ollama and LM Studio open: keys with types, tensor headers, then tensors, each at a multiple of 32.
// Sources: ggml's docs/gguf.md; llama.cpp's src/llama-arch.cpp for names. Every matrix is [out, in]. Llama and Arcee turn pairs that are
// neighbours, so the rows of q and k go from halves to pairs. Norms, biases and positions stay in 32 bits.
import type { ModelConfig } from '../../config/config'
import { ExportError } from '../../errors'
import { toFloat16 } from '../../float16'
import type { NumberType } from '../../words/exports'
import { BinaryWriter } from './binary'
import type { EndToken } from './end_row'
import type { Outgoing } from './fold'
import { ggufTokenizer, NO_WORDS, type GgufTokenizer } from './gguf_tokenizer'
import { halves, isChat, tokenizerConfig, type Held } from './hf'
import { cut, partsOf, type Family, type Part } from './layout'

/** The smallest head that llama.cpp takes of a GPT-2. */
const SMALLEST_HEAD = 2

/** How llama.cpp holds a model of this config. */
export function heldByLlamaCpp(c: ModelConfig): Held {
  const apart = { transposed: true, joined: false, positions: false, head: false }
  const no = (what: string) => ({ refused: `llama.cpp has no model with ${what}.` })
  const all = { norm: true, qkv: true, linear: true }
  if (c.position !== 'rope') {
    const positions = c.position === 'learned' ? 'learned positions' : 'no positions'
    if (c.norm === 'rmsnorm') return no(`${positions} beside RMSNorm`)
    if (c.mlp !== 'gelu') return no(`${positions} beside ${c.mlp === 'swiglu' ? 'SwiGLU' : 'squared ReLU'}`)
    if (c.n_embd / c.n_head < SMALLEST_HEAD) return no('learned positions and heads of one number')
    return { family: 'gpt2', layout: { ...apart, joined: true, positions: true, bias: all }, notes: [] }
  }
  if (c.norm === 'rmsnorm') {
    if (c.mlp === 'gelu') return no('rotations and RMSNorm beside GELU')
    if (c.mlp === 'relu2' && c.bias) return no('squared ReLU and biases')
    const bias = { norm: false, qkv: c.bias, linear: c.bias }
    return { family: c.mlp === 'relu2' ? 'arcee' : 'llama', layout: { ...apart, bias }, notes: [] }
  }
  if (c.mlp === 'relu2') return no('LayerNorm beside squared ReLU')
  if (c.mlp === 'gelu') return { family: 'starcoder2', layout: { ...apart, bias: all }, notes: [] }
  if (c.bias) return no('rotations, LayerNorm and biases beside SwiGLU')
  return {
    family: 'stablelm',
    layout: { ...apart, head: true, bias: { norm: true, qkv: false, linear: false } },
    notes: [],
  }
}

/** Why GGUF cannot hold a model, in a sentence; null where it can. */
export function ggufRefusal({ config, tokenizer }: Outgoing['spec']): string | null {
  const held = heldByLlamaCpp(config)
  if ('refused' in held) return held.refused
  return tokenizer.kind === 'word' ? NO_WORDS : null
}

const OUTER: Partial<Record<Part['role'], string>> = {
  wte: 'token_embd',
  wpe: 'position_embd',
  ln_f: 'output_norm',
  head: 'output',
}
const INNER: Partial<Record<Part['role'], string>> = {
  ln_1: 'attn_norm',
  qkv: 'attn_qkv',
  q: 'attn_q',
  k: 'attn_k',
  v: 'attn_v',
  o: 'attn_output',
  ln_2: 'ffn_norm',
  gate: 'ffn_gate',
  up: 'ffn_up',
  down: 'ffn_down',
}
const nameOf = ({ role, layer, kind }: Part) =>
  layer === null ? `${OUTER[role]}.${kind}` : `blk.${layer}.${INNER[role]}.${kind}`

/**
 * Writes a model without gates. `end` is the token that ends a text, where the tokenizer `lacksEnd` (end_row.ts). Throws ExportError
 * for what GGUF cannot hold.
 */
export function writeGguf(
  { spec, weights }: Outgoing,
  type: NumberType,
  end: EndToken | null,
): Uint8Array<ArrayBuffer> {
  const { config } = spec
  const held = heldByLlamaCpp(config)
  if ('refused' in held) throw new ExportError(held.refused)
  const tokenizer = ggufTokenizer(spec.tokenizer, end)
  const { added } = tokenizer
  const parts = partsOf(config, held.layout)
  const head = parts.some(({ role }) => role === 'head') ? 'head' : 'wte'
  const tensors = parts.map((part) => {
    let { shape } = part
    let data = cut(part, weights)
    if (permutes(held.family) && (part.role === 'q' || part.role === 'k'))
      data = paired(data, part.role === 'q' ? config.n_head : config.n_kv_head, config.n_embd / config.n_head)
    if (added && (part.role === 'wte' || part.role === 'head')) {
      const longer = new Float32Array(data.length + config.n_embd)
      longer.set(data)
      if (part.role === head) longer.set(added, data.length)
      shape = [shape[0]! + 1, config.n_embd]
      data = longer
    }
    const name = nameOf(part)
    return { name, shape, ...stored(name, part, shape, data, type) }
  })

  const file = new BinaryWriter().bytes(ascii('GGUF')).u32(3).u64(tensors.length)
  const keys = keysOf(spec, held.family, tokenizer, type)
  file.u64(keys.length)
  for (const [key, value] of keys) writeKey(file, key, value)
  let offset = 0
  for (const { name, shape, code, bytes } of tensors) {
    string(file, name)
    file.u32(shape.length)
    // The innermost dimension first.
    for (const size of shape.toReversed()) file.u64(size)
    file.u32(code).u64(offset)
    offset += Math.ceil(bytes.length / ALIGN) * ALIGN
  }
  for (const { bytes } of tensors) file.align(ALIGN).bytes(bytes)
  return file.align(ALIGN).finish()
}

const ALIGN = 32
const permutes = (family: Family) => family === 'llama' || family === 'arcee'

/** Rows (or elements) of each head from halves, as rotated here, to neighbouring pairs. */
function paired(data: Float32Array, heads: number, headSize: number): Float32Array {
  const columns = data.length / (heads * headSize)
  const half = headSize / 2
  const out = new Float32Array(data.length)
  for (let row = 0; row < heads * headSize; row++) {
    const [head, i] = [Math.floor(row / headSize), row % headSize]
    const to = head * headSize + (i < half ? 2 * i : 2 * (i - half) + 1)
    out.set(data.subarray(row * columns, (row + 1) * columns), to * columns)
  }
  return out
}

const CODES = { f32: 0, f16: 1, q8_0: 8 } as const

/** A tensor's bytes and ggml's number for its type. */
function stored(name: string, part: Part, shape: readonly number[], data: Float32Array, type: NumberType) {
  const isMatrix = shape.length === 2 && part.role !== 'wpe'
  const fits = type !== 'q8_0' || shape[1]! % BLOCK === 0
  const as = isMatrix && fits ? type : 'f32'
  const code = CODES[as]
  if (as === 'f32') return { code, bytes: bytesOf(data) }
  return { code, bytes: as === 'f16' ? bytesOf(halves(name, data)) : q8(data) }
}
const bytesOf = (data: Float32Array | Uint16Array) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength)

/** Numbers of one scale in Q8_0. */
const BLOCK = 32

/** ggml's quantize_row_q8_0: d = max |x| / 127 in 16 bits, then x / d rounded, in 8 bits each. */
function q8(data: Float32Array): Uint8Array {
  const file = new Uint8Array((data.length / BLOCK) * (BLOCK + 2))
  const view = new DataView(file.buffer)
  for (let from = 0, at = 0; from < data.length; from += BLOCK, at += BLOCK + 2) {
    let largest = 0
    for (let i = 0; i < BLOCK; i++) largest = Math.max(largest, Math.abs(data[from + i]!))
    const d = Math.fround(largest / 127)
    view.setUint16(at, toFloat16(d), true)
    const inverse = d > 0 ? Math.fround(1 / d) : 0
    for (let i = 0; i < BLOCK; i++) {
      const x = Math.fround(data[from + i]! * inverse)
      view.setInt8(at + 2 + i, Math.sign(x) * Math.floor(Math.abs(x) + 0.5))
    }
  }
  return file
}

type Value =
  | { u32: number }
  | { f32: number }
  | { bool: boolean }
  | { string: string }
  | { strings: string[] }
  | { i32s: number[] }

function keysOf(spec: Outgoing['spec'], family: Family, tokenizer: GgufTokenizer, type: NumberType): [string, Value][] {
  const { config: c } = spec
  const rope: [string, Value][] =
    c.position === 'rope'
      ? [
          [`${family}.rope.freq_base`, { f32: c.rope_theta }],
          [`${family}.rope.dimension_count`, { u32: c.n_embd / c.n_head }],
        ]
      : []
  const epsilon = c.norm === 'rmsnorm' ? 'layer_norm_rms_epsilon' : 'layer_norm_epsilon'
  const template = isChat(spec.tokenizer) ? tokenizerConfig(spec)['chat_template'] : undefined
  return [
    ['general.architecture', { string: family }],
    ['general.name', { string: spec.name }],
    ['general.file_type', { u32: { f32: 0, f16: 1, q8_0: 7 }[type] }],
    ['general.quantization_version', { u32: 2 }],
    [`${family}.context_length`, { u32: c.block_size }],
    [`${family}.embedding_length`, { u32: c.n_embd }],
    [`${family}.block_count`, { u32: c.n_layer }],
    [`${family}.feed_forward_length`, { u32: c.n_inner }],
    [`${family}.attention.head_count`, { u32: c.n_head }],
    [`${family}.attention.head_count_kv`, { u32: c.n_kv_head }],
    [`${family}.attention.${epsilon}`, { f32: c.norm_eps }],
    [`${family}.vocab_size`, { u32: tokenizer.tokens.length }],
    ...rope,
    ...(family === 'stablelm' ? ([['stablelm.use_parallel_residual', { bool: false }]] as [string, Value][]) : []),
    ['tokenizer.ggml.model', { string: 'gpt2' }],
    ['tokenizer.ggml.pre', { string: 'gpt-2' }],
    ['tokenizer.ggml.tokens', { strings: tokenizer.tokens }],
    ['tokenizer.ggml.token_type', { i32s: tokenizer.tokens.map((_, id) => (tokenizer.special.has(id) ? 3 : 1)) }],
    ['tokenizer.ggml.merges', { strings: tokenizer.merges }],
    ['tokenizer.ggml.bos_token_id', { u32: tokenizer.eos }],
    ['tokenizer.ggml.eos_token_id', { u32: tokenizer.eos }],
    ...(tokenizer.eot === null ? [] : ([['tokenizer.ggml.eot_token_id', { u32: tokenizer.eot }]] as [string, Value][])),
    ['tokenizer.ggml.padding_token_id', { u32: tokenizer.eos }],
    ['tokenizer.ggml.add_bos_token', { bool: false }],
    ...(typeof template === 'string' ? ([['tokenizer.chat_template', { string: template }]] as [string, Value][]) : []),
  ]
}

const ascii = (text: string) => new TextEncoder().encode(text)
function string(file: BinaryWriter, text: string): void {
  const bytes = ascii(text)
  file.u64(bytes.length).bytes(bytes)
}

const TYPES = { u32: 4, i32: 5, f32: 6, bool: 7, string: 8, array: 9 } as const

function writeKey(file: BinaryWriter, key: string, value: Value): void {
  string(file, key)
  if ('u32' in value) file.u32(TYPES.u32).u32(value.u32)
  else if ('f32' in value) file.u32(TYPES.f32).f32(value.f32)
  else if ('bool' in value) file.u32(TYPES.bool).u8(Number(value.bool))
  else if ('string' in value) {
    file.u32(TYPES.string)
    string(file, value.string)
  } else if ('strings' in value) {
    file.u32(TYPES.array).u32(TYPES.string).u64(value.strings.length)
    for (const text of value.strings) string(file, text)
  } else {
    file.u32(TYPES.array).u32(TYPES.i32).u64(value.i32s.length)
    for (const x of value.i32s) file.u32(x)
  }
}
