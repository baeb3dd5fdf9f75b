// Bytes, words, and the door by which a kept tokenizer comes back.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { byteVocab } from '../../src/data/byte_tokenizer'
import { makeDataset } from '../../src/data/dataset'
import { tokenizerOf } from '../../src/data/tokenizers'
import { buildWordVocab } from '../../src/data/word_tokenizer'
import { SPECIAL } from '../../src/run'

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
    const { state, dropped } = buildWordVocab('the sea, the sea, the ship', 3)
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
