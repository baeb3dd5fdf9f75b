import { expect, test } from 'vitest'
import { sampleToken } from '../../src/cpu/sample'

const logits = Float32Array.from([0.2, 1.4, 1.4, -3, 0.9])
const open = { temperature: 1, top_k: 0, top_p: 1 }
const draws = Array.from({ length: 1000 }, (_, i) => i / 1000)
const idsOf = (options: typeof open) => new Set(draws.map((u) => sampleToken(logits, options, u).id))

/** softmax(logits). */
function softmax(logits: Float32Array): Float64Array {
  const weights = Float64Array.from(logits, Math.exp)
  const total = weights.reduce((a, b) => a + b)
  return weights.map((weight) => weight / total)
}

test('temperature 0 takes the likeliest, and the lower id of two equals', () => {
  for (const u of [0, 0.5, 0.999]) {
    const { id, probability } = sampleToken(logits, { ...open, temperature: 0 }, u)
    expect(id).toBe(1)
    expect(probability).toBeCloseTo(softmax(logits)[1]!, 12)
  }
})

test('an even spread of draws gives each token its share', () => {
  const p = softmax(logits)
  const counts = new Map<number, number>()
  for (const u of draws) {
    const { id, probability } = sampleToken(logits, open, u)
    expect(probability).toBeCloseTo(p[id]!, 12)
    counts.set(id, (counts.get(id) ?? 0) + 1)
  }
  for (const [id, count] of counts) expect(Math.abs(count / 1000 - p[id]!)).toBeLessThan(0.002)
})

test('draws run from the likeliest to the least likely, equals by their ids', () => {
  const ids = draws.map((u) => sampleToken(logits, open, u).id)
  expect(ids.filter((id, i) => id !== ids[i - 1])).toEqual([1, 2, 4, 0, 3])
})

test('top-k keeps k tokens, top-p the fewest whose mass reaches p, and both leave the reported probability alone', () => {
  expect(idsOf({ ...open, top_k: 2 })).toEqual(new Set([1, 2]))
  expect(idsOf({ ...open, top_k: 9 })).toEqual(new Set([0, 1, 2, 3, 4]))
  expect(idsOf({ ...open, top_p: 0.4 })).toEqual(new Set([1, 2]))
  expect(idsOf({ ...open, top_p: 0.01 })).toEqual(new Set([1]))
  expect(idsOf({ ...open, top_p: 0 })).toEqual(new Set([1]))
  // Of the two that top-k leaves, the first has half the mass: that is 0.34 of the whole.
  expect(idsOf({ ...open, top_k: 2, top_p: 0.45 })).toEqual(new Set([1]))
  expect(idsOf({ ...open, top_k: 2, top_p: 0.5 })).toEqual(new Set([1]))
  expect(idsOf({ ...open, top_k: 2, top_p: 0.55 })).toEqual(new Set([1, 2]))
  expect(sampleToken(logits, { ...open, top_k: 1 }, 0.5).probability).toBeCloseTo(softmax(logits)[1]!, 12)
})

test('probabilities of huge logits are finite and sum to one; a hot temperature flattens them', () => {
  const huge = Float32Array.from([1e30, -1e30, 1e30])
  expect(draws.map((u) => sampleToken(huge, open, u).probability)).toEqual(draws.map(() => 0.5))
  expect(sampleToken(logits, { ...open, temperature: 100 }, 0).probability).toBeLessThan(0.21)
})
