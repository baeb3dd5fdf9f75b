// What the view "Token losses" says.
import type { TokenClass } from '../../words/look'
import { hundredths, integer, percent, plural, significant, visible } from '../format'

const classes: Record<TokenClass, string> = {
  letters: 'letters and words',
  digits: 'digits',
  punctuation: 'punctuation',
  space: 'spaces',
  break: 'line breaks',
  other: 'other signs',
}

export const tokenLosses = {
  how: 'The brighter a token, the less the model foresaw it from what stands before it. Point at one, or walk with the arrow keys.',
  howDifference:
    'Orange: A finds the token harder than B. Blue: A foresees it better. Point at one, or walk with the arrow keys.',
  text: 'The text, token by token',
  alt: 'The text, coloured by the loss of each token',
  unit: 'loss, nats',
  difference: 'A − B, nats',
  mean: (nats: number, tokens: number) =>
    `Mean loss ${hundredths(nats)} nats a token (perplexity ${significant(Math.exp(nats))}) over ${plural(tokens, 'token', 'tokens')}.`,
  meanDifference: (nats: number) => `On the mean, A − B is ${hundredths(nats)} nats a token.`,
  first: (token: string) => `“${visible(token)}” is the first token: nothing stands before it.`,
  tell: (token: string, loss: number, likeliest: string, chance: number) =>
    `“${visible(token)}”: loss ${hundredths(loss)}, chance ${percent(Math.exp(-loss))}. ` +
    (token === likeliest ? 'It was the likeliest.' : `Likeliest was “${visible(likeliest)}” with ${percent(chance)}.`),
  tellDifference: (token: string, a: number, b: number) =>
    `“${visible(token)}”: loss ${hundredths(a)} in A, ${hundredths(b)} in B.`,
  file: { token: 'token', loss: 'loss', likeliest: 'likeliest', chance: 'its chance', a: 'A', b: 'B' },
  learned: {
    title: 'When was each token learned?',
    how: 'Each row is a kept step, from the first to the last. A column that turns dark has been learned.',
    alt: 'The loss of each token at each kept step',
    axes: { rows: 'step', cols: 'token' },
    tell: (step: number, token: string, loss: number) =>
      `Step ${integer(step)}, “${visible(token)}”: loss ${hundredths(loss)}, chance ${percent(Math.exp(-loss))}`,
    when: (token: string, step: number | null) =>
      step === null
        ? `“${visible(token)}” never gets a chance above one half for good.`
        : `“${visible(token)}” has a chance above one half from step ${integer(step)} on.`,
    summary: (known: number, of: number, step: number) =>
      `At step ${integer(step)} the model gives ${integer(known)} of ${integer(of)} tokens a chance above one half.`,
    computing: 'Reading the text at each kept step',
    cancelled: 'It was called off.',
    again: 'Compute it',
    ofA: 'Shown for model A; the steps of two runs do not stand side by side. Choose B above to see that one.',
  },
  groups: {
    title: 'Which tokens are hard?',
    how: (tokens: number) => `Mean loss on ${plural(tokens, 'token', 'tokens')} of held-out text, nats.`,
    byClass: 'By what a token is made of',
    byRank: 'By how frequent it is in the training text',
    columns: { group: 'Tokens', count: 'How many', loss: 'Loss', A: 'A', B: 'B', difference: 'A − B' },
    classes,
    rank: (band: number) =>
      band === 10 ? 'the 10 most frequent' : `places ${integer(band / 10 + 1)} to ${integer(band)}`,
    signed: (nats: number) => (nats > 0 ? `+${hundredths(nats)}` : hundredths(nats).replace('-', '−')),
  },
  places: {
    title: 'Hardest and easiest places',
    how: 'A few tokens of held-out text each, with their mean loss. Look at one: its text goes into the field above.',
    hardest: 'Hardest',
    easiest: 'Easiest',
    look: 'Look at it',
    lookAt: (text: string) => `Look at it: “${text.trim()}”`,
  },
}
