// What the view of a model's health says.
import { integer, loss, percent, rate, significant } from '../format'
import { BINS, DEAD, GUIDE, SATURATED, type UpdateFrom } from '../../words/health'

/** A parameter in a few letters: `transformer.h.0.attn.c_attn.weight` is "L0 attn in". */
function short(name: string): string {
  const [, layer, rest = ''] = /^transformer\.h\.(\d+)\.(.*)$/.exec(name) ?? []
  const parts: Record<string, string> = {
    ln_1: 'norm 1',
    ln_2: 'norm 2',
    'attn.c_attn': 'attn in',
    'attn.c_proj': 'attn out',
    'mlp.c_fc': 'mlp in',
    'mlp.c_proj': 'mlp out',
  }
  const whole: Record<string, string> = {
    'transformer.wte': 'tokens',
    'transformer.wpe': 'positions',
    'transformer.ln_f': 'last norm',
    lm_head: 'head',
  }
  const [, stem = '', kind] = /^(.*)\.(weight|bias)$/.exec(layer === undefined ? name : rest) ?? []
  const words = layer === undefined ? (whole[stem] ?? stem) : `L${layer} ${parts[stem] ?? stem}`
  return kind === 'bias' ? `${words} b` : words
}

const measures = {
  update: 'update ÷ weight',
  gradient: 'gradient norm',
  spread: 'weight spread',
  activation: 'activation spread',
  dead: 'dead neurons',
  saturated: 'saturated attention',
}

export const health = {
  how: `Each row is a tensor of the model. A healthy step moves the weights by about a thousandth (the line at ${rate(GUIDE)}); gradients and activations should neither vanish nor grow from layer to layer.`,
  asking: 'Sending held-out text forward and back …',
  measure: 'Measure',
  measures,
  units: {
    update: 'update over weight, a step',
    gradient: 'gradient norm',
    spread: 'standard deviation of the weights',
    activation: 'standard deviation of the activations',
    dead: 'share of neurons',
    saturated: 'share of rows',
  },
  on: (s: { step: number; loss: number; windows: number; tokens: number }) =>
    `Step ${integer(s.step)}: loss ${loss(s.loss)} on ${integer(s.windows)} windows of ${integer(s.tokens)} held-out tokens, one pass forward and one back.`,
  noText:
    'The text of this model is not at hand, so there are no gradients and activations: only its weights can be looked at.',
  from: (from: UpdateFrom) =>
    from === null
      ? 'There is no step before this one, so no update.'
      : from.from === 'moments'
        ? 'The update is AdamW’s last one, computed from its moments, without weight decay.'
        : `The update is how far the weights moved since the kept step ${integer(from.step)}, for each step between: steps back and forth cancel, so a single one moves them at least this far.`,
  counts: (s: { dead: number; saturated: number }) =>
    `Dead: ${percent(s.dead)} of MLP neurons stay below ${rate(DEAD)} on all windows. Saturated: in ${percent(s.saturated)} of attention rows one weight is above ${SATURATED}; the first eight rows are not counted.`,
  now: 'At this step',
  guide: `guide: ${rate(GUIDE)}`,
  none: 'This cannot be told of this model at this step.',
  short,
  layer: (layer: number) => `layer ${integer(layer)}`,
  head: (layer: number, head: number) => `L${layer} head ${head}`,
  value: (measure: keyof typeof measures, x: number) =>
    measure === 'dead' || measure === 'saturated' ? percent(x) : x < 1e-3 ? x.toExponential(1) : significant(x),
  both: 'Filled: model A. Ring: model B.',
  course: 'Over the kept steps',
  courseHow: 'The same measure at each step that is kept of this run, on two windows.',
  courseAsking: 'Going through the kept steps …',
  courseNone: 'Of this run no step is kept yet.',
  courseAxes: { rows: 'tensor', cols: 'step' },
  courseAlt: (measure: keyof typeof measures) => `${measures[measure]} of each tensor over the kept steps`,
  log: (unit: string) => `${unit}, powers of ten`,
  tell: (row: string, step: string, value: string) => `${row} at step ${step}: ${value}`,
  again: 'Measure again',
  histogram: {
    title: (name: string) => `How the numbers of ${name} lie`,
    rule: `${BINS} bins with ${percent(1 / BINS)} of the numbers each; a bar is as tall as its bin is narrow, so its area is always the same. Of more than 65,536 numbers, as many are taken evenly.`,
    stats: (s: { count: number; mean: number; std: number; low: number; high: number }) =>
      `${integer(s.count)} numbers, mean ${significant(s.mean)}, standard deviation ${significant(s.std)}, from ${significant(s.low)} to ${significant(s.high)}`,
    axes: { x: 'value', y: 'density' },
    alt: (name: string) => `Histogram of ${name}`,
  },
}
