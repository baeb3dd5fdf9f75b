// What is said of a tensor's health is what its numbers are: closed form, the trainer's own gradients, and parts made dead by hand.
import { describe, expect, test } from 'vitest'
import { defaultConfig } from '../../src/config/fields'
import { openCpu } from '../../src/cpu/engine'
import { batchOf } from '../../src/data/dataset/loader'
import { healthOn, largestOf, movedPerStep, normOf, saturatedShares, spreadOf } from '../../src/inspect/health'
import { Probe } from '../../src/inspect/probe'
import { initWeights } from '../../src/model/init'
import { hash } from '../../src/rng'
import { Trainer } from '../../src/train/trainer'
import { updateRatios } from '../../src/train/update_ratios'
import { Weights } from '../../src/train/weights'
import { BINS } from '../../src/words/health'

const [T, V] = [16, 19]
const config = {
  ...defaultConfig(V),
  ...{ n_layer: 2, n_head: 2, n_kv_head: 1, n_embd: 16, n_inner: 24, block_size: T, batch_size: 1, dropout: 0 },
  ...{ mlp: 'relu2' as const, learning_rate: 1e-2, warmup_iters: 0, grad_clip: 0 },
}
const window = (seed: number) => Array.from({ length: T }, (_, i) => hash(seed, 5, i) % V)

describe('numbers', () => {
  test('mean, deviation and quantiles', () => {
    const { count, mean, std, edges } = spreadOf(Float32Array.from({ length: 101 }, (_, i) => 100 - i))
    expect([count, mean]).toEqual([101, 50])
    expect(std).toBeCloseTo(Math.sqrt((101 ** 2 - 1) / 12), 9)
    expect([...edges]).toEqual(Array.from({ length: BINS + 1 }, (_, i) => 5 * i))
  })
  test('quantiles of a large tensor are those of evenly taken numbers', () => {
    const { edges } = spreadOf(Float32Array.from({ length: 200_000 }, (_, i) => (i * 7919) % 200_000))
    edges.forEach((edge, i) => expect(edge / 200_000).toBeCloseTo(i / BINS, 2))
  })
  test('movement for each step', () => {
    expect(movedPerStep(Float32Array.of(0, 0), Float32Array.of(3, 4), 4)).toBe(0.25)
    expect(normOf([3, 4])).toBe(5)
  })
  test('the largest of each neuron, and rows with one weight', () => {
    expect([...largestOf(Float32Array.of(0, -3, 0, 2), 2)]).toEqual([0, 3])
    const size = 10
    const att = new Float32Array(2 * size * size)
    for (let row = 0; row < size; row++) {
      att[row * size] = 1
      for (let col = 0; col <= row; col++) att[(size + row) * size + col] = 1 / (row + 1)
    }
    // Of the two rows that count, head 1 loses one.
    att[(size + 9) * size + 3] = 0.995
    expect([...saturatedShares(att, 2, size)]).toEqual([1, 0.5])
  })
})

test('gradients are the trainer’s, mean over the windows', async () => {
  const engine = openCpu('f64')
  const values = initWeights(config, 3)
  const windows = [window(1), window(2)]
  const probe = new Probe(await Weights.open(engine, config, values))
  const seen = await healthOn((use) => use(probe), windows)
  const trainer = await Trainer.open(engine, { ...config, batch_size: 2, learning_rate: 0, min_lr: 0 }, values)
  const next = (ids: number[]) => [...ids.slice(1), -1]
  await trainer.train(0, () => batchOf(windows.flat(), windows.flatMap(next), V))
  const { loss } = (await trainer.updates())[0]!
  const gradients = await trainer.gradients()
  expect(seen.loss).toBeCloseTo(loss, 5)
  expect(seen.gradients.size).toBe(gradients.size)
  for (const [name, gradient] of gradients) {
    const want = normOf(gradient)
    expect(Math.abs(seen.gradients.get(name)! - want), name).toBeLessThanOrEqual(1e-5 * want)
  }
  expect(seen.activations.map(({ address }) => address)).toContain('h.1.mlp.fch_relu2')
  expect(seen.activations.every(({ count }) => count % (2 * T) === 0)).toBe(true)
})

test('dead neurons are counted, and only those', async () => {
  const values = initWeights(config, 3)
  const into = values.get('transformer.h.1.mlp.c_fc.weight')!.map((x) => 50 * x)
  // [C, F]: neurons 0 to 5 hear nothing.
  for (let i = 0; i < into.length; i++) if (i % config.n_inner < 6) into[i] = 0
  values.set('transformer.h.1.mlp.c_fc.weight', into)
  values.set(
    'transformer.h.0.mlp.c_fc.weight',
    values.get('transformer.h.0.mlp.c_fc.weight')!.map((x) => 50 * x),
  )
  const probe = new Probe(await Weights.open(openCpu(), config, values))
  const { dead } = await healthOn((use) => use(probe), [window(1), window(2)])
  expect([...dead]).toEqual([0, 0.25])
})

test('updates by parameter add up to what the engine computes for all of them', async () => {
  const trainer = await Trainer.open(openCpu(), config, initWeights(config, 3))
  for (let step = 0; step < 3; step++) await trainer.train(step, () => batchOf(window(step), window(step + 1), V))
  await trainer.updates()
  const state = await trainer.state()
  const ratios = updateRatios(state, config, 2)
  const decayed = trainer.params.filter(({ decay }) => decay).map(({ name }) => name)
  const norms = decayed.map((name) => normOf(state.get(name)!.data))
  const moved = normOf(decayed.map((name, i) => ratios.get(name)! * norms[i]!))
  expect(ratios.size).toBe(trainer.params.length)
  expect(moved / normOf(norms)).toBeCloseTo(await trainer.updateRatio(2), 6)
})
