// nanoGPT's settings for a laptop to nanoGPT's loss, as in promised.test.ts. An independent implementation of the same model and schedule, in
// NumPy, which ends its first 1,000 steps within nanoGPT's 2.07 to 2.08, has 2.622, 2.637 and 2.629 after 100 of them for three seeds.
import { expect, test } from 'vitest'
import { openWasm } from '../../src/wasm/engine'
import { openPreset, read } from './train'

test('shakespeare-cpu: 2.63 after 100 steps, 1.93 or less after 2,000', async () => {
  const text = await read('test/fixtures/tinyshakespeare.txt')
  const run = await openPreset(openWasm(), 'shakespeare-cpu', { text })
  await run.train(100)
  expect(Math.abs((await run.validation()) - 2.63)).toBeLessThan(0.03)
  await run.train(2000)
  expect(await run.validation()).toBeLessThanOrEqual(1.93)
})
