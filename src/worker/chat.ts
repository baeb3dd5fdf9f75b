// What the open run writes when it is asked: text, or answers to questions about the text that it learned. One at a time: a newer
// one waits until the older has ended.
import { questionsOf } from '../evaluate/questions'
import type { Answer, Answers } from '../words/corpus'
import type { GeneratedToken, SampleOptions } from '../words/run'
import { answer } from './answers'
import type { Desk } from './desk'
import type { ChatCalls, Ending } from './protocol'
import type { Workbench } from './workbench'
import { write } from './writing'

export class Chat implements ChatCalls {
  readonly #workbench: Workbench
  readonly #writing: Desk

  constructor(workbench: Workbench, writing: Desk) {
    this.#workbench = workbench
    this.#writing = writing
  }

  async generate(
    options: SampleOptions,
    onTokens: (tokens: GeneratedToken[]) => void,
  ): Promise<{ reason: Ending; unknown: string[] }> {
    const run = this.#workbench.opened
    const { unknown } = run.dataset.tokenizer.encode(options.prompt)
    const reason = await this.#writing.begin(async ({ before, signal }) => {
      await before
      return write(run, options, onTokens, signal)
    })
    return { reason, unknown }
  }

  async checkAnswers(
    count: number,
    onAnswer: (answer: Answer, done: number, total: number) => void,
  ): Promise<Answers | null> {
    const run = this.#workbench.opened
    const asked = run.text === null ? null : questionsOf(run.dataset, count)
    if (!asked) return null
    const { held, questions } = asked
    const { step } = run
    const answers = await this.#writing.begin(async ({ before, signal }) => {
      await before
      return answer(questions, run, onAnswer, signal)
    })
    return { step, held, answers }
  }
}
