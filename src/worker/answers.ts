// Whether a run's model is right: it is asked questions from its own generated text, one after the other, between training steps.
import type { Question } from '../evaluate/questions'
import type { Answer } from '../words/corpus'
import type { GeneratedToken } from '../words/run'
import { write, type ModelHolder } from './writing'

/** Has each question answered and judged, until `signal`: then the answers so far are all. */
export async function answer(
  questions: readonly Question[],
  models: ModelHolder,
  onAnswer: (answer: Answer, done: number, total: number) => void,
  signal: AbortSignal,
): Promise<Answer[]> {
  const answers: Answer[] = []
  for (const { options, judge } of questions) {
    let written = ''
    const hear = (tokens: GeneratedToken[]) => void (written += tokens.map(({ text }) => text).join(''))
    const reason = await write(models, options, hear, signal)
    if (reason === 'cancelled' || signal.aborted) break
    const judged = judge(written)
    answers.push(judged)
    // From another thread this is a promise: each answer has arrived before the end is told.
    await Promise.resolve(onAnswer(judged, answers.length, questions.length))
  }
  return answers
}
