// The smaller presets, trained until they have reached what they promise. On the CPU engine: in double precision the same bits
// come out on every machine, and these runs are what a browser without WebGPU is asked to do.
import { expect, test } from 'vitest'
import { openCpu } from '../src/cpu/engine'
import { isSorted } from '../src/data/tasks'
import { trainPreset } from './presets_train'

const LONGEST_MS = 900_000

test(
  'names: beats the trigram line, with names that are new',
  async () => {
    const { dataset, validation, trigram, write } = await trainPreset(openCpu(), 'names', 800, 20)
    expect(await validation()).toBeLessThan(trigram())
    const known = new Set(dataset.tokenizer.decode(dataset.tokens).split('\n'))
    const names = (await write('\n', 300, 0.8)).split('\n').slice(0, -1)
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
    const { dataset, write } = await trainPreset(openCpu(), 'sort-letters', 1200, 1)
    const lines = dataset.tokenizer.decode(dataset.val).split('\n')
    // The held-out part begins in the middle of a line.
    const words = lines.slice(1, 101).map((line) => line.slice(0, line.indexOf('>') + 1))
    let right = 0
    for (const word of words) if (isSorted(word + (await write(`\n${word}`, 10, 0, ['\n'])))) right++
    expect(right / words.length).toBeGreaterThanOrEqual(0.9)
  },
  LONGEST_MS,
)

test(
  'by-heart: recites its paragraph word for word',
  async () => {
    const { dataset, write } = await trainPreset(openCpu(), 'by-heart', 500, 1)
    const [paragraph = ''] = dataset.tokenizer.decode(dataset.tokens).split('\n')
    const prompt = 'Call me Ishmael.'
    expect(prompt + (await write(prompt, paragraph.length, 0, ['\n']))).toBe(paragraph)
  },
  LONGEST_MS,
)
