// The presets every day: the first losses of each, to the bit as a whole run had them; and from a checkpoint of that run, taken shortly
// before, on to what the preset promises. `GLASSHOUSE_PARTS=presets npm test` trains the whole runs and holds them against these
// recordings. moby-dick's checkpoint would have 2.5 MB: what it promises is asked of its whole run alone.
import { describe, expect, test } from 'vitest'
import { openCpu } from '../../src/cpu/engine'
import { openGpu } from '../../src/ops/engine'
import { gpu } from '../gpu_env'
import { beatsTrigrams, newNames, recites, sortsNineOfTen } from './promises'
import { checkpointOf, FIRST, LAST, openPreset, read, recordingOf, type Trained } from './train'

const SHORT_EVALUATION = { eval_iters: 20 }

describe.each([
  ['names', SHORT_EVALUATION],
  ['sort-letters', {}],
  ['by-heart', {}],
  ['moby-dick', SHORT_EVALUATION],
] as const)('%s', (id, change) => {
  test('begins as its whole run began', async () => {
    const run = await openPreset(openCpu(), id, { change })
    await run.train(FIRST)
    expect(run.losses).toEqual(recordingOf(id).first_losses)
  })
})

test.each<[string, string, object, (run: Trained) => Promise<unknown>]>([
  ['names', 'beats the trigram line', SHORT_EVALUATION, beatsTrigrams],
  ['sort-letters', 'sorts nine of ten unseen words', {}, sortsNineOfTen],
  ['by-heart', 'recites its paragraph word for word', {}, recites],
])('%s %s', async (id, _, change, keeps) => {
  const { step, last_losses } = recordingOf(id).end!
  const checkpoint = checkpointOf(id)
  expect(checkpoint.meta.step).toBe(step - LAST)
  const run = await openPreset(openCpu(), id, { change, checkpoint })
  await run.train(step)
  expect(run.losses).toEqual(last_losses)
  expect(await keeps(run)).toBe(true)
  if (id === 'names') await newNames(run)
})

// 9.7 MB, and a software driver's bits depend on the processor: of this one the beginning, on both engines.
test('shakespeare-cpu: the GPU begins as plain arrays do', async () => {
  const text = await read('test/fixtures/tinyshakespeare.txt')
  const losses = []
  for (const engine of [openCpu(), await openGpu({ gpu: await gpu() })]) {
    const run = await openPreset(engine, 'shakespeare-cpu', { change: { eval_iters: 1 }, text })
    await run.train(3)
    losses.push(run.losses)
    engine.destroy()
  }
  const [exact = [], got = []] = losses
  expect(exact).toHaveLength(3)
  for (const [i, loss] of exact.entries()) expect(Math.abs(got[i]! - loss)).toBeLessThan(5e-5)
})
