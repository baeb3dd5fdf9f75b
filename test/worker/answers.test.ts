// A run on a generated text is asked questions and judged, while nothing else of it changes.
import { expect, test } from 'vitest'
import type { Answer } from '../../src/words/corpus'
import { disk, tab, tiny, withRun } from './lab_env'

test('a model on sums is asked sums that it never saw', async () => {
  const { lab } = await tab(disk())
  const { vocab_size } = await lab.loadCorpus('arithmetic')
  await lab.createRun({ name: 'sums', config: { ...tiny, vocab_size, block_size: 16 }, prompt: '1+1=' })
  await lab.step()
  const heard: Answer[] = []
  const result = await lab.checkAnswers(6, (answer, done, total) => {
    heard.push(answer)
    expect([done, total]).toEqual([heard.length, 6])
  })
  expect(result).toEqual({ step: 1, held: true, answers: heard })
  for (const { question, written, correct, expected } of heard) {
    expect(question).toMatch(/^\d+[+-]\d+=$/)
    expect(expected).toMatch(/^\d+[+-]\d+=-?\d+$/)
    expect(correct).toBe(question + written === expected)
  }
  expect((await lab.checkpointMeta())?.step).toBe(1)
})
test('it is stopped with the answers so far', async () => {
  const { lab } = await tab(disk())
  const { vocab_size } = await lab.loadCorpus('sort-letters')
  await lab.createRun({ name: 'sort', config: { ...tiny, vocab_size, block_size: 16 }, prompt: '' })
  const result = await lab.checkAnswers(1000, (_, done) => {
    if (done === 3) void lab.stopGenerating()
  })
  expect(result!.answers.length).toBeGreaterThanOrEqual(3)
  expect(result!.answers.length).toBeLessThan(1000)
})
test('a text that nobody generated has nothing to check', async () => {
  const { lab } = await withRun(disk())
  expect(await lab.checkAnswers(5, () => undefined)).toBeNull()
})
