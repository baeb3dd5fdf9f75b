// config.json of a Hugging Face folder, GPT-2's and Llama's: what it says about the shape of a model, in our words. A setting that would
// make the model compute something else than ours is refused by its name; what does not touch the numbers is ignored.
import type { ModelConfig } from '../../config/config'
import { MODEL_FIELDS } from '../../config/model_fields'
import { ImportError } from '../../errors'
import { FAMILIES, type Family } from '../../words/imports'
import * as v from 'valibot'

/** A model's shape as a file gives it, the vocabulary as it is there. */
export interface ForeignConfig {
  family: Family
  config: ModelConfig
  /** Tokens that a file's positions are for; the config's context may be shorter. */
  context: number
  notices: string[]
}

/** The longest context that a model has here. */
const LONGEST = MODEL_FIELDS.block_size.max

const size = v.pipe(v.number(), v.safeInteger(), v.minValue(1))
const positive = v.pipe(v.number(), v.finite(), v.gtValue(0))
const loose = v.looseObject({})

const Gpt2Schema = v.looseObject({
  vocab_size: size,
  n_embd: size,
  n_layer: size,
  n_head: size,
  n_positions: v.nullish(size),
  n_ctx: v.nullish(size),
  n_inner: v.nullish(size),
  activation_function: v.nullish(v.string(), 'gelu_new'),
  layer_norm_epsilon: v.nullish(positive, 1e-5),
  tie_word_embeddings: v.nullish(v.boolean(), true),
  scale_attn_weights: v.nullish(v.boolean(), true),
  scale_attn_by_inverse_layer_idx: v.nullish(v.boolean(), false),
  add_cross_attention: v.nullish(v.boolean(), false),
})

const RopeSchema = v.looseObject({
  rope_theta: v.nullish(positive),
  rope_type: v.nullish(v.string()),
  type: v.nullish(v.string()),
  partial_rotary_factor: v.nullish(v.number()),
})

const LlamaSchema = v.looseObject({
  vocab_size: size,
  hidden_size: size,
  intermediate_size: size,
  num_hidden_layers: size,
  num_attention_heads: size,
  num_key_value_heads: v.nullish(size),
  head_dim: v.nullish(size),
  hidden_act: v.nullish(v.string()),
  max_position_embeddings: v.nullish(size, 2048),
  rms_norm_eps: v.nullish(positive, 1e-6),
  norm_epsilon: v.nullish(positive, 1e-5),
  layer_norm_eps: v.nullish(positive, 1e-5),
  tie_word_embeddings: v.nullish(v.boolean()),
  rope_theta: v.nullish(positive),
  rope_scaling: v.nullish(RopeSchema),
  rope_parameters: v.nullish(RopeSchema),
  rope_interleaved: v.nullish(v.boolean(), false),
  partial_rotary_factor: v.nullish(v.number()),
  attention_bias: v.nullish(v.boolean(), false),
  mlp_bias: v.nullish(v.boolean(), false),
  use_bias: v.nullish(v.boolean(), true),
  use_parallel_residual: v.nullish(v.boolean(), false),
  qk_layernorm: v.nullish(v.boolean(), false),
  sliding_window: v.nullish(size),
  use_sliding_window: v.nullish(v.boolean(), true),
  no_rope_layers: v.nullish(v.array(v.number())),
  layer_types: v.nullish(v.array(v.string())),
})

/** Activations of GPT-2's MLP that ours has: GELU in its tanh form under several names, and squared ReLU. */
const MLP_OF: Record<string, ModelConfig['mlp']> = {
  gelu_new: 'gelu',
  gelu_pytorch_tanh: 'gelu',
  gelu_fast: 'gelu',
  relu2: 'relu2',
}

/** Reads a parsed config.json. Throws ImportError naming the field that our model cannot be. */
export function readHfConfig(json: unknown): ForeignConfig {
  const said = v.safeParse(
    v.looseObject({ model_type: v.nullish(v.string()), architectures: v.nullish(v.array(v.string())) }),
    json,
  )
  if (!said.success) throw new ImportError('Its config.json is not the description of a model.')
  refuseUnread(said.output)
  const { model_type, architectures } = said.output
  const kind = model_type ?? (architectures?.[0] ?? '').replace(/(LMHeadModel|ForCausalLM)$/, '').toLowerCase()
  if (kind === 'gpt2') return within('gpt2', gpt2(parse(Gpt2Schema, json)))
  const family = FAMILIES.find((one) => one === kind) ?? (kind === 'mistral' ? 'llama' : undefined)
  if (family !== undefined) {
    const read = parse(LlamaSchema, json)
    return within(family, llama(read, family), read.use_sliding_window ? read.sliding_window : null)
  }
  throw new ImportError(
    `Its config.json says model_type “${kind || 'nothing'}”. Models of ${FAMILIES.join(', ')} and mistral can be opened here.`,
  )
}

/**
 * The model with a context that can be had here: what a model computes of a shorter text is the same. `window`: how far back a token
 * looks there, where that is not over the whole context.
 */
export function within(
  family: ForeignConfig['family'],
  config: ModelConfig,
  window: number | null = null,
): ForeignConfig {
  const { block_size: context } = config
  const block_size = Math.min(context, LONGEST, window ?? Infinity)
  const notices: string[] = []
  if (block_size < context)
    notices.push(
      window !== null && window <= LONGEST
        ? `Its context of ${context} tokens is cut to the ${window} over which its attention slides: every token here looks back over the whole context.`
        : `Its context of ${context} tokens is cut to ${block_size}, the longest here.`,
    )
  return { family, config: { ...config, block_size }, context, notices }
}

function gpt2(c: v.InferOutput<typeof Gpt2Schema>): ModelConfig {
  const mlp = Object.hasOwn(MLP_OF, c.activation_function) ? MLP_OF[c.activation_function] : undefined
  if (!mlp)
    throw refused(
      'activation_function',
      c.activation_function,
      'the MLP here is gelu_new (the tanh form of GELU) or relu2',
    )
  if (!c.scale_attn_weights)
    throw refused('scale_attn_weights', false, 'attention here is always scaled by the head size')
  if (c.scale_attn_by_inverse_layer_idx)
    throw refused('scale_attn_by_inverse_layer_idx', true, 'attention here is scaled alike in every layer')
  if (c.add_cross_attention) throw refused('add_cross_attention', true, 'a GPT here reads one text and no other')
  return {
    n_layer: c.n_layer,
    n_head: c.n_head,
    n_kv_head: c.n_head,
    n_embd: c.n_embd,
    n_inner: c.n_inner ?? 4 * c.n_embd,
    block_size: c.n_positions ?? c.n_ctx ?? 1024,
    vocab_size: c.vocab_size,
    dropout: 0,
    bias: true,
    tie: c.tie_word_embeddings,
    position: 'learned',
    norm: 'layernorm',
    mlp,
    rope_theta: 10000,
    norm_eps: c.layer_norm_epsilon,
  }
}

/** What a Llama and those that are like it say: rotated positions, matrices apart. */
function llama(c: v.InferOutput<typeof LlamaSchema>, family: Family): ModelConfig {
  const { hidden_size: C, num_attention_heads: heads, max_position_embeddings: T } = c
  const mlp = mlpOf(family, c.hidden_act ?? DEFAULT_ACT[family])
  if (c.use_parallel_residual) throw refused('use_parallel_residual', true, 'the MLP here reads what attention wrote')
  if (c.qk_layernorm) throw refused('qk_layernorm', true, 'queries and keys here have no norm of their own')
  if (typeof c.head_dim === 'number' && c.head_dim * heads !== C)
    throw refused('head_dim', c.head_dim, `${heads} heads of a model of width ${C} are ${C / heads} wide here`)
  for (const [field, rope] of [
    ['rope_scaling', c.rope_scaling],
    ['rope_parameters', c.rope_parameters],
  ] as const) {
    const type = rope?.rope_type ?? rope?.type ?? 'default'
    if (type !== 'default') throw refused(field, type, 'positions here are turned as they are, without scaling')
  }
  const whole = family === 'stablelm' ? 0.25 : 1
  const partial = c.partial_rotary_factor ?? c.rope_parameters?.partial_rotary_factor ?? whole
  if (partial !== 1) throw refused('partial_rotary_factor', partial, 'a head here is turned whole')
  if (c.rope_interleaved) throw refused('rope_interleaved', true, 'RoPE here turns the halves of a head')
  if (c.no_rope_layers?.some((has) => has === 0))
    throw refused('no_rope_layers', JSON.stringify(c.no_rope_layers).slice(0, 40), 'every layer here has positions')
  const other = c.layer_types?.find((type) => type !== 'full_attention' && type !== 'sliding_attention')
  if (other !== undefined) throw refused('layer_types', other, 'every layer here has full attention')
  return {
    n_layer: c.num_hidden_layers,
    n_head: heads,
    n_kv_head: c.num_key_value_heads ?? heads,
    n_embd: C,
    n_inner: c.intermediate_size,
    block_size: T,
    vocab_size: c.vocab_size,
    dropout: 0,
    // Where only some matrices have one, the others' are zero.
    bias: family === 'starcoder2' ? c.use_bias : c.attention_bias || c.mlp_bias,
    tie: c.tie_word_embeddings ?? family === 'starcoder2',
    position: 'rope',
    norm: family === 'starcoder2' || family === 'stablelm' ? 'layernorm' : 'rmsnorm',
    mlp,
    rope_theta: c.rope_parameters?.rope_theta ?? c.rope_theta ?? 10000,
    norm_eps: family === 'starcoder2' ? c.norm_epsilon : family === 'stablelm' ? c.layer_norm_eps : c.rms_norm_eps,
  }
}

const DEFAULT_ACT: Record<Family, string> = {
  gpt2: 'gelu_new',
  llama: 'silu',
  arcee: 'relu2',
  starcoder2: 'gelu_pytorch_tanh',
  stablelm: 'silu',
}

function mlpOf(family: Family, act: string): ModelConfig['mlp'] {
  const isGated = family === 'llama' || family === 'stablelm'
  const mlp = isGated ? (act === 'silu' ? 'swiglu' : undefined) : Object.hasOwn(MLP_OF, act) ? MLP_OF[act] : undefined
  if (!mlp)
    throw refused('hidden_act', act, isGated ? 'a gated MLP here has silu' : 'the MLP here is gelu_new or relu2')
  return mlp
}

/** Numbers that were made smaller in ways of their own are not numbers that can be read. */
function refuseUnread(json: Record<string, unknown>): void {
  const by = v.safeParse(v.looseObject({ quant_method: v.nullish(v.string()) }), json['quantization_config'])
  if ((json['quantization_config'] ?? null) !== null)
    throw refused(
      'quantization_config',
      (by.success && by.output.quant_method) || 'something',
      'weights are read as F32, F16 or BF16; take the model before it was quantised, or a GGUF of Q8_0',
    )
}

export function refused(field: string, value: unknown, why: string): ImportError {
  return new ImportError(`Its config has ${field} “${String(value)}”, which cannot be opened here: ${why}.`)
}

function parse<S extends v.GenericSchema>(schema: S, json: unknown): v.InferOutput<S> {
  const read = v.safeParse(schema, v.is(loose, json) ? json : {})
  if (read.success) return read.output
  const [issue] = read.issues
  throw new ImportError(`Its config.json is wrong at ${v.getDotPath(issue) ?? 'the whole'}: ${issue.message}.`)
}
