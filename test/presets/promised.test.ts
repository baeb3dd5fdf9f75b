// The presets, trained whole until they keep what they promise: on WebAssembly, which gives the same bits on every machine and is what a
// browser without WebGPU trains on. That the GPU computes the same is held elsewhere (parity, ops), and of plain JavaScript the first steps
// are held here. The two longest, moby-dick and shakespeare-cpu, are trained whole before a release (GLASSHOUSE_PARTS=presets).
import { expect, test } from 'vitest'
import { openCpu } from '../../src/cpu/engine'
import { openGpu } from '../../src/ops/engine'
import { openWasm } from '../../src/wasm/engine'
import { gpu } from '../gpu_env'
import { beatsTrigrams, hasInductionHead, newNames, recites, sortsNineOfTen } from './promises'
import { openPreset, read, recordingOf, wholeRun } from './train'

test('names: beats the trigram line, with names that are new', async () => {
  const run = await openPreset(openWasm(), 'names', { change: { eval_iters: 20 } })
  await wholeRun('names', run, { from: 600, every: 50, to: 800 }, () => beatsTrigrams(run))
  await newNames(run)
})

test('sort-letters: nine of ten unseen words are right', async () => {
  const run = await openPreset(openWasm(), 'sort-letters')
  await wholeRun('sort-letters', run, { from: 700, every: 100, to: 1200 }, () => sortsNineOfTen(run))
})

test('say-again: attention alone finds the induction head', async () => {
  const run = await openPreset(openWasm(), 'say-again')
  expect(await hasInductionHead(run)).toBe(false)
  await wholeRun('say-again', run, { from: 500, every: 100, to: 1000 }, () => hasInductionHead(run))
})

test('by-heart: recites its paragraph word for word', async () => {
  const run = await openPreset(openWasm(), 'by-heart')
  await wholeRun('by-heart', run, { from: 450, every: 50, to: 500 }, () => recites(run))
})

test.each(['names', 'sort-letters', 'by-heart', 'moby-dick'])(
  '%s begins in plain JavaScript with the bits that it had',
  async (id) => {
    const { javascript = [] } = recordingOf(id)
    expect(javascript.length).toBeGreaterThan(1)
    const run = await openPreset(openCpu(), id, { change: { eval_iters: 1 } })
    await run.train(javascript.length)
    expect(run.losses).toEqual(javascript)
  },
)

/** Small enough for a software driver, which takes most of a minute for the first steps of the whole; those are in whole_gpu.test.ts. */
const SMALLER = { n_layer: 1, n_embd: 32, n_inner: 128, block_size: 16, batch_size: 4 }

// A software driver's bits depend on the processor.
test('a smaller shakespeare-cpu: the GPU and WebAssembly begin as plain JavaScript does', async () => {
  const text = await read('test/fixtures/tinyshakespeare.txt')
  const losses = []
  for (const engine of [openCpu(), openWasm(), await openGpu({ gpu: await gpu() })]) {
    const run = await openPreset(engine, 'shakespeare-cpu', { change: { eval_iters: 1, ...SMALLER }, text })
    await run.train(3)
    losses.push(run.losses)
    engine.destroy()
  }
  const [exact = [], ...others] = losses
  expect(exact).toHaveLength(3)
  for (const got of others) for (const [i, loss] of exact.entries()) expect(Math.abs(got[i]! - loss)).toBeLessThan(5e-5)
})
