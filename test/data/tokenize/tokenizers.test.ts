// Bytes, words, and the door by which a kept tokenizer comes back.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { learningBpe } from '../../../src/data/tokenize/bpe'
import { byteVocab } from '../../../src/data/tokenize/byte_tokenizer'
import { makeDataset } from '../../../src/data/dataset/dataset'
import { atOnce } from '../../../src/paced'
import { decoding, tokenizerOf } from '../../../src/data/tokenize/tokenizers'
import { buildCharVocab } from '../../../src/data/tokenize/char_tokenizer'
import { learningWords } from '../../../src/data/tokenize/word_tokenizer'
import { SPECIAL } from '../../../src/words/tokens'

describe('bytes', () => {
  test('give back any text, a token a byte, with U+FFFD for half of a character', () => {
    const tokenizer = tokenizerOf(byteVocab([SPECIAL.end]))
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const { ids, unknown } = tokenizer.encode(text)
        expect(ids).toHaveLength(new TextEncoder().encode(text).length)
        expect(unknown).toEqual([])
        expect(tokenizer.decode(ids)).toBe(text.toWellFormed())
      }),
    )
    expect([...tokenizer.encode(`a${SPECIAL.end}b`).ids]).toHaveLength(3)
  })
})

describe('words', () => {
  test('are the most frequent pieces; others are left out and listed', () => {
    const { state, dropped } = atOnce(learningWords('the sea, the sea, the ship', 3))
    expect(state.vocab).toEqual([' sea', ',', ' the'])
    expect(dropped).toEqual(['the', ' ship'])
    const tokenizer = tokenizerOf(state)
    expect(tokenizer.encode('the sea, the ship')).toMatchObject({ unknown: ['the', ' ship'] })
    expect(tokenizer.decode(tokenizer.encode('the sea, the ship').ids)).toBe(' sea, the')
  })
})

describe('tokenizerOf', () => {
  test.each([
    [{ kind: 'morse', vocab: ['a'] }, /unknown here/],
    [{ kind: 'byte', vocab: ['a'] }, /damaged/],
    [{ kind: 'word', vocab: ['a', 'a'] }, /damaged/],
    [{ kind: 'bpe', vocab: ['a'], merges: [] }, /damaged/],
    [{ kind: 'char', vocab: ['a'], merges: [] }, /damaged/],
  ])('refuses %j', (state, message) => {
    expect(() => tokenizerOf(state as never)).toThrow(message)
  })
  test('reads a dataset of any kind as it was read before', async () => {
    const text = 'the cat sat on the mat. '.repeat(20)
    const state = byteVocab()
    const { dataset } = await makeDataset(text, { name: 'cat', licence: '' }, 0.1, state)
    expect(dataset.tokenizer.state).toEqual(state)
    expect(dataset.tokens).toHaveLength(text.length)
  })
})

describe('a long text in short turns', () => {
  // Characters of one to four bytes at every place: turns end within one, if they end anywhere.
  const text = `${'aé€🐋'.repeat(40_000)}${SPECIAL.end}${'🐋'.repeat(70_000)}`
  const states = {
    char: buildCharVocab(text, [SPECIAL.end]).state,
    byte: byteVocab([SPECIAL.end]),
    word: atOnce(learningWords(text, 50, [SPECIAL.end])).state,
    bpe: atOnce(learningBpe(text.slice(0, 4000), 270, [SPECIAL.end])).state,
  }
  test.each(Object.entries(states))('is read and written by %s as at once, and rests', (_, state) => {
    const tokenizer = tokenizerOf(state)
    const shares: number[] = []
    const encoding = tokenizer.encoding(text)
    let turn = encoding.next()
    for (; !turn.done; turn = encoding.next()) shares.push(turn.value)
    const { ids, unknown } = turn.value
    expect(unknown).toEqual([])
    expect(shares.length).toBeGreaterThan(4)
    expect(shares).toEqual(shares.toSorted((a, b) => a - b))
    expect(tokenizer.decode(ids)).toBe(text)
    expect(atOnce(decoding(tokenizer, ids))).toBe(text)
  })
  test('is decoded byte for byte where it is no UTF-8', () => {
    const tokenizer = tokenizerOf(byteVocab())
    const ids = Uint16Array.from({ length: 60_000 }, (_, i) => (i * 2654435761) % 256)
    expect(atOnce(decoding(tokenizer, ids))).toBe(tokenizer.decode(ids))
  })
})
