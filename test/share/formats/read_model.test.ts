// Golden models as other programs write them: what is opened gives the goldens' logits within 1e-5, whatever the spelling; what cannot be
// one of ours is refused by its field.
import { zipSync } from 'fflate'
import { describe, expect, test } from 'vitest'
import { batchOf } from '../../../src/data/dataset/loader'
import { CheckpointError, ImportError } from '../../../src/errors'
import { logits } from '../../../src/inspect/predictions'
import { Probe } from '../../../src/inspect/probe'
import type { NamedFile } from '../../../src/share/formats/file_like'
import { openModel } from '../../../src/share/formats/read_model'
import { openEngine } from '../../../src/train/open_engine'
import { Weights } from '../../../src/train/weights'
import { file, folder, ggufOf, goldenModel, safetensors, sharded, TOKENS_KEYS, type GoldenModel } from './make'

const { engine } = await openEngine('cpu', undefined)

/** The largest difference of the opened model's logits from the golden's, over every row of the first batch. */
async function strays({ golden }: GoldenModel, files: readonly NamedFile[]): Promise<number> {
  const opened = await openModel(files)
  const values = new Map([...(await opened.weights())].map(([name, { data }]) => [name, data]))
  const weights = await Weights.open(engine, opened.config, values)
  const probe = new Probe(weights)
  let most = 0
  const { B, T, batches, logits: right } = golden
  const V = golden.config.vocab_size
  const { tokens } = batches[0] ?? batchOf([], [], V)
  for (let b = 0; b < B; b++) {
    const got = await logits(probe, { tokens: Array.from(tokens.subarray(b * T, (b + 1) * T)) })
    expect(got.length).toBe(T * V)
    got.forEach((x, i) => (most = Math.max(most, Math.abs(x - right.data[b * T * V + i]!))))
  }
  probe.destroy()
  weights.destroy()
  return most
}

const models = new Map(['gpt2-tiny', 'gpt2-odd', 'llama-tiny'].map((name) => [name, goldenModel(name)]))
const [gpt2, odd, llama] = [...models.values()] as [GoldenModel, GoldenModel, GoldenModel]

describe.each([...models])('%s', (_, model) => {
  test('a Hugging Face folder gives the golden’s logits', async () => {
    expect(await strays(model, folder(model))).toBeLessThan(1e-5)
  })
  test('names without the outer prefix', async () => {
    const name = (key: string) => key.replace(/^(transformer|model)\./, '')
    expect(await strays(model, folder(model, { name }))).toBeLessThan(1e-5)
  })
  test('in two parts with an index', async () => {
    expect(await strays(model, sharded(model))).toBeLessThan(1e-5)
  })
  test('a zip of the folder', async () => {
    const entries = await Promise.all(
      folder(model).map(async ({ name, data }) => [name, new Uint8Array(await data.arrayBuffer())] as const),
    )
    const zip = zipSync({ ...Object.fromEntries(entries), 'tiny/README.md': new TextEncoder().encode('# A card') })
    expect(await strays(model, [file('tiny.zip', zip)])).toBeLessThan(1e-5)
  })
  test('16-bit numbers are read as they are', async () => {
    for (const dtype of ['F16', 'BF16'] as const) {
      const opened = await openModel(folder(model, { dtype }))
      const read = (await opened.weights()).get('transformer.wte.weight')!
      const exact = model.golden.weights.get('transformer.wte.weight')!
      // Of the number, or of the smallest step there is.
      const share = dtype === 'F16' ? 2 ** -11 : 2 ** -8
      const worst = exact.reduce(
        (most, x, i) => Math.max(most, Math.abs(x - read.data[i]!) / Math.max(Math.abs(x) * share, 2 ** -25)),
        0,
      )
      expect(worst).toBeGreaterThan(0)
      expect(worst).toBeLessThanOrEqual(1)
    }
  })
  test('a GGUF of F32 gives the golden’s logits; of F16, BF16 and Q8_0 nearly', async () => {
    expect(await strays(model, [file('a.gguf', ggufOf(model, 'F32'))])).toBeLessThan(1e-5)
    for (const [type, most] of [
      ['F16', 2e-3],
      ['BF16', 2e-2],
      ['Q8_0', 2e-2],
    ] as const) {
      const difference = await strays(model, [file('a.gguf', ggufOf(model, type))])
      expect(difference).toBeLessThan(most)
      if (model !== odd) expect(difference).toBeGreaterThan(1e-6)
    }
  })
})

describe('spellings', () => {
  test('buffers of old versions are skipped', async () => {
    const { golden } = gpt2
    const tensors = new Map(gpt2.tensors)
    const T = golden.config.block_size
    const old = new Map<string, { shape: number[]; data: Float32Array; dtype?: 'BOOL' | 'F32' }>()
    for (let l = 0; l < golden.config.n_layer; l++) {
      old.set(`transformer.h.${l}.attn.bias`, { shape: [1, 1, T, T], data: new Float32Array(T * T), dtype: 'BOOL' })
      old.set(`transformer.h.${l}.attn.masked_bias`, { shape: [], data: Float32Array.of(-1e4) })
    }
    const files = [
      file('config.json', gpt2.config),
      file('model.safetensors', safetensors(new Map([...tensors, ...old]))),
    ]
    expect(await strays(gpt2, files)).toBeLessThan(1e-5)
  })
  test('a tied head that the file has as well', async () => {
    const tensors = new Map(gpt2.tensors).set('lm_head.weight', gpt2.tensors.get('transformer.wte.weight')!)
    expect(await strays(gpt2, folder({ ...gpt2, tensors }))).toBeLessThan(1e-5)
  })
  test('rope_parameters, as newer files have it; the base is taken from there', async () => {
    const change = {
      rope_theta: undefined,
      rope_scaling: undefined,
      rope_parameters: { rope_type: 'default', rope_theta: 10000 },
    }
    expect(await strays(llama, folder(llama, { change }))).toBeLessThan(1e-5)
    const other = { ...change, rope_parameters: { rope_type: 'default', rope_theta: 500 } }
    expect(await strays(llama, folder(llama, { change: other }))).toBeGreaterThan(1e-3)
  })
  test('biases of attention alone: those of the MLP are zero', async () => {
    const tensors = new Map(llama.tensors)
    for (const [name, { shape }] of llama.tensors)
      if (/self_attn\.[qkvo]_proj\.weight$/.test(name))
        tensors.set(name.replace('weight', 'bias'), { shape: [shape[0]!], data: new Float32Array(shape[0]!) })
    const files = folder({ ...llama, tensors }, { change: { attention_bias: true } })
    expect((await openModel(files)).config.bias).toBe(true)
    expect(await strays(llama, files)).toBeLessThan(1e-5)
  })
  test('a sliding window cuts the context, over which all is the same', async () => {
    const files = folder(llama, {
      change: { model_type: 'mistral', sliding_window: 16, max_position_embeddings: 4000 },
    })
    const opened = await openModel(files)
    expect(opened.config.block_size).toBe(16)
    expect(opened.notices.join()).toContain('slides')
    expect(await strays(llama, files)).toBeLessThan(1e-5)
  })
  test('a context beyond the longest here is cut, learned positions with it', async () => {
    const tensors = new Map(gpt2.tensors)
    const { data } = tensors.get('transformer.wpe.weight')!
    const long = new Float32Array(5000 * 32)
    long.set(data)
    tensors.set('transformer.wpe.weight', { shape: [5000, 32], data: long })
    const files = folder({ ...gpt2, tensors }, { change: { n_positions: 5000 } })
    expect((await openModel(files)).config.block_size).toBe(4096)
    expect(await strays(gpt2, files)).toBeLessThan(1e-5)
  })
  test('a GPT-2 without config.json is told from its shapes, and says what was guessed', async () => {
    const wide = goldenModel('gpt2-char')
    const opened = await openModel([file('model.safetensors', safetensors(wide.tensors))])
    // Heads of 64: the golden's are 32 wide, so its logits are others.
    expect(opened.config).toMatchObject({
      n_layer: 4,
      n_head: 2,
      n_embd: 128,
      block_size: 64,
      vocab_size: 65,
      tie: true,
    })
    expect(opened.notices.join()).toContain('64 wide')
  })
})

// Mixes of ours that transformers has under other names; no golden has them: each number must lie where its layout says.
describe.each([
  ['arcee', { hidden_act: 'relu2', rms_norm_eps: 1e-5 }, { mlp: 'relu2', norm: 'rmsnorm', bias: false }],
  [
    'starcoder2',
    { hidden_act: 'gelu_pytorch_tanh', norm_epsilon: 1e-4, use_bias: true },
    { mlp: 'gelu', norm: 'layernorm', bias: true, norm_eps: 1e-4 },
  ],
  [
    'stablelm',
    { hidden_act: 'silu', layer_norm_eps: 1e-4, partial_rotary_factor: 1, use_parallel_residual: false },
    { mlp: 'swiglu', norm: 'layernorm', bias: true, norm_eps: 1e-4 },
  ],
])('%s', (model_type, said, config) => {
  const [V, C, F] = [7, 8, 12]
  let next = 0
  const array = (...shape: number[]) => ({
    shape,
    data: Float32Array.from({ length: shape.reduce((a, b) => a * b) }, () => ++next),
  })
  const isStar = model_type === 'starcoder2'
  const at = 'model.layers.0.'
  const up = isStar ? `${at}mlp.c_fc` : `${at}mlp.up_proj`
  const tensors = new Map([
    ['model.embed_tokens.weight', array(V, C)],
    ['lm_head.weight', array(V, C)],
    ...['input_layernorm', 'post_attention_layernorm'].map((name) => [`${at}${name}.weight`, array(C)] as const),
    ...['q', 'o'].map((name) => [`${at}self_attn.${name}_proj.weight`, array(C, C)] as const),
    ...['k', 'v'].map((name) => [`${at}self_attn.${name}_proj.weight`, array(C / 2, C)] as const),
    [`${up}.weight`, array(F, C)],
    [isStar ? `${at}mlp.c_proj.weight` : `${at}mlp.down_proj.weight`, array(C, F)],
    ['model.norm.weight', array(C)],
    ...(config.norm === 'layernorm'
      ? ([
          ['model.norm.bias', array(C)],
          [`${at}input_layernorm.bias`, array(C)],
        ] as const)
      : []),
    ...(isStar ? ([[`${up}.bias`, array(F)]] as const) : []),
    ...(model_type === 'stablelm' ? ([[`${at}mlp.gate_proj.weight`, array(F, C)]] as const) : []),
  ])
  const json = {
    ...{
      model_type,
      vocab_size: V,
      hidden_size: C,
      intermediate_size: F,
      num_hidden_layers: 1,
      num_attention_heads: 2,
    },
    ...{ num_key_value_heads: 1, max_position_embeddings: 16, rope_theta: 5000, tie_word_embeddings: false, ...said },
  }
  test('its numbers lie where they belong', async () => {
    const opened = await openModel([file('config.json', json), file('model.safetensors', safetensors(tensors))])
    expect(opened.config).toMatchObject({ ...config, position: 'rope', rope_theta: 5000, n_kv_head: 1, tie: false })
    const weights = await opened.weights()
    const ours = weights.get('transformer.h.0.mlp.c_fc.weight')!
    const theirs = tensors.get(`${up}.weight`)!.data
    const from = config.mlp === 'swiglu' ? F : 0
    for (let c = 0; c < C; c++)
      for (let f = 0; f < F; f++) expect(ours.data[c * ours.shape[1]! + from + f]).toBe(theirs[f * C + c])
    const key = tensors.get(`${at}self_attn.k_proj.weight`)!.data
    const qkv = weights.get('transformer.h.0.attn.c_attn.weight')!.data
    expect(qkv[3 * 2 * C + C + 1]).toBe(key[C + 3])
    if (config.norm === 'layernorm') {
      expect(weights.get('transformer.ln_f.bias')!.data).toEqual(tensors.get('model.norm.bias')!.data)
      expect(weights.get('transformer.h.0.ln_2.bias')!.data).toEqual(new Float32Array(C))
    }
    if (isStar) expect(weights.get('transformer.h.0.mlp.c_fc.bias')!.data).toEqual(tensors.get(`${up}.bias`)!.data)
  })
  test('what it cannot be here is refused by its field', async () => {
    const field = model_type === 'stablelm' ? 'use_parallel_residual' : 'hidden_act'
    const changed = { ...json, [field]: field === 'hidden_act' ? 'relu' : true }
    await expect(
      openModel([file('config.json', changed), file('model.safetensors', safetensors(tensors))]),
    ).rejects.toThrow(field)
  })
})

describe('refused', () => {
  const refused = async (
    files: readonly NamedFile[],
    message: RegExp,
    kind: new (m: string) => Error = ImportError,
  ) => {
    const failed = await openModel(files).then(
      () => null,
      (error: unknown) => error,
    )
    expect(failed).toBeInstanceOf(kind)
    expect((failed as Error).message).toMatch(message)
  }
  test.each([
    ['rope_scaling', { rope_scaling: { rope_type: 'llama3', factor: 8 } }, /rope_scaling “llama3”/],
    ['rope_parameters', { rope_parameters: { rope_type: 'yarn', rope_theta: 1e4 } }, /rope_parameters “yarn”/],
    ['hidden_act', { hidden_act: 'gelu' }, /hidden_act “gelu”/],
    ['head_dim', { head_dim: 16 }, /head_dim “16”/],
    ['partial_rotary_factor', { partial_rotary_factor: 0.5 }, /partial_rotary_factor “0.5”/],
    ['layer_types', { layer_types: ['linear_attention', 'full_attention'] }, /layer_types “linear_attention”/],
    ['quantization_config', { quantization_config: { quant_method: 'gptq' } }, /quantization_config “gptq”/],
    ['model_type', { model_type: 'mamba' }, /model_type “mamba”/],
    ['layers', { num_hidden_layers: 1e9 }, /Layers 1000000000 is outside/],
    ['heads', { num_attention_heads: 5 }, /n_embd 32 is not a multiple of n_head 5/],
  ])('%s of a Llama', async (_, change, message) => {
    await refused(folder(llama, { change }), message)
  })
  test.each([
    ['activation_function', { activation_function: 'gelu' }, /activation_function “gelu”/],
    ['scale_attn_weights', { scale_attn_weights: false }, /scale_attn_weights/],
    ['scale_attn_by_inverse_layer_idx', { scale_attn_by_inverse_layer_idx: true }, /scale_attn_by_inverse_layer_idx/],
    ['n_head', { n_head: 0 }, /n_head/],
  ])('%s of a GPT-2', async (_, change, message) => {
    await refused(folder(gpt2, { change }), message)
  })
  test('a tensor that has no place', async () => {
    const tensors = new Map(llama.tensors).set('model.layers.0.self_attn.q_norm.weight', {
      shape: [8],
      data: new Float32Array(8),
    })
    await refused(folder({ ...llama, tensors }), /q_norm.*no place/)
  })
  test('a missing tensor, a wrong shape, a number that is none', async () => {
    const without = new Map(llama.tensors)
    without.delete('model.norm.weight')
    await refused(folder({ ...llama, tensors: without }), /lacks.*model\.norm/, CheckpointError)
    const wrong = new Map(llama.tensors).set('model.norm.weight', { shape: [31], data: new Float32Array(31) })
    await refused(folder({ ...llama, tensors: wrong }), /is \[31\]/, CheckpointError)
    const broken = new Map(llama.tensors).set('model.norm.weight', {
      shape: [32],
      data: new Float32Array(32).fill(NaN),
    })
    const opened = await openModel(folder({ ...llama, tensors: broken }))
    await expect(opened.weights()).rejects.toThrow(/holds NaN/)
  })
  test('weights that can carry programs, a Llama without config, a part that is not there, two models', async () => {
    await refused(
      [file('config.json', gpt2.config), file('pytorch_model.bin', 'x')],
      /pytorch_model\.bin.*carry programs/,
    )
    await refused([file('model.safetensors', safetensors(llama.tensors))], /no config\.json/)
    await refused(sharded(gpt2).slice(0, 3), /names model-00002.*not there/)
    await refused([file('a.gguf', ggufOf(gpt2, 'F32')), file('b.gguf', ggufOf(odd, 'F32'))], /2 GGUF files/)
  })
  test('of a GGUF: other architectures, types and scaling, and what is cut short', async () => {
    const scaled = ggufOf(llama, 'F32', { 'llama.rope.scaling.type': 'yarn' })
    await refused([file('a.gguf', scaled)], /rope\.scaling\.type “yarn”/)
    await refused([file('a.gguf', ggufOf(llama, 'F32', { 'general.architecture': 'qwen2' }))], /“qwen2”/)
    const bytes = ggufOf(llama, 'Q8_0', TOKENS_KEYS(Array.from({ length: 65 }, (_, i) => String.fromCharCode(33 + i))))
    await refused([file('a.gguf', bytes.slice(0, bytes.length - 40))], /cut short/, CheckpointError)
    await refused([file('a.gguf', bytes.slice(0, 300))], /cut short|more, and has/, CheckpointError)
  })
})
