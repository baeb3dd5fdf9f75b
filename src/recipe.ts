// What is done to a text before it is trained on, as data that a run can keep: cleaning steps in their order, and what becomes
// of personal data of each kind.

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
  'custom',
] as const
export type PiiKind = (typeof PII_KINDS)[number]

/** `mask`: its kind in brackets. `pseudonym`: an invention of the same shape, the same for the same original. `drop`: the whole line goes. */
export type PiiAction = 'keep' | 'mask' | 'pseudonym' | 'drop'

/** How names are looked for. `low`: after titles and greetings only; `normal`: first names too; `high`: any that may be one. */
export type Strictness = 'low' | 'normal' | 'high'

export interface Recipe {
  clean: readonly CleanStep[]
  pii: {
    actions: Readonly<Record<PiiKind, PiiAction>>
    /** Country (ISO 3166, two letters) whose phone numbers are read without their +. */
    region: string
    strictness: Strictness
    /** Words and phrases that are personal here: names of a project, of a pet. */
    custom: readonly string[]
  }
}

/** Cleaning that harms no text, and every kind of personal data masked. */
export const DEFAULT_RECIPE: Recipe = {
  clean: [{ kind: 'nfkc' }, { kind: 'control' }, { kind: 'whitespace' }],
  pii: {
    actions: Object.fromEntries(PII_KINDS.map((kind) => [kind, 'mask'])) as Record<PiiKind, PiiAction>,
    region: 'US',
    strictness: 'normal',
    custom: [],
  },
}
