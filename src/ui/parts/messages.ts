// What the big button says: the part of the message catalogue for measuring, promising and starting a run.
import { compact, integer, plural, spanInWords } from '../format'

export const go = {
  now: 'Train it now',
  readingText: 'Reading the text',
  measuring: 'Measuring five steps on this device',
  preparing: (done: number, total: number) => `Preparing the device: ${integer(done)} of ${integer(total)} programs`,
  promise: (steps: number, seconds: number, tokens: number) =>
    `${plural(steps, 'step', 'steps')} take about ${spanInWords(seconds)} on this device (${compact(tokens)} tokens a second, measured).`,
  long: 'That is a while. It goes on in a background tab, and you can pause at any time.',
  anyway: (seconds: number) => `Train anyway, about ${spanInWords(seconds)}`,
  smaller: (size: string) => `Choose the ${size} size instead`,
  text: 'Or use your own text',
  starting: 'Starting',
}
