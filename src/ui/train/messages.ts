// What the Train stage says: the part of the message catalogue for the chart, samples and the recorded run.
import { compact, hundredths, integer, percent, plural, rate, significant } from '../format'
import { type Reads, rung, token, tokens as tokensIn } from '../units'
import { bitsPerByte, type LossUnit } from '../../words/loss_unit'

export const recorded = {
  eyebrow: 'A recorded run',
  title: 'A small language model learns to write',
  lead:
    'It starts out knowing nothing, reads a text again and again, and each time guesses the next character. ' +
    'The curve below is how surprised it was; next to it stands what it wrote on the way.',
  replay: 'Replay',
  replaying: 'Replaying',
  none: 'No recorded run came with this page. Press the button to train one.',
  unreadable: (why: string) => `The recorded run could not be shown: ${why}`,
}

/** Said where a run does not read by characters. */
export const reads = {
  byte: 'The open run reads bytes: a token is one byte of the text.',
  word: 'The open run reads words: a token is a word, or what stands between two. Compare its loss with other runs in bits a byte.',
  bpe: 'The open run reads byte pairs: a token may be several characters. Compare its loss with other runs in bits a byte.',
}

export const train = {
  newRun: 'New run',
  on: (corpus: string) => `On ${corpus}`,
  params: (count: number) => `${compact(count)} parameters`,
  chart: 'Loss',
  chartHint: 'How surprised the model is by what comes next: lower is better.',
  x: { label: 'Across', step: 'Steps', tokens: 'Tokens', time: 'Time' },
  y: { label: 'Up', nats: 'Nats', perplexity: 'Perplexity', bits: 'Bits a byte' },
  log: 'log',
  logX: 'Logarithmic across',
  logY: 'Logarithmic up',
  along: { step: 'steps', tokens: 'tokens', time: 'seconds of training' },
  axis: (unit: LossUnit, reads: Reads) =>
    unit === 'bits' ? 'bits a byte' : `${unit === 'nats' ? 'nats a' : 'perplexity of a'} ${token(reads)}`,
  inUnit: (unit: string) => `in ${unit}`,
  series: {
    train: 'Training',
    validation: 'Validation',
    uniform: 'Blind guessing',
    ghost: 'The shared run',
  },
  cursor: 'Cursor on the loss chart',
  at: (c: {
    step: number
    train: string
    low: string
    high: string
    validation: string | null
    rate: number
    unit: string
  }) =>
    `Step ${integer(c.step)}: training ${c.train} (${c.low} to ${c.high})` +
    (c.validation === null ? '' : `, validation ${c.validation}`) +
    `, in ${c.unit}, learning rate ${rate(c.rate)}`,
  /** The sentence under the chart, which is also what a screen reader hears. */
  sentence(s: {
    step: number
    loss: number
    held: boolean
    uniform: number
    ladder: number[] | null
    reads: Reads
    bytes_per_token: number | null
  }): string {
    const choices = Math.exp(s.loss)
    const bits = s.bytes_per_token === null ? '' : `, ${hundredths(bitsPerByte(s.loss, s.bytes_per_token))} bits a byte`
    const head = `Step ${integer(s.step)}: ${s.held ? 'validation' : 'training loss'} ${hundredths(s.loss)} nats a ${token(s.reads)}${bits} (perplexity ${significant(choices)}).`
    if (s.uniform - s.loss < 0.05) return `${head} It still guesses blindly: that would be ${hundredths(s.uniform)}.`
    if (s.ladder) return `${head} ${this.compared(s.loss, s.ladder, s.reads)}`
    return (
      `${head} It is as unsure as if it chose among ${significant(choices)} equally likely ${tokensIn(s.reads)}; ` +
      `blind guessing would be ${integer(Math.exp(s.uniform))}.`
    )
  },
  /** How a loss stands to what counting reaches. */
  compared(loss: number, ladder: number[], reads: Reads = 'char'): string {
    const first = ladder.findIndex((nats) => loss >= nats)
    const beaten = (first < 0 ? ladder.length : first) - 1
    const past = `Better than ${this.rung(beaten, reads).toLowerCase()}`
    return first < 0
      ? `${past}, which is as far as was counted.`
      : `${past}, not yet as good as ${this.rung(first, reads).toLowerCase()}.`
  },
  noBits: 'No bits a byte: this run has no held-out text of which bytes and tokens were counted.',
  rung,
  table: 'Loss by step',
  tableStep: 'Step',
  tableTrain: 'Training, nats',
  tableValidation: 'Validation, nats',
  events: 'Events',
  flags: {
    warmup: 'warm-up ends',
    best: (value: string, unit: string) => `best validation, ${value} ${unit}`,
  },
  range: (mean: string, low: string, high: string) => `${mean} (${low}–${high})`,
  rate: (value: number) => `learning rate ${rate(value)}`,
  atStep: (step: number) => `step ${integer(step)}`,
  how: 'How to read this chart',
  howText: (reads: Reads) => [
    `At each step the model reads a few stretches of text and guesses every next ${token(reads)}. The loss is how surprised it was by the right one, in nats: 0 would be certainty, and each nat less means choosing among 2.7 times fewer ${tokensIn(reads)}.`,
    'The solid line is the training loss, averaged over neighbouring steps; the band behind it spans the lowest and highest of them. The dashed line with dots is validation: the same measure on text that is never trained on. When validation turns up while training goes on falling, the model has begun to memorise.',
    `The dotted lines are what one gets without a model, by counting in the same text which ${token(reads)} follows the last one, two, three or four. A model that stays on the line of one has learned pairs and nothing more.`,
    'Nats and perplexity are for each token, and a token may be a character, a word or a piece of one. Bits a byte divide by how much text a token stands for: in them, runs that read by different tokens can be compared.',
    'A curve that drops fast, then slowly, and then flattens is what learning looks like.',
  ],
  empty: 'The curve begins with the first step.',
  samples: 'What it writes',
  samplesHint: (prompt: string) =>
    prompt === '' ? 'The same seed each time.' : `The same start and seed each time: “${prompt}”`,
  samplesEmpty: 'The first sample comes with the first validation.',
  sampleStep: (step: number) => `Step ${integer(step)}`,
  sampleAlt: (mean: number) => `average chance of the tokens it chose: ${percent(mean)}`,
  allSamples: (count: number) => `Show all ${integer(count)}`,
  fewSamples: 'Show fewer',
  colour: 'Colour by chance',
  legend: 'Chance the model gave to what it chose',
  chance: (token: string, chance: number) => `“${token}”: ${percent(chance)}`,
  tokenHint: 'Point at, tap or walk through tokens with the arrow keys to see each one’s chance.',
  prompt: 'Samples start with',
  setPrompt: 'Use',
  changePrompt: 'Change what samples start with',
  failed: 'Training stopped',
  failedKept: (step: number | null) =>
    step === null
      ? 'No checkpoint had been written yet; the run can start again from its beginning.'
      : `The checkpoint of step ${integer(step)} is kept, and nothing saved before was touched.`,
  toModel: 'Open Model',
  toRuns: 'Open Runs',
  resume: 'Continue from the last checkpoint',
  finished: (step: number) => `Finished after ${plural(step, 'step', 'steps')}.`,
  finishedText: 'The model is kept in Runs.',
  talk: 'Let it write',
  onTo: (step: number) => `Train on to step ${integer(step)}`,
  more: (steps: number) => `Train ${plural(steps, 'more step', 'more steps')}`,
  reopening: 'Opening your last run',
  cpu: 'There is no GPU for this page here, so the processor trains: slower, and otherwise the same.',
  cpuHow: 'How to get WebGPU',
}
