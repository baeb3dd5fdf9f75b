// Hugging Face's tokenizer.json: what is written here their reader reads to the same ids, and what cannot be read is refused by name.
import { readFileSync } from 'node:fs'
import { Tokenizer as HuggingFace } from '@huggingface/tokenizers'
import { describe, expect, test } from 'vitest'
import { bpeTokenizer, learningBpe } from '../../../src/data/tokenize/bpe'
import { atOnce } from '../../../src/paced'
import { byteVocab } from '../../../src/data/tokenize/byte_tokenizer'
import { SPECIAL_TOKENS } from '../../../src/data/tokenize/chat_format'
import { readTokenizerJson, writeTokenizerJson } from '../../../src/data/tokenize/tokenizer_json'

const shakespeare = readFileSync('test/fixtures/tinyshakespeare.txt', 'utf8')
const { state } = atOnce(learningBpe(shakespeare.slice(0, 100_000), 700, SPECIAL_TOKENS))
const file = JSON.parse(writeTokenizerJson(state)) as Record<string, Record<string, unknown>>

test('what is written is read by Hugging Face to the same ids, special tokens included', () => {
  const theirs = new HuggingFace(file, {})
  const ours = bpeTokenizer(state)
  for (const text of [shakespeare.slice(100_000, 150_000), 'a<|user|>b c<|end|> 東京 <|endoftext|>'])
    expect(theirs.encode(text).ids).toEqual([...ours.encode(text).ids])
})

test('what is written is read back', () => {
  expect(readTokenizerJson(JSON.stringify(file))).toEqual(state)
  expect(JSON.parse(writeTokenizerJson(byteVocab()))).toMatchObject({ model: { type: 'BPE', merges: [] } })
})

test('a file as GPT-2’s is: merges as strings, a special token among the vocabulary, no type', () => {
  const { vocab, merges } = atOnce(learningBpe(shakespeare.slice(0, 30_000), 300, ['<|endoftext|>'])).state
  const old = {
    added_tokens: [{ id: 299, content: '<|endoftext|>', special: true }],
    normalizer: null,
    pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false },
    post_processor: { type: 'ByteLevel', trim_offsets: false },
    decoder: { type: 'ByteLevel' },
    model: {
      vocab: Object.fromEntries(vocab.map((token, id) => [token, id])),
      merges: merges!.map((pair) => pair.join(' ')),
    },
  }
  expect(readTokenizerJson(JSON.stringify(old))).toEqual({ kind: 'bpe', vocab, merges, special: ['<|endoftext|>'] })
})

describe('refused', () => {
  const changed = (part: object) => JSON.stringify({ ...file, ...part })
  test.each([
    ['{', /not JSON/],
    ['{}', /no model/],
    [changed({ model: { type: 'Unigram', vocab: [] } }), /Unigram, not BPE/],
    [changed({ normalizer: { type: 'NFC' } }), /normalizer, NFC/],
    [changed({ pre_tokenizer: { type: 'Metaspace' } }), /Metaspace, not ByteLevel/],
    [changed({ pre_tokenizer: { type: 'ByteLevel', add_prefix_space: true } }), /adds a space/],
    [changed({ model: { ...file.model, byte_fallback: true } }), /byte_fallback/],
    [changed({ model: { ...file.model, vocab: { a: 0, b: 0 } } }), /not one of its own/],
    [changed({ model: { ...file.model, merges: [['no', 'thing']] } }), /damaged/],
  ])('%.30s', (json, message) => {
    expect(() => readTokenizerJson(json)).toThrow(message)
  })
})
