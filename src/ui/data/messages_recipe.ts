// What the recipe and the dataset card say: the part of the message catalogue for how a text is made ready.
import type { CleanStep, LeakUnit, NameStrictness, PiiCount, PiiKind, Treatment } from '../../words/recipe'
import { compact, integer, list, percent, plural } from '../format'

const UNITS: Record<LeakUnit, (n: number) => string> = {
  words: (n) => `sequences of ${integer(n)} words`,
  lines: (n) => (n === 1 ? 'lines' : `sequences of ${integer(n)} lines`),
  characters: (n) => `sequences of ${integer(n)} characters`,
}

const kinds: Record<PiiKind, string> = {
  email: 'E-mail addresses',
  phone: 'Phone numbers',
  card: 'Credit cards',
  iban: 'Bank accounts (IBAN)',
  ip: 'IP addresses',
  url: 'Links',
  handle: 'Social handles',
  account: 'Order and account numbers',
  birth_date: 'Dates of birth',
  address: 'Street addresses',
  name: 'Names',
  own: 'My own list',
}
const steps: Record<CleanStep['kind'], { name: string; about: string }> = {
  html: {
    name: 'Remove HTML',
    about: 'Tags, comments, scripts and styles go; entities such as &amp; become their characters.',
  },
  control: {
    name: 'Remove invisible characters',
    about: 'Control characters, zero-width spaces and direction marks go.',
  },
  nfkc: { name: 'Unify Unicode (NFKC)', about: 'Ligatures, full-width letters and split accents become one spelling.' },
  quotes: { name: 'Straighten quotes', about: 'Typographic quotation marks and apostrophes become \' and ".' },
  whitespace: {
    name: 'Tidy white space',
    about: 'One space for many, none at the end of a line, one empty line for many.',
  },
  lowercase: {
    name: 'Lower case',
    about: 'Every capital becomes small: fewer characters to learn, and no sentence begins.',
  },
  words: { name: 'Drop lines with these words', about: 'A line that holds one of them goes, whatever their case.' },
  length: { name: 'Keep lines of this length', about: 'Shorter and longer lines go; empty ones stay.' },
  language: { name: 'Keep these languages', about: 'Lines in others go; lines too short to tell stay.' },
  duplicate_lines: { name: 'Drop repeated lines', about: 'A line that stood before goes.' },
  near_duplicates: {
    name: 'Drop nearly repeated lines',
    about: 'A line goes whose words are mostly those of an earlier one (MinHash).',
  },
}

export const recipe = {
  title: 'Recipe',
  lead: 'What is done to the text before a model sees it, in this order. Nothing changes until you apply it, and the collected text is kept.',
  documents: 'In conversations, steps that drop lines judge a conversation as a whole.',
  readOnly:
    'This is the text of a run, as the run reads it: it cannot be prepared again. Choose a text above to make a recipe for it.',
  noRecipe: 'Nothing was done to it.',
  clean: 'Clean',
  steps,
  settings: {
    similarity: 'Similarity from',
    min: 'At least',
    max: 'At most',
    characters: 'characters',
    words: 'Words or phrases, one a line',
    addLanguage: 'Add a language',
    removeLanguage: (name: string) => `Remove ${name}`,
    earlier: 'Earlier',
    later: 'Later',
    move: (name: string, way: string) => `${name}: ${way}`,
  },
  did: (count: number) => plural(count, 'place changed', 'places changed'),
  would: (count: number) => plural(count, 'place would change', 'places would change'),
  trying: 'Counting',
  triedPart: (tried: number, all: number) =>
    `Counted in the first ${compact(tried)} of ${compact(all)} characters; applying treats them all.`,
  places: (shown: number, count: number) =>
    shown < count ? `Before and after, the first ${integer(shown)} of ${integer(count)}` : 'Before and after',
  before: 'before',
  after: 'after',
  gone: 'removed',
  line: (line: number, document?: number) =>
    document === undefined
      ? `line ${integer(line)}`
      : line === 1
        ? `document ${integer(document)}`
        : `document ${integer(document)}, line ${integer(line)}`,

  anonymise: 'Anonymise',
  anonymiseLead:
    'Finds personal data and treats it kind by kind. No finder is perfect: look at the hits before you share a model.',
  looks: 'Look for personal data and treat it',
  maskAll: 'Mask everything',
  inventAll: 'Invent everything anew',
  keepAll: 'Keep everything, only count',
  kinds,
  treatments: { keep: 'keep', mask: 'mask', pseudonym: 'pseudonym', drop_line: 'drop the line' } satisfies Record<
    Treatment,
    string
  >,
  treatment: (kind: string) => `What happens to: ${kind}`,
  kind: 'Kind',
  found: 'Found',
  what: 'Treatment',
  outcome: 'Applied',
  outcomeOf: (c: PiiCount) =>
    list(
      [
        c.masked > 0 ? `${integer(c.masked)} masked` : '',
        c.pseudonymised > 0 ? `${integer(c.pseudonymised)} invented anew` : '',
        c.dropped > 0 ? `${integer(c.dropped)} in dropped lines` : '',
        c.refused > 0 ? `${integer(c.refused)} left by you` : '',
        c.kept > 0 ? `${integer(c.kept)} kept` : '',
      ].filter((part) => part !== ''),
    ) || '–',
  names: 'Names',
  strictness: { careful: 'careful', normal: 'normal', eager: 'eager' } satisfies Record<NameStrictness, string>,
  strictnessHint: {
    careful: 'Only where something says so: titles, greetings, “my name is”, a first name with a surname.',
    normal: 'Also a first name alone that is no ordinary word.',
    eager: 'Also first names that are words, and capitalised pairs of strange words.',
  } satisfies Record<NameStrictness, string>,
  country: 'Phone numbers without a country code are from',
  own: 'My own list of words and phrases, one a line',
  ownHint: 'It is kept with the run on this device, and left out of exported files.',
  seed: 'Seed of the invented replacements',
  find: 'Find personal data',
  finding: 'Searching',
  review: 'Hits to review',
  reviewHint: 'Refusing a hit leaves this very text as it is wherever it is found. Arrow keys go from hit to hit.',
  show: 'Show',
  allKinds: 'All kinds',
  option: (name: string, count: number) => `${name} (${integer(count)})`,
  refuse: 'Leave as it is',
  accept: 'Treat it',
  refuseLabel: (text: string) => `Leave as it is: ${text}`,
  acceptLabel: (text: string) => `Treat it: ${text}`,
  nothing: 'Nothing personal was found.',
  page: (from: number, to: number, total: number) => `${integer(from)}–${integer(to)} of ${integer(total)}`,
  earlierHits: 'Previous',
  laterHits: 'Next',

  split: 'Split',
  splitLead: 'What is held out is never trained on: it tells whether the model understands or recalls.',
  by: 'Held out is',
  splits: { position: 'the end of the text', document: 'whole documents, drawn by lot' },
  noDocuments: 'This text is one piece. Chats, tables and several files have documents that can be drawn.',
  splitSeed: 'Seed of the draw',
  heldOut: 'Held-out share',
  heldTokens: (train: number, val: number) =>
    `${integer(train)} tokens to learn from, ${integer(val)} held out, as it is now`,
  leakCheck: 'Check for leaks',
  leakHint:
    'Looks for sequences of the held-out part that stand in the training part too. It checks the split as it is applied.',
  leaking: (share: number) => `Comparing, ${percent(share)}`,
  noLeak: (total: number, unit: LeakUnit, n: number) =>
    total === 0
      ? 'Nothing is held out that could leak.'
      : `None of the ${integer(total)} ${UNITS[unit](n)} in the held-out part stands in the training part.`,
  leaks: (count: number, total: number, share: number, unit: LeakUnit, n: number) =>
    `${percent(share)} of the ${UNITS[unit](n)} in the held-out part stand in the training part too: ${integer(count)} of ${integer(total)}. The loss on them says little.`,
  leakPlaces: 'The first of them, in both parts',
  inHeld: (at: number) => `held out, ${percent(at)} in`,
  inTrain: (at: number) => `training, ${percent(at)} in`,

  apply: 'Apply the recipe',
  applyLast: 'Apply the last recipe',
  applying: 'Preparing the text',
  upToDate: 'The text is prepared as set here.',
  untouched: 'Nothing is set: the text is as it was collected.',
  proposal: (name: string) => `Your last recipe is a proposal for ${name}; nothing of it is applied yet.`,
  will: (parts: readonly string[]) => `Applying will ${list([...parts])}.`,
  willClean: (count: number) => (count === 0 ? 'take cleaning back' : `clean in ${plural(count, 'step', 'steps')}`),
  willAnonymise: (on: boolean) => (on ? 'treat personal data' : 'take anonymising back'),
  willSplit: (by: 'position' | 'document') =>
    by === 'position' ? 'hold out the end' : 'hold out documents drawn by lot',
  undo: 'Undo all',
  undone: 'The text is as it was collected.',
  copy: 'Copy the recipe',
  paste: 'Paste a recipe',
  pasted: {
    title: 'Paste a recipe',
    lead: 'A recipe that was copied here, as JSON. It becomes a proposal for this text: nothing changes until you apply it.',
    use: 'Use this recipe',
    empty: 'Nothing is pasted yet. Copy a recipe with “Copy the recipe”, and paste all of it here.',
    noJson: 'This is no JSON, or not all of it. Copy a recipe with “Copy the recipe”, and paste all of it.',
    noRecipe:
      'This is no recipe: a recipe is an object with clean, anonymise or split. Copy one with “Copy the recipe”.',
    whole: 'The recipe',
    stepAt: (i: number) => `Step ${integer(i)} of clean`,
    mustBe: (where: string, what: string) => `${where} must be ${what}.`,
    oneOf: (where: string, allowed: readonly string[], found: string | null) =>
      `${where} ${found === null ? 'must be' : `is “${found}”; it must be`} one of ${list([...allowed])}.`,
    stranger: (where: string, name: string, allowed: readonly string[]) =>
      `${where} has no “${name}”; it has ${list([...allowed])}.`,
    twice: (kind: string) => `clean has the step “${kind}” twice; once is enough.`,
    object: (names: readonly string[]) => `an object with ${list([...names])}`,
    step: 'an object such as {"kind": "html"}',
    list: 'a list',
    texts: 'a list of texts',
    text: 'a text',
    whole0: 'a whole number of at least 0',
    atLeast: (least: number) => `a number of at least ${integer(least)}`,
    similarity: 'a number above 0 and at most 1',
    language: 'a list of languages by ISO 639-3, such as eng or deu, of those that can be told apart here',
    country: 'a country by ISO 3166, such as US',
  },
  ofRun: 'Use the recipe of a run',
}

export const card = {
  characters: 'Characters',
  words: 'Words',
  lines: 'Lines',
  longest: 'Longest line',
  documents: 'Documents',
  conversations: 'Conversations',
  turns: 'Turns',
  alphabet: 'Alphabet',
  vocabulary: 'Vocabulary',
  duplicates: 'Repeated lines',
  language: 'Language',
  unknown: 'not told',
  train: 'To learn from',
  val: 'Held out',
  tokens: (count: number) => plural(count, 'token', 'tokens'),
  frequent: 'Most frequent characters',
  rare: 'Rarest characters',
  character: (c: string, count: number) => `${c} ${integer(count)}`,
  fingerprint: 'SHA-256',
  copyFingerprint: 'Copy the whole fingerprint',
  licence: 'Licence',
  name: 'Name the licence',
  save: 'Save',
  recipe: 'Recipe',
  split: 'Split',
  splitOf: (split: { by: 'position' } | { by: 'document'; seed: number } | undefined) =>
    split?.by === 'document' ? `by document, seed ${integer(split.seed)}` : 'by position',
  step: (name: string, count: number) => `${name}: ${plural(count, 'place', 'places')}`,
  none: 'as it was collected',
  personal: 'Personal data',
  notLooked: 'nobody looked for it',
  personalOf: (found: number, through: number, dropped: number) =>
    found === 0
      ? 'none found'
      : `${integer(found)} found, ${integer(through)} went through${dropped > 0 ? `, ${plural(dropped, 'line', 'lines')} dropped` : ''}`,
  kind: (name: string, found: number, through: number) =>
    `${name}: ${integer(found)} found, ${integer(through)} went through`,
  generated: 'Generated',
  generatedBy: (task: string, settings: Readonly<Record<string, number>>, seed: number) =>
    [task, ...Object.entries(settings).map(([name, value]) => `${name} ${value}`), `seed ${seed}`].join(', '),
  more: 'Characters, recipe and origin',
  old: 'This run is older than dataset cards: more is not known of its text.',
  json: 'Copy as JSON',
  markdown: 'Copy as Markdown',
}
