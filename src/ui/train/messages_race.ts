// What is said of a run that is trained beside the curve of another.
import { integer, loss, plural } from '../format'

export const raceWords = {
  title: (name: string) => (name === '' ? 'The curve that was shared' : `The curve of “${name}”`),
  remove: 'Take it off the chart',
  other:
    'The open run has other settings, another seed or another text: the curves may be compared, and will not agree.',
  waiting: (step: number) => `At step ${integer(step)} it will be told whether the weights are the same bits.`,
  none: 'Train, and your curve runs beside it.',
  same: (step: number) =>
    `The same bits: after ${plural(step, 'step', 'steps')} every weight is what it was in the shared run (SHA-256).`,
  different: (adapter: string | undefined) =>
    `The weights are not the same bits. ${adapter === undefined ? 'Another device or other kernels' : `It was computed by ${adapter}; another device or other kernels`} add in another order.`,
  agree: (most: number, step: number, count: number) =>
    `The curves agree to ${loss(most)} nats at ${plural(count, 'measurement', 'measurements')}; furthest apart at step ${integer(step)}.`,
  noSum: 'The link does not say what its weights were.',
  passed: (step: number) =>
    `The shared run was told at step ${integer(step)}; this run stands elsewhere, so its weights cannot be compared.`,
}
