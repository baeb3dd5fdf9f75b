// Hostile files of every kind that is read: 20,000 mutated inputs each. Every one is refused by a named error, or opens to a model that is
// whole: finite weights of the right shapes, and a tokenizer of as many tokens. Nothing else is thrown. The slowest is told; a hang would
// end the test.
import { zipSync } from 'fflate'
import { expect, test } from 'vitest'
import { CheckpointError, ImportError } from '../../../src/errors'
import { paramTable, sizeOf } from '../../../src/params'
import { Rng } from '../../../src/rng'
import type { FileLike, NamedFile } from '../../../src/share/formats/file_like'
import { importedCheckpoint, importedSpec } from '../../../src/share/formats/imported'
import { openModel } from '../../../src/share/formats/read_model'
import { decodeCheckpoint, encodeCheckpoint } from '../../../src/storage/checkpoint'
import { gguf, safetensors, TOKENS_KEYS } from './make'
import { placesIn } from '../../places'

const COUNT = 20_000

// -- models as small as they can be: what is read of them is the same code

const shape = { V: 6, C: 4, T: 4, F: 8, H: 2 }
const rng = new Rng(1, 1)
const array = (...size: number[]) => ({
  shape: size,
  data: Float32Array.from({ length: sizeOf(size) }, () => rng.below(100) / 100 - 0.5),
})
const { V, C, T, F } = shape
const llama = new Map([
  ['model.embed_tokens.weight', array(V, C)],
  ['model.layers.0.input_layernorm.weight', array(C)],
  ['model.layers.0.self_attn.q_proj.weight', array(C, C)],
  ['model.layers.0.self_attn.k_proj.weight', array(C / 2, C)],
  ['model.layers.0.self_attn.v_proj.weight', array(C / 2, C)],
  ['model.layers.0.self_attn.o_proj.weight', array(C, C)],
  ['model.layers.0.post_attention_layernorm.weight', array(C)],
  ['model.layers.0.mlp.gate_proj.weight', array(F, C)],
  ['model.layers.0.mlp.up_proj.weight', array(F, C)],
  ['model.layers.0.mlp.down_proj.weight', array(C, F)],
  ['model.norm.weight', array(C)],
])
const llamaConfig = {
  ...{ model_type: 'llama', hidden_act: 'silu', vocab_size: V, hidden_size: C, intermediate_size: F },
  ...{ num_hidden_layers: 1, num_attention_heads: 2, num_key_value_heads: 1, max_position_embeddings: T },
  ...{ rms_norm_eps: 1e-5, rope_theta: 1e4, rope_scaling: null, tie_word_embeddings: true },
}
const tokens = ['a', 'b', 'c', ' ', '\n', '<|endoftext|>']
const tokenizer = {
  added_tokens: [{ id: 5, content: '<|endoftext|>', special: true }],
  normalizer: null,
  pre_tokenizer: null,
  decoder: { type: 'Fuse' },
  model: { type: 'BPE', vocab: Object.fromEntries(tokens.map((token, id) => [token, id])), merges: [] },
}
const text = (value: unknown) => new TextEncoder().encode(JSON.stringify(value))
const weights = safetensors(llama)
const files: Record<string, Uint8Array> = {
  'config.json': text(llamaConfig),
  'tokenizer.json': text(tokenizer),
  'model.safetensors': weights,
}
const bare = { 'config.json': files['config.json']!, 'model.safetensors': weights }
const asGguf = () => {
  const names: Record<string, string> = {
    ...{ 'embed_tokens.weight': 'token_embd.weight', 'norm.weight': 'output_norm.weight' },
    ...{ 'input_layernorm.weight': 'attn_norm.weight', 'post_attention_layernorm.weight': 'ffn_norm.weight' },
    ...{ 'self_attn.q_proj.weight': 'attn_q.weight', 'self_attn.k_proj.weight': 'attn_k.weight' },
    ...{ 'self_attn.v_proj.weight': 'attn_v.weight', 'self_attn.o_proj.weight': 'attn_output.weight' },
    ...{ 'mlp.gate_proj.weight': 'ffn_gate.weight', 'mlp.up_proj.weight': 'ffn_up.weight' },
    'mlp.down_proj.weight': 'ffn_down.weight',
  }
  const tensors = new Map(
    [...llama].map(([name, tensor]) => {
      const [, layer, part = ''] = /^model\.(layers\.0\.)?(.*)$/.exec(name)!
      return [`${layer ? 'blk.0.' : ''}${names[part]}`, { ...tensor, type: 'F32' }] as const
    }),
  )
  return gguf(
    {
      'general.architecture': 'llama',
      ...{ 'llama.context_length': { u32: T }, 'llama.embedding_length': { u32: C }, 'llama.block_count': { u32: 1 } },
      ...{ 'llama.feed_forward_length': { u32: F }, 'llama.attention.head_count': { u32: 2 } },
      ...{ 'llama.attention.head_count_kv': { u32: 1 }, 'llama.attention.layer_norm_rms_epsilon': { f32: 1e-5 } },
      ...TOKENS_KEYS(['a', 'b', 'c', 'Ġ', 'Ċ', '<|end|>'], [], [1, 1, 1, 1, 1, 3]),
    },
    tensors,
  )
}

// -- mutations

const pick = <X>(from: readonly X[], dice: Rng) => from[dice.below(from.length)]!
const spliced = (bytes: Uint8Array, at: number, remove: number, insert: Uint8Array) => {
  const all = new Uint8Array(bytes.length - Math.min(remove, bytes.length - at) + insert.length)
  all.set(bytes.subarray(0, at))
  all.set(insert, at)
  all.set(bytes.subarray(at + remove), at + insert.length)
  return all
}
const noise = (dice: Rng) => Uint8Array.from({ length: 1 + dice.below(16) }, () => dice.below(256))
/** Numbers where lengths, counts and offsets stand. */
const LARGE = [0n, 1n, 0x7fffffffn, 0xffffffffn, 1n << 40n, (1n << 53n) + 1n, (1n << 63n) - 1n, (1n << 64n) - 1n]

function mutated(bytes: Uint8Array, dice: Rng): Uint8Array {
  const copy = bytes.slice()
  const at = dice.below(bytes.length)
  switch (dice.below(7)) {
    case 0:
      copy[at]! ^= 1 << dice.below(8)
      return copy
    case 1:
      copy.set(noise(dice).subarray(0, bytes.length - at), at)
      return copy
    case 2:
      return bytes.slice(0, at)
    case 3:
      return spliced(bytes, at, 1 + dice.below(32), new Uint8Array(0))
    case 4:
      return spliced(bytes, at, 0, noise(dice))
    case 5: {
      const wide = new Uint8Array(8)
      new DataView(wide.buffer).setBigUint64(0, pick(LARGE, dice), true)
      copy.set(wide.subarray(0, Math.min(8, bytes.length - at)), at)
      return copy
    }
    default: {
      const from = dice.below(bytes.length)
      return spliced(bytes, at, 0, bytes.subarray(from, from + 1 + dice.below(64)))
    }
  }
}

const ODD: readonly unknown[] = [
  ...[null, true, false, '', 'x', -1, 0, 0.5, 1, 3, 1e9, 1e308, 2 ** 53, [], {}, [[[[]]]], '\u0000', '\ud800'],
  ...['__proto__', 'ByteLevel', 'Sequence', 'BPE', 'WordLevel', 'gpt2', Array.from({ length: 50 }, () => 0)],
]
/** One place somewhere inside gets another value, goes, or has another name. */
function edited(value: unknown, dice: Rng): unknown {
  const copy: unknown = structuredClone(value)
  const places = placesIn(copy)
  const { of, name } = pick(places, dice)
  const way = dice.below(5)
  if (way === 0) Reflect.deleteProperty(of, name)
  else if (way === 1) of[`${name}x`] = of[name]
  else if (way === 2 && typeof of[name] === 'number') of[name] += pick([1, -1, 0.5, 1e6], dice)
  else if (way === 3) {
    const other = pick(places, dice)
    of[name] = structuredClone(other.of[other.name])
  } else of[name] = pick(ODD, dice)
  return copy
}
const editedJson = (bytes: Uint8Array, dice: Rng) =>
  text(edited(JSON.parse(new TextDecoder().decode(bytes)), dice) ?? null)
/** A safetensors header edited as JSON, its length set right. */
function editedHeader(bytes: Uint8Array, dice: Rng): Uint8Array {
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true))
  const header = editedJson(bytes.subarray(8, 8 + length), dice)
  const all = spliced(bytes, 8, length, header)
  new DataView(all.buffer).setBigUint64(0, BigInt(header.length), true)
  return all
}

// -- what must hold

/** Opens it and holds what comes to what a model must be; true where one came. */
async function opens(given: readonly NamedFile[]): Promise<boolean> {
  let checkpoint
  try {
    const model = await openModel(given)
    const read = await model.weights()
    const { config } = model
    for (const param of paramTable(config)) {
      const { shape, data } = read.get(param.name)!
      const isWhole = String(shape) === String(param.shape) && data.length === sizeOf(shape)
      if (!isWhole || !data.every(Number.isFinite)) throw new Error(`${param.name} is not whole`)
    }
    if (model.tokenizer.vocab.length !== config.vocab_size) throw new Error('another vocabulary')
    checkpoint = importedCheckpoint(importedSpec(model, 'a file'), read)
  } catch (error) {
    if (error instanceof ImportError || error instanceof CheckpointError) return false
    throw error
  }
  // What is kept of it can be read again, all of it.
  decodeCheckpoint(encodeCheckpoint(checkpoint))
  return true
}

/** A file that is here already; a Blob's slices take a turn of the event loop each. */
const here = (bytes: Uint8Array): FileLike => ({
  size: bytes.length,
  slice: (from, to) => here(bytes.subarray(from, to)),
  arrayBuffer: () => Promise.resolve(bytes.slice().buffer),
  text: () => Promise.resolve(new TextDecoder().decode(bytes)),
})
const named = (all: Record<string, Uint8Array>): NamedFile[] =>
  Object.entries(all).map(([name, bytes]) => ({ name, data: here(bytes) }))

interface Kind {
  honest: () => NamedFile[]
  hostile: (dice: Rng, n: number) => NamedFile[]
}
const KINDS: Record<string, Kind> = {
  'safetensors with its config': {
    honest: () => named(bare),
    hostile: (dice, n) =>
      named(
        n % 3 === 0
          ? { ...bare, 'config.json': editedJson(files['config.json']!, dice) }
          : { ...bare, 'model.safetensors': n % 3 === 1 ? editedHeader(weights, dice) : mutated(weights, dice) },
      ),
  },
  GGUF: {
    honest: () => named({ 'a.gguf': asGguf() }),
    hostile: (() => {
      const bytes = asGguf()
      return (dice: Rng) => named({ 'a.gguf': mutated(bytes, dice) })
    })(),
  },
  'tokenizer.json': {
    honest: () => named(files),
    hostile: (dice, n) => {
      const make = n % 2 === 0 ? editedJson : mutated
      return named({ ...files, 'tokenizer.json': make(files['tokenizer.json']!, dice) })
    },
  },
  zip: {
    honest: () => named({ 'a.zip': zipSync(files) }),
    hostile: (() => {
      const bytes = zipSync(files)
      return (dice: Rng) => named({ 'a.zip': mutated(bytes, dice) })
    })(),
  },
}

test.each(Object.entries(KINDS))(`${COUNT} mutated files: %s`, async (name, { honest, hostile }) => {
  expect(await opens(honest())).toBe(true)
  const dice = new Rng(7, name.length)
  let [opened, slowest, at] = [0, 0, 0]
  for (let n = 0; n < COUNT; n++) {
    const given = hostile(dice, n)
    const from = performance.now()
    const whole = await opens(given).catch((error: unknown) => {
      throw new Error(`input ${n}: ${error instanceof Error ? error.stack : String(error)}`, { cause: error })
    })
    const ms = performance.now() - from
    if (whole) opened++
    if (ms > slowest) [slowest, at] = [ms, n]
  }
  // Both ends come: a mutation of a number or a name is no damage that can be seen.
  expect(opened).toBeGreaterThan(0)
  expect(opened).toBeLessThan(COUNT)
  process.stdout.write(
    `${name}: ${opened} of ${COUNT} opened whole; the slowest took ${slowest.toFixed(1)} ms (input ${at})\n`,
  )
})

test('claims that are larger than the file are refused before anything is made of them', async () => {
  const claims = (values: number, tensors: number) => {
    const bytes = new Uint8Array(64)
    const view = new DataView(bytes.buffer)
    bytes.set(new TextEncoder().encode('GGUF'))
    view.setUint32(4, 3, true)
    view.setBigUint64(8, BigInt(tensors), true)
    view.setBigUint64(16, BigInt(values), true)
    return bytes
  }
  for (const bytes of [claims(2 ** 40, 1), claims(1, 2 ** 40), claims(2000, 10_000)])
    expect(await opens(named({ 'a.gguf': bytes }))).toBe(false)
  const config = (change: object) => ({ ...files, 'config.json': text({ ...llamaConfig, ...change }) })
  for (const change of [
    { num_hidden_layers: 1e9 },
    { hidden_size: 2 ** 40 },
    { vocab_size: 2 ** 50 },
    { intermediate_size: 2 ** 52 },
    { num_attention_heads: 2 ** 31, num_key_value_heads: 2 ** 31 },
  ])
    expect(await opens(named(config(change)))).toBe(false)
  const deep = new TextEncoder().encode('['.repeat(200_000))
  for (const name of ['config.json', 'tokenizer.json', 'model.safetensors.index.json'])
    expect(await opens(named({ ...files, [name]: deep }))).toBe(false)
})
