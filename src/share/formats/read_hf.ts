// A Hugging Face model, GPT-2's and Llama's: config.json, model.safetensors (one, or several and an index), and the tokenizer's files.
// Names with and without the outer prefix; GPT-2's Conv1D weights are [in, out] as ours are, Llama's Linear ones [out, in].
// Source: github.com/huggingface/transformers, models/gpt2/modeling_gpt2.py and models/llama/modeling_llama.py.
import type { ModelConfig } from '../../config/config'
import { CheckpointError, ImportError } from '../../errors'
import { findTensors, headerEnd, tensorAt } from '../../storage/safetensors'
import { parseJson } from '../../storage/json'
import type { Family } from '../../words/imports'
import * as v from 'valibot'
import type { FileLike, Files } from './file_like'
import { plan, type Found, type Piece } from './foreign'
import { readHfConfig, within, type ForeignConfig } from './hf_config'

/** A model whose headers have been read and checked, and whose numbers have not. */
export interface ForeignModel extends ForeignConfig {
  tensors: ReadonlyMap<string, Found>
  planned: ReadonlyMap<string, readonly Piece[]>
}

/** A header that is read is at most so long. */
const CONFIG = { length: 1_000_000, depth: 16, nodes: 20_000 }
const INDEX = { length: 4_000_000, depth: 8, nodes: 50_000 }
const MOST_SHARDS = 200

/** Reads headers and config. Throws ImportError for a model that cannot be one of ours, CheckpointError for damaged files. */
export async function openHf(files: Files): Promise<ForeignModel> {
  const tensors = await findAll(files)
  const config = files.get('config.json')
  const foreign = config ? readHfConfig(await readJson(config, 'config.json', CONFIG)) : fromShapes(tensors)
  return settled(foreign, tensors, config !== undefined)
}

export async function readJson(
  file: FileLike,
  name: string,
  bounds: Parameters<typeof parseJson>[1],
): Promise<unknown> {
  if (file.size > 4 * bounds.length) throw new CheckpointError(`${name} is too large to be one: ${file.size} bytes.`)
  try {
    return parseJson(await file.text(), bounds)
  } catch (error) {
    throw new CheckpointError(`${name} is not JSON that can be read here (${messageOf(error)}).`, { cause: error })
  }
}
const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error))

/** Every tensor of the model's safetensors files. */
async function findAll(files: Files): Promise<Map<string, Found>> {
  const index = files.get('model.safetensors.index.json')
  const names = [...files.keys()].filter((name) => name.endsWith('.safetensors'))
  const wanted = index ? await shardsOf(index) : names.includes('model.safetensors') ? ['model.safetensors'] : names
  if (wanted.length === 0) {
    const other = [...files.keys()].find((name) => /\.(bin|pt|pth|ckpt|h5|msgpack)$/.test(name))
    throw new ImportError(
      other === undefined
        ? 'There is no .safetensors file with weights.'
        : `Its weights are in ${other}, a format that can carry programs and is not opened here. Take model.safetensors; most models have both.`,
    )
  }
  if (wanted.length > 1 && !index)
    throw new ImportError(
      `There are ${wanted.length} .safetensors files and no model.safetensors.index.json that says how they belong together. Bring the index too, or one of them alone.`,
    )
  const tensors = new Map<string, Found>()
  for (const name of wanted) {
    const file = files.get(name)
    if (!file) throw new ImportError(`The index names ${name}, which is not there. Bring all parts of the model.`)
    for (const [tensor, found] of await tensorsOf(name, file)) {
      if (tensors.has(tensor)) throw new CheckpointError(`Tensor “${tensor}” is in two files of the model.`)
      tensors.set(tensor, found)
    }
  }
  return tensors
}

async function shardsOf(index: FileLike): Promise<string[]> {
  const json = await readJson(index, 'model.safetensors.index.json', INDEX)
  const read = v.safeParse(v.looseObject({ weight_map: v.record(v.string(), v.string()) }), json)
  if (!read.success) throw new CheckpointError('model.safetensors.index.json has no weight_map.')
  const names = [...new Set(Object.values(read.output.weight_map))]
  if (names.length > MOST_SHARDS)
    throw new CheckpointError(
      `model.safetensors.index.json names ${names.length} files; at most ${MOST_SHARDS} are read.`,
    )
  return names
}

/** The header of one file; numbers are read slice by slice, when they are asked for. */
async function tensorsOf(name: string, file: FileLike): Promise<[string, Found][]> {
  const bytesAt = async (from: number, to: number) => new Uint8Array(await file.slice(from, to).arrayBuffer())
  try {
    const end = headerEnd(await bytesAt(0, 8), file.size)
    const { places } = findTensors(await bytesAt(0, end), file.size)
    return [...places].map(([tensor, place]): [string, Found] => [
      tensor,
      {
        shape: place.shape,
        size_bytes: place.end - place.begin,
        read: async () => {
          const bytes = await bytesAt(place.begin, place.end)
          const { dtype, data } = tensorAt(bytes, tensor, place, place.begin)
          if (dtype !== 'F32')
            throw new ImportError(`Tensor “${tensor}” has numbers of type ${dtype}; F32, F16 and BF16 can be opened.`)
          return data
        },
      },
    ])
  } catch (error) {
    if (!(error instanceof CheckpointError)) throw error
    throw new CheckpointError(`${name}: ${error.message}`, { cause: error })
  }
}

/** Config and tensors brought together: biases and head as the tensors have them, and nothing left over. */
function settled(foreign: ForeignConfig, tensors: ReadonlyMap<string, Found>, isSaid: boolean): ForeignModel {
  const { family } = foreign
  const outer = family === 'gpt2' ? 'transformer.' : 'model.'
  const some = family === 'gpt2' ? 'wte.weight' : 'embed_tokens.weight'
  const prefix = tensors.has(outer + some) || !tensors.has(some) ? outer : ''
  const has = (end: string) => [...tensors.keys()].some((name) => name.endsWith(end))
  const bias = family === 'gpt2' ? has('.c_attn.bias') || has('.ln_1.bias') : has('_proj.bias') || has('norm.bias')
  const tie = isSaid ? foreign.config.tie : !tensors.has('lm_head.weight')
  const config = { ...foreign.config, bias, tie }
  if (isSaid && foreign.config.bias && !bias)
    throw new CheckpointError(
      'Its config says that it has biases, and its files have none: they do not belong together.',
    )
  const names = family === 'gpt2' ? gpt2Pieces(config, prefix, foreign.context) : llamaPieces(config, prefix, family)
  const isSkipped = (name: string) =>
    /(^|\.)attn\.(bias|masked_bias)$/.test(name) ||
    /(^|\.)rotary_emb\.inv_freq$/.test(name) ||
    // A tied head is the embedding; some files have it twice.
    (config.tie && name === 'lm_head.weight')
  const planned = plan(config, names, tensors, isSkipped)
  return { ...foreign, config, tensors, planned }
}

/** GPT-2's own names are ours; the context of the file may be longer. */
function gpt2Pieces({ n_embd }: ModelConfig, prefix: string, context: number) {
  return (param: string, shape: readonly number[]): Piece[] => {
    const name = param.replace(/^transformer\./, prefix)
    return [{ name, shape: param === 'transformer.wpe.weight' ? [context, n_embd] : shape }]
  }
}

const LLAMA: Record<string, readonly string[]> = {
  'attn.c_attn': ['self_attn.q_proj', 'self_attn.k_proj', 'self_attn.v_proj'],
  'attn.c_proj': ['self_attn.o_proj'],
  'mlp.c_fc': ['mlp.gate_proj', 'mlp.up_proj'],
  'mlp.c_proj': ['mlp.down_proj'],
  ln_1: ['input_layernorm'],
  ln_2: ['post_attention_layernorm'],
}
const WHOLE: Record<string, string> = { wte: 'embed_tokens', ln_f: 'norm' }

function llamaPieces(config: ModelConfig, prefix: string, family: Family) {
  const { n_embd, n_head, n_kv_head, n_inner } = config
  const kv = (n_embd / n_head) * n_kv_head
  const isGated = config.mlp === 'swiglu'
  const widths: Record<string, readonly number[]> = {
    'attn.c_attn': [n_embd, kv, kv],
    ...(isGated && { 'mlp.c_fc': [n_inner, n_inner] }),
  }
  const parts: typeof LLAMA = {
    ...LLAMA,
    ...(!isGated && { 'mlp.c_fc': ['mlp.up_proj'] }),
    ...(family === 'starcoder2' && { 'mlp.c_fc': ['mlp.c_fc'], 'mlp.c_proj': ['mlp.c_proj'] }),
  }
  return (param: string, shape: readonly number[]): Piece[] => {
    const [, whole, kind] = /^transformer\.(wte|ln_f)\.(\w+)$/.exec(param) ?? []
    const vector = (name: string): Piece[] => [{ name, shape, ...(name.endsWith('bias') && { optional: true }) }]
    if (whole !== undefined) return vector(`${prefix}${WHOLE[whole]}.${kind}`)
    const [, layer, part, what] = /^transformer\.h\.(\d+)\.([\w.]+)\.(weight|bias)$/.exec(param) ?? []
    if (part === undefined) return [{ name: param, shape }]
    const named = parts[part]!.map((name) => `${prefix}layers.${layer}.${name}.${what}`)
    const all = widths[part] ?? [shape.at(-1)!]
    if (part.startsWith('ln_')) return vector(named[0]!)
    return named.map((name, i) =>
      what === 'bias'
        ? { name, shape: [all[i]!], optional: true }
        : { name, shape: [all[i]!, shape[0]!], transposed: true },
    )
  }
}

/**
 * The shape of a GPT-2 whose files have no config.json: all but the number of heads can be read off its tensors, and heads are 64 wide in
 * every GPT-2 that OpenAI made. Throws ImportError for any other model: a Llama's heads and positions cannot be told.
 */
function fromShapes(tensors: ReadonlyMap<string, Found>): ForeignConfig {
  const at = (name: string) => tensors.get(`transformer.${name}`) ?? tensors.get(name)
  const [wte, wpe, fc] = [at('wte.weight'), at('wpe.weight'), at('h.0.mlp.c_fc.weight')]
  if (!wte || !wpe || !fc)
    throw new ImportError(
      'There is no config.json beside it, and its tensors do not tell what kind of model it is, how many heads it has and how it turns them. Bring the config.json too: drop both files together, or the folder.',
    )
  const [vocab_size = 0, n_embd = 0] = wte.shape
  const layers = new Set(
    [...tensors.keys()].map((name) => /(?:^|\.)h\.(\d+)\./.exec(name)?.[1]).filter((l) => l !== undefined),
  )
  if (n_embd % 64 !== 0 || n_embd === 0)
    throw new ImportError(
      `There is no config.json beside it, and how many heads share its width of ${n_embd} cannot be told. Bring the config.json too.`,
    )
  const n_head = n_embd / 64
  const foreign = within('gpt2', {
    n_layer: layers.size,
    n_head,
    n_kv_head: n_head,
    n_embd,
    n_inner: fc.shape[1] ?? 0,
    block_size: wpe.shape[0] ?? 0,
    vocab_size,
    dropout: 0,
    bias: true,
    tie: true,
    position: 'learned',
    norm: 'layernorm',
    mlp: 'gelu',
    rope_theta: 10000,
    norm_eps: 1e-5,
  })
  const guess = `There is no config.json beside it. Its heads are taken to be 64 wide, ${n_head} of them, and its activation GPT-2’s, as in every GPT-2 by OpenAI: where it is another model, it would write nonsense.`
  return { ...foreign, notices: [...foreign.notices, guess] }
}
