// What the view "What if this were off?" says.
import type { Part } from '../../words/gates'
import { hundredths, integer, list, loss } from '../format'

const part = (of: Part) => {
  if (of.of === 'positions') return 'positions'
  if (of.of === 'head') return `head ${integer(of.head)} of layer ${integer(of.layer)}`
  if (of.of === 'layer') return `layer ${integer(of.layer)}, all of it`
  return `${of.of === 'attn' ? 'attention' : 'MLP'} of layer ${integer(of.layer)}`
}
const signed = (value: number) => (value > 0 ? `+${loss(value)}` : loss(value).replace('-', '−'))

export const off = {
  how: 'Each number says how much the loss rises with that part alone switched off: orange parts help, blue ones are in the way. Choose one to try it.',
  onHeldOut: 'Measured on held-out text, nats a token.',
  onOneWindow: 'Measured on one stretch of held-out text while the run trains, on four once it pauses; nats a token.',
  onText: 'No held-out text is at hand: measured on the text above, nats a token.',
  standIn:
    'Parts that stand in for one another look worthless one by one: two heads that do the same can each be missed, and not both.',
  worth: 'What each part is worth',
  form: 'Show',
  forms: { off: 'loss change, switched off', gradient: 'd loss / d gate' },
  units: { off: 'change of loss with the part off', gradient: 'slope of the loss at the gate', difference: 'A − B' },
  headsTitle: 'Heads',
  partsTitle: 'Attention and MLP',
  positionsTitle: 'Positions',
  alt: 'What each head is worth',
  altParts: 'What attention and MLP of each layer are worth',
  axes: { rows: 'layer', cols: 'head', parts: 'part' },
  cols: { attn: 'attention', mlp: 'MLP' },
  row: (layer: number) => integer(layer),
  part,
  tell: (of: Part, change: string, gradient: string) =>
    `${part(of)}: off, the loss changes by ${change}; slope at its gate ${gradient}`,
  most: 'What matters most',
  mostOfA: 'What matters most in A',
  table: { part: 'Part', change: 'Loss, off', slope: 'Slope' },
  signed,
  clean: (loss: number) => `As it is, the loss is ${hundredths(loss)}.`,
  tryIt: 'Turn one down',
  tryHow:
    'The slider goes from 0, off, to 1, as it is. Loss, next tokens and sample follow; gates of the shown model only, until you keep them.',
  choose: 'Part',
  kinds: { head: 'a head', attn: 'attention', mlp: 'the MLP', layer: 'a whole layer', positions: 'the positions' },
  layer: 'Layer',
  head: 'Head',
  gate: (of: Part) => `Gate of ${part(of)}:`,
  ends: { off: '0 off', on: '1 on' },
  keep: 'Keep what is turned, and turn this beside it',
  reset: 'All gates as the model has them',
  beside: (parts: string[]) => `Turned now: ${list(parts)}.`,
  seed: 'Another sample',
  rotated:
    'This model’s positions are rotations (RoPE) inside attention: nothing is added that a gate could turn, so there is no switch for them.',
  asIs: 'As it is',
  turned: 'Turned',
  valLoss: (loss: number) => `Loss on held-out text ${hundredths(loss)}`,
  noLoss: 'No held-out text is at hand to measure a loss on.',
  change: (by: number) =>
    by === 0 ? 'The loss does not change.' : `The loss ${by > 0 ? 'rises' : 'falls'} by ${loss(Math.abs(by))}.`,
  next: 'Likeliest next tokens',
  sample: 'Sample, same seed',
  ofA: 'Below, model A is turned. Choose B above to turn that one.',
  train: {
    title: 'Train on without it',
    go: (of: Part, value: number) =>
      value === 0 ? `Leave ${part(of)} off and keep training` : `Keep these gates and go on training`,
    why: 'The run goes on from its next step with these gates; the curve gets a mark, and shows how it recovers. Saving, samples and Chat have them too.',
    ended: 'This run has ended. Choose in Train how far it should go on; the gates hold from then on.',
    has: (parts: string[]) => `The open run trains with its gates turned: ${list(parts)}.`,
    had: (parts: string[]) => `This step was trained with its gates turned: ${list(parts)}.`,
    back: 'Turn everything on again',
    chart: 'See the chart',
    notOpen:
      'Only the open run can go on training with a part off. This model is a kept one: fork from this step, or choose the open run above.',
    locked: 'Another tab trains this run: it can be tried here, and turned there.',
    broken: 'This run cannot be trained further as it stands, so its gates can be tried and not kept.',
  },
}
