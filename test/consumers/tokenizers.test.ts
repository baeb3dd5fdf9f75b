// tokenizer.json in Hugging Face's Rust library, which Python's transformers use: the same ids, and the same text back.
import { Tokenizer } from '@anush008/tokenizers'
import { describe, expect, test } from 'vitest'
import { SPECIAL_TOKENS } from '../../src/data/tokenize/chat_format'
import { learnTokenizer } from '../../src/data/tokenize/learn'
import { writeTokenizerJson } from '../../src/data/tokenize/tokenizer_json'
import { tokenizerOf } from '../../src/data/tokenize/tokenizers'
import { Rng } from '../../src/rng'
import { TEXT, TOKENIZERS } from './trained'

/** Pieces of the text, of what it lacks, and of special tokens, at random. */
function texts(): string[] {
  const rng = new Rng(7, 1)
  const strange = ['ß', '中', '🐙', '\t', '  ', '\r\n', '<|user|>', '<|end|>', 'don’t', "we'll", '\u00a0', 'Ġ']
  return Array.from({ length: 300 }, (_, i) => {
    const start = rng.below(TEXT.length - 200)
    const piece = TEXT.slice(start, start + rng.below(200))
    const whole = piece.replace(/^[\udc00-\udfff]|[\ud800-\udbff]$/g, '')
    return i % 3 === 0
      ? whole
      : `${whole}${strange[rng.below(strange.length)]}${whole.slice(0, 20).replace(/[\ud800-\udbff]$/, '')}`
  })
}

describe.each(['char', 'byte', 'bpe'] as const)('%s', (kind) => {
  test.each([[[]], [SPECIAL_TOKENS]])('with special tokens %j', async (special) => {
    const choice = kind === 'bpe' ? { ...TOKENIZERS.bpe, vocab_size: 320 } : TOKENIZERS[kind]
    const ours = tokenizerOf(learnTokenizer(TEXT, choice, special))
    const theirs = Tokenizer.fromString(writeTokenizerJson(ours.state))
    for (const text of texts()) {
      const ids = [...ours.encode(text).ids]
      const got = await theirs.encode(text)
      expect(got.getIds(), JSON.stringify(text)).toEqual(ids)
      expect(await theirs.decode(ids, false)).toBe(ours.decode(ids))
    }
  })
})

test('words, of which theirs must know each', async () => {
  const ours = tokenizerOf(learnTokenizer(TEXT, { kind: 'word', vocab_size: 400 }, []))
  const theirs = Tokenizer.fromString(writeTokenizerJson(ours.state))
  const known = TEXT.split('\n')
    .map((line) => `${line}\n`)
    .filter((line) => ours.encode(line).unknown.length === 0)
  expect(known.length).toBeGreaterThan(50)
  for (const line of known) {
    const ids = [...ours.encode(line).ids]
    expect((await theirs.encode(line)).getIds()).toEqual(ids)
    expect(await theirs.decode(ids, false)).toBe(line)
  }
  await expect(theirs.encode('unheard-of')).rejects.toThrow(/UNK/)
})
