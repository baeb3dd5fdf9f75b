import { expect, test } from 'vitest'
import { probabilities, sampleToken } from '../../src/train/sampler'

const logits = Float32Array.from([0.2, 1.4, 1.4, -3, 0.9])
const open = { temperature: 1, top_k: 0, top_p: 1 }
const draws = Array.from({ length: 1000 }, (_, i) => i / 1000)
const idsOf = (options: typeof open) => new Set(draws.map((u) => sampleToken(logits, options, u).id))

test('temperature 0 takes the likeliest, and the lower id of two equals', () => {
  for (const u of [0, 0.5, 0.999]) expect(sampleToken(logits, { ...open, temperature: 0 }, u).id).toBe(1)
})

test('an even spread of draws gives each token its share', () => {
  const p = probabilities(logits, 1)
  const counts = new Map<number, number>()
  for (const u of draws) {
    const { id, probability } = sampleToken(logits, open, u)
    expect(probability).toBe(p[id])
    counts.set(id, (counts.get(id) ?? 0) + 1)
  }
  for (const [id, count] of counts) expect(Math.abs(count / 1000 - p[id]!)).toBeLessThan(0.002)
})

test('top-k keeps k tokens, top-p the fewest whose mass reaches p, and both leave the reported probability alone', () => {
  expect(idsOf({ ...open, top_k: 2 })).toEqual(new Set([1, 2]))
  expect(idsOf({ ...open, top_p: 0.4 })).toEqual(new Set([1, 2]))
  expect(idsOf({ ...open, top_p: 0.01 })).toEqual(new Set([1]))
  // Of the two that top-k leaves, the first has half the mass: that is 0.34 of the whole.
  expect(idsOf({ ...open, top_k: 2, top_p: 0.45 })).toEqual(new Set([1]))
  expect(idsOf({ ...open, top_k: 2, top_p: 0.55 })).toEqual(new Set([1, 2]))
  expect(sampleToken(logits, { ...open, top_k: 1 }, 0.5).probability).toBe(probabilities(logits, 1)[1])
})

test('probabilities of huge logits are finite and sum to one; a hot temperature flattens them', () => {
  const p = probabilities(Float32Array.from([1e30, -1e30, 1e30]), 1)
  expect([...p]).toEqual([0.5, 0, 0.5])
  expect(probabilities(logits, 100)[1]!).toBeLessThan(0.21)
})
