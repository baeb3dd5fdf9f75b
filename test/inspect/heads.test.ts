// Labels of heads hold on attention made by hand of each kind, and on nothing else.
import { describe, expect, test } from 'vitest'
import { openCpu } from '../../src/cpu/engine'
import { headScores, labelHeads, repeatedWindow } from '../../src/inspect/heads'
import { Probe } from '../../src/inspect/probe'
import { initWeights } from '../../src/model/init'
import { hash } from '../../src/rng'
import { Weights } from '../../src/train/weights'
import { tinyRun } from '../train/tiny'

const V = 65
const tokens = repeatedWindow(V, 32, 1)
const n = tokens.length / 2

/** Attention [T, T] whose row i looks at `to`(i), or at 0 where that is nowhere, with a share `of` of its weight; the rest is flat. */
function looking(to: (i: number) => number, of = 1): Float32Array {
  const T = tokens.length
  const att = new Float32Array(T * T)
  for (let i = 0; i < T; i++) {
    for (let j = 0; j <= i; j++) att[i * T + j] = (1 - of) / (i + 1)
    att[i * T + Math.max(0, to(i))]! += of
  }
  return att
}
/** Softmax of random scores of a given spread. */
function random(seed: number, spread: number): Float32Array {
  const T = tokens.length
  const att = new Float32Array(T * T)
  for (let i = 0; i < T; i++) {
    const unit = (k: number) => (hash(seed, k, i) + 1) / 2 ** 32
    const row = Array.from({ length: i + 1 }, (_, j) =>
      Math.exp(spread * Math.sqrt(-2 * Math.log(unit(2 * j))) * Math.cos(2 * Math.PI * unit(2 * j + 1))),
    )
    const sum = row.reduce((a, b) => a + b)
    row.forEach((x, j) => (att[i * T + j] = x / sum))
  }
  return att
}

test('a window is said twice, and no token of a half stands there twice while there are others', () => {
  expect(tokens.slice(0, n)).toEqual(tokens.slice(n))
  expect(new Set(tokens).size).toBe(n)
  expect(repeatedWindow(3, 8, 5).slice(0, 3).toSorted()).toEqual([0, 1, 2])
})

describe('attention made by hand', () => {
  test.each([
    ['previous', (i: number) => i - 1, 1],
    ['first', () => 0, n * 1.5],
    ['same', (i: number) => i - n, n],
    ['same', (i: number) => i, 0],
    ['induction', (i: number) => i - n + 1, n - 1],
  ] as const)('%s', (kind, to, distance) => {
    const pure = headScores(looking(to), tokens)
    expect(pure.label).toBe(kind)
    expect(pure[kind]).toBeCloseTo(1, 5)
    expect(pure.distance).toBeCloseTo(distance, 5)
    expect(pure.spread).toBeCloseTo(0, 5)
    const others = (['previous', 'first', 'same', 'induction'] as const).filter((other) => other !== kind)
    for (const other of others) expect(pure[other], other).toBeLessThan(0.1)
    expect(headScores(looking(to, 0.6), tokens).label).toBe(kind)
    expect(headScores(looking(to, 0.3), tokens).label).toBe(null)
  })
  test('flat attention is spread out and of no other kind', () => {
    const flat = headScores(
      looking(() => 0, 0),
      tokens,
    )
    expect(flat.label).toBe('spread')
    expect(flat.spread).toBeCloseTo(1, 5)
    for (const kind of ['previous', 'first', 'same', 'induction'] as const) expect(flat[kind], kind).toBeCloseTo(0, 5)
  })
  test('random attention has no label, soft or sharp', () => {
    for (const spread of [1, 2, 8])
      for (let seed = 0; seed < 25; seed++)
        expect(headScores(random(seed, spread), tokens).label, `${seed} of ${spread}`).toBe(null)
  })
})

test('a model that has not been trained has heads that spread out, each with its scores', async () => {
  const { spec } = await tinyRun()
  const engine = openCpu()
  const weights = await Weights.open(engine, spec.config, initWeights(spec.config, 1))
  const probe = new Probe(weights)
  const heads = await labelHeads(probe)
  expect(heads.map(({ label }) => label)).toEqual(Array(spec.config.n_layer * spec.config.n_head).fill('spread'))
  expect(await labelHeads(probe)).toEqual(heads)
})
