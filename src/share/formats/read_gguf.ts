// A GGUF file of GPT-2, Llama or one that is like it, as llama.cpp has them: matrices [out, in], q and k of llama and arcee with the rows
// of each head in pairs.
// Numbers of F32, F16, BF16 and Q8_0. Source: github.com/ggml-org/llama.cpp, convert_hf_to_gguf.py and gguf-py/gguf/constants.py.
import type { ModelConfig } from '../../config/config'
import { CheckpointError, ImportError } from '../../errors'
import { fromFloat16 } from '../../float16'
import { sizeOf } from '../../params'
import type { FileLike } from './file_like'
import { FAMILIES, type Family } from '../../words/imports'
import { plan, type Found, type Piece } from './foreign'
import { GGML_TYPES, readGgufHeader, typeName, type GgufHeader, type GgufTensor, type GgufValue } from './gguf_header'
import { within } from './hf_config'
import type { ForeignModel } from './read_hf'

export interface GgufModel extends ForeignModel {
  values: ReadonlyMap<string, GgufValue>
  /** What kinds of numbers its weights are: F16, Q8_0 … */
  types: string[]
}

/** Reads the header. Throws ImportError for a model that cannot be one of ours, CheckpointError for a damaged file. */
export async function openGguf(file: FileLike): Promise<GgufModel> {
  const header = await readGgufHeader(file)
  const { values } = header
  const said = values.get('general.architecture')
  const family = FAMILIES.find((one) => one === said)
  if (family === undefined)
    throw new ImportError(
      `Its general.architecture is “${typeof said === 'string' ? said.slice(0, 40) : 'nothing'}”. GGUF files of ${FAMILIES.join(', ')} can be opened here.`,
    )
  const other = [...header.tensors].find(([, { type }]) => !GGML_TYPES[type])
  if (other)
    throw new ImportError(
      `Its tensor “${other[0]}” is quantised as ${typeName(other[1].type)}. Files of F32, F16, BF16 and Q8_0 can be opened; most models have one of them.`,
    )
  const tensors = new Map([...header.tensors].map(([name, tensor]) => [name, foundIn(file, name, tensor)]))
  const foreign = within(family, configOf(family, header))
  const pieces = piecesOf(foreign.config, family, foreign.context)
  const tied = (name: string) => foreign.config.tie && name === 'output.weight'
  const planned = plan(foreign.config, pieces, tensors, tied)
  const types = [...new Set([...header.tensors.values()].map(({ type }) => typeName(type)))].sort()
  return { ...foreign, tensors, planned, values, types }
}

function configOf(family: Family, { values, tensors }: GgufHeader): ModelConfig {
  const number = (key: string, otherwise?: number): number => {
    const value = values.get(`${family}.${key}`) ?? otherwise
    if (typeof value !== 'number' || !Number.isFinite(value) || value <= 0)
      throw new ImportError(`Its header lacks ${family}.${key}, or has it as ${String(value).slice(0, 40)}.`)
    return value
  }
  const refuse = (key: string, why: string): never => {
    throw new ImportError(
      `Its header has ${key} “${String(values.get(key)).slice(0, 40)}”, which cannot be opened here: ${why}.`,
    )
  }
  const n_embd = number('embedding_length')
  const n_head = number('attention.head_count')
  const scaling = values.get(`${family}.rope.scaling.type`)
  if (scaling !== undefined && scaling !== 'none')
    refuse(`${family}.rope.scaling.type`, 'positions here are turned as they are, without scaling')
  for (const key of ['attention.key_length', 'attention.value_length', 'rope.dimension_count']) {
    const value = values.get(`${family}.${key}`)
    if (family !== 'gpt2' && value !== undefined && value !== n_embd / n_head)
      refuse(`${family}.${key}`, `a head of this model is ${n_embd / n_head} wide here, and turned whole`)
  }
  if ((values.get(`${family}.expert_count`) ?? 0) !== 0)
    refuse(`${family}.expert_count`, 'there are no experts here, every MLP reads every token')
  const embedding = tensors.get('token_embd.weight')?.shape
  if (!embedding) throw new CheckpointError('It has no tensor “token_embd.weight”: the file is not whole.')
  if (values.get(`${family}.use_parallel_residual`) === true)
    refuse(`${family}.use_parallel_residual`, 'the MLP here reads what attention wrote')
  const isTurned = family !== 'gpt2'
  const isRms = family === 'llama' || family === 'arcee'
  return {
    n_layer: number('block_count'),
    n_head,
    n_kv_head: number('attention.head_count_kv', n_head),
    n_embd,
    n_inner: number('feed_forward_length'),
    block_size: number('context_length'),
    vocab_size: embedding[0] ?? 0,
    dropout: 0,
    bias: !isTurned || [...tensors.keys()].some((name) => /^blk\.\d+\..*\.bias$/.test(name)),
    tie: !tensors.has('output.weight'),
    position: isTurned ? 'rope' : 'learned',
    norm: isRms ? 'rmsnorm' : 'layernorm',
    mlp: MLPS[family],
    rope_theta: isTurned ? number('rope.freq_base', 10000) : 10000,
    // A 32-bit number: 1e-5 is written as 9.99…e-6.
    norm_eps: Number(
      number(isRms ? 'attention.layer_norm_rms_epsilon' : 'attention.layer_norm_epsilon').toPrecision(6),
    ),
  }
}

const MLPS: Record<Family, ModelConfig['mlp']> = {
  gpt2: 'gelu',
  llama: 'swiglu',
  arcee: 'relu2',
  starcoder2: 'gelu',
  stablelm: 'swiglu',
}

/** GGUF's name of each of our parts. */
const PARTS: Record<string, string> = {
  ln_1: 'attn_norm',
  'attn.c_attn': 'attn_qkv',
  'attn.c_proj': 'attn_output',
  ln_2: 'ffn_norm',
  'mlp.c_fc': 'ffn_up',
  'mlp.c_proj': 'ffn_down',
}
const WHOLE: Record<string, string> = {
  'transformer.wte.weight': 'token_embd.weight',
  'transformer.wpe.weight': 'position_embd.weight',
  'transformer.ln_f.weight': 'output_norm.weight',
  'transformer.ln_f.bias': 'output_norm.bias',
  'lm_head.weight': 'output.weight',
}

function piecesOf(config: ModelConfig, family: Family, context: number) {
  const { n_embd, n_head, n_kv_head, n_inner } = config
  const kv = (n_embd / n_head) * n_kv_head
  return (param: string, shape: readonly number[]): Piece[] => {
    const whole = WHOLE[param]
    if (whole !== undefined)
      return [
        {
          name: whole,
          shape: param === 'transformer.wpe.weight' ? [context, n_embd] : shape,
          ...(whole === 'output_norm.bias' && family !== 'gpt2' && { optional: true }),
        },
      ]
    const [, layer, part, what] = /^transformer\.h\.(\d+)\.([\w.]+)\.(weight|bias)$/.exec(param) ?? []
    const piece = (name: string, width: number, paired?: number): Piece => ({
      name: `blk.${layer}.${name}.${what}`,
      ...(part!.startsWith('ln_') || what === 'bias'
        ? { shape: [width] }
        : { shape: [width, shape[0]!], transposed: true }),
      ...(paired !== undefined && { paired }),
      ...(what === 'bias' && family !== 'gpt2' && { optional: true }),
    })
    const isPaired = family === 'llama' || family === 'arcee'
    const rows = (heads: number) => (isPaired ? heads : undefined)
    if (family !== 'gpt2' && part === 'attn.c_attn')
      return [piece('attn_q', n_embd, rows(n_head)), piece('attn_k', kv, rows(n_kv_head)), piece('attn_v', kv)]
    if (config.mlp === 'swiglu' && part === 'mlp.c_fc') return [piece('ffn_gate', n_inner), piece('ffn_up', n_inner)]
    return [piece(PARTS[part!]!, shape.at(-1)!)]
  }
}

function foundIn(file: FileLike, name: string, { shape, type, begin, end }: GgufTensor): Found {
  return {
    shape,
    size_bytes: end - begin,
    read: async () => {
      const bytes = new DataView(await file.slice(begin, end).arrayBuffer())
      if (bytes.byteLength !== end - begin) throw new CheckpointError(`Tensor “${name}” could not be read whole.`)
      return numbersOf(bytes, type, sizeOf(shape))
    },
  }
}

const word = new Uint32Array(1)
const wordAsFloat = new Float32Array(word.buffer)

function numbersOf(view: DataView, type: number, count: number): Float32Array {
  const { name, block, bytes } = GGML_TYPES[type]!
  const out = new Float32Array(count)
  for (let i = 0; i < count; i += block) {
    const at = (i / block) * bytes
    if (name === 'F32') out[i] = view.getFloat32(at, true)
    else if (name === 'F16') out[i] = fromFloat16(view.getUint16(at, true))
    else if (name === 'BF16') {
      word[0] = view.getUint16(at, true) << 16
      out[i] = wordAsFloat[0]!
    } else {
      const scale = fromFloat16(view.getUint16(at, true))
      for (let j = 0; j < block; j++) out[i + j] = scale * view.getInt8(at + 2 + j)
    }
  }
  return out
}
