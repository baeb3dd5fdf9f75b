// Principal components of tables made by hand, turned to a frame before, and neighbours; what a neuron says, by closed form.
import { expect, test } from 'vitest'
import { openCpu } from '../../src/cpu/engine'
import { components, neighbours } from '../../src/inspect/components'
import { activations, speaks, strongest } from '../../src/inspect/neurons'
import { Probe } from '../../src/inspect/probe'
import { initWeights } from '../../src/model/init'
import { hash } from '../../src/rng'
import { Weights } from '../../src/train/weights'
import { tinyRun } from '../train/tiny'

const noise = (seed: number, i: number) => hash(seed, 0, i) / 2 ** 31 - 1

test('two directions of different spread are found, whatever they lie along', () => {
  const [rows, C] = [400, 6]
  const [along, across] = [
    [0.6, 0, 0.8, 0, 0, 0],
    [0, 1, 0, 0, 0, 0],
  ]
  const table = Float32Array.from({ length: rows * C }, (_, n) => {
    const [r, c] = [Math.floor(n / C), n % C]
    return 7 + 5 * noise(1, r) * along[c]! + 2 * noise(2, r) * across[c]! + 0.01 * noise(3, n)
  })
  const { points, shares } = components(table, C)
  expect(shares[0]).toBeCloseTo(25 / 29, 1)
  expect(shares[0] + shares[1]).toBeGreaterThan(0.99)
  const side = Math.sign(points[0]! * noise(1, 0))
  for (let r = 0; r < rows; r++) expect(Math.abs(points[2 * r]! * side - 5 * noise(1, r))).toBeLessThan(0.6)
})

test('a frame is turned to the one before it, mirrored or not', () => {
  const [rows, C] = [60, 4]
  const table = Float32Array.from({ length: rows * C }, (_, n) => [3, 2, 0.1, 0.1][n % C]! * noise(4, n))
  const { points } = components(table, C)
  for (const mirror of [1, -1]) {
    const [cos, sin] = [Math.cos(2), Math.sin(2)]
    const before = points.map((_, i) => {
      const [x, y] = [points[i - (i % 2)]!, mirror * points[i - (i % 2) + 1]!]
      return i % 2 === 0 ? cos * x - sin * y : sin * x + cos * y
    })
    const again = components(table, C, before).points
    again.forEach((x, i) => expect(x).toBeCloseTo(before[i]!, 4))
  }
})

test('neighbours are nearest by angle, not by length', () => {
  const table = Float32Array.of(1, 0, 9, 1, 0.1, 0.1, -1, 0, 0, 0)
  expect(neighbours(table, 2, 0, 3).map(({ row }) => row)).toEqual([1, 2, 4])
  expect(neighbours(table, 2, 0, 1)[0]!.cosine).toBeCloseTo(9 / Math.sqrt(82), 6)
})

test('a neuron speaks for the token that its row points at, and is strongest where it is', async () => {
  const { spec } = await tinyRun()
  const c = { ...spec.config, tie: false }
  const values = initWeights(c, 1)
  const head = values.get('lm_head.weight')!
  const C = c.n_embd
  const name = 'transformer.h.1.mlp.c_proj.weight'
  const row = values.get(name)!.map((x, i) => (Math.floor(i / C) === 5 ? 100 * head[4 * C + (i % C)]! : x))
  const probe = new Probe(await Weights.open(openCpu(), c, new Map([...values, [name, row]])))
  const { raises, lowers } = await speaks(probe, { layer: 1, neuron: 5, k: 3 })
  expect(raises[0]!.id).toBe(4)
  expect(raises[0]!.by).toBeGreaterThan(raises[1]!.by)
  expect(lowers[0]!.by).toBeLessThan(0)
  const texts = [
    [1, 2, 3],
    [4, 5, 6, 7],
    [8, 9],
  ]
  const places = await strongest(probe, texts, { layer: 0, neuron: 3, k: 2 })
  expect(places.length).toBe(2)
  const all = await Promise.all(texts.map((tokens) => activations(probe, { tokens }, 0)))
  const most = all.map((own) => Math.max(...own.filter((_, i) => i % c.n_inner === 3)))
  expect(places[0]!.activation).toBe(Math.max(...most))
  expect(places[0]!.text).toBe(most.indexOf(Math.max(...most)))
})
