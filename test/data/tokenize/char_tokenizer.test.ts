// Characters as tokens: round trips over all of Unicode, unknown characters reported, the cap, states that cannot be trusted.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { buildCharVocab, charTokenizer, LARGEST_CHAR_VOCAB } from '../../../src/data/tokenize/char_tokenizer'
import { CheckpointError } from '../../../src/errors'

const tokenizerOf = (text: string) => charTokenizer(buildCharVocab(text).state)
const text = fc.string({ unit: 'binary', minLength: 1, maxLength: 300 })

test('decode undoes encode, whatever the text', () => {
  fc.assert(
    fc.property(text, (s) => {
      const tokenizer = tokenizerOf(s)
      const { ids, unknown } = tokenizer.encode(s)
      expect(unknown).toEqual([])
      expect(ids.length).toBe([...s].length)
      expect(tokenizer.decode(ids)).toBe(s)
      expect([...ids].map((id) => tokenizer.token(id)).join('')).toBe(s)
    }),
  )
})
test('encode undoes decode, whatever the ids', () => {
  fc.assert(
    fc.property(text, fc.array(fc.nat()), (s, numbers) => {
      const tokenizer = tokenizerOf(s)
      const ids = numbers.map((n) => n % tokenizer.vocab_size)
      expect([...tokenizer.encode(tokenizer.decode(ids)).ids]).toEqual(ids)
    }),
  )
})
test('the vocabulary is sorted by code point, not by UTF-16 unit', () => {
  // U+FF5E comes before U+1F40B, but its UTF-16 unit comes after.
  expect(buildCharVocab('ba🐋～\na').state).toEqual({ kind: 'char', vocab: ['\n', 'a', 'b', '～', '🐋'] })
})
test('unknown characters are skipped and listed once, in order', () => {
  const { ids, unknown } = tokenizerOf('abc').encode('xa🐋b🐋xc\ud800')
  expect([...ids]).toEqual([0, 1, 2])
  expect(unknown).toEqual(['x', '🐋', '\ud800'])
})
test('encode makes an array of its own, exactly long enough', () => {
  const { ids } = tokenizerOf('ab🐋').encode('a🐋b🐋')
  expect(ids).toEqual(Uint16Array.of(0, 2, 1, 2))
  expect(ids.buffer.byteLength).toBe(8)
})

describe('too many characters', () => {
  const point = (i: number) => String.fromCodePoint(0x4e00 + i)
  const alphabet = (n: number) => Array.from({ length: n }, (_, i) => point(i)).join('')
  test('as many as fit are all kept', () => {
    const { state, dropped } = buildCharVocab(alphabet(LARGEST_CHAR_VOCAB))
    expect(state.vocab.length).toBe(LARGEST_CHAR_VOCAB)
    expect(dropped).toEqual([])
  })
  test('the rarest are left out', () => {
    const all = alphabet(LARGEST_CHAR_VOCAB + 2)
    // All but two occur twice.
    const { state, dropped } = buildCharVocab(all + all.replace(point(7), '').replace(point(9), ''))
    expect(dropped).toEqual([point(7), point(9)])
    expect(state.vocab.length).toBe(LARGEST_CHAR_VOCAB)
    expect(charTokenizer(state).encode(all).unknown).toEqual([point(7), point(9)])
  })
})

test.each([
  ['no tokens', []],
  ['an empty token', ['a', '']],
  ['two characters in one token', ['a', 'bc']],
  ['a token twice', ['a', 'b', 'a']],
  ['too many tokens', Array.from({ length: LARGEST_CHAR_VOCAB + 1 }, (_, i) => String.fromCodePoint(0x4e00 + i))],
])('a state with %s is refused', (_, vocab) => {
  expect(() => charTokenizer({ kind: 'char', vocab })).toThrow(CheckpointError)
})
test('a token outside the vocabulary is our own mistake', () => {
  expect(() => tokenizerOf('ab').decode([0, 2])).toThrow('invariant: token 2 of a vocabulary of 2')
})
