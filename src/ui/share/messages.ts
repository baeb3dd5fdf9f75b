// What the Share stage says, and what a link that is opened says.
import type { LinkSection, RoundedLosses, Zone } from '../../words/link'
import { compact, integer, list, loss, percent, plural } from '../format'

const sections: Record<LinkSection, string> = {
  settings: 'Settings and seed',
  card: 'Results',
  view: 'How it is shown',
  curve: 'The loss curve, to race',
  tokenizer: 'The tokenizer',
  text: 'The text',
  weights: 'The trained model',
}

const why: Record<LinkSection, string> = {
  settings: 'What is needed to train it again: told as the difference to a preset.',
  card: 'Validation loss, parameters, and a fingerprint of the weights to compare with.',
  view: 'The stage that opens, the models and the text that are looked at; and what is hidden or locked, for a class.',
  curve: 'Whoever trains it again sees this curve as a ghost beside theirs.',
  tokenizer: 'How text becomes tokens. A model needs it.',
  text: 'All of it, readable by everyone who has the link.',
  weights: 'Its weights, rounded. It writes as soon as the link is opened.',
}

const zones: Record<Zone, string> = {
  everywhere: 'opens everywhere',
  chats: 'opens in browsers and most chats',
  paste: 'copy and paste only',
  file: 'too long for a link',
}

export const share = {
  title: 'Share',
  lead: 'A link is the model, the run to repeat, or the curve to race. It is all in the address: no server has it.',
  model: 'What to share',
  form: 'As',
  panels: { link: 'A link', demo: 'A page of its own', files: 'A file' },
  live: (name: string) => `${name}, the open run`,
  shipped: (name: string) => `${name}, the model of this page`,
  kept: (name: string, step: number) => `${name}, step ${integer(step)}`,

  opening: 'Reading the model …',
  carries: 'The link carries',
  sections,
  why,
  needed: 'goes with the model',
  none: { curve: 'There is none yet.', text: 'It is not at hand, or too long.' } as Partial<
    Record<LinkSection, string>
  >,
  characters: (count: number) => plural(count, 'character', 'characters'),
  short: (count: number) => compact(count),
  tooLong: (params: number) =>
    `A model of ${integer(params)} parameters is too large for a link. The link can carry the run to repeat and its curve; the model goes as a file.`,
  asOf: (step: number) => `As it was at step ${integer(step)}.`,
  again: 'Take it as it is now',

  rounding: 'Rounded to',
  bits: { 8: '8 bits', 4: '4 bits' } as Record<8 | 4, string>,
  measuring: 'Measuring what rounding costs …',
  losses: ({ on, tokens }: RoundedLosses) =>
    `Loss on ${integer(tokens)} tokens of ${on === 'held out' ? 'held-out text' : 'the text that it was trained on; nothing is held out'}`,
  exact: 'As trained (32 bits)',
  at: (bits: 8 | 4) => `${bits} bits`,
  value: loss,
  more: (share: number) =>
    Math.abs(share) < 0.0001 ? 'the same' : `${share > 0 ? '+' : '−'}${percent(Math.abs(share))}`,
  noText:
    'Its text is not at hand, so what rounding costs cannot be measured. It is rounded to 8 bits, which costs next to nothing.',
  not4: '4 bits would cost more than 3 % of the loss here, and are not offered.',

  stage: 'Opens on',
  anyPanel: 'the view as it comes',
  panel: 'View of Look inside',
  probe: 'Text to look at',
  only: 'Hide the other stages',
  slots: { A: 'Model A', B: 'Model B' },
  slotModel: 'this model',
  slotShipped: (name: string) => `${name}, of this page`,
  slotNone: 'none',
  slotStep: (slot: string) => `Step of model ${slot}`,
  slotAt: (step: number) => `step ${integer(step)}`,
  slotShows: 'Shows',
  slotShown: { A: 'A', B: 'B', difference: 'A − B' },
  gates: (turned: string) => `As turned in Look inside: ${turned}`,
  control: {
    settings: 'Settings',
    training: 'Start and stop',
    slots: 'Choice of models',
    probe: 'Text to look at, its box',
  },
  ways: { shown: 'as they are', locked: 'seen, but locked', hidden: 'hidden' },
  forClass: 'For a class',
  device: 'Say what computed it',

  meter: 'Length of the link',
  zones,
  zone: (characters: number, zone: Zone) => `${integer(characters)} characters: ${zones[zone]}`,
  making: 'Making the link …',
  nothing: 'Choose something to share.',
  copy: 'Copy the link',
  frame: 'Copy as an iframe',
  frameWhy: 'HTML that shows it inside another page.',
  send: 'Send …',
  qr: 'QR code of the link',
  noQr: 'A QR code holds 2,900 characters. Leave the model out, and it fits.',
  personal: (count: number) =>
    `${plural(count, 'piece', 'pieces')} of personal data that were found are still in the text. A model can repeat what it read, and a link cannot be called back.`,
  notLooked:
    'Nobody has looked for personal data in this text. Data can do that. A model can repeat what it read, and a link cannot be called back.',
  yours: 'Anyone who has the link can read all of this.',

  open: {
    title: 'Somebody shared this with you',
    reading: 'Reading the link …',
    named: (name: string) => `“${name}”`,
    note: 'Everything above was said by whoever made the link. Nothing has been opened, trained or fetched yet.',
    model: (params: number, step: number, bits: number) =>
      `A trained model: ${integer(params)} parameters after ${plural(step, 'step', 'steps')}, rounded to ${bits} bits.`,
    settings: (preset: string | null, seed: number, steps: number) =>
      `The settings to train it: ${preset === null ? 'its own' : `the preset ${preset}`}, seed ${seed}, ${plural(steps, 'step', 'steps')}.`,
    on: (corpus: string) => `Trained on “${corpus}”.`,
    curve: (points: number) => `A loss curve of ${plural(points, 'point', 'points')}, to race.`,
    text: (characters: number) => `The text: ${plural(characters, 'character', 'characters')}.`,
    card: (value: number | null, bits: number | null) =>
      `Validation loss ${value === null ? 'not told' : loss(value)}${bits === null ? '' : `, ${loss(bits)} bits a byte`}.`,
    device: (name: string) => `Computed by ${name}.`,
    view: (stage: string) => `It opens on ${stage}.`,
    held: (what: string[]) => `It hides or locks ${list(what)}. One press shows everything.`,
    sum: 'SHA-256 of the weights in the link',
    unknown: (names: string[]) =>
      `It also has ${list(names)}, which this page does not know: made by a newer page. That is left out.`,
    noText: (name: string) =>
      `Its text, “${name}”, is not in the link and does not come with this page, so it cannot be trained again here.`,
    openModel: 'Open the model',
    train: 'Train it again here',
    trainWhy: 'Makes a run with the same seed on the same text. On the same device it ends in the same bits.',
    showCurve: 'Show the curve',
    takeText: 'Take the text',
    show: 'Show it',
    leave: 'Not now',
    curveAlt: 'The loss as it fell',
    loaded: (name: string) => `“${name}” is open, and kept in Runs.`,
    other: 'The text that this page has by that name is another one than the link means: the curves will not agree.',
  },
}
