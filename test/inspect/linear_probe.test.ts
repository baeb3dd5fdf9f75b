// Linear readers against closed forms and labels made by hand.
import { expect, test } from 'vitest'
import { Design, hits, readRows, shuffledLabels } from '../../src/inspect/linear_probe'
import { atOnce } from '../../src/paced'
import { hash } from '../../src/rng'

const noise = (seed: number, i: number) => hash(seed, 1, i) / 2 ** 31 - 1

test('what lies along a direction is read, and what does not is not', () => {
  const [N, C, K] = [1200, 8, 3]
  const classOf = (n: number) => hash(9, 0, n) % K
  // Column 2 is the label with noise, the others are noise alone.
  const rows = Float32Array.from({ length: N * C }, (_, i) =>
    i % C === 2 ? 5 + 3 * classOf(Math.floor(i / C)) + noise(1, i) : 100 * noise(2, i),
  )
  const labels = Int32Array.from({ length: N }, (_, n) => classOf(n))
  const [half, rest] = [rows.subarray(0, (N / 2) * C), rows.subarray((N / 2) * C)]
  const design = atOnce(Design.of(half, C))
  const shareOf = (given: Int32Array) =>
    hits(readRows(atOnce(design.fit(given, K)), rest), labels.subarray(N / 2), K).share
  expect(shareOf(labels.subarray(0, N / 2))).toBe(1)
  expect(shareOf(shuffledLabels(labels.subarray(0, N / 2), 1))).toBeLessThan(0.45)
})

test('a fit in the binary case is at the point where its gradient is nought, whatever the columns’ units', () => {
  const [N, C, ridge] = [400, 2, 0.1]
  const rows = Float32Array.from({ length: N * C }, (_, i) => (i % C === 0 ? 1000 + 50 * noise(3, i) : noise(4, i)))
  const labels = Int32Array.from({ length: N }, (_, n) =>
    (rows[n * C]! - 1000) / 50 + rows[n * C + 1]! + 1.5 * noise(5, n) > 0 ? 1 : 0,
  )
  const reader = atOnce(atOnce(Design.of(rows, C, ridge)).fit(labels, 2, ridge))
  const weightsOf = (k: number) => reader.weights.subarray(k * (C + 1), (k + 1) * (C + 1))
  const gradient = new Float64Array(C + 1)
  for (let n = 0; n < N; n++) {
    const x = [0, 1].map((c) => (rows[n * C + c]! - reader.mean[c]!) * reader.scale[c]!).concat(1)
    const score = (k: number) => x.reduce((sum, v, c) => sum + v * weightsOf(k)[c]!, 0)
    const p = 1 / (1 + Math.exp(score(0) - score(1)))
    x.forEach((v, c) => (gradient[c]! += ((p - labels[n]!) * v) / N))
  }
  const rest = gradient.map((g, c) => g + ridge * weightsOf(1)[c]!)
  for (const g of rest) expect(Math.abs(g)).toBeLessThan(2e-3)
  // Two classes share one boundary.
  weightsOf(0).forEach((w, c) => expect(w).toBeCloseTo(-weightsOf(1)[c]!, 8))
})

test('without a column that says anything the bias learns how common each class is', () => {
  const labels = Int32Array.from({ length: 100 }, (_, n) => (n < 70 ? 1 : n < 90 ? 0 : 2))
  const reader = atOnce(atOnce(Design.of(new Float32Array(100), 1, 1e-6)).fit(labels, 3, 1e-6))
  const scores = [0, 1, 2].map((k) => Math.exp(reader.weights[k * 2 + 1]!))
  const all = scores.reduce((a, b) => a + b)
  ;[0.2, 0.7, 0.1].forEach((share, k) => expect(scores[k]! / all).toBeCloseTo(share, 1))
  expect([...readRows(reader, Float32Array.of(0, 5))]).toEqual([1, 1])
})

test('hits are counted in all and class by class', () => {
  const { share, recall } = hits([0, 0, 1, 1], [0, 1, 1, 1], 3)
  expect(share).toBe(0.75)
  expect([...recall]).toEqual([1, Math.fround(2 / 3), NaN])
})

test('shuffling keeps every label, and moves them', () => {
  const labels = Int32Array.from({ length: 50 }, (_, i) => i % 7)
  const dealt = shuffledLabels(labels, 3)
  expect([...dealt].toSorted()).toEqual([...labels].toSorted())
  expect(dealt).not.toEqual(labels)
  expect(shuffledLabels(labels, 3)).toEqual(dealt)
})
