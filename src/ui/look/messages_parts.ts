// What Look inside says of embeddings, neurons and the linear probe.
import type { CharacterClass } from '../../words/characters'
import type { Embedded, ProbeAnswer, ProbeLabel } from '../../words/look_parts'
import { hundredths, integer, list, percent, plural, significant, visible } from '../format'

const classes: Record<CharacterClass, string> = {
  letter: 'letter',
  capital: 'capital',
  digit: 'digit',
  punctuation: 'punctuation',
  space: 'space',
  other: 'other',
}
const labels: Record<ProbeLabel, string> = {
  next: 'kind of the next character',
  word: 'inside a word or at its end',
  speaker: 'who speaks',
  mood: 'how the customer began',
}
const labelClasses: Record<string, string> = {
  ...classes,
  ...{ inside: 'inside a word', end: 'at its end' },
  ...{ system: 'instructions', user: 'user', assistant: 'assistant' },
  ...{ annoyed: 'annoyed', plain: 'plain', friendly: 'with a greeting' },
}
const signed = (value: number) => `${value < 0 ? '−' : '+'}${significant(Math.abs(value))}`

export const lookParts = {
  shown: visible,
  signed,
  again: (step: number) => `Ask again at step ${integer(step)}`,
  asOf: (step: number) => `The run trains on; this is of step ${integer(step)}.`,
  csv: 'CSV',

  embeddings: {
    how: 'Each token is a vector; here they lie in the two directions along which they differ most. Near means alike to the model; axes have no name, and are turned so that steps can be compared.',
    of: 'Show',
    tables: { tokens: 'tokens', positions: 'positions' } satisfies Record<Embedded, string>,
    classes,
    noPositions: 'This model has no table of positions.',
    map: (of: Embedded, count: number) =>
      of === 'tokens'
        ? `${plural(count, 'token', 'tokens')} in two components`
        : `${plural(count, 'position', 'positions')} in two components`,
    keys: 'Arrow keys walk to the next one in a direction, Home and End to the first and last, Escape lets go.',
    point: 'Point at one, or walk with the arrow keys.',
    axis: (which: 'x' | 'y', share: number) => `${which === 'x' ? '→' : '↑'} ${percent(share)} of the variance`,
    tell: (of: Embedded, name: string, kind: CharacterClass, x: number, y: number) =>
      of === 'tokens'
        ? `“${visible(name)}” (${classes[kind]}) at ${hundredths(x)}, ${hundredths(y)}`
        : `position ${name} at ${hundredths(x)}, ${hundredths(y)}`,
    moved: (distance: number) => ` · ${hundredths(distance)} from where B has it`,
    difference: 'Marks are A; a line leads from each to where B has it. B is turned towards A.',
    find: 'Find a token',
    notFound: 'No token is spelled so.',
    near: (of: Embedded, name: string) => `Nearest to ${of === 'tokens' ? `“${visible(name)}”` : `position ${name}`}`,
    nearHow: 'Cosine of the angle between the whole vectors: 1 the same direction, 0 nothing in common.',
    play: 'Walk through the kept steps',
    stop: 'Stop',
    trails: (steps: number) =>
      steps > 1
        ? `Trails lead through ${plural(steps, 'step', 'steps')} that were shown.`
        : 'Scrub the steps, and each token leaves a trail.',
    columns: ['row', 'token', 'class', 'x', 'y'],
  },

  neurons: {
    how: 'An MLP’s neuron fires on some contexts and then adds its own vector to the stream. Its strongest contexts say when it fires; the tokens that it raises and lowers say what it then speaks for.',
    noDifference: 'Neurons of two models are looked at one by one: A is shown. Choose B to see the other.',
    layer: 'Layer',
    layerName: (layer: number) => `layer ${integer(layer)}`,
    measure: 'Colour',
    measures: { most: 'strongest', mean: 'mean size', least: 'least' },
    units: { most: 'largest activation', mean: 'mean |activation|', least: 'least activation' },
    wall: (layer: number, neurons: number) => `${integer(neurons)} neurons of layer ${integer(layer)}`,
    axes: { rows: 'neuron', cols: 'plus' },
    tellCell: (neuron: number, value: string) => `neuron ${integer(neuron)}: ${value}`,
    looking: 'Looking through the run’s text …',
    looked: (tokens: number) => `Of ${integer(tokens)} tokens of the run’s text, trained on and held out.`,
    title: (layer: number, neuron: number) => `Layer ${integer(layer)}, neuron ${integer(neuron)}`,
    side: 'Contexts',
    sides: { up: 'most positive', down: 'most negative' },
    contextsHow: 'Darker is stronger; the underlined token is the peak.',
    held: 'held out',
    trained: 'trained on',
    raises: 'speaks for',
    lowers: 'speaks against',
    speaksHow:
      'Logits for a unit of positive activation, before the final norm scales them; a negative activation does the opposite.',
    turn: 'What if it were …',
    ways: { gate: 'turned down', clamp: 'held at a value' },
    gate: (value: number) => `Gate ${hundredths(value)} (1: as it is, 0: off)`,
    clamp: (value: number) => `Held at ${signed(value)} at every token`,
    neutral: 'Move the slider, and the model goes on with your text both ways.',
    asIs: 'as it is',
    turned: { gate: 'turned down', clamp: 'held' },
    lossAs: (loss: number | null, base: number | null) =>
      loss === null
        ? 'no held-out text'
        : base === null
          ? `held-out loss ${hundredths(loss)}`
          : `held-out loss ${hundredths(loss)} (${signed(loss - base)})`,
    next: 'next:',
    search: 'Which neurons speak for a token?',
    searchPlaceholder: 'one token',
    found: (token: string) => `“${visible(token)}” is raised most by (layer · neuron)`,
    against: 'and lowered most by',
    neuron: (layer: number, neuron: number) => `${integer(layer)} · ${integer(neuron)}`,
    contextColumns: ['context', 'position', 'token', 'activation'],
  },

  probe: {
    how: 'At each depth a linear reader learns to tell a label from the stream. Where it beats a fresh model, training has made the label readable; where it is no better than the floor, a straight line finds nothing there.',
    label: 'Label',
    labels,
    classes: labelClasses,
    computing: 'Sending windows of the text through, and training a reader at each depth …',
    computingFresh: 'The same of a fresh model …',
    none: 'The text of this model is not at hand, so there is nothing to learn a label from.',
    missing: 'Who speaks can be asked of a text of chats, and how the customer began of the generated support chats.',
    depth: (depth: number) =>
      depth === 0
        ? 'embedding'
        : depth % 2 === 1
          ? `attention ${integer((depth - 1) / 2)}`
          : `MLP ${integer(depth / 2 - 1)}`,
    axis: '→ depth: the stream behind the embedding, then behind each attention and each MLP',
    value: '↑ held-out tokens read right; the axis begins above 0',
    chart: (label: ProbeLabel) => `Share of held-out tokens whose ${labels[label]} a linear reader tells, by depth`,
    series: {
      A: 'A',
      B: 'B',
      model: 'this model',
      fresh: 'fresh model (step 0)',
      shuffled: 'shuffled labels',
      floor: 'always the commonest',
    },
    tell: (depth: string, parts: string[]) => `${depth}: ${list(parts)}`,
    part: (name: string, share: number) => `${name} ${percent(share)}`,
    keys: 'Arrow keys move from depth to depth.',
    sentence: (best: string, share: number, { floor, held }: ProbeAnswer, fresh: number | null) =>
      `Best behind ${best}: ${percent(share)} of ${integer(held)} held-out tokens, ± ${percent(Math.sqrt((share * (1 - share)) / held))}. The commonest class alone is ${percent(floor)}${fresh === null ? '' : `; of a fresh model ${percent(fresh)} can be read at its best depth`}.`,
    recallTitle: (depth: string) => `Class by class, behind ${depth}`,
    recallColumns: { kind: 'class', share: 'read right', count: 'held-out tokens' },
    moodCaution: 'Which openings count as annoyed was judged by hand; the corpus was not written for it.',
    columns: ['depth', 'model', 'fresh', 'shuffled', 'commonest class'],
    percent,
  },
}
