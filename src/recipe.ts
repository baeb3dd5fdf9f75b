// What is done to a text before it is trained on, as data that a run can keep: cleaning steps, applied in their order,
// and how what is personal is found and treated.

/** One step of cleaning. Lines are the unit of the last five. */
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

/** A place that a step changed. `line` counts from 1, in the text the step was given; `after` is null where the line went. */
export interface Place {
  line: number
  before: string
  after: string | null
}
export interface CleanReport {
  step: CleanStep
  /** Lines changed or removed; for `html`, tags and entities. */
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
  /** Of the invented replacements. */
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
