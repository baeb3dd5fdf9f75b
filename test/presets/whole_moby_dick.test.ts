// The preset that the page opens with, trained until it has reached what it promises, as in promised.test.ts.
import { test } from 'vitest'
import { openWasm } from '../../src/wasm/engine'
import { beatsTrigrams, readableWords } from './promises'
import { openPreset, wholeRun } from './train'

test('moby-dick: beats the trigram line by step 500, in words that can be read', async () => {
  const run = await openPreset(openWasm(), 'moby-dick', { change: { eval_iters: 20 } })
  await wholeRun('moby-dick', run, { from: 500, every: 1, to: 500 }, () => beatsTrigrams(run))
  await readableWords(run)
})
