// Whether a run's model is right: it is asked questions from its own generated text, one after the other, between training steps.
import { questionsOf } from '../evaluate/questions'
import type { Answer, Answers } from '../words/corpus'
import type { GeneratedToken } from '../words/run'
import type { ActiveRun } from './active_run'
import { write } from './chat'

/** See Lab.checkAnswers. A text that is written on demand meanwhile ends it early. */
export async function checkAnswers(
  run: ActiveRun,
  count: number,
  onAnswer: (answer: Answer, done: number, total: number) => void,
): Promise<Answers | null> {
  const asked = run.text === null ? null : questionsOf(run.dataset, count)
  if (!asked) return null
  const { held, questions } = asked
  const { step } = run
  const answers: Answer[] = []
  await run.pen.hold(async (signal) => {
    for (const { options, judge } of questions) {
      let written = ''
      const hear = (tokens: GeneratedToken[]) => void (written += tokens.map(({ text }) => text).join(''))
      const reason = await write(run, options, hear, signal)
      if (reason === 'cancelled' || signal.aborted) return
      const answer = judge(written)
      answers.push(answer)
      onAnswer(answer, answers.length, questions.length)
    }
  })
  return { step, held, answers }
}
