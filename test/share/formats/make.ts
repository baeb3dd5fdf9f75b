// Models as other programs write them, made from golden cases: Hugging Face folders in every spelling, and GGUF files. Written here by
// hand, so that what reads them is not held against what writes them.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { toFloat16 } from '../../../src/float16'
import { readCase, toGolden, type GoldenCase, type NamedArray } from '../../../src/headless/golden'
import type { NamedFile } from '../../../src/share/formats/file_like'

export const GOLDEN = 'test/fixtures/golden'

export interface GoldenModel {
  golden: GoldenCase
  /** Under Hugging Face's names. */
  tensors: Map<string, NamedArray>
  /** As config.json says it. */
  config: Record<string, unknown>
}

export function goldenModel(name: string): GoldenModel {
  const golden = readCase(GOLDEN, name)
  const { config: c, arch } = golden
  const { model } = JSON.parse(readFileSync(join(GOLDEN, `${name}.json`), 'utf8')) as { model: Record<string, unknown> }
  const config =
    arch === 'gpt2'
      ? {
          architectures: ['GPT2LMHeadModel'],
          model_type: 'gpt2',
          activation_function: 'gelu_new',
          vocab_size: c.vocab_size,
          n_positions: c.block_size,
          n_ctx: c.block_size,
          n_embd: c.n_embd,
          n_layer: c.n_layer,
          n_head: c.n_head,
          layer_norm_epsilon: 1e-5,
          tie_word_embeddings: model['tie_word_embeddings'],
          resid_pdrop: 0.1,
          task_specific_params: { 'text-generation': { do_sample: true, max_length: 50 } },
        }
      : {
          architectures: ['LlamaForCausalLM'],
          model_type: 'llama',
          hidden_act: 'silu',
          vocab_size: c.vocab_size,
          hidden_size: c.n_embd,
          intermediate_size: c.n_inner,
          num_hidden_layers: c.n_layer,
          num_attention_heads: c.n_head,
          num_key_value_heads: c.n_kv_head,
          max_position_embeddings: c.block_size,
          rms_norm_eps: 1e-5,
          rope_theta: c.rope_theta,
          rope_scaling: null,
          tie_word_embeddings: model['tie_word_embeddings'],
          attention_bias: false,
          mlp_bias: false,
        }
  return { golden, tensors: toGolden(golden, golden.weights), config }
}

export type DType = 'F32' | 'F16' | 'BF16' | 'BOOL' | 'I64'
const SIZE = { F32: 4, F16: 2, BF16: 2, BOOL: 1, I64: 8 }

/** Numbers as a type's bytes; those that a type does not have are rounded. */
export function bytesAs(dtype: DType, data: Float32Array): Uint8Array {
  const out = new Uint8Array(data.length * SIZE[dtype])
  const view = new DataView(out.buffer)
  const bits = new Uint32Array(data.buffer, data.byteOffset, data.length)
  data.forEach((x, i) => {
    if (dtype === 'F32') view.setFloat32(4 * i, x, true)
    else if (dtype === 'F16') view.setUint16(2 * i, toFloat16(x), true)
    else if (dtype === 'BF16') view.setUint16(2 * i, (bits[i]! + 0x7fff + ((bits[i]! >>> 16) & 1)) >>> 16, true)
    else if (dtype === 'BOOL') view.setUint8(i, x ? 1 : 0)
    else view.setBigInt64(8 * i, BigInt(Math.trunc(x)), true)
  })
  return out
}

/** A safetensors file. */
export function safetensors(
  tensors: ReadonlyMap<string, NamedArray & { dtype?: DType }>,
  dtype: DType = 'F32',
): Uint8Array {
  const header: Record<string, unknown> = { __metadata__: { format: 'pt' } }
  const parts: Uint8Array[] = []
  let at = 0
  for (const [name, tensor] of tensors) {
    const type = tensor.dtype ?? dtype
    const bytes = bytesAs(type, tensor.data)
    header[name] = { dtype: type, shape: tensor.shape, data_offsets: [at, at + bytes.length] }
    parts.push(bytes)
    at += bytes.length
  }
  const json = new TextEncoder().encode(JSON.stringify(header))
  const all = new Uint8Array(8 + json.length + at)
  new DataView(all.buffer).setBigUint64(0, BigInt(json.length), true)
  all.set(json, 8)
  at = 8 + json.length
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}

export const file = (name: string, data: Uint8Array | string | object): NamedFile => ({
  name,
  data: new Blob([
    typeof data === 'string' || data instanceof Uint8Array ? (data as Uint8Array<ArrayBuffer>) : JSON.stringify(data),
  ]),
})

/** The folder of a golden model. */
export function folder(
  model: Pick<GoldenModel, 'tensors' | 'config'>,
  {
    dtype = 'F32',
    change = {},
    more = [],
    name = (key: string) => key,
  }: {
    dtype?: DType
    change?: Record<string, unknown>
    more?: readonly NamedFile[]
    name?: (key: string) => string
  } = {},
): NamedFile[] {
  const named = new Map([...model.tensors].map(([key, tensor]) => [name(key), tensor]))
  return [
    file('tiny/config.json', { ...model.config, ...change }),
    file('tiny/model.safetensors', safetensors(named, dtype)),
    ...more,
  ]
}

/** The same in two parts with an index. */
export function sharded(model: Pick<GoldenModel, 'tensors' | 'config'>): NamedFile[] {
  const entries = [...model.tensors]
  const half = Math.floor(entries.length / 2)
  const names = ['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors']
  const parts = [entries.slice(0, half), entries.slice(half)]
  return [
    file('tiny/config.json', model.config),
    file('tiny/model.safetensors.index.json', {
      metadata: { total_size: 1 },
      weight_map: Object.fromEntries(parts.flatMap((part, i) => part.map(([key]) => [key, names[i]!]))),
    }),
    ...parts.map((part, i) => file(`tiny/${names[i]}`, safetensors(new Map(part)))),
  ]
}

// -- GGUF

export type GgufType = 'F32' | 'F16' | 'BF16' | 'Q8_0'
const GGML = { F32: 0, F16: 1, Q8_0: 8, BF16: 30 }
type Value = string | boolean | { f32: number } | { u32: number } | string[] | { i32s: number[] }

class Bytes {
  readonly parts: Uint8Array[] = []
  length = 0
  add(bytes: Uint8Array) {
    this.parts.push(bytes)
    this.length += bytes.length
    return this
  }
  number(size: 4 | 8, set: (view: DataView) => void) {
    const bytes = new Uint8Array(size)
    set(new DataView(bytes.buffer))
    return this.add(bytes)
  }
  u32(x: number) {
    return this.number(4, (view) => view.setUint32(0, x, true))
  }
  u64(x: number) {
    return this.number(8, (view) => view.setBigUint64(0, BigInt(x), true))
  }
  string(text: string) {
    const bytes = new TextEncoder().encode(text)
    return this.u64(bytes.length).add(bytes)
  }
  value(value: Value) {
    if (typeof value === 'string') return this.u32(8).string(value)
    if (typeof value === 'boolean') return this.u32(7).add(Uint8Array.of(value ? 1 : 0))
    if ('f32' in value) return this.u32(6).number(4, (view) => view.setFloat32(0, value.f32, true))
    if ('u32' in value) return this.u32(4).u32(value.u32)
    if ('i32s' in value) {
      this.u32(9).u32(5).u64(value.i32s.length)
      for (const x of value.i32s) this.number(4, (view) => view.setInt32(0, x, true))
      return this
    }
    this.u32(9).u32(8).u64(value.length)
    for (const text of value) this.string(text)
    return this
  }
  join(): Uint8Array {
    const all = new Uint8Array(this.length)
    let at = 0
    for (const part of this.parts) {
      all.set(part, at)
      at += part.length
    }
    return all
  }
}

function quantised(type: GgufType, data: Float32Array): Uint8Array {
  if (type !== 'Q8_0') return bytesAs(type, data)
  const out = new Uint8Array((data.length / 32) * 34)
  const view = new DataView(out.buffer)
  for (let b = 0; b < data.length / 32; b++) {
    const block = data.subarray(32 * b, 32 * b + 32)
    const scale = block.reduce((most, x) => Math.max(most, Math.abs(x)), 0) / 127
    view.setUint16(34 * b, toFloat16(scale), true)
    block.forEach((x, i) => view.setInt8(34 * b + 2 + i, scale === 0 ? 0 : Math.round(x / scale)))
  }
  return out
}

/** A GGUF file of named arrays, row-major. */
export function gguf(
  values: Record<string, Value>,
  tensors: ReadonlyMap<string, NamedArray & { type: GgufType }>,
  version = 3,
): Uint8Array {
  const head = new Bytes()
  head.add(new TextEncoder().encode('GGUF')).u32(version).u64(tensors.size).u64(Object.keys(values).length)
  for (const [key, value] of Object.entries(values)) head.string(key).value(value)
  const numbers = new Bytes()
  const pad = (bytes: Bytes) => bytes.add(new Uint8Array((32 - (bytes.length % 32)) % 32))
  for (const [name, { shape, data, type }] of tensors) {
    head.string(name).u32(shape.length)
    for (const size of [...shape].reverse()) head.u64(size)
    head.u32(GGML[type]).u64(numbers.length)
    pad(numbers.add(quantised(type, data)))
  }
  pad(head)
  return head.add(numbers.join()).join()
}

const transposed = ({ shape: [rows = 0, columns = 0], data }: NamedArray): NamedArray => ({
  shape: [columns, rows],
  data: Float32Array.from(data, (_, i) => data[(i % rows) * columns + Math.floor(i / rows)]!),
})

/** llama.cpp's `permute`: rows of each head from halves to pairs. */
function permuted({ shape, data }: NamedArray, heads: number): NamedArray {
  const [rows = 0, columns = 1] = shape
  const size = rows / heads
  const out = new Float32Array(data.length)
  for (let r = 0; r < rows; r++) {
    const within = r % size
    const to = r - within + (within < size / 2 ? 2 * within : 2 * (within - size / 2) + 1)
    out.set(data.subarray(r * columns, (r + 1) * columns), to * columns)
  }
  return { shape, data: out }
}

export const TOKENS_KEYS = (tokens: string[], merges: string[] = [], types: number[] = tokens.map(() => 1)) => ({
  'tokenizer.ggml.model': 'gpt2',
  'tokenizer.ggml.pre': 'gpt-2',
  'tokenizer.ggml.tokens': tokens,
  'tokenizer.ggml.token_type': { i32s: types },
  'tokenizer.ggml.merges': merges,
})

/** A golden model as llama.cpp has it; matrices of `type`, vectors F32. */
export function ggufOf({ golden, tensors }: GoldenModel, type: GgufType, more: Record<string, Value> = {}): Uint8Array {
  const { config: c, arch } = golden
  const out = new Map<string, NamedArray & { type: GgufType }>()
  for (const [name, tensor] of tensors) {
    const layer = /\.(?:h|layers)\.(\d+)\.(.*)$/.exec(name)
    const part = layer?.[2] ?? name
    const parts: Record<string, string> =
      arch === 'gpt2'
        ? {
            ...{ ln_1: 'attn_norm', 'attn.c_attn': 'attn_qkv', 'attn.c_proj': 'attn_output', ln_2: 'ffn_norm' },
            ...{ 'mlp.c_fc': 'ffn_up', 'mlp.c_proj': 'ffn_down', 'transformer.wte': 'token_embd' },
            ...{ 'transformer.wpe': 'position_embd', 'transformer.ln_f': 'output_norm', lm_head: 'output' },
          }
        : {
            ...{ input_layernorm: 'attn_norm', post_attention_layernorm: 'ffn_norm', 'mlp.down_proj': 'ffn_down' },
            ...{ 'self_attn.q_proj': 'attn_q', 'self_attn.k_proj': 'attn_k', 'self_attn.v_proj': 'attn_v' },
            ...{ 'self_attn.o_proj': 'attn_output', 'mlp.gate_proj': 'ffn_gate', 'mlp.up_proj': 'ffn_up' },
            ...{ 'model.embed_tokens': 'token_embd', 'model.norm': 'output_norm', lm_head: 'output' },
          }
    const [, stem = '', what = ''] = /^(.*)\.(weight|bias)$/.exec(part)!
    const theirs = `${layer ? `blk.${layer[1]}.` : ''}${parts[stem]}.${what}`
    let array: NamedArray = tensor
    if (arch === 'gpt2' && layer && tensor.shape.length === 2) array = transposed(tensor)
    if (stem === 'self_attn.q_proj') array = permuted(tensor, c.n_head)
    if (stem === 'self_attn.k_proj') array = permuted(tensor, c.n_kv_head)
    const isMatrix = array.shape.length === 2 && array.shape[1]! % 32 === 0
    out.set(theirs, { ...array, type: isMatrix ? type : 'F32' })
  }
  const values: Record<string, Value> = {
    'general.architecture': arch,
    'general.name': 'golden',
    [`${arch}.context_length`]: { u32: c.block_size },
    [`${arch}.embedding_length`]: { u32: c.n_embd },
    [`${arch}.block_count`]: { u32: c.n_layer },
    [`${arch}.feed_forward_length`]: { u32: c.n_inner },
    [`${arch}.attention.head_count`]: { u32: c.n_head },
    ...(arch === 'llama' && {
      'llama.attention.head_count_kv': { u32: c.n_kv_head },
      'llama.attention.layer_norm_rms_epsilon': { f32: 1e-5 },
      'llama.rope.freq_base': { f32: c.rope_theta },
      'llama.rope.dimension_count': { u32: c.n_embd / c.n_head },
    }),
    ...(arch === 'gpt2' && { 'gpt2.attention.layer_norm_epsilon': { f32: 1e-5 } }),
    ...more,
  }
  return gguf(values, out)
}
