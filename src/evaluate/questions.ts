// Questions for a model that learned a generated text: lines of the part held out, each without its answer, and what checks them.
import { invariant } from '../errors'
import { SPECIAL } from '../words/tokens'
import type { Answer } from '../words/corpus'
import type { SampleOptions } from '../words/run'
import type { Dataset } from '../data/dataset/dataset'
import { settle } from '../data/made/generated'
import { taskOf } from '../data/made/tasks'

export interface Question {
  /** What the model reads, and how it goes on: greedily, to the end of the line or turn. */
  options: SampleOptions
  judge(written: string): Answer
}
export interface Questions {
  /** False where nothing is held out: then they were trained on. */
  held: boolean
  questions: Question[]
}

/** Up to `count` questions, spread evenly over the held-out text; null where the text is not one that was generated here. */
export function questionsOf({ corpus, tokenizer, train, val }: Dataset, count: number): Questions | null {
  const made = corpus.card?.generated
  const task = made ? taskOf(made.task) : null
  if (!made || !task) return null
  const settings = settle(task.settings, made.settings)
  const held = val.length > 0
  const text = tokenizer.decode(held ? val : train)
  const chats = text.includes(SPECIAL.end_of_text)
  const [end, stop] = chats ? [SPECIAL.end_of_text, SPECIAL.end] : ['\n', '\n']
  // Neither end of a part need be a line's.
  const lines = text.split(end).slice(1, -1)
  const byQuestion = new Map<string, string>()
  for (const line of lines) {
    const question = task.ask(line)
    if (question !== null) byQuestion.set(question, line)
  }
  const asked = [...byQuestion].map(([question, line]) => ({ question, line }))
  const questions = Array.from({ length: Math.min(count, asked.length) }, (_, i): Question => {
    const one = asked[Math.floor((i * asked.length) / Math.min(count, asked.length))]
    invariant(one, () => `question ${i} of ${asked.length}`)
    const { line, question } = one
    return {
      options: {
        prompt: end + question,
        // No token is shorter than a byte: room for the right answer, and to be wrong in.
        max_tokens: 2 * new TextEncoder().encode(line.slice(question.length)).length + 8,
        temperature: 0,
        top_k: 0,
        top_p: 1,
        seed: 0,
        stop: [stop],
      },
      judge: (written) => {
        const whole = question + written + (chats ? SPECIAL.end : '')
        return { question, written, ...task.check(whole, settings) }
      },
    }
  })
  return { held, questions }
}
