// What the map of a model says.
import { compact, integer, percent, plural, significant } from '../format'

const by = { params: 'parameters', time: 'time', gradient: 'gradient norm' }

export const map = {
  how: 'Text enters at the top. Each layer reads the stream in the middle and adds to it: attention on the left brings what earlier tokens hold, the MLP on the right works on each token. Choose a part and every view follows.',
  by: 'Size by',
  sizes: by,
  stream: (width: number) => `residual stream, ${integer(width)} numbers for each token`,
  enters: 'text in',
  leaves: 'next token out',
  parts: {
    embedding: 'Token embedding',
    positions: 'Position embedding',
    attention: 'Attention',
    mlp: 'MLP',
    final: 'Final norm',
    head: 'Output head',
    headTied: 'Output head (the token embedding again)',
  },
  layer: (layer: number) => `Layer ${integer(layer)}`,
  more: (count: number) => plural(count, 'more layer like these', 'more layers like these'),
  heads: (count: number, groups: number) =>
    groups === count
      ? plural(count, 'head', 'heads')
      : `${plural(count, 'head', 'heads')}, ${plural(groups, 'pair', 'pairs')} of keys and values`,
  head: (layer: number, head: number) => `Layer ${integer(layer)}, head ${integer(head)}`,
  neurons: (count: number, kind: string) => `${integer(count)} ${kind} neurons`,
  value: {
    params: (x: number, share: number) => `${compact(x)} · ${percent(share)}`,
    time: (x: number, share: number) => `${significant(x)} ms · ${percent(share)}`,
    gradient: (x: number) => significant(x),
  },
  waits: {
    params: '',
    time: 'Measuring a training step …',
    gradient: 'Sending held-out text forward and back …',
  },
  notes: {
    params: 'The bar is the share of the parameters; a part’s norm is counted with it.',
    time: 'The bar is time in one training step, forward and backward together; the update of the weights is counted nowhere here.',
    gradient: 'The bar is the length of the gradient on held-out text, all tensors of a part together.',
  },
  focus: (layer: number, head: number) => `In focus: layer ${integer(layer)}, head ${integer(head)}. See it in`,
  dialect: { gelu: 'GELU', swiglu: 'SwiGLU', relu2: 'ReLU²' },
  alt: 'Map of the model',
}
