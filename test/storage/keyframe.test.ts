// Keyframes: rounding that is stated and bounded, files that are refused, and a budget that holds on the disk.
import 'fake-indexeddb/auto'
import { beforeEach, describe, expect, test } from 'vitest'
import { fromFloat16, toFloat16 } from '../../src/float16'
import { decodeKeyframe, encodeKeyframe } from '../../src/storage/keyframe'
import { newRecord } from '../../src/storage/run_record'
import { RunStore } from '../../src/storage/runs'
import { KeyframePlan, withinBudget } from '../../src/words/keyframes'
import { TEXT, tinyCheckpoint, tinyConfig, tinyProgress, tinySpec } from './tiny'

describe('binary16', () => {
  test('every one of its numbers comes back as itself', () => {
    for (let bits = 0; bits < 0x10000; bits++) {
      const x = fromFloat16(bits)
      if (!Number.isNaN(x)) expect(toFloat16(x)).toBe(bits)
    }
    expect(fromFloat16(toFloat16(NaN))).toBeNaN()
  })
  test('what lies between goes to the nearest, a tie to the even one', () => {
    expect(toFloat16(1 + 2 ** -11)).toBe(0x3c00)
    expect(toFloat16(1 + 3 * 2 ** -11)).toBe(0x3c02)
    expect(toFloat16(1 + 2 ** -11 + 2 ** -20)).toBe(0x3c01)
    expect(toFloat16(2 ** -25)).toBe(0)
    expect(toFloat16(3 * 2 ** -25)).toBe(2)
    expect(toFloat16(-(2 ** -24))).toBe(0x8001)
    expect(toFloat16(65_519)).toBe(0x7bff)
    expect(toFloat16(65_520)).toBe(0x7c00)
  })
})

describe('a keyframe', () => {
  const { tensors } = tinyCheckpoint(7)

  test('holds the weights within half a step of 16 bits, and no moments', () => {
    const bytes = encodeKeyframe(7, tinyConfig, tensors)
    const { weights } = decodeKeyframe(bytes, 7, tinyConfig)
    expect([...weights.keys()].some((name) => /^[mv]\./.test(name))).toBe(false)
    for (const [name, data] of weights)
      tensors.get(name)!.data.forEach((x, i) => {
        expect(Math.abs(data[i]! - x)).toBeLessThanOrEqual(Math.max(Math.abs(x) * 2 ** -11, 2 ** -25))
      })
  })
  test('keeps the gates that the model had, and none where all were 1', () => {
    const gates = { 'h.0.attn.heads': [1, 0] }
    expect(decodeKeyframe(encodeKeyframe(7, tinyConfig, tensors, gates), 7, tinyConfig).gates).toEqual(gates)
    expect(decodeKeyframe(encodeKeyframe(7, tinyConfig, tensors), 7, tinyConfig).gates).toBe(undefined)
  })

  test('keeps 32 bits where a number is too large for 16', () => {
    const large = new Map(tensors)
    const name = 'transformer.wte.weight'
    const { shape, data } = tensors.get(name)!
    large.set(name, { shape, data: Float32Array.from(data, (x, i) => (i === 3 ? 70_000.25 : x)) })
    const { weights } = decodeKeyframe(encodeKeyframe(7, tinyConfig, large), 7, tinyConfig)
    expect(weights.get(name)![3]).toBe(70_000.25)
    expect(weights.get(name)![0]).toBe(data[0])
  })
  test('is refused damaged, of another step, of another model, and with what is no number', () => {
    const bytes = encodeKeyframe(7, tinyConfig, tensors)
    const flipped = bytes.slice()
    flipped[flipped.length - 5]! ^= 4
    expect(() => decodeKeyframe(flipped, 7, tinyConfig)).toThrow('checksum')
    expect(() => decodeKeyframe(bytes, 8, tinyConfig)).toThrow('says that it is step 7')
    expect(() => decodeKeyframe(bytes, 7, { ...tinyConfig, n_inner: 24 })).toThrow('another model')
    const broken = new Map(tensors)
    broken.set('transformer.wte.weight', { shape: [9, 8], data: new Float32Array(72).fill(NaN) })
    expect(() => encodeKeyframe(7, tinyConfig, broken)).toThrow('NaN')
  })
})

describe('a budget', () => {
  const frames = (...steps: number[]) => steps.map((step) => ({ step, size_bytes: 10 }))
  const steps = (kept: { step: number }[]) => kept.map(({ step }) => step)

  test('thins evenly, and keeps the first and the newest', () => {
    const all = frames(...Array.from({ length: 101 }, (_, i) => i * i))
    expect(steps(withinBudget(all, 110)).at(0)).toBe(0)
    expect(steps(withinBudget(all, 110)).at(-1)).toBe(10_000)
    const roots = steps(withinBudget(all, 110)).map(Math.sqrt)
    const gaps = roots.slice(1).map((root, i) => root - roots[i]!)
    expect(gaps).toHaveLength(10)
    expect(Math.max(...gaps) / Math.min(...gaps)).toBeLessThanOrEqual(2)
  })
  test('leaves what fits as it is, and nothing where nothing fits', () => {
    expect(steps(withinBudget(frames(0, 1, 2), 30))).toEqual([0, 1, 2])
    expect(steps(withinBudget(frames(0, 1, 2), 19))).toEqual([2])
    expect(withinBudget(frames(0, 1), 9)).toEqual([])
  })
})

test('what is due: powers of two, evaluations, what follows an event; later ones only while it costs little', () => {
  let clock = 0
  const plan = new KeyframePlan(() => clock)
  const due = (step: number, why: 'evaluated' | 'last' | null = null) => plan.isDue(step, why)
  expect([0, 1, 2, 3, 4, 5].map((step) => due(step))).toEqual([true, true, true, false, true, false])
  plan.took(4)
  plan.cost(10)
  expect(due(4)).toBe(false)
  // Ten milliseconds are a fiftieth of half a second.
  expect(due(7, 'evaluated')).toBe(false)
  expect(due(8)).toBe(true)
  expect(due(9, 'last')).toBe(true)
  clock = 500
  expect(due(7, 'evaluated')).toBe(true)
  plan.mark()
  expect(due(9)).toBe(true)
  plan.took(9)
  plan.cost(0)
  expect(due(10)).toBe(false)
})

describe('in the store', () => {
  let store: RunStore
  beforeEach(() => {
    store = new RunStore(`keyframes-${Math.random()}`)
  })
  const frame = (step: number) => encodeKeyframe(step, tinyConfig, tinyCheckpoint(step).tensors)
  const steps = async (id: string) => (await store.keyframes(id)).map(({ step }) => step)

  async function kept(...at: number[]) {
    const run = await store.save(newRecord(tinySpec, 1), TEXT, tinyProgress(40))
    for (const step of at) await store.keepKeyframe(run.id, step, frame(step), 1e6)
    return run
  }

  test('steps are listed and read; later ones go when the run goes on from before them', async () => {
    const { id } = await kept(0, 1, 2, 4, 30)
    expect(await steps(id)).toEqual([0, 1, 2, 4, 30])
    expect((await store.readKeyframe(id, 4, tinyConfig)).weights.size).toBeGreaterThan(0)
    await store.keepKeyframe(id, 3, frame(3), 1e6)
    expect(await steps(id)).toEqual([0, 1, 2, 3])
    await expect(store.readKeyframe(id, 4, tinyConfig)).rejects.toThrow('Step 4 is not kept any more')
  })
  test('a smaller budget thins them', async () => {
    const { id } = await kept(0, 1, 2, 4, 30)
    const { size_bytes } = (await store.keyframes(id))[0]!
    await store.thinKeyframes(id, 3 * size_bytes + 8)
    expect(await steps(id)).toEqual([0, 4, 30])
  })
  test('a copy has them, its own ones; deleting takes them and Undo brings them back', async () => {
    const { id } = await kept(0, 1, 30)
    const copy = await store.duplicate(id, 'copy')
    await store.delete(id)
    expect(await steps(id)).toEqual([])
    expect(await steps(copy.id)).toEqual([0, 1, 30])
    await store.restore(id)
    expect(await steps(id)).toEqual([0, 1, 30])
    await store.free()
    expect(await steps(id)).toEqual([0, 1, 30])
    const [largest] = (await store.space()).filter(({ what }) => what === 'run')
    const sum = (await store.keyframes(id)).reduce((total, { size_bytes }) => total + size_bytes, 0)
    expect(largest!.size_bytes).toBeGreaterThan(sum)
  })
})
