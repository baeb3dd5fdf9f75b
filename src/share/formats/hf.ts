// Hugging Face's transformers: which of its models one of ours is, its names and layouts, config.json, generation_config.json,
// tokenizer_config.json, and model.safetensors. Sources: transformers, models/{gpt2,llama,arcee,starcoder2,stablelm}.
import { LARGEST_FLOAT16, toFloat16 } from '../../float16'
import type { ModelConfig } from '../../config/config'
import type { RunSpec } from '../../words/run'
import { SPECIAL, type TokenizerState } from '../../words/tokens'
import { writeSafetensors, type StoredTensor } from '../../storage/safetensors'
import { ExportError } from '../../errors'
import type { Outgoing } from './fold'
import { cut, partsOf, type Family, type Layout, type Part } from './layout'

/** Which family holds a model, or in a sentence why none does. `notes`: what is other there, a sentence each. */
export type Held = { family: Family; layout: Layout; notes: string[] } | { refused: string }

const ALL = { norm: true, qkv: true, linear: true }

/** How transformers holds a model of this config. */
export function heldByTransformers(c: ModelConfig): Held {
  const apart = { transposed: true, joined: false, positions: false, head: false }
  const notes: string[] = []
  if (c.position !== 'rope') {
    if (c.norm !== 'layernorm' || c.mlp === 'swiglu')
      return {
        refused: `No model of transformers has ${positionsOf(c)} beside ${c.norm === 'rmsnorm' ? 'RMSNorm' : 'SwiGLU'}.`,
      }
    if (c.n_kv_head !== c.n_head)
      return { refused: 'GPT-2 has no grouped queries in transformers: it needs as many key/value heads as heads.' }
    if (!c.bias) notes.push('GPT-2 always has biases: they are written as zeros, and would move in further training.')
    if (c.position === 'none')
      notes.push('GPT-2 always has positions: they are written as zeros, and would move in further training.')
    return { family: 'gpt2', layout: { ...apart, transposed: false, joined: true, positions: true, bias: ALL }, notes }
  }
  const same = { norm: false, qkv: c.bias, linear: c.bias }
  if (c.norm === 'rmsnorm')
    return { family: c.mlp === 'swiglu' ? 'llama' : 'arcee', layout: { ...apart, bias: same }, notes }
  if (!c.bias)
    notes.push(
      'Its LayerNorms always have biases there: they are written as zeros, and would move in further training.',
    )
  if (c.mlp !== 'swiglu') return { family: 'starcoder2', layout: { ...apart, bias: { ...same, norm: true } }, notes }
  if (c.bias) return { refused: 'No model of transformers has SwiGLU with LayerNorm and biases beside rotations.' }
  return { family: 'stablelm', layout: { ...apart, bias: { ...same, norm: true } }, notes }
}
const positionsOf = (c: ModelConfig) => (c.position === 'learned' ? 'learned positions' : 'no positions')

const OUTER: Partial<Record<Part['role'], string>> = {
  wte: 'model.embed_tokens',
  ln_f: 'model.norm',
  head: 'lm_head',
}
const INNER: Partial<Record<Part['role'], string>> = {
  ln_1: 'input_layernorm',
  q: 'self_attn.q_proj',
  k: 'self_attn.k_proj',
  v: 'self_attn.v_proj',
  o: 'self_attn.o_proj',
  ln_2: 'post_attention_layernorm',
  gate: 'mlp.gate_proj',
  up: 'mlp.up_proj',
  down: 'mlp.down_proj',
}
const GPT2_OUTER: typeof OUTER = {
  wte: 'transformer.wte',
  wpe: 'transformer.wpe',
  ln_f: 'transformer.ln_f',
  head: 'lm_head',
}
const GPT2_INNER: typeof INNER = {
  ln_1: 'ln_1',
  qkv: 'attn.c_attn',
  o: 'attn.c_proj',
  ln_2: 'ln_2',
  up: 'mlp.c_fc',
  down: 'mlp.c_proj',
}

/** The name of a tensor in transformers. */
function nameOf(family: Family, { role, layer, kind }: Part): string {
  if (layer === null) return `${(family === 'gpt2' ? GPT2_OUTER : OUTER)[role]}.${kind}`
  if (family === 'gpt2') return `transformer.h.${layer}.${GPT2_INNER[role]}.${kind}`
  const starcoder = role === 'up' ? 'mlp.c_fc' : role === 'down' ? 'mlp.c_proj' : undefined
  return `model.layers.${layer}.${(family === 'starcoder2' ? starcoder : undefined) ?? INNER[role]}.${kind}`
}

/** Types that safetensors are written in here. */
export type FloatType = 'f32' | 'f16'

/**
 * The tensors of a model by their names in transformers. `ours` may also be AdamW's moments; `only`: those that ours has, too. Throws
 * ExportError for a number that 16 bits cannot hold.
 */
export function hfTensors(
  c: ModelConfig,
  { family, layout }: Exclude<Held, { refused: string }>,
  ours: ReadonlyMap<string, Float32Array>,
  dtype: FloatType = 'f32',
  only = false,
): Map<string, StoredTensor> {
  const parts = partsOf(c, layout).filter(({ param }) => !only || param !== null)
  return new Map(
    parts.map((part) => {
      const name = nameOf(family, part)
      const { shape } = part
      const data = cut(part, ours)
      return [
        name,
        dtype === 'f32' ? { dtype: 'F32', shape, data } : { dtype: 'F16', shape, data: halves(name, data) },
      ] as const
    }),
  )
}

/** Numbers in 16 bits. Throws ExportError where one is too large. */
export function halves(name: string, data: Float32Array): Uint16Array<ArrayBuffer> {
  const large = data.find((x) => Math.abs(x) > LARGEST_FLOAT16)
  if (large !== undefined)
    throw new ExportError(`${name} holds ${large}, and 16 bits end at ${LARGEST_FLOAT16}. Choose 32 bits.`)
  return Uint16Array.from(data, toFloat16)
}

/** model.safetensors. Throws ExportError where transformers cannot hold the model. */
export function hfSafetensors(model: Outgoing, dtype: FloatType): Uint8Array<ArrayBuffer> {
  const { config } = model.spec
  return writeSafetensors(hfTensors(config, held(config), model.weights, dtype), new Map([['format', 'pt']]))
}

function held(c: ModelConfig) {
  const how = heldByTransformers(c)
  if ('refused' in how) throw new ExportError(how.refused)
  return how
}

const ACTIVATION = { gelu: 'gelu_new', relu2: 'relu2', swiglu: 'silu' } as const
const CLASSES: Record<Family, string> = {
  gpt2: 'GPT2LMHeadModel',
  llama: 'LlamaForCausalLM',
  arcee: 'ArceeForCausalLM',
  starcoder2: 'Starcoder2ForCausalLM',
  stablelm: 'StableLmForCausalLM',
}

/** config.json. Throws ExportError where transformers cannot hold the model. */
export function hfConfig({ config: c, tokenizer }: RunSpec, dtype: FloatType): Record<string, unknown> {
  const { family } = held(c)
  const ends = endTokens(tokenizer)
  const common = {
    architectures: [CLASSES[family]],
    model_type: family,
    vocab_size: c.vocab_size,
    tie_word_embeddings: c.tie,
    initializer_range: 0.02,
    use_cache: true,
    bos_token_id: null,
    eos_token_id: ends[0] ?? null,
    torch_dtype: dtype === 'f32' ? 'float32' : 'float16',
  }
  if (family === 'gpt2')
    return {
      ...common,
      n_positions: c.block_size,
      n_embd: c.n_embd,
      n_layer: c.n_layer,
      n_head: c.n_head,
      n_inner: c.n_inner,
      activation_function: ACTIVATION[c.mlp],
      layer_norm_epsilon: c.norm_eps,
      embd_pdrop: c.dropout,
      resid_pdrop: c.dropout,
      attn_pdrop: c.dropout,
      scale_attn_weights: true,
    }
  const rope = { rope_type: 'default', rope_theta: c.rope_theta }
  const shape = {
    ...common,
    hidden_size: c.n_embd,
    intermediate_size: c.n_inner,
    num_hidden_layers: c.n_layer,
    num_attention_heads: c.n_head,
    num_key_value_heads: c.n_kv_head,
    max_position_embeddings: c.block_size,
    hidden_act: ACTIVATION[c.mlp],
    attention_dropout: c.dropout,
    // Older versions read the first, newer ones the second.
    rope_theta: c.rope_theta,
    rope_parameters: rope,
  }
  switch (family) {
    case 'llama':
    case 'arcee':
      return {
        ...shape,
        head_dim: c.n_embd / c.n_head,
        rms_norm_eps: c.norm_eps,
        attention_bias: c.bias,
        mlp_bias: c.bias,
      }
    case 'starcoder2':
      return {
        ...shape,
        norm_epsilon: c.norm_eps,
        use_bias: c.bias,
        sliding_window: null,
        residual_dropout: c.dropout,
        embedding_dropout: c.dropout,
      }
    case 'stablelm':
      return {
        ...shape,
        layer_norm_eps: c.norm_eps,
        use_qkv_bias: false,
        qk_layernorm: false,
        use_parallel_residual: false,
        partial_rotary_factor: 1,
        rope_parameters: { ...rope, partial_rotary_factor: 1 },
        hidden_dropout: c.dropout,
      }
  }
}

/** The ids that end a text: of a chat, the end of a turn first. */
export function endTokens(tokenizer: TokenizerState): number[] {
  const id = (token: string) => (tokenizer.special?.includes(token) ? [tokenizer.vocab.indexOf(token)] : [])
  return [...(isChat(tokenizer) ? id(SPECIAL.end) : []), ...id(SPECIAL.end_of_text)]
}

/** Whether the tokens of a conversation are there. */
export function isChat({ special }: TokenizerState): boolean {
  return Object.values(SPECIAL).every((token) => special?.includes(token))
}

/** generation_config.json. */
export function generationConfig({ config, tokenizer }: RunSpec): Record<string, unknown> {
  const ends = endTokens(tokenizer)
  return {
    do_sample: true,
    temperature: 0.8,
    top_k: 0,
    max_length: config.block_size,
    ...(ends.length > 0 && { eos_token_id: ends, pad_token_id: ends.at(-1) }),
  }
}

/** tokenizer_config.json. */
export function tokenizerConfig({ config, tokenizer }: RunSpec): Record<string, unknown> {
  const end = tokenizer.special?.includes(SPECIAL.end_of_text) ? SPECIAL.end_of_text : null
  return {
    tokenizer_class: 'PreTrainedTokenizerFast',
    model_max_length: config.block_size,
    clean_up_tokenization_spaces: false,
    add_prefix_space: false,
    padding_side: 'left',
    ...(end && { eos_token: isChat(tokenizer) ? SPECIAL.end : end, pad_token: end }),
    ...(isChat(tokenizer) && { chat_template: CHAT_TEMPLATE }),
  }
}

/**
 * The turns of a conversation as src/data/tokenize/chat_format.ts writes them, in Jinja: a special token that somebody typed gets a space
 * and is none.
 */
const CHAT_TEMPLATE = (() => {
  const broken = Object.values(SPECIAL).map((token) => ` | replace('${token}', '< ${token.slice(1)}')`)
  return (
    `{% for message in messages %}{{ '<|' + message['role'] + '|>' + (message['content']${broken.join('')}) + '${SPECIAL.end}' }}{% endfor %}` +
    `{% if add_generation_prompt %}{{ '${SPECIAL.assistant}' }}{% endif %}`
  )
})()
