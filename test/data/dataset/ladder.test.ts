// The n-gram ladder against published figures and against probabilities that can be worked out by hand.
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { makeDataset } from '../../../src/data/dataset/dataset'
import { climbing, ladderOf } from '../../../src/data/dataset/ladder'
import { atOnce } from '../../../src/paced'
import type { Tokens } from '../../../src/data/tokenize/tokenizer'

const ladder = (train: Tokens, val: Tokens, vocab_size: number, order = 5) =>
  atOnce(climbing(train, val, vocab_size, order))

test('tiny Shakespeare, first nine tenths counted, the last tenth measured', async () => {
  const text = readFileSync(new URL('../../fixtures/tinyshakespeare.txt', import.meta.url), 'utf8')
  const { dataset } = await makeDataset(text, { name: 'tiny Shakespeare', licence: '' }, 0.1)
  const rungs = ladder(dataset.train, dataset.val, dataset.tokenizer.vocab_size)
  expect(rungs.map((nats) => nats.toFixed(2))).toEqual(['4.17', '3.35', '2.49', '2.05', '1.77', '1.67'])
})

test('counted in turns it is the same, and ends with what a pause throws', async () => {
  const text = 'the quick brown fox jumps over the lazy dog. '.repeat(1500)
  const { dataset } = await makeDataset(text, { name: 'fox', licence: '' }, 0.1)
  let pauses = 0
  const pause = () => Promise.resolve(void pauses++)
  const whole = ladder(dataset.train, dataset.val, dataset.tokenizer.vocab_size)
  expect(await ladderOf(dataset, 0.1, pause)).toEqual(whole)
  expect(pauses).toBeGreaterThan(0)
  const ended = () => Promise.reject(new Error('ended'))
  await expect(ladderOf(dataset, 0.1, ended)).rejects.toThrow('ended')
  expect(await ladderOf(dataset, 0, pause)).toBeNull()
})

describe('by hand', () => {
  // a a b a: a three times, b once; after a come a and b, once each; after b comes a.
  const train = Uint16Array.of(0, 0, 1, 0)
  const unigram = { a: (3 + 2 * 0.5) / 6, b: (1 + 2 * 0.5) / 6 }
  const nats = (...p: number[]) => -p.reduce((sum, x) => sum + Math.log(x), 0) / p.length

  test('uniform, unigram and bigram', () => {
    const afterA = { b: (1 + 2 * unigram.b) / (2 + 2) }
    const afterB = { a: (1 + 1 * unigram.a) / (1 + 1) }
    const [zero, one, two] = ladder(train, Uint16Array.of(0, 1, 0), 2, 2)
    expect(zero).toBeCloseTo(Math.log(2), 12)
    expect(one).toBeCloseTo(nats(unigram.a, unigram.b, unigram.a), 12)
    expect(two).toBeCloseTo(nats(unigram.a, afterA.b, afterB.a), 12)
  })
  test('a context never seen leaves the shorter one’s word', () => {
    // b b does not occur in training, so no rung above the second knows more.
    const rungs = ladder(train, Uint16Array.of(1, 1, 0), 2, 4)
    const afterB = { a: (1 + 1 * unigram.a) / (1 + 1), b: (0 + 1 * unigram.b) / (1 + 1) }
    const bigram = nats(unigram.b, afterB.b, afterB.a)
    expect(rungs[2]).toBeCloseTo(bigram, 12)
    expect(rungs[3]).toBeCloseTo(bigram, 12)
    expect(rungs[4]).toBeCloseTo(bigram, 12)
  })
  test('a token never seen still has a probability', () => {
    const [, one] = ladder(train, Uint16Array.of(2), 3, 1)
    expect(one).toBeCloseTo(nats((0 + 2 / 3) / 6), 12)
  })
})

test('probabilities of all next tokens add up to one, after any context', () => {
  const train = Uint16Array.from({ length: 3000 }, (_, i) => ((i * i + 3 * i) % 17) % 7)
  for (const context of [[], [3], [3, 1], [6, 6, 6], [0, 2, 4, 5]]) {
    let sum = 0
    for (let w = 0; w < 7; w++) {
      const before = Uint16Array.from(context)
      const after = Uint16Array.from([...context, w])
      const total = (tokens: Uint16Array<ArrayBuffer>) =>
        tokens.length === 0 ? 0 : ladder(train, tokens, 7, 5)[5]! * tokens.length
      sum += Math.exp(total(before) - total(after))
    }
    expect(sum).toBeCloseTo(1, 10)
  }
})

test('many different stretches: the table grows and finds them again', () => {
  // 200,000 tokens of a vocabulary of 5,000: nearly every bigram is new.
  let x = 1
  const train = Uint16Array.from({ length: 200_000 }, () => (x = (x * 48271) % 2147483647) % 5000)
  const [, one, two, three] = ladder(train, train.subarray(0, 20_000), 5000, 3)
  // Measured on its own training text, a longer memory is never worse, and two tokens of memory all but know it by heart.
  expect(one).toBeGreaterThan(8)
  expect(two).toBeLessThan(5)
  expect(three).toBeLessThan(1.5)
})
