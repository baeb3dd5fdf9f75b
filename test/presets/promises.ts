// What each preset promises, asked of a run that has reached the step for it.
import { expect } from 'vitest'
import { sorting } from '../../src/data/made/sorting'
import { labelHeads } from '../../src/inspect/heads'
import { Probe } from '../../src/inspect/probe'
import type { Trained } from './train'

export const beatsTrigrams = async (run: Trained) => (await run.validation()) < run.trigram

export async function newNames(run: Trained): Promise<void> {
  const known = new Set(run.dataset.tokenizer.decode(run.dataset.tokens).split('\n'))
  const names = (await run.write('\n', 300, 0.8)).split('\n').slice(0, -1)
  expect(names.length).toBeGreaterThan(25)
  const wellFormed = names.filter((name) => /^[A-Z][a-z]+(-[A-Z][a-z]+)?$/.test(name))
  expect(wellFormed.length / names.length).toBeGreaterThan(0.9)
  // Can be spoken: a vowel, and never five consonants in a row.
  const spoken = wellFormed.filter((name) => /[aeiouy]/i.test(name) && !/[^aeiouy-]{5}/i.test(name))
  expect(spoken.length / names.length).toBeGreaterThan(0.9)
  expect(names.filter((name) => !known.has(name)).length / names.length).toBeGreaterThan(0.4)
}

/** Whether nine of ten unseen words are sorted right. */
export async function sortsNineOfTen(run: Trained): Promise<boolean> {
  const lines = run.dataset.tokenizer.decode(run.dataset.val).split('\n')
  // The held-out part begins in the middle of a line.
  const words = lines.slice(1, 101).map((line) => line.slice(0, line.indexOf('>') + 1))
  let right = 0
  for (const word of words) if (sorting.check(word + (await run.write(`\n${word}`, 10, 0, ['\n'])), {}).correct) right++
  return right / words.length >= 0.9
}

/** Whether a head of the second layer is labelled as the one that completes what was said before, and one of the first looks back by one. */
export async function hasInductionHead({ session }: Trained): Promise<boolean> {
  await session.settle()
  const probe = new Probe(session.weights)
  const heads = await labelHeads(probe)
  probe.destroy()
  return (
    heads.slice(2).some(({ label }) => label === 'induction') &&
    heads.slice(0, 2).some(({ previous }) => previous > 0.3)
  )
}

/** Whether the paragraph is recited word for word. */
export async function recites(run: Trained): Promise<boolean> {
  const [paragraph = ''] = run.dataset.tokenizer.decode(run.dataset.tokens).split('\n')
  const prompt = 'Call me Ishmael.'
  return prompt + (await run.write(prompt, paragraph.length, 0, ['\n'])) === paragraph
}

const TEXTS = 4

/** Of the words in four texts, more than three in four stand in the book. */
export async function readableWords(run: Trained): Promise<void> {
  const wordsOf = (text: string) => text.toLowerCase().match(/[a-z]+/g) ?? []
  const known = new Set(wordsOf(run.dataset.tokenizer.decode(run.dataset.train)))
  // Several texts: of the hundred words of one, four more or less are chance. The last word may be cut short.
  const words: string[] = []
  for (let seed = 1; seed <= TEXTS; seed++)
    words.push(...wordsOf(await run.write('The whale', 600, 0.5, [], seed)).slice(0, -1))
  expect(words.length).toBeGreaterThan(60 * TEXTS)
  expect(words.filter((word) => known.has(word)).length / words.length).toBeGreaterThan(0.75)
}
