// Questions from generated texts: they stand in the held-out part, ask for what the generator wrote, and are judged exactly.
import { franc } from 'franc-min'
import { describe, expect, test } from 'vitest'
import { describing } from '../../src/data/dataset/card'
import { atOnce } from '../../src/paced'
import { SPECIAL_TOKENS } from '../../src/data/tokenize/chat_format'
import { makeDataset, type Dataset } from '../../src/data/dataset/dataset'
import { settle, type Settings, type Task } from '../../src/data/made/generated'
import { learnTokenizer } from '../../src/data/tokenize/learn'
import { questionsOf } from '../../src/evaluate/questions'
import { TASKS } from '../../src/data/made/tasks'

async function made(
  task: Task,
  values: Settings = {},
  val_fraction = 0.1,
): Promise<{ dataset: Dataset; text: string }> {
  const settings = settle(task.settings, { lines: 1000, conversations: 100, ...values })
  const text = task.generate(settings, 7)
  const source = {
    name: task.name,
    licence: '',
    card: atOnce(describing(text, { recipe: [], generated: { task: task.id, settings, seed: 7 } }, franc)),
  }
  const special = task.id === 'support-chats' ? SPECIAL_TOKENS : []
  const { dataset } = await makeDataset(text, source, val_fraction, learnTokenizer(text, { kind: 'char' }, special))
  return { dataset, text }
}

describe.each(TASKS)('$id', (task) => {
  test('what the text says is right, and anything else is not', async () => {
    const { dataset, text } = await made(task)
    const held = dataset.tokenizer.decode(dataset.val)
    const asked = questionsOf(dataset, 20)!
    expect(asked.held).toBe(true)
    expect(asked.questions.length).toBeGreaterThan(task.id === 'support-chats' ? 3 : 19)
    const seen = new Set<string>()
    for (const { options, judge } of asked.questions) {
      const at = text.indexOf(options.prompt, text.length - held.length)
      expect(at).toBeGreaterThan(0)
      const after = text.slice(at + options.prompt.length)
      const answer = after.slice(0, after.indexOf(options.stop[0]!))
      expect(judge(answer)).toMatchObject({ correct: true, written: answer })
      expect(options.max_tokens).toBeGreaterThan(answer.length)
      const { correct, question } = judge(`${answer}0`)
      // After an order number the desk may say what it likes.
      if (task.id !== 'support-chats') expect(correct).toBe(false)
      expect(judge('').correct).toBe(false)
      expect(options.prompt.endsWith(question)).toBe(true)
      seen.add(options.prompt)
    }
    expect(seen.size).toBe(asked.questions.length)
  })
})

test('brackets may be closed and opened again, as long as the line is balanced', async () => {
  const [task] = TASKS.filter(({ id }) => id === 'brackets')
  const { dataset } = await made(task!, { kinds: 1 })
  const { judge } = questionsOf(dataset, 1)!.questions[0]!
  const { question } = judge('')
  const open = [...question].reduce((sum, bracket) => sum + (bracket === '(' ? 1 : -1), 0)
  expect(judge(')'.repeat(open) + '()').correct).toBe(true)
  expect(judge(')'.repeat(open + 1)).correct).toBe(false)
})
test('where nothing is held out they come from what was trained on, and say so', async () => {
  const { dataset } = await made(TASKS[0]!, {}, 0)
  expect(questionsOf(dataset, 5)).toMatchObject({ held: false, questions: { length: 5 } })
})
test('a text that nobody generated asks nothing; nor does a task that is not known', async () => {
  const { dataset } = await made(TASKS[0]!)
  const { card: known } = dataset.corpus
  expect(questionsOf({ ...dataset, corpus: { ...dataset.corpus, card: undefined } }, 5)).toBeNull()
  const strange = { ...known!, generated: { ...known!.generated!, task: 'chess' } }
  expect(questionsOf({ ...dataset, corpus: { ...dataset.corpus, card: strange } }, 5)).toBeNull()
})
