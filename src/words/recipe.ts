// What is done to a text before it is trained on, as data that a run can keep. Cleaning steps apply in their order; then personal
// data is found and treated.
import type { TokenizerChoice } from './tokens'

/** What is done to a collected text before a model sees it, in this order. */
export interface Preparation {
  clean: readonly CleanStep[]
  anonymise: Anonymise | null
  split: Split
  tokenizer: TokenizerChoice
}

/** What is held out: the end of the text, or whole documents, drawn by a seed. How much of it, `val_fraction` says. */
export type Split = { by: 'position' } | { by: 'document'; seed: number }

/** One step of cleaning. Lines are the unit of the last five; a conversation is one of them. */
export type CleanStep =
  /** Unicode's compatibility form: ligatures, full-width letters and composed accents become one spelling. */
  | { kind: 'nfkc' }
  /** Removes control and invisible characters, except tab and line feed. */
  | { kind: 'control' }
  /** One space for many, none at a line's end, one empty line for many. Indentation stays. */
  | { kind: 'whitespace' }
  /** Removes tags, comments, scripts and styles; turns entities into their characters. */
  | { kind: 'html' }
  | { kind: 'lowercase' }
  /** Straight quotation marks for typographic ones. */
  | { kind: 'quotes' }
  | { kind: 'duplicate_lines' }
  /** Removes a line whose words are those of an earlier line to this share (Jaccard, of words and pairs of words). */
  | { kind: 'near_duplicates'; similarity: number }
  /** Removes lines shorter or longer than this, in UTF-16 units; empty lines stay. */
  | { kind: 'length'; min: number; max: number }
  /** Keeps lines in these languages (ISO 639-3), and lines too short to tell. */
  | { kind: 'language'; keep: readonly string[] }
  /** Removes lines that hold one of these words or phrases, whatever their case. */
  | { kind: 'words'; drop: readonly string[] }

/** A place that a step changed; `after` is null where the line, or the whole conversation, went. */
export interface Place {
  /** Counts from 1 in the text that the step was given; in a text of documents, in the document. */
  line: number
  /** Counts from 1; not said in plain text. */
  document?: number
  before: string
  after: string | null
}
export interface CleanReport {
  step: CleanStep
  /** Lines changed or removed, conversations removed; for `html`, tags and entities. */
  count: number
  places: Place[]
}

/** Kinds of personal data that are looked for; `own` is the user's own list of words and phrases. */
export const PII_KINDS = [
  'email',
  'phone',
  'card',
  'iban',
  'ip',
  'url',
  'handle',
  'account',
  'birth_date',
  'address',
  'name',
  'own',
] as const
export type PiiKind = (typeof PII_KINDS)[number]

/** What happens to a place: left, `[EMAIL]` for it, an invented one for it (always the same for the same), or its line removed. */
export const TREATMENTS = ['keep', 'mask', 'pseudonym', 'drop_line'] as const
export type Treatment = (typeof TREATMENTS)[number]

/**
 * How little makes a word a name. `careful`: titles, greetings, “my name is”, speaker labels, a first name with a surname.
 * `normal`: also a first name alone that is no ordinary word. `eager`: also one that is, and capitalised pairs of strange words.
 */
export const NAME_STRICTNESS = ['careful', 'normal', 'eager'] as const
export type NameStrictness = (typeof NAME_STRICTNESS)[number]

/** How a text is made anonymous: enough, with the text and the version of the program, to do it again. */
export interface Anonymise {
  treatments: Record<PiiKind, Treatment>
  names: NameStrictness
  /** Whose phone numbers are read without their country's code: ISO 3166, two capitals. */
  country: string
  own: readonly string[]
  /** Hits that a person looked at and left as they are, wherever this very text is found as this kind. */
  refused: readonly { kind: PiiKind; text: string }[]
  /** Seed of the invented replacements. */
  seed: number
}

/** The same for every kind, nothing refused. */
export function anonymiseAll(treatment: Treatment): Anonymise {
  const treatments = Object.fromEntries(PII_KINDS.map((kind) => [kind, treatment])) as Anonymise['treatments']
  return { treatments, names: 'normal', country: 'US', own: [], refused: [], seed: 0 }
}

/** What became of the hits of one kind: `found` is the sum of the others. */
export interface PiiCount {
  found: number
  masked: number
  pseudonymised: number
  /** In lines that were removed, for whatever hit. */
  dropped: number
  /** Still in the text: a person refused the hit. */
  refused: number
  /** Still in the text: the kind is kept. */
  kept: number
}

/** What anonymising did to a text. */
export interface PersonalReport {
  counts: Record<PiiKind, PiiCount>
  dropped_lines: number
  /** Hits that are still in the text, refused or kept. */
  went_through: number
  /** Some of the changed lines, before and after. */
  places: Place[]
}

/** A place where something personal was found, as it is shown for review. */
export interface PersonalHit {
  kind: PiiKind
  text: string
  line: number
  /** Counts from 1; not said in plain text. */
  document?: number
  /** Up to 40 characters of the same line on either side. */
  before: string
  after: string
  /** A person has said that it stays. */
  refused: boolean
}

/** What is to be looked for in the collected text, cleaned by these steps, and which of it is to be shown. */
export interface PersonalQuery {
  clean: readonly CleanStep[]
  setting: Anonymise
  /** Null for all kinds. */
  kind: PiiKind | null
  /** How many hits of that kind are passed over. */
  offset: number
}
export interface PersonalFound {
  counts: Record<PiiKind, { found: number; refused: number }>
  /** Hits of the kind asked for, of which some are shown. */
  total: number
  offset: number
  hits: PersonalHit[]
}

/** What cleaning steps would do, tried on the beginning of the collected text. */
export interface CleanPreview {
  reports: CleanReport[]
  /** Characters (UTF-16 units) that were tried, of how many. */
  tried: number
  length: number
}

/** What n-grams are made of: words without regard to case, whole lines, or UTF-16 units. */
export type LeakUnit = 'words' | 'lines' | 'characters'

/** What of the held-out part stands in the training part: n-grams of it, and some of the stretches. */
export interface LeakReport {
  unit: LeakUnit
  n: number
  total: number
  count: number
  share: number
  places: {
    text: string
    held: LeakContext
    trained: LeakContext
  }[]
}
/** The words around a stretch, and how far into its part it stands, 0 to 1. */
export interface LeakContext {
  before: string
  after: string
  at: number
}

/** What a recipe would do to the collected text. Of each question only the newest is answered; an older one gets a SupersededError. */
export interface RecipeCalls {
  /** Tries cleaning steps on the beginning of the text. Throws CorpusError: a step that makes no sense, or leaves nothing. */
  preview(steps: readonly CleanStep[]): Promise<CleanPreview>
  /** Personal data in the text, up to 50 hits an answer. Throws CorpusError. */
  findPersonal(query: PersonalQuery): Promise<PersonalFound>
  /** What of the current dataset's held-out part stands in its training part, with this share held out. */
  leaks(val_fraction: number): Promise<LeakReport>
}
