// What is asked of a model's kernels and health, through the worker: of the open run, of its kept steps, of the run that comes with the page;
// and the run is not changed by it.
import { readFile } from 'node:fs/promises'
import { beforeAll, describe, expect, test } from 'vitest'
import { normOf } from '../../src/inspect/health'
import { bitsOf, disk, fromPage, tab, type Tab, withTrainedRun } from './lab_env'

describe('the open run', () => {
  let page: Tab
  let id: string
  beforeAll(async () => {
    const opened = await withTrainedRun(disk(), { max_iters: 20 }, 'auto')
    page = opened
    id = opened.id
    await page.lab.look.fill('A', { of: 'live' })
  })

  test('its step is measured kernel by kernel, and its weights and moments stay', async () => {
    const before = await bitsOf(page.lab, id)
    const told = await page.lab.look.ask('xray', { slot: 'A', variants: {} })
    expect(await bitsOf(page.lab, id)).toEqual(before)
    expect(told.pieces.every(({ ms }) => ms > 0)).toBe(true)
    expect(told.peaks.gflop_per_s).toBeGreaterThan(0)
    expect(told.peaks.gb_per_s).toBeGreaterThan(0)
    expect(new Set(told.pieces.map(({ pass }) => pass))).toEqual(new Set(['forward', 'backward', 'update']))
  })

  test('its health has AdamW’s last update, and gradients on held-out text', async () => {
    const told = await page.lab.look.ask('health', { slot: 'A' })
    expect(told).toMatchObject({ step: 20, updateFrom: { from: 'moments' }, windows: 4, window_tokens: 8 })
    const { tensors } = await bitsOf(page.lab, id)
    for (const { name, norm, update, gradient } of told.tensors) {
      expect(norm, name).toBeCloseTo(normOf(tensors.get(name)!.data), 4)
      expect(update, name).toBeGreaterThan(0)
      expect(gradient, name).toBeGreaterThan(0)
    }
    expect(told.dead).toHaveLength(1)
    expect(told.saturated).toHaveLength(2)
  })

  test('its course goes through every kept step, and ends where it is', async () => {
    const course = await page.lab.look.ask('course', { slot: 'A' })
    expect(course.steps).toEqual([0, 1, 2, 4, 8, 16, 20])
    const now = await page.lab.look.ask('health', { slot: 'A' })
    const count = course.tensors.length
    now.tensors.forEach(({ name, std }, n) => {
      // Kept steps are in 16 bits: each number is off by at most 2⁻¹¹ of itself.
      expect(Math.abs(course.spread[6 * count + n]! - std), name).toBeLessThan(2 ** -11)
      expect(course.update[n]).toBeNaN()
    })
    expect(course.gradient.every((x) => x > 0)).toBe(true)
    // Each step is looked into with its own weights.
    const embedding = course.steps.map((_, s) => course.gradient[s * count])
    expect(new Set(embedding).size).toBe(course.steps.length)
    expect(course.activation).toHaveLength(7 * course.activations.length)
    expect([course.dead.length, course.saturated.length]).toEqual([7, 14])
  })

  test('a kept step is told by how far the weights moved since the one before', async () => {
    await page.lab.look.fill('B', { of: 'run', run: id, step: 2 })
    const told = await page.lab.look.ask('health', { slot: 'B' })
    expect(told).toMatchObject({ step: 2, updateFrom: { from: 'step', step: 1 } })
    const course = await page.lab.look.ask('course', { slot: 'A' })
    told.tensors.forEach(({ update }, n) =>
      expect(update).toBeCloseTo(course.update[2 * course.tensors.length + n]!, 6),
    )
    await page.lab.look.fill('B', { of: 'run', run: id, step: 0 })
    expect((await page.lab.look.ask('health', { slot: 'B' })).updateFrom).toBeNull()
  })
})

test('the run that comes with the page', async () => {
  const { lab } = await tab(disk(), 'auto', undefined, fromPage)
  const { steps } = JSON.parse(await readFile('public/recorded/run.json', 'utf8')) as { steps: number[] }
  await lab.look.fill('A', { of: 'shipped', step: steps.at(-1)! })
  const told = await lab.look.ask('health', { slot: 'A' })
  expect(told.updateFrom).toEqual({ from: 'step', step: steps.at(-2) })
  expect(told.loss).toBeLessThan(2.5)
  const { pieces, step_ms } = await lab.look.ask('xray', { slot: 'A', variants: {} })
  expect(pieces.length).toBeGreaterThan(50)
  expect(step_ms).toBeGreaterThan(0)
})
