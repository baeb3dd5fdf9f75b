// Models under Hugging Face's names: those of the golden cases, number by number, and what each mix of parts becomes.
import { describe, expect, test } from 'vitest'
import type { ModelConfig } from '../../../src/config/config'
import { byteVocab } from '../../../src/data/tokenize/byte_tokenizer'
import { SPECIAL_TOKENS } from '../../../src/data/tokenize/chat_format'
import { ExportError } from '../../../src/errors'
import { readCase, toGolden } from '../../../src/headless/golden'
import { initWeights } from '../../../src/model/init'
import { configFor } from '../../../src/presets'
import { heldByLlamaCpp } from '../../../src/share/formats/gguf'
import { heldByTransformers, hfConfig, hfTensors, tokenizerConfig } from '../../../src/share/formats/hf'

const GOLDEN = 'test/fixtures/golden'

test.each(['gpt2-tiny', 'gpt2-odd', 'llama-tiny', 'sft-gpt2'])('%s has the golden names and layouts', (name) => {
  const golden = readCase(GOLDEN, name)
  const held = heldByTransformers(golden.config)
  if ('refused' in held) throw new Error(held.refused)
  expect(held.family).toBe(golden.arch)
  const got = hfTensors(golden.config, held, golden.weights)
  const want = toGolden(golden, golden.weights)
  expect([...got.keys()].sort()).toEqual([...want.keys()].sort())
  for (const [tensor, { shape, data }] of want) {
    expect(got.get(tensor)!.shape).toEqual(shape)
    expect(got.get(tensor)!.data).toEqual(data)
  }
})

describe('who holds what', () => {
  const PARTS = {
    position: ['learned', 'rope', 'none'],
    norm: ['layernorm', 'rmsnorm'],
    mlp: ['gelu', 'swiglu', 'relu2'],
    bias: [true, false],
  } as const
  const mixes = PARTS.position.flatMap((position) =>
    PARTS.norm.flatMap((norm) =>
      PARTS.mlp.flatMap((mlp) =>
        PARTS.bias.map((bias) => ({ position, norm, mlp, bias }) satisfies Partial<ModelConfig>),
      ),
    ),
  )
  const short = ({ position, norm, mlp, bias }: (typeof mixes)[number]) =>
    `${position} ${norm} ${mlp}${bias ? ' bias' : ''}`
  const table = (how: typeof heldByLlamaCpp) =>
    Object.fromEntries(
      mixes.flatMap((mix) => {
        const held = how(configFor(mix, 11))
        return 'refused' in held ? [] : [[short(mix), held.family]]
      }),
    )

  test('transformers', () => {
    expect(table(heldByTransformers)).toEqual({
      'learned layernorm gelu bias': 'gpt2',
      'learned layernorm gelu': 'gpt2',
      'learned layernorm relu2 bias': 'gpt2',
      'learned layernorm relu2': 'gpt2',
      'none layernorm gelu bias': 'gpt2',
      'none layernorm gelu': 'gpt2',
      'none layernorm relu2 bias': 'gpt2',
      'none layernorm relu2': 'gpt2',
      'rope rmsnorm swiglu bias': 'llama',
      'rope rmsnorm swiglu': 'llama',
      'rope rmsnorm gelu bias': 'arcee',
      'rope rmsnorm gelu': 'arcee',
      'rope rmsnorm relu2 bias': 'arcee',
      'rope rmsnorm relu2': 'arcee',
      'rope layernorm gelu bias': 'starcoder2',
      'rope layernorm gelu': 'starcoder2',
      'rope layernorm relu2 bias': 'starcoder2',
      'rope layernorm relu2': 'starcoder2',
      'rope layernorm swiglu': 'stablelm',
    })
  })
  test('llama.cpp', () => {
    expect(table(heldByLlamaCpp)).toEqual({
      'learned layernorm gelu bias': 'gpt2',
      'learned layernorm gelu': 'gpt2',
      'none layernorm gelu bias': 'gpt2',
      'none layernorm gelu': 'gpt2',
      'rope rmsnorm swiglu bias': 'llama',
      'rope rmsnorm swiglu': 'llama',
      'rope rmsnorm relu2': 'arcee',
      'rope layernorm gelu bias': 'starcoder2',
      'rope layernorm gelu': 'starcoder2',
      'rope layernorm swiglu': 'stablelm',
    })
  })
  test('every refusal is a sentence', () => {
    for (const mix of mixes)
      for (const how of [heldByTransformers, heldByLlamaCpp]) {
        const held = how(configFor(mix, 11))
        if ('refused' in held) expect(held.refused).toMatch(/^[A-Zl].* (has|with) .*\.$/)
      }
  })
  test('every number of a model is in one tensor, once, whoever holds it', () => {
    for (const mix of mixes) {
      const config = configFor(
        { ...mix, n_layer: 2, n_embd: 12, n_head: 2, n_inner: 20, block_size: 5, tie: false },
        11,
      )
      const held = heldByTransformers(config)
      if ('refused' in held) continue
      let next = 1
      const ours = new Map([...initWeights(config, 1)].map(([name, data]) => [name, data.map(() => next++)]))
      const numbers = [...hfTensors(config, held, ours).values()].flatMap(({ data }) => Array.from(data))
      expect(numbers.filter((x) => x !== 0).sort((a, b) => a - b)).toEqual(
        Array.from({ length: next - 1 }, (_, i) => i + 1),
      )
    }
  })
  test('GPT-2 of transformers has no grouped queries', () => {
    const grouped = configFor({ position: 'learned', norm: 'layernorm', mlp: 'gelu', n_head: 4, n_kv_head: 2 }, 11)
    expect(heldByTransformers(grouped)).toEqual({ refused: expect.stringContaining('grouped queries') as string })
    expect(heldByLlamaCpp(grouped)).toMatchObject({ family: 'gpt2' })
  })
})

test('16 bits hold no number that is too large for them', () => {
  const config = configFor({ n_layer: 1, n_embd: 8, n_head: 2, n_inner: 8 }, 5)
  const weights = initWeights(config, 1)
  weights.get('transformer.wte.weight')![3] = 70_000
  const held = heldByTransformers(config) as Exclude<ReturnType<typeof heldByTransformers>, { refused: string }>
  expect(() => hfTensors(config, held, weights, 'f16')).toThrow(ExportError)
  expect(() => hfTensors(config, held, weights, 'f16')).toThrow(/70000.*32 bits/)
})

test('config.json and the template of a chat', () => {
  const tokenizer = byteVocab(SPECIAL_TOKENS)
  const corpus = { name: 'x', fingerprint: '', characters: 1, licence: '' }
  const config = configFor({ n_kv_head: 2, rope_theta: 500 }, tokenizer.vocab.length)
  const spec = { name: 'x', config, corpus, tokenizer, prompt: '<|user|>' }
  expect(hfConfig(spec, 'f16')).toMatchObject({
    architectures: ['LlamaForCausalLM'],
    num_key_value_heads: 2,
    rope_theta: 500,
    rope_parameters: { rope_type: 'default', rope_theta: 500 },
    eos_token_id: tokenizer.vocab.indexOf('<|end|>'),
    torch_dtype: 'float16',
  })
  expect(tokenizerConfig(spec)).toMatchObject({ eos_token: '<|end|>', pad_token: '<|endoftext|>' })
})
