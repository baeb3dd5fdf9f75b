// What the Model stage says: the part of the message catalogue for settings, cost and restarts.
import { compact, integer, list, percent, plural, significant, spanInWords } from '../format'
import { bytes } from '../../words/sizes'
import { type Reads, countOf } from '../units'

export const model = {
  title: 'Model',
  lead: 'One dial sets everything. Bigger models learn more from longer texts and take longer.',
  preset: 'Start from',
  custom: 'Custom',
  size: 'Size',
  sets: 'The dial sets layers, heads, width, context, batch, learning rate and steps together.',
  sizeTime: (seconds: number) => `≈ ${spanInWords(seconds)}`,
  sizeTimes: 'Times are of a whole run on this device, from a few small steps that were timed.',
  picture: 'The model, as set',
  diagram: (c: {
    reads: Reads
    vocab: number
    width: number
    layers: number
    heads: number
    groups: number
    headSize: number
    inner: number
    context: number
  }) =>
    `Each of up to ${countOf(c.context, c.reads)} becomes ${plural(c.width, 'number', 'numbers')}. ` +
    `${plural(c.layers, 'layer', 'layers')} in a row rework them: ${plural(c.heads, 'attention head', 'attention heads')} ` +
    `of ${integer(c.headSize)}${c.groups < c.heads ? `, sharing ${plural(c.groups, 'key/value head', 'key/value heads')}` : ''}, ` +
    `then an MLP ${integer(c.inner)} wide. The last step gives a chance to each of ${countOf(c.vocab, c.reads)}.`,
  embedding: 'Embedding',
  attention: 'Attention',
  mlp: 'MLP',
  head: 'Output',
  norms: 'Norms',
  position: 'Positions',
  params: 'Parameters',
  paramsHint: 'numbers that training adjusts',
  where: 'Where the parameters are',
  memory: 'Memory',
  memoryHint: 'on the device, worked out from the plan',
  memoryParts: {
    weights: 'weights',
    gradients: 'gradients',
    moments: 'AdamW’s moments',
    activations: 'activations',
    evaluation: 'validation',
    decoder: 'writing samples',
    threads: 'copies on other cores',
    inputs: 'batch and tables',
  },
  recompute: 'Compute again in backward',
  recomputeNames: { none: 'nothing', mlp: 'MLPs', layer: 'whole layers' },
  recomputeNone: 'Every activation is kept until it has been used.',
  recomputeSaves: (saved: number, of: number, share: number) =>
    `Saves ${bytes(saved)} of ${bytes(of)} for ${percent(share)} more arithmetic; the numbers stay the same, bit for bit.`,
  precision: 'Precision',
  precisionNames: { f32: 'exact', fast: 'fast' },
  precisionHints: {
    f32: 'Every product in 32 bits.',
    fast: 'Factors of large products, and what attention reads, in 16 bits, where this device has shown that it is right and faster with them. Weights and sums keep 32.',
  },
  speed: 'Speed here',
  speedHint: (stepMs: number) => `${significant(stepMs)} ms a step, measured`,
  speedValue: (tokens: number) => `${compact(tokens)} tokens/s`,
  time: 'The whole run',
  timeValue: (seconds: number) => `about ${spanInWords(seconds)}`,
  measure: 'Measure five steps',
  measureAgain: 'Measure again',
  measuring: 'Measuring',
  notMeasured: 'not measured yet',
  advanced: 'Advanced: every field',
  groups: { model: 'The model', training: 'The training' },
  range: (low: string, high: string) => `${low} … ${high}`,
  default: (value: string) => `default ${value}`,
  reset: 'Reset',
  resetLabel: (field: string) => `Reset ${field} to its default`,
  less: (field: string) => `${field}: less`,
  moreOf: (field: string) => `${field}: more`,
  fix: (value: string) => `Set to ${value}`,
  yes: 'yes',
  no: 'no',
  problemsText: 'Solve these before training:',
  live: 'apply now',
  needsRestart: 'needs a restart',
  canApply: (fields: string[]) => `${list(fields)} can be applied now, to the run as it is.`,
  mustRestart: (fields: string[]) =>
    `${list(fields)} ${fields.length === 1 ? 'needs' : 'need'} a restart: a new run from step 0.`,
  applyNow: (fields: string[]) => `Apply ${list(fields)} now`,
  restartSame: 'Restart with the same weights',
  restartSameHint: 'A new run from step 0 that starts from what this one has learned.',
  restartSameNo: 'The weights do not fit a changed architecture or text.',
  restartNew: 'Restart with a new seed',
  restartNewHint: 'A new run from step 0 with fresh random weights.',
  discard: 'Discard changes',
  train: 'Train this model',
  trainHint: 'The open run is paused and kept.',
  forRun: (name: string) => `You are looking at the settings of “${name}”.`,
  forNew: (corpus: string) => `Settings for a new run on ${corpus}.`,
  actions: 'What to do with these settings',
  stepsHint: (steps: number) => plural(steps, 'step', 'steps'),
}
