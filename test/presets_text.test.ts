// The presets that read a book: the default one until it has reached what it promises, nanoGPT's on its way there.
import { expect, test } from 'vitest'
import { openCpu } from '../src/cpu/engine'
import { openGpu } from '../src/ops/engine'
import { gpu } from './gpu_env'
import { LONGEST_MS, read, trainPreset } from './presets_train'

test(
  'moby-dick: beats the trigram line by step 500, in words that can be read',
  async () => {
    const run = await trainPreset(openCpu(), 'moby-dick', { eval_iters: 20 })
    await run.until(async () => (await run.validation()) < run.trigram, { from: 500, every: 1, to: 500 })
    const wordsOf = (text: string) => text.toLowerCase().match(/[a-z]+/g) ?? []
    const known = new Set(wordsOf(run.dataset.tokenizer.decode(run.dataset.train)))
    // The last word may be cut short.
    const words = wordsOf(await run.write('The whale', 600, 0.8)).slice(0, -1)
    expect(words.length).toBeGreaterThan(60)
    expect(words.filter((word) => known.has(word)).length / words.length).toBeGreaterThan(0.75)
  },
  LONGEST_MS,
)

// 2,000 steps are too long for every day; LOG.md has them. An independent implementation of the same model and schedule, in NumPy,
// which ends its first 1,000 steps within nanoGPT's 2.07 to 2.08, has 2.622, 2.637 and 2.629 after 100 of them for three seeds.
test(
  'shakespeare-cpu on the GPU: on the way to nanoGPT’s loss',
  async () => {
    const engine = await openGpu({ gpu: await gpu() })
    const text = await read('fixtures/tinyshakespeare.txt')
    const run = await trainPreset(engine, 'shakespeare-cpu', { eval_iters: 40 }, text)
    await run.until(async () => Math.abs((await run.validation()) - 2.63) < 0.03, { from: 100, every: 1, to: 100 })
    engine.destroy()
  },
  LONGEST_MS,
)
