// What the open run, or without one the model that comes with the page, writes when it is asked: text, or answers to questions about the text that it learned. One at a time: a newer
// one waits until the older has ended.
import { questionsOf } from '../evaluate/questions'
import type { Tokenizer } from '../data/tokenize/tokenizer'
import type { Answer, Answers } from '../words/corpus'
import type { GeneratedToken, SampleOptions } from '../words/run'
import { answer } from './answers'
import type { Desk } from './desk'
import type { ChatCalls, Ending } from './protocol'
import type { Workbench } from './workbench'
import type { Slots } from './look/slots'
import { write, type ModelHolder } from './writing'

export class Chat implements ChatCalls {
  readonly #workbench: Workbench
  readonly #slots: Slots
  readonly #writing: Desk

  constructor(workbench: Workbench, slots: Slots, writing: Desk) {
    this.#slots = slots
    this.#workbench = workbench
    this.#writing = writing
  }

  async generate(
    options: SampleOptions,
    onTokens: (tokens: GeneratedToken[]) => void,
  ): Promise<{ reason: Ending; unknown: string[] }> {
    let unknown: string[] = []
    const reason = await this.#writing.begin(async ({ before, signal }) => {
      const { model, tokenizer } = await this.#speaker()
      unknown = tokenizer.encode(options.prompt).unknown
      await before
      return write(model, options, onTokens, signal)
    })
    return { reason, unknown }
  }

  async #speaker(): Promise<{ model: ModelHolder; tokenizer: Tokenizer }> {
    const { run } = this.#workbench
    if (run) return { model: run, tokenizer: run.dataset.tokenizer }
    const shipped = await this.#slots.shipped()
    return { model: shipped, tokenizer: shipped.tokenizer }
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
