// What is done to a text before it is trained on, as data that a run can keep: cleaning steps, applied in their order.

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
