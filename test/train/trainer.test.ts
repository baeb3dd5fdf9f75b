// The recorded step on the GPU: overfits, repeats itself bit for bit, lives within the smallest limits, splits its arenas.
import { expect, test, vi } from 'vitest'
import { openCpu } from '../../src/cpu/engine'
import type { Config } from '../../src/config/config'
import type { Batch } from '../../src/data/dataset/loader'
import { RING, type Engine } from '../../src/engine'
import { openDevice } from '../../src/gpu/device'
import { gradientLabel } from '../../src/model/tape'
import { initWeights } from '../../src/model/init'
import { GpuEngine, openGpu } from '../../src/ops/engine'
import { hash } from '../../src/rng'
import { Trainer } from '../../src/train/trainer'
import { gpu } from '../gpu_env'
import { distance } from '../distance'
import { loaderOf, tinyRun } from './tiny'

const openTrainer = (engine: Engine, config: Config) => Trainer.open(engine, config, initWeights(config, config.seed))

async function trainOn(engine: Engine, change: Partial<Config>, steps: number) {
  const { spec, dataset } = await tinyRun(change)
  const trainer = await openTrainer(engine, spec.config)
  const loader = loaderOf(dataset, spec.config)
  const micros = spec.config.gradient_accumulation_steps
  for (let step = 0; step < steps; step++) await trainer.train(step, (micro) => loader.batch(step * micros + micro))
  const updates = await trainer.updates()
  const state = await trainer.state()
  return {
    trainer,
    losses: updates.map((u) => u.loss),
    state: [...state].map(([name, { data }]) => [name, [...data]] as const),
  }
}

/** What a loader would hand over, from token and target ids. */
function batchOf(ids: readonly number[], targets: readonly number[], V: number): Batch {
  const tokens = Uint32Array.from(ids)
  const order = Uint32Array.from([...tokens.keys()].sort((a, b) => tokens[a]! - tokens[b]! || a - b))
  const starts = new Uint32Array(V + 1)
  for (const token of tokens) starts[token + 1]!++
  for (let v = 0; v < V; v++) starts[v + 1]! += starts[v]!
  return { tokens, targets: Int32Array.from(targets), order, starts, counted: tokens.length }
}

test('overfits one batch to almost nothing', async () => {
  const { spec, dataset } = await tinyRun({ learning_rate: 1e-2, min_lr: 1e-2, weight_decay: 0 })
  const engine = await openGpu({ gpu: await gpu() })
  const trainer = await openTrainer(engine, spec.config)
  const loader = loaderOf(dataset, spec.config)
  for (let step = 0; step < 150; step++) await trainer.train(step, () => loader.batch(0))
  const losses = (await trainer.updates()).map((u) => u.loss)
  expect(losses[0]).toBeGreaterThan(3)
  expect(losses.at(-1)).toBeLessThan(0.1)
  engine.destroy()
})

test('the same seed gives the same bits, twice; another seed does not', async () => {
  const engine = await openGpu({ gpu: await gpu() })
  const change = { dropout: 0.1, gradient_accumulation_steps: 2 }
  const first = await trainOn(engine, change, 8)
  const second = await trainOn(engine, change, 8)
  const other = await trainOn(engine, { ...change, seed: 7 }, 8)
  expect(second.losses).toEqual(first.losses)
  expect(second.state).toEqual(first.state)
  expect(other.losses).not.toEqual(first.losses)
  engine.destroy()
})

test('a device that gives nothing beyond the guaranteed limits trains to the same numbers', async () => {
  const best = await openGpu({ gpu: await gpu() })
  const least = await openGpu({ gpu: await gpu(), baseline: true })
  expect(least.info.limits['maxStorageBuffersPerShaderStage']).toBe(8)
  expect(least.info.features).not.toContain('shader-f16')
  const change = { norm: 'layernorm', mlp: 'gelu', position: 'learned', bias: true, dropout: 0.1 } as const
  expect((await trainOn(least, change, 4)).losses).toEqual((await trainOn(best, change, 4)).losses)
  best.destroy()
  least.destroy()
})

test('arenas split where a device takes only small pieces, and nothing else changes', async () => {
  const whole = await openGpu({ gpu: await gpu() })
  const split = Object.assign(await openGpu({ gpu: await gpu() }), { maxBlock: 4096 })
  const a = await trainOn(whole, { tie: false }, 6)
  const b = await trainOn(split, { tie: false }, 6)
  const adamw = (t: Trainer) => t.program.filter(({ label }) => label.endsWith('.adamw')).length
  expect(adamw(a.trainer)).toBe(1)
  expect(adamw(b.trainer)).toBeGreaterThan(3)
  // The norm's partial sums are cut differently, so the last bits may differ.
  a.losses.forEach((loss, i) => expect(b.losses[i]).toBeCloseTo(loss, 5))
  whole.destroy()
  split.destroy()
})

test('what is computed again changes no bit, also from the middle of a run on', async () => {
  const engine = await openGpu({ gpu: await gpu() })
  const change = { dropout: 0.1, gradient_accumulation_steps: 2 }
  const kept = await trainOn(engine, change, 4)
  for (const recompute of ['mlp', 'layer'] as const) {
    const again = await trainOn(engine, { ...change, recompute }, 4)
    expect(again.losses).toEqual(kept.losses)
    expect(again.state).toEqual(kept.state)
    expect(again.trainer.memory_bytes).toBeLessThan(kept.trainer.memory_bytes)
    again.trainer.destroy()
  }
  const { spec, dataset } = await tinyRun(change)
  const loader = loaderOf(dataset, spec.config)
  const trainer = await openTrainer(engine, spec.config)
  const train = (step: number) => trainer.train(step, (micro) => loader.batch(2 * step + micro))
  for (const step of [0, 1]) await train(step)
  await trainer.change({ ...spec.config, recompute: 'layer' })
  for (const step of [2, 3]) await train(step)
  expect((await trainer.updates()).map((u) => u.loss)).toEqual(kept.losses)
  engine.destroy()
})

test('a vocabulary so large that the head takes its rows by chunks: as in small batches, whose rows it takes at once', async () => {
  const engine = await openGpu({ gpu: await gpu() })
  const V = 70_000
  const { spec } = await tinyRun({ n_layer: 1, n_embd: 8, n_head: 2, n_inner: 8, block_size: 32, vocab_size: V })
  const ids = Array.from({ length: 257 }, (_, i) => hash(3, 5, i) % V)
  const after = async (batch_size: number) => {
    const config = { ...spec.config, batch_size, gradient_accumulation_steps: 8 / batch_size, dropout: 0 }
    const trainer = await openTrainer(engine, config)
    const N = batch_size * config.block_size
    const batch = (i: number) => batchOf(ids.slice(i * N, (i + 1) * N), ids.slice(i * N + 1, (i + 1) * N + 1), V)
    const evaluated = await trainer.evaluate(8 / batch_size, batch)
    await trainer.train(0, batch)
    const [update] = await trainer.updates()
    const gradients = await trainer.gradients()
    const chunked = trainer.program.some(({ label }) => label.startsWith('rows.'))
    trainer.destroy()
    return { loss: update!.loss, gradients, evaluated, chunked }
  }
  const [whole, parts] = [await after(8), await after(4)]
  expect(whole.chunked).toBe(true)
  expect(parts.chunked).toBe(false)
  expect(whole.loss).toBeCloseTo(parts.loss, 5)
  expect(whole.evaluated).toBeCloseTo(parts.evaluated, 5)
  for (const [name, gradient] of whole.gradients)
    expect(
      distance(name, Float64Array.from(gradient), Float64Array.from(parts.gradients.get(name)!)).norm,
      name,
    ).toBeLessThan(1e-5)
  engine.destroy()
})

test('micro-batches add up to the gradient of the batch they make', async () => {
  const engine = await openGpu({ gpu: await gpu() })
  const { spec, dataset } = await tinyRun()
  const grads = async (change: Partial<Config>, rows: number[][]) => {
    const config = { ...spec.config, ...change }
    const trainer = await openTrainer(engine, config)
    const loaders = rows.map(() => loaderOf(dataset, { ...config, batch_size: 4 }))
    await trainer.train(0, (micro) => {
      // Rows of one batch of 4, two at a time or all at once.
      const whole = loaders[micro]!.batch(0)
      const T = config.block_size
      const pick = (x: Uint32Array | Int32Array) => rows[micro]!.flatMap((r) => [...x.subarray(r * T, (r + 1) * T)])
      return batchOf(pick(whole.tokens), pick(whole.targets), config.vocab_size)
    })
    const names = trainer.params.map(({ name }) => gradientLabel(name))
    return trainer.read(names)
  }
  const whole = await grads({ batch_size: 4 }, [[0, 1, 2, 3]])
  const parts = await grads({ batch_size: 2, gradient_accumulation_steps: 2 }, [[0, 1], [2, 3]]) // prettier-ignore
  whole.forEach((g, i) => {
    const size = Math.sqrt(g.reduce((sum, x) => sum + x * x, 0))
    const off = Math.sqrt(g.reduce((sum, x, j) => sum + (x - parts[i]![j]!) ** 2, 0))
    expect(off / size).toBeLessThan(1e-5)
  })
  engine.destroy()
})

test.each(['gpu', 'cpu'] as const)(
  'a step whose gradient is no number leaves the weights of the step before (%s)',
  async (kind) => {
    const engine: Engine = kind === 'cpu' ? openCpu() : await openGpu({ gpu: await gpu() })
    const { spec, dataset } = await tinyRun()
    const trainer = await openTrainer(engine, spec.config)
    const loader = loaderOf(dataset, spec.config)
    await trainer.train(0, () => loader.batch(0))
    const name = 'transformer.h.1.mlp.c_proj.weight'
    const norm = 'transformer.ln_f.weight'
    trainer.write(norm, new Float32Array(spec.config.n_embd).fill(NaN))
    const [before] = await trainer.read([name])
    await trainer.train(1, () => loader.batch(1))
    const [after] = await trainer.read([name])
    expect((await trainer.updates()).at(-1)!.loss).toBeNaN()
    expect(after).toEqual(before)
    engine.destroy()
  },
)

test.each(['gpu', 'cpu'] as const)(
  'the ratio of update to weights is what the step really did, over one arena or several (%s)',
  async (kind) => {
    const { spec, dataset } = await tinyRun({ weight_decay: 0, tie: false })
    const loader = loaderOf(dataset, spec.config)
    for (const maxBlock of [null, 4096]) {
      const engine: Engine = kind === 'cpu' ? openCpu() : await openGpu({ gpu: await gpu() })
      if (maxBlock !== null) Object.assign(engine, { maxBlock })
      const trainer = await openTrainer(engine, spec.config)
      const names = trainer.params.filter(({ shape }) => shape.length > 1).map(({ name }) => name)
      for (let step = 0; step < 3; step++) await trainer.train(step, () => loader.batch(step))
      const before = (await trainer.read(names)).flatMap((values) => [...values])
      await trainer.train(3, () => loader.batch(3))
      const after = (await trainer.read(names)).flatMap((values) => [...values])
      const length = (values: number[]) => Math.sqrt(values.reduce((sum, x) => sum + x * x, 0))
      const ratio = await trainer.updateRatio(3)
      const really = length(after.map((w, i) => w - before[i]!)) / length(after)
      expect(really).toBeGreaterThan(1e-3)
      expect(Math.abs(ratio / really - 1)).toBeLessThan(1e-5)
      expect(await trainer.updateRatio(3)).toBe(ratio)
      engine.destroy()
    }
  },
)

test('what a config costs is known from its plan, and the programs are labelled', async () => {
  const engine = await openGpu({ gpu: await gpu() })
  const { trainer } = await trainOn(engine, {}, 1)
  expect(trainer.memory_bytes).toBeGreaterThan(0)
  expect(trainer.program.every(({ label, bytes }) => label.length > 0 && bytes > 0)).toBe(true)
  const timings = await trainer.profile()
  expect(timings.map((t) => t.label)).toEqual(trainer.program.map((w) => w.label))
  expect(timings.reduce((sum, t) => sum + t.ms, 0)).toBeGreaterThan(0)
  engine.destroy()
})

/** How often a device was asked to make or do what. */
function counter(device: GPUDevice) {
  const made = (
    [
      'createBuffer',
      'createBindGroup',
      'createBindGroupLayout',
      'createPipelineLayout',
      'createShaderModule',
      'createComputePipelineAsync',
      'createQuerySet',
    ] as const
  ).map((name) => vi.spyOn(device, name))
  const encoders = vi.spyOn(device, 'createCommandEncoder')
  const writes = vi.spyOn(device.queue, 'writeBuffer')
  const submits = vi.spyOn(device.queue, 'submit')
  return () => {
    const calls = (spy: { mock: { calls: unknown[] } }) => spy.mock.calls.length
    const counts = {
      made: made.reduce((sum, spy) => sum + calls(spy), 0),
      encoders: calls(encoders),
      writes: calls(writes),
      submits: calls(submits),
    }
    for (const spy of [...made, encoders, writes, submits]) spy.mockClear()
    return counts
  }
}

test('a replayed step makes no GPU object but one encoder, and uploads once; a reading makes none', async () => {
  const gpuDevice = await openDevice({ gpu: await gpu() })
  const engine = new GpuEngine(gpuDevice)
  const { spec, dataset } = await tinyRun({ dropout: 0.1 })
  const trainer = await openTrainer(engine, spec.config)
  const loader = loaderOf(dataset, spec.config)
  let counts
  // Time stands still: a step that this machine stretched to 100 ms would go in two submits.
  vi.useFakeTimers({ toFake: ['performance'] })
  try {
    await trainer.train(0, () => loader.batch(0))
    await trainer.updates()
    counts = counter(gpuDevice.device)
    for (let step = 1; step <= 20; step++) await trainer.train(step, () => loader.batch(step))
  } finally {
    vi.useRealTimers()
  }
  expect(counts()).toEqual({ made: 0, encoders: 20, writes: 20, submits: 20 })
  expect(await trainer.updates()).toHaveLength(20)
  expect(counts()).toEqual({ made: 0, encoders: 1, writes: 0, submits: 1 })
  engine.destroy()
})

test('numbers come oldest first and each once, also when they are asked for while others are on their way', async () => {
  const engine = openCpu()
  const { spec, dataset } = await tinyRun({ n_layer: 1, gradient_accumulation_steps: 2 })
  const loader = loaderOf(dataset, spec.config)
  const train = async (trainer: Trainer, from: number, to: number) => {
    for (let step = from; step < to; step++) await trainer.train(step, (micro) => loader.batch(2 * step + micro))
  }
  const once = await openTrainer(engine, spec.config)
  await train(once, 0, 9)
  const expected = await once.updates()
  expect(expected.map(({ step }) => step)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8])
  const often = await openTrainer(engine, spec.config)
  const asked = []
  for (let step = 0; step < 9; step += 3) {
    await train(often, step, step + 3)
    asked.push(often.updates())
  }
  asked.push(often.updates())
  expect((await Promise.all(asked)).flat()).toEqual(expected)
})

test('a ring that is full of unread numbers is not written over', async () => {
  const engine = openCpu()
  const { spec, dataset } = await tinyRun({ n_layer: 1, n_embd: 4, n_head: 1, n_kv_head: 1, n_inner: 4, block_size: 2, batch_size: 1 }) // prettier-ignore
  const trainer = await openTrainer(engine, spec.config)
  const batch = loaderOf(dataset, spec.config).batch(0)
  for (let step = 0; step < RING; step++) {
    if (step === RING / 4) expect(trainer.ringIsFilling).toBe(false)
    await trainer.train(step, () => batch)
  }
  expect(trainer.ringIsFilling).toBe(true)
  await expect(trainer.train(RING, () => batch)).rejects.toThrow('unread')
  expect(await trainer.updates()).toHaveLength(RING)
  await trainer.train(RING, () => batch)
  expect(await trainer.updates()).toHaveLength(1)
})
