// Batches: pure functions of their index, true to the text, with the index of positions by token that embedding backward needs.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { batchOf, Loader, type Batch } from '../../../src/data/dataset/loader'
import { byteVocab } from '../../../src/data/tokenize/byte_tokenizer'
import { assistantMask, SPECIAL_TOKENS, writeDocuments } from '../../../src/data/tokenize/chat_format'
import { tokenizerOf } from '../../../src/data/tokenize/tokenizers'
import { Rng, STREAM } from '../../../src/rng'

const copy = ({ tokens, targets, order, starts, counted }: Batch): Batch => ({
  tokens: tokens.slice(),
  targets: targets.slice(),
  order: order.slice(),
  starts: starts.slice(),
  counted,
})
const V = 11
const randomText = (n: number, seed = 1) => {
  const rng = new Rng(seed, STREAM.corpus)
  return Uint16Array.from({ length: n }, () => rng.below(V))
}
/** Counting up, so that a token tells where it stands. */
const counting = (n: number) => Uint16Array.from({ length: n }, (_, i) => i)

test('a batch depends on its index alone, not on what was read before', () => {
  const text = randomText(500)
  const forward = new Loader(text, V, 4, 16, 7, STREAM.batch)
  const all = Array.from({ length: 20 }, (_, i) => copy(forward.batch(i)))
  const backward = new Loader(text, V, 4, 16, 7, STREAM.batch)
  for (let i = 19; i >= 0; i--) expect(copy(backward.batch(i))).toEqual(all[i])
  expect(copy(new Loader(text, V, 4, 16, 7, STREAM.batch).batch(13))).toEqual(all[13])
})
test('seed, stream and index each change the batch', () => {
  const text = randomText(5000)
  const tokens = (seed: number, stream: number, index: number) =>
    copy(new Loader(text, V, 4, 16, seed, stream).batch(index)).tokens
  const one = tokens(1, STREAM.batch, 0)
  expect(tokens(2, STREAM.batch, 0)).not.toEqual(one)
  expect(tokens(1, STREAM.validation, 0)).not.toEqual(one)
  expect(tokens(1, STREAM.batch, 1)).not.toEqual(one)
})
test('the arrays are the same ones each time', () => {
  const loader = new Loader(randomText(100), V, 2, 8, 1, STREAM.batch)
  const first = loader.batch(0)
  expect(loader.batch(1)).toBe(first)
})
test('rows are stretches of the text, targets the tokens after them', () => {
  const loader = new Loader(counting(100), 100, 8, 16, 3, STREAM.batch)
  for (let i = 0; i < 50; i++) {
    const { tokens, targets, counted } = loader.batch(i)
    expect(counted).toBe(128)
    for (let b = 0; b < 8; b++)
      for (let t = 0; t < 16; t++) {
        expect(tokens[b * 16 + t]).toBe(tokens[b * 16]! + t)
        expect(targets[b * 16 + t]).toBe(tokens[b * 16]! + t + 1)
      }
  }
})
test('every place is drawn, the first and the last included, about equally often', () => {
  const places = 20
  const T = 8
  const loader = new Loader(counting(places + T), places + T, 100, T, 5, STREAM.batch)
  const drawn = new Array<number>(places).fill(0)
  for (let i = 0; i < 100; i++) {
    const { tokens } = loader.batch(i)
    for (let b = 0; b < 100; b++) drawn[tokens[b * T]!]!++
  }
  // 10,000 draws over 20 places: 500 each, standard deviation 22.
  for (const count of drawn) expect(Math.abs(count - 500)).toBeLessThan(110)
})
test('order lists the positions by token, equal tokens in order; starts says where each begins', () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat({ max: V - 1 }), { minLength: 1, maxLength: 60 }),
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 1, max: 20 }),
      (text, B, T) => {
        const { tokens, order, starts } = new Loader(Uint16Array.from(text), V, B, T, 1, STREAM.batch).batch(0)
        const expected = Array.from(tokens.keys()).sort((a, b) => tokens[a]! - tokens[b]! || a - b)
        expect([...order]).toEqual(expected)
        expect([...starts]).toEqual(Array.from({ length: V + 1 }, (_, v) => tokens.filter((t) => t < v).length))
      },
    ),
  )
})

describe('a text shorter than a block', () => {
  test.each([
    [1, 0],
    [2, 1],
    [8, 7],
    [9, 8],
    [10, 8],
  ])('of %i tokens at T = 8 has %i targets a row', (n, targetsPerRow) => {
    const batch = new Loader(counting(n), 10, 3, 8, 1, STREAM.validation).batch(4)
    expect(batch.counted).toBe(3 * targetsPerRow)
    expect(batch.targets.filter((t) => t >= 0)).toHaveLength(3 * targetsPerRow)
    expect(batch.starts.at(-1)).toBe(24)
    if (n <= 9)
      expect([...batch.targets.subarray(0, 8)]).toEqual(Array.from({ length: 8 }, (_, t) => (t + 1 < n ? t + 1 : -1)))
  })
  test('empty: nothing counts', () => {
    expect(new Loader(new Uint16Array(0), 10, 3, 8, 1, STREAM.validation).batch(0).counted).toBe(0)
  })
})

test('of chats, only what the assistant says weighs', () => {
  const tokenizer = tokenizerOf(byteVocab(SPECIAL_TOKENS))
  const text = writeDocuments([
    {
      messages: [
        { role: 'user', content: 'Hi' },
        { role: 'assistant', content: 'yes' },
      ],
    },
  ])
  const { ids } = tokenizer.encode(text)
  const mask = assistantMask(ids, tokenizer)
  const loader = new Loader(ids, tokenizer.vocab_size, 4, 6, 1, STREAM.batch, mask)
  const plain = new Loader(ids, tokenizer.vocab_size, 4, 6, 1, STREAM.batch)
  const said = new Set<string>()
  for (let i = 0; i < 20; i++) {
    const { tokens, targets, weights, counted } = loader.batch(i)
    const unmasked = plain.batch(i)
    expect([tokens, targets]).toEqual([unmasked.tokens, unmasked.targets])
    expect(unmasked.weights).toBeUndefined()
    expect(counted).toBe(weights!.reduce((a, b) => a + b))
    expect([...weights!].every((weight) => weight === 0 || weight === 1)).toBe(true)
    for (const [n, target] of targets.entries()) if (weights![n] === 1) said.add(tokenizer.decode([target]))
  }
  expect([...said].toSorted()).toEqual(['<|end|>', 'e', 's', 'y'])
  expect([...mask].map((m, i) => (m ? tokenizer.decode([ids[i]!]) : '')).join('')).toBe('yes<|end|>')
})
test('a batch of given tokens and weights counts what the weights come to, and no target that is not there', () => {
  expect(batchOf([2, 0, 2, 1], [0, -1, 3, 1], 4, Float32Array.of(1, 1, 0, 0.5)).counted).toBe(1.5)
})

test('a batch of given tokens: their index, and only the targets that count', () => {
  expect(batchOf([2, 0, 2, 1], [0, -1, 3, -1], 4)).toEqual({
    tokens: Uint32Array.of(2, 0, 2, 1),
    targets: Int32Array.of(0, -1, 3, -1),
    order: Uint32Array.of(1, 3, 0, 2),
    starts: Uint32Array.of(0, 1, 2, 4, 4),
    counted: 2,
  })
})
