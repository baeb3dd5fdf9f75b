// What is said of runs side by side: in the list, in one chart, in a table of differences, in groups, as a family; loaded with the stage.
import type { Origin } from '../../words/kept'
import type { LossUnit } from '../../words/loss_unit'
import { bytes } from '../../words/sizes'
import type { TokenizerState } from '../../words/tokens'
import { integer, list, loss, plural } from '../format'

export const READS: Record<TokenizerState['kind'], string> = {
  char: 'characters',
  byte: 'bytes',
  word: 'words',
  bpe: 'byte pairs',
}

const COLUMNS = {
  name: 'Name',
  updated: 'Updated',
  step: 'Step',
  params: 'Parameters',
  last: 'Last',
  best: 'Best',
  bits: 'Bits a byte',
  train: 'Training',
  size: 'Size',
}
/** What a column means, where its name is too short to say. */
const HINTS: Record<keyof typeof COLUMNS, string> = {
  name: 'Name',
  updated: 'When it was saved or changed last',
  step: 'Steps trained',
  params: 'Parameters',
  last: 'Newest validation loss',
  best: 'Lowest validation loss',
  bits: 'Lowest validation loss in bits a byte',
  train: 'Training loss, smoothed: the mean of the last steps',
  size: 'Weights and moments on the disk',
}

export const beside = {
  // -- the list
  sort: 'Sort by',
  columns: COLUMNS,
  hints: HINTS,
  /** Begins with what stands there to be read. */
  sortBy: (column: keyof typeof COLUMNS) => `${COLUMNS[column]}: sort by it. ${HINTS[column]}`,
  up: 'ascending',
  down: 'descending',
  turn: (isDown: boolean) => `Turn the order: now ${isDown ? 'descending' : 'ascending'}`,
  unit: 'Losses in',
  units: { nats: 'nats a token', bits: 'bits a byte' } satisfies Partial<Record<LossUnit, string>>,
  mixed: 'These runs read by different tokens: only bits a byte compare them.',
  star: (name: string) => `Star for ${name}`,
  pick: (name: string) => `Choose ${name}`,
  baseline: 'Baseline',
  makeBaseline: 'Compare others with it',
  endBaseline: 'Baseline as it was',
  isBaseline: 'The others are compared with it.',
  differs: (base: string, differences: string[]) =>
    differences.length === 0 ? `Same settings as “${base}”` : `Against “${base}”: ${differences.join(', ')}`,
  more: (count: number) => `${integer(count)} more`,
  dataset: (version: string) => `data ${version}`,
  datasetHint:
    'The version of the data: a hash of what was done to the text. Runs with the same one had it prepared alike.',

  // -- differences, each a few words
  change: (label: string, from: string, to: string, isCount: boolean) =>
    isCount ? `${from} → ${to} ${label}` : `${label} ${from} → ${to}`,
  on: 'on',
  off: 'off',
  text: 'text',
  data: 'data',
  reads: 'reads',
  vocabulary: 'vocabulary',
  otherTokens: 'other tokens',
  turned: 'other parts turned off',

  // -- several at once
  views: {
    label: 'Side by side',
    none: 'Only the list',
    curves: 'Curves',
    differences: 'Differences',
    groups: 'Groups',
    family: 'Lineage',
  },
  chosen: (count: number) =>
    count === 0 ? 'None chosen in the list below: the newest are shown.' : `${plural(count, 'run', 'runs')} chosen.`,
  clear: 'Choose none',
  tooFew: 'Choose two runs or more in the list below.',
  loading: 'Reading the curves …',
  notLoaded: (why: string) => `This part of the page could not be loaded. ${why}`,

  // -- curves
  curvesTitle: 'Curves of several runs',
  atMost: (count: number) => `At most ${count} fit in one chart: the first ${count} of those chosen are shown.`,
  which: { label: 'Loss', val: 'validation', train: 'training, smoothed' },
  x: { label: 'Along', step: 'steps', tokens: 'tokens', time: 'time' },
  xAxis: { step: 'steps', tokens: 'tokens trained on', time: 'seconds of training' },
  logX: 'Logarithmic axis',
  cursor: 'Place on the axis. Arrow keys move it.',
  atX: {
    step: (x: string) => `At step ${x}`,
    tokens: (x: string) => `At ${x} tokens`,
    time: (x: string) => `After ${x} s`,
  },
  newest: 'Newest of each',
  beyond: 'not so far',
  noCurve: 'No curve yet',
  table: 'Loss of each run along the axis',
  noPoints: 'None of these runs has been measured yet.',
  value: (value: number | null) => (value === null || !Number.isFinite(value) ? '–' : loss(value)),

  // -- differences
  differencesTitle: 'What differs',
  sections: { result: 'Result', settings: 'Settings', data: 'Data and tokens', origin: 'Run' },
  rows: {
    status: 'Status',
    step: 'Step',
    last: 'Last validation loss',
    best: 'Best validation loss',
    bits: 'Best, bits a byte',
    train: 'Training loss, smoothed',
    text: 'Text',
    fingerprint: 'Text, SHA-256',
    recipe: 'Data version',
    licence: 'Licence',
    tokenizer: 'Reads',
    vocabulary: 'Vocabulary',
    tokens: 'Tokens, fingerprint',
    params: 'Parameters',
    gates: 'Parts turned off',
    origin: 'Came from',
    notes: 'Notes',
  },
  asItCame: 'as it came',
  unknown: 'not known',
  none: 'none',
  field: 'What',
  alike: 'These runs differ in name alone.',
  copied: 'Copied as a table.',
  copy: 'Copy',
  csv: 'Save as CSV',
  csvName: 'runs.csv',
  saved: (name: string) => `Saved ${name}.`,

  // -- groups
  groupsTitle: 'Groups',
  groupBy: 'Group by',
  groupNothing: 'All runs have the same settings: there is nothing to group by.',
  groupRuns: 'Runs',
  groupMean: 'Best loss, mean',
  groupRange: 'Lowest to highest',
  groupNames: 'Which',
  range: (low: number, high: number) => (low === high ? loss(low) : `${loss(low)} to ${loss(high)}`),
  groupText: 'Text',
  groupTokenizer: 'Tokenizer',
  measured: (count: number, of: number) => (count === of ? integer(of) : `${integer(of)}, ${integer(count)} measured`),

  // -- lineage
  familyTitle: 'Lineage',
  familyLead: 'Which run came from which. Arrow keys go from run to run, Enter shows a run in the list.',
  familyNone:
    'No run came from another yet. A run appears under another when you go on from a kept step, restart with the same weights, or copy it.',
  shipped: 'The model that comes with the page',
  ghost: 'not here any more',
  here: 'open now',
  cameFrom: ({ how, step }: Pick<Origin, 'how' | 'step'>) =>
    ({
      fork: `went on from step ${integer(step)}`,
      restart: `began again with the weights of step ${integer(step)}`,
      tuned: `fine-tuned from step ${integer(step)} on another text`,
      copy: `copied at step ${integer(step)}`,
      file: `from a file, at step ${integer(step)}`,
      imported: 'from another program',
    })[how] ?? `${how}, step ${integer(step)}`,
  originOf: (origin: Origin | null) => {
    if (!origin) return 'chance'
    return origin.how === 'file' ? beside.cameFrom(origin) : `“${origin.name}”: ${beside.cameFrom(origin)}`
  },

  // -- space
  spaceTable: {
    what: 'What',
    all: 'In all',
    checkpoints: 'Weights',
    steps: 'Kept steps',
    history: 'Curve',
    freed: 'Deleting frees',
  },
  budget: 'Budget for everything kept here',
  budgets: (size: number) => (size === 0 ? 'what the browser allows' : bytes(size)),
  within: (used: number, budget: number) => `${bytes(used)} of ${bytes(budget)}.`,
  over: (used: number, budget: number, names: string[], freed: number) =>
    `${bytes(used)} are kept, ${bytes(used - budget)} more than the budget. ${
      names.length === 0
        ? 'Nothing that has no star can be deleted to change that.'
        : `Deleting ${list(names.map((name) => `“${name}”`))} would free ${bytes(freed)}.`
    } Nothing is deleted by itself.`,
  persisted: 'The browser has promised not to clear this by itself.',
  notPersisted: 'The browser may clear this when its disk is full.',
  persist: 'Ask it to keep everything',
  refused: 'The browser did not promise. It often does once a page is bookmarked, installed or used a few times.',
}
