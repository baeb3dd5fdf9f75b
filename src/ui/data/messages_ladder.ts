// What is said of the n-gram ladder in Data: the part of the message catalogue for counting.
import { significant } from '../format'

export const ladder = {
  title: 'What counting alone can do',
  hint: 'How well the held-out part is predicted by what came how often after the last few tokens in the rest. A model must do better to have learned more than frequencies; its chart shows these lines.',
  predictor: 'Predicted from',
  nats: 'nats a token',
  perplexity: 'perplexity',
  bits: 'bits a byte',
  rung: (i: number) =>
    ['nothing: blind guessing', 'how frequent each token is', 'one token before', 'two tokens before'][i] ??
    `${['three', 'four'][i - 4] ?? String(i - 1)} tokens before`,
  short: (value: number) => significant(value),
  counting: 'Counting',
  none: 'Nothing is held out, so nothing can be measured.',
}
