import { expect, test } from 'vitest'
import { defaultConfig } from '../../src/config/fields'
import type { TrainConfig } from '../../src/config/config'
import { HYPER } from '../../src/engine'
import { fillHyper, learningRate } from '../../src/train/schedule'

const base: TrainConfig = { ...defaultConfig(65), learning_rate: 3e-3, min_lr: 3e-4, warmup_iters: 5, max_iters: 60 }

test('warm-up climbs by equal steps and meets the full rate one step after its end', () => {
  expect(learningRate(base, 0)).toBeCloseTo(3e-3 / 6, 12)
  expect(learningRate(base, 4)).toBeCloseTo((3e-3 * 5) / 6, 12)
  expect(learningRate(base, 5)).toBeCloseTo(3e-3, 12)
})

test('cosine: half-way is the mean of both rates, the end is the lowest, and it stays there', () => {
  const c: TrainConfig = { ...base, schedule: 'cosine', warmup_iters: 0 }
  expect(learningRate(c, 30)).toBeCloseTo((3e-3 + 3e-4) / 2, 12)
  expect(learningRate(c, 60)).toBeCloseTo(3e-4, 12)
  expect(learningRate(c, 600)).toBeCloseTo(3e-4, 12)
})

test('linear falls evenly, constant does not fall', () => {
  const c: TrainConfig = { ...base, warmup_iters: 0, schedule: 'linear' }
  expect(learningRate(c, 15)).toBeCloseTo(3e-4 + 0.75 * 2.7e-3, 12)
  expect(learningRate({ ...c, schedule: 'constant' }, 59)).toBe(3e-3)
})

test('WSD stays level, then falls over the last share of the run', () => {
  const c: TrainConfig = { ...base, warmup_iters: 0, schedule: 'wsd', decay_fraction: 0.5 }
  expect(learningRate(c, 29)).toBe(3e-3)
  expect(learningRate(c, 45)).toBeCloseTo(3e-4 + 0.5 * 2.7e-3, 12)
  expect(learningRate(c, 60)).toBeCloseTo(3e-4, 12)
  expect(learningRate({ ...c, decay_fraction: 0 }, 60)).toBe(3e-3)
})

test('what AdamW gets: corrections of step 1, and complements taken before rounding', () => {
  const hyper = new Float32Array(HYPER.size)
  fillHyper(hyper, { ...base, beta1: 0.9, beta2: 0.999 }, 0)
  expect(hyper[HYPER.bias1]).toBe(Math.fround(1 - 0.9))
  expect(hyper[HYPER.rest2]).toBe(Math.fround(1 - 0.999))
  expect(hyper[HYPER.rest2]).not.toBe(Math.fround(1 - Math.fround(0.999)))
})
