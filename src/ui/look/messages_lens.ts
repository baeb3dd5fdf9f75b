// What the views of the stream say: the lens, attribution, patching.
import type { LookToken, TunedReport } from '../../words/look'
import { hundredths, integer, list, percent, visible } from '../format'

const quoted = (token: { text: string }) => `“${visible(token.text)}”`
/** A number with its sign. */
const signed = (value: number) => {
  const size = hundredths(Math.abs(value))
  return size === hundredths(0) ? size : `${value < 0 ? '−' : '+'}${size}`
}
const nats = (value: number) => `${hundredths(value)} nats`
const depthName = (depth: number) =>
  depth === 0 ? 'embedding' : `${depth % 2 === 1 ? 'attention' : 'MLP'} ${integer(Math.floor((depth - 1) / 2))}`
/** A chance that is too small for two decimals is not none. */
const smallest = (chance: number) => (chance < 5e-5 ? `<${percent(1e-4)}` : percent(chance))
const average = (values: Float32Array) => values.reduce((a, b) => a + b, 0) / Math.max(1, values.length)

export const lens = {
  how: 'Each row stops the model at one depth and reads the stream there as if it were the end: the token is what it would say comes next, the colour how sure it is.',
  depth: depthName,
  axes: { rows: 'stream after', cols: 'token read last' },
  colour: 'Colour',
  colours: { chance: 'chance', entropy: 'entropy' },
  units: { chance: 'chance of the token shown', entropy: 'entropy, nats (how undecided)' },
  plain: 'Plain lens',
  plainHow: 'The last norm and the head, put on every depth unchanged. Early depths speak another basis.',
  tuned: 'Tuned lens',
  tunedHow: (r: TunedReport) =>
    `One affine reader a depth, fitted to ${integer(r.tokens)} tokens of the model’s own text at step ${integer(r.step)}. On ${integer(r.measured)} held-out tokens it is ${nats(average(r.tuned.subarray(0, -1)))} from the end on average, the plain lens ${nats(average(r.plain.subarray(0, -1)))}.`,
  tuning: 'Fitting a reader for each depth to the model’s own text …',
  tuningLive: 'The run goes on meanwhile, and leaves a twentieth of its time: half a minute or more.',
  noText: 'A tuned lens is fitted to the model’s own text, which is not at hand.',
  alt: (which: string) => `${which}: the likeliest next token at each depth and position`,
  tell: (depth: number, token: LookToken, likeliest: LookToken, chance: number, entropy: number) =>
    `${depthName(depth)}, after ${quoted(token)}: ${quoted(likeliest)} ${percent(chance)}, entropy ${nats(entropy)}`,
  cell: (depth: number, token: LookToken, at: number) =>
    `After token ${integer(at + 1)}, ${quoted(token)}, at ${depthName(depth)}`,
  top: (which: string) => `${which}: the ten likeliest`,
  follow: (token: { text: string }) => `Follow ${quoted(token)}`,
  following: 'Follow',
  likeliest: (token: LookToken) => `likeliest at the end: ${quoted(token)}`,
  next: (token: LookToken) => `next in the text: ${quoted(token)}`,
  other: (token: LookToken) => `chosen: ${quoted(token)}`,
  way: (token: LookToken) => `The way down: rank and chance of ${quoted(token)}`,
  columns: { depth: 'stream after', says: 'says', rank: 'rank', away: 'KL to end, nats' },
  says: (token: LookToken, chance: number) => `${visible(token.text)} ${percent(chance)}`,
  rank: (rank: number, log: number) => `#${integer(rank + 1)} ${smallest(Math.exp(log))}`,
  heldOut: 'How far from the end, on held-out text',
  apart: 'How far B’s prediction lies from A’s at each depth',
  apartHow:
    'KL(A ‖ B) by the plain lens: what it costs to expect B where A is true. The last row is the two models’ own predictions.',
  apartUnit: 'KL(A ‖ B), nats',
  apartLast: 'last',
  apartTell: (depth: string, token: LookToken, value: number) => `${depth}, after ${quoted(token)}: ${nats(value)}`,
  apartAlt: 'KL of B from A at each depth and position',
}

export const attribution = {
  how: 'Each bar is what one part wrote onto the logit of one token: right is for it, left against. All bars add up to the logit.',
  position: 'After which token',
  token: 'Logit of',
  likely: (token: LookToken, chance: number) => `${quoted(token)} ${percent(chance)}`,
  next: (token: LookToken) => `${quoted(token)} (next in the text)`,
  part: depthName,
  head: (head: number) => `head ${integer(head)}`,
  rest: 'output bias',
  bias: 'bias of the last norm',
  sum: 'sum of all parts',
  logit: 'the logit itself',
  title: (token: LookToken, after: LookToken) => `What wrote ${quoted(token)} after ${quoted(after)}`,
  titleApart: (token: LookToken, after: LookToken) => `A − B: what wrote ${quoted(token)} after ${quoted(after)}`,
  unit: 'logits',
  value: signed,
  alt: (token: LookToken) => `What each part wrote onto the logit of ${quoted(token)}`,
  caution:
    'The last norm’s scale is held at what it is here. What a part does by way of later parts is not in its bar; patching shows that.',
  other: (token: LookToken) => `${quoted(token)} (chosen before)`,
  columns: ['part', 'logits'] as const,
}

export const patching = {
  how: 'The corrupted text is run again and again, each time with one activation of the clean text in its place. Orange brings the clean answer back: what it depends on passes through there.',
  corrupted: 'Corrupted text, of as many tokens as the text above, which is the clean one',
  suggest: 'Change one token',
  suggestWhy: 'Tries a few changes near the end, and takes the one that changes the prediction most.',
  live: 'Patching sends the text through the model hundreds of times, and would stall the run. Pause it, or choose a kept step.',
  difference: (answer: LookToken, instead: LookToken, d: { clean: number; corrupted: number }) =>
    `The answer is ${quoted(answer)} against ${quoted(instead)}: ahead by ${signed(d.clean)} in logits after the clean text, ${signed(d.corrupted)} after the corrupted one. 0 leaves it so, 1 restores it.`,
  changed: (place: number, from: LookToken, to: LookToken) =>
    `token ${integer(place + 1)}: ${quoted(from)} → ${quoted(to)}`,
  cropped: (count: number) =>
    `The first ${integer(count)} tokens are the same in both texts, and so is all that the model makes of them: they are left out of the map.`,
  changes: (changes: string[]) => `Changed: ${list(changes)}.`,
  small: 'The two texts hardly differ in this answer: the shares divide by little and mean little.',
  stream: 'The stream, at one depth and position',
  heads: 'One head, at all positions',
  axes: { rows: 'stream after', cols: 'token of the clean text (* changed)' },
  headAxes: { rows: 'layer', cols: 'head' },
  layer: (layer: number) => `layer ${integer(layer)}`,
  head: (head: number) => integer(head),
  unit: 'share of the answer restored',
  unitApart: 'A − B, share restored',
  format: (value: number) => percentSigned(value),
  tell: (depth: number, token: { text: string }, value: number) =>
    `${depthName(depth)} at ${quoted(token)}: ${percentSigned(value)} of the answer restored`,
  tellHead: (layer: number, head: number, value: number) =>
    `Layer ${integer(layer)}, head ${integer(head)}: ${percentSigned(value)} of the answer restored`,
  alt: 'What restores the answer, by depth and position',
  altHeads: 'What restores the answer, by layer and head',
  keep: 'Click a cell to keep its patch, and see what the model writes with it.',
  kept: (place: string) => `Kept: ${place}`,
  ofModel: (slot: string) => `, in model ${slot}`,
  placeStream: (depth: number, token: LookToken) => `the stream after ${depthName(depth)} at ${quoted(token)}`,
  placeHead: (layer: number, head: number) => `head ${integer(head)} of layer ${integer(layer)}`,
  release: 'Let go of the patch',
  again: 'Another seed',
  samples: {
    clean: 'After the clean text',
    corrupted: 'After the corrupted text',
    patched: 'Corrupted, with the patch',
  },
  sampleHow: (seed: number, length: number) =>
    `${integer(length)} tokens each, drawn with the same seed ${integer(seed)} at temperature 1. The patch goes with its token, and leaves when the context does.`,
  next: 'next:',
  chance: (token: LookToken, chance: number) => `${quoted(token)} ${percent(chance)}`,
}

function percentSigned(share: number): string {
  return `${share < 0 ? '−' : ''}${percent(Math.abs(share))}`
}
