// nanoGPT's settings on the GPU, on the way to nanoGPT's loss (whole_shakespeare.test.ts): its first steps are those of plain JavaScript.
import { expect, test } from 'vitest'
import { openCpu } from '../../src/cpu/engine'
import { openGpu } from '../../src/ops/engine'
import { gpu } from '../gpu_env'
import { openPreset, read } from './train'

test('shakespeare-cpu: begins as in plain JavaScript, 2.63 after 100 steps', async () => {
  const engine = await openGpu({ gpu: await gpu() })
  const text = await read('test/fixtures/tinyshakespeare.txt')
  const run = await openPreset(engine, 'shakespeare-cpu', { change: { eval_iters: 40 }, text })
  const exact = await openPreset(openCpu(), 'shakespeare-cpu', { change: { eval_iters: 1 }, text })
  await exact.train(3)
  await run.train(100)
  for (const [i, loss] of exact.losses.entries()) expect(Math.abs(run.losses[i]! - loss)).toBeLessThan(5e-5)
  expect(Math.abs((await run.validation()) - 2.63)).toBeLessThan(0.03)
  engine.destroy()
})
