// The bench's core: its figures fit together, its input is the same each time, it stops when it is told to and keeps nothing.
import { expect, test } from 'vitest'
import { benchConfig, firstStepOf, resultTable } from '../../src/words/bench'
import type { Engine, Tensor } from '../../src/engine'
import { benchInput, COMPARED, Benchmark, measureSize, roundsOf } from '../../src/train/benchmark'
import { openWasm } from '../../src/wasm/engine'

/** An engine that knows what is allocated and not given back. */
function counted() {
  const engine: Engine = openWasm()
  const held = new Set<Tensor>()
  const { allocate, free } = engine
  engine.allocate = async (blocks) => {
    const placed = await allocate.call(engine, blocks)
    for (const tensor of placed.values()) held.add(tensor)
    return placed
  }
  engine.free = (tensors) => {
    const list = [...tensors]
    for (const tensor of list) held.delete(tensor)
    free.call(engine, list)
  }
  return { engine, held }
}

test('figures that fit together, progress on the way, and nothing left behind', async () => {
  const { engine, held } = counted()
  const told = new Map<string, number>()
  const progress = (what: string, done: number, total: number) => {
    expect(done).toBeLessThanOrEqual(total)
    told.set(what, (told.get(what) ?? 0) + 1)
  }
  const result = await measureSize(engine, 'S', 3, { progress })
  expect(held.size).toBe(0)
  // The first steps but one, and in each of three rounds one that warms up and one that counts.
  expect(told.get('train')).toBe(COMPARED - 1 + 3 * 2)
  expect(told.get('generate')).toBe(4 + 63)
  expect(result).toMatchObject({ size: 'S', batch: [8, 64], steps: 3, params: 106_880 })
  const { step_ms, matmul, gflop, gflop_per_s, tokens_per_s, start } = result
  expect(step_ms.p10).toBeLessThanOrEqual(step_ms.median)
  expect(step_ms.median).toBeLessThanOrEqual(step_ms.p90)
  expect(tokens_per_s).toBeCloseTo((8 * 64 * 1000) / step_ms.median, 6)
  expect(gflop_per_s).toBeCloseTo((gflop * 1000) / step_ms.median, 6)
  // A model of N parameters takes at least 6 N FLOPs a token, forward and backward.
  expect(gflop * 1e9).toBeGreaterThan(6 * 106_880 * 512)
  expect(result.share / (gflop_per_s / matmul.gflop_per_s)).toBeGreaterThan(0.2)
  expect(result.share / (gflop_per_s / matmul.gflop_per_s)).toBeLessThan(5)
  for (const part of Object.values(start)) expect(part).toBeGreaterThanOrEqual(0)
  expect(firstStepOf(start)).toBeGreaterThan(start.step_ms)
  // Weights, gradients and two moments.
  expect(result.memory_bytes).toBeGreaterThan(4 * 4 * 106_880)
  expect(Math.abs(result.predicted_bytes / result.memory_bytes - 1)).toBeLessThan(0.1)
  expect(result.generation_tokens_per_s).toBeGreaterThan(0)
  expect(resultTable([result])).toMatch(/^\| dispatches a step +\| +\d+ \|$/m)
})

test('the first losses fall, and are the same each time', async () => {
  const losses = async () => {
    const benchmark = await Benchmark.open(openWasm(), 'S')
    benchmark.destroy()
    return benchmark.losses
  }
  const first = await losses()
  expect(first).toHaveLength(COMPARED)
  expect(first[0]).toBeCloseTo(Math.log(65), 1)
  expect(first.at(-1)).toBeLessThan(first[0]! - 0.2)
  expect(await losses()).toEqual(first)
})

test('weights and batches are a function of the size', () => {
  const config = benchConfig('S', true)
  expect(benchInput(config)).toEqual(benchInput(config))
  const { batches } = benchInput(config)
  expect(batches[1]!.tokens).not.toEqual(batches[0]!.tokens)
})

test('stops when it is aborted, with the reason, and leaves nothing', async () => {
  const { engine, held } = counted()
  const stop = new AbortController()
  const progress = (what: string) => what === 'train' && stop.abort(new Error('enough'))
  await expect(measureSize(engine, 'S', 1000, { signal: stop.signal, progress })).rejects.toThrow('enough')
  expect(held.size).toBe(0)
})

test('steps in rounds', () => {
  expect(roundsOf(50)).toEqual([10, 10, 10, 10, 10])
  expect(roundsOf(7)).toEqual([1, 1, 2, 1, 2])
  expect(roundsOf(2)).toEqual([1, 1])
})
