// A run on a generated text is asked questions and judged, while nothing else of it changes.
import { expect, test } from 'vitest'
import type { Answer } from '../../src/words/corpus'
import { createRun, disk, openRun, tab, tiny, withRun } from './lab_env'

test('a model on sums is asked sums that it never saw', async () => {
  const { lab } = await tab(disk())
  const { vocab_size } = await lab.data.loadBuiltIn('arithmetic')
  const { run } = await createRun(lab, {
    name: 'sums',
    config: { ...tiny, vocab_size, block_size: 16 },
    prompt: '1+1=',
  })
  await lab.run.step()
  const heard: Answer[] = []
  const result = await lab.chat.checkAnswers(6, (answer, done, total) => {
    heard.push(answer)
    expect([done, total]).toEqual([heard.length, 6])
  })
  expect(result).toEqual({ step: 1, held: true, answers: heard })
  for (const { question, written, correct, expected } of heard) {
    expect(question).toMatch(/^\d+[+-]\d+=$/)
    expect(expected).toMatch(/^\d+[+-]\d+=-?\d+$/)
    expect(correct).toBe(question + written === expected)
  }
  expect((await openRun(lab, run.id)).run.step).toBe(1)
})
test('it is stopped with the answers so far', async () => {
  const { lab } = await tab(disk())
  const { vocab_size } = await lab.data.loadBuiltIn('sort-letters')
  await createRun(lab, { name: 'sort', config: { ...tiny, vocab_size, block_size: 16 }, prompt: '' })
  const result = await lab.chat.checkAnswers(1000, (_, done) => {
    if (done === 3) void lab.cancel('writing')
  })
  expect(result!.answers.length).toBeGreaterThanOrEqual(3)
  expect(result!.answers.length).toBeLessThan(1000)
})
test('a text that nobody generated has nothing to check', async () => {
  const { lab } = await withRun(disk())
  expect(await lab.chat.checkAnswers(5, () => undefined)).toBeNull()
})
