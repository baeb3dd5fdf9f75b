// What the stage Look inside says.
import type { HeadKind, HeadScores } from '../../words/look'
import { bytes } from '../../words/sizes'
import { hundredths, integer, percent, plural, visible } from '../format'

const headKinds: Record<HeadKind, string> = {
  previous: 'previous token',
  first: 'first token',
  same: 'same token',
  induction: 'induction',
  spread: 'spread out',
}

export const look = {
  title: 'Look inside',
  lead: 'Every number below is computed by the model as it stands, on the text that you give it.',
  opening: 'Opening a model …',
  empty: 'There is no text to look at. Type some above.',
  asking: 'Computing …',
  askingLive: 'Computing beside the training, which keeps nineteen twentieths of the time …',
  loading: 'Loading this view …',
  notLoaded: (why: string) => `This view could not be loaded (${why}). Reload the page; the run is kept.`,
  text: 'Text to look at',
  views: 'View',
  picture: 'Save this view as a picture',
  panels: {
    map: 'Model map',
    attention: 'Attention',
    off: 'What if this were off?',
    lens: 'Logit lens',
    losses: 'Token losses',
    health: 'Health',
    embeddings: 'Embeddings',
    attribution: 'Attribution',
    patching: 'Patching',
    neurons: 'Neurons',
    probe: 'Linear probe',
    kernels: 'Kernels',
  },
  layer: (layer: number) => `layer ${integer(layer)}`,
  heads: headKinds,
  notComparable:
    'A and B have other shapes or read the text in other tokens: they cannot be subtracted. Choose two steps of one run.',
  map: {
    keys: 'Arrow keys move from cell to cell, Escape lets go.',
    point: 'Point at a cell, or walk with the arrow keys.',
  },
  kept: {
    told: (count: number, size: number) => `${plural(count, 'kept step', 'kept steps')} of model A, ${bytes(size)}.`,
    budget: 'At most',
    none: 'none',
    why: 'Where it is full, kept steps are thinned evenly. They are weights in 16 bits: off by at most 1 part in 2,048.',
    shipped: (count: number) => `${plural(count, 'step', 'steps')} of this run come with the page, in 16 bits.`,
  },
  bars: {
    keys: 'The up and down arrow keys move from bar to bar.',
    point: 'Point at a bar, or walk with the arrow keys.',
    against: 'against it',
    for: 'for it',
  },
  slots: {
    name: { A: 'Model A', B: 'Model B' },
    nobody: 'none: compare with …',
    live: (name: string) => `${name} (open)`,
    shipped: (name: string) => `${name} (comes with the page)`,
    kept: (name: string, step: number) => `${name}, step ${integer(step)}`,
    scrub: (slot: string) => `Kept steps of model ${slot}`,
    step: (step: number) => `step ${integer(step)}`,
    shows: 'Show',
    showNames: { A: 'A', B: 'B', difference: 'A − B' },
    fork: (step: number) => `Fork from step ${integer(step)}`,
    forkWhy: 'A new run that goes on from these weights; AdamW’s moments begin at zero.',
    forkName: (name: string, step: number) => `${name}, from step ${integer(step)}`,
  },
  attention: {
    how: 'Each row is a token that looks back; the brighter a cell, the more of that earlier token it takes in. The word under a head says what it does on a random passage said twice: clear from half of its attention on (grey: not clear).',
    wall: 'Heads',
    head: (layer: number, head: number, kind: HeadKind | null) =>
      `Layer ${integer(layer)}, head ${integer(head)}${kind ? `, ${headKinds[kind]}` : ''}`,
    focus: (layer: number, head: number) => `Layer ${integer(layer)}, head ${integer(head)}`,
    form: 'Show',
    forms: { pattern: 'attention', scores: 'scores before softmax', weighted: 'what it writes' },
    units: { pattern: 'share of attention', scores: 'score', weighted: 'length of what is written' },
    difference: 'A − B',
    axes: { rows: 'token that looks', cols: 'token looked at' },
    alt: (layer: number, head: number) => `Attention of layer ${integer(layer)}, head ${integer(head)}`,
    tell: (from: string, to: string, back: number, value: string) =>
      `“${visible(from)}” looks at “${visible(to)}”, ${back === 0 ? 'itself' : `${integer(back)} back`}: ${value}`,
    sums: (s: HeadScores) =>
      `On a random passage said twice it looks ${hundredths(s.distance)} tokens back on average; previous token ${percent(Math.max(0, s.previous))}, first ${percent(Math.max(0, s.first))}, same ${percent(Math.max(0, s.same))}, induction ${percent(Math.max(0, s.induction))} above chance; spread ${percent(s.spread)} of the most.`,
    caution:
      'Attention says where a head reads, not what for: it is no explanation. Turning the head’s gate down tests one.',
  },
}
