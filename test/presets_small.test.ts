// The small presets, trained until they have reached what they promise. On the CPU engine, which gives the same bits on every
// machine and is what a browser without WebGPU trains on; that the GPU computes the same is held elsewhere (parity, ops).
import { expect, test } from 'vitest'
import { openCpu } from '../src/cpu/engine'
import { sorting } from '../src/data/made/sorting'
import { LONGEST_MS, trainPreset } from './presets_train'

test(
  'names: beats the trigram line, with names that are new',
  async () => {
    const run = await trainPreset(openCpu(), 'names', { eval_iters: 20 })
    await run.until(async () => (await run.validation()) < run.trigram, { from: 600, every: 50, to: 800 })
    const known = new Set(run.dataset.tokenizer.decode(run.dataset.tokens).split('\n'))
    const names = (await run.write('\n', 300, 0.8)).split('\n').slice(0, -1)
    expect(names.length).toBeGreaterThan(25)
    const wellFormed = names.filter((name) => /^[A-Z][a-z]+(-[A-Z][a-z]+)?$/.test(name))
    expect(wellFormed.length / names.length).toBeGreaterThan(0.9)
    // Can be spoken: a vowel, and never five consonants in a row.
    const spoken = wellFormed.filter((name) => /[aeiouy]/i.test(name) && !/[^aeiouy-]{5}/i.test(name))
    expect(spoken.length / names.length).toBeGreaterThan(0.9)
    expect(names.filter((name) => !known.has(name)).length / names.length).toBeGreaterThan(0.4)
  },
  LONGEST_MS,
)

test(
  'sort-letters: nine of ten unseen words are right',
  async () => {
    const run = await trainPreset(openCpu(), 'sort-letters')
    const lines = run.dataset.tokenizer.decode(run.dataset.val).split('\n')
    // The held-out part begins in the middle of a line.
    const words = lines.slice(1, 101).map((line) => line.slice(0, line.indexOf('>') + 1))
    const nineOfTen = async () => {
      let right = 0
      for (const word of words)
        if (sorting.check(word + (await run.write(`\n${word}`, 10, 0, ['\n'])), {}).correct) right++
      return right / words.length >= 0.9
    }
    await run.until(nineOfTen, { from: 700, every: 100, to: 1200 })
  },
  LONGEST_MS,
)

test(
  'by-heart: recites its paragraph word for word',
  async () => {
    const run = await trainPreset(openCpu(), 'by-heart')
    const [paragraph = ''] = run.dataset.tokenizer.decode(run.dataset.tokens).split('\n')
    const prompt = 'Call me Ishmael.'
    const recited = async () => prompt + (await run.write(prompt, paragraph.length, 0, ['\n'])) === paragraph
    await run.until(recited, { from: 450, every: 50, to: 500 })
  },
  LONGEST_MS,
)
