// The preset that the page opens with, trained until it has reached what it promises. On the CPU engine, as in presets_small.test.ts.
import { expect, test } from 'vitest'
import { openCpu } from '../src/cpu/engine'
import { LONGEST_MS, trainPreset } from './presets_train'

const TEXTS = 4

test(
  'moby-dick: beats the trigram line by step 500, in words that can be read',
  async () => {
    const run = await trainPreset(openCpu(), 'moby-dick', { eval_iters: 20 })
    await run.until(async () => (await run.validation()) < run.trigram, { from: 500, every: 1, to: 500 })
    const wordsOf = (text: string) => text.toLowerCase().match(/[a-z]+/g) ?? []
    const known = new Set(wordsOf(run.dataset.tokenizer.decode(run.dataset.train)))
    // Several texts: of the hundred words of one, four more or less are chance. The last word may be cut short.
    const words: string[] = []
    for (let seed = 1; seed <= TEXTS; seed++)
      words.push(...wordsOf(await run.write('The whale', 600, 0.5, [], seed)).slice(0, -1))
    expect(words.length).toBeGreaterThan(60 * TEXTS)
    expect(words.filter((word) => known.has(word)).length / words.length).toBeGreaterThan(0.75)
  },
  LONGEST_MS,
)
