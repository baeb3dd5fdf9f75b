// What a text is, in words that page and worker share: where it came from, what it is like, what is in it. Data only.
import type { Anonymise, CleanStep, PiiKind, Split } from './recipe'

/** One turn of a conversation. */
export interface Message {
  role: 'system' | 'user' | 'assistant'
  content: string
}

/** A piece of collected text with a beginning and an end: a file, a row of a table, a conversation. */
export type Document = { text: string } | { messages: Message[] }

/** Where a run's text came from. The text itself is stored once, under its fingerprint. */
export interface CorpusInfo {
  name: string
  /** SHA-256 of the UTF-8 text, hex. */
  fingerprint: string
  characters: number
  licence: string
  /** By position where it is not said. */
  split?: Split | undefined
  card?: DatasetCard | undefined
}

/** What a text is like, beside its CorpusInfo. Special tokens are no part of lines, words and characters here. */
export interface DatasetCard {
  /** What stands between white space, as wc counts. */
  words: number
  lines: number
  /** Code points of the longest line. */
  longest_line: number
  /** Share of the lines, empty ones not counted, that stood before. */
  duplicate_share: number
  /** Pieces with an end; 0 in plain text. */
  documents: number
  /** Documents that are conversations, and what is said in them. */
  conversations: number
  turns: number
  alphabet: {
    size: number
    /** Up to ten each: the most frequent first, and the rarest first. */
    frequent: CharacterCount[]
    rare: CharacterCount[]
  }
  /** ISO 639-3; null where it cannot be told. */
  language: string | null
  /** What was done to the text before, in order, and in how many places. */
  recipe: { step: CleanStep; count: number }[]
  /** How the text was made anonymous after that; not said where nobody looked for personal data. */
  anonymise?: Anonymise | undefined
  personal?: PersonalSummary | undefined
  /** What a generated text was made from. */
  generated?: GeneratedBy | undefined
}

/** How much personal data was found, and how much of it is still in the text, refused or kept. */
export interface PersonalSummary {
  kinds: { kind: PiiKind; found: number; went_through: number }[]
  dropped_lines: number
}

export interface CharacterCount {
  character: string
  count: number
}

/** A corpus that can be had without a network. */
export interface BuiltInCorpus {
  id: string
  name: string
  /** One sentence: what it is and what a model learns from it. */
  about: string
  licence: string
  /** Roughly, before it is loaded; of a generated one, with its settings at their defaults. */
  characters: number
  /** How a generated one can be made easier or harder. */
  settings?: readonly TaskSetting[]
}

/** What a generated text is made from, and made again. */
export interface GeneratedBy {
  task: string
  settings: Readonly<Record<string, number>>
  seed: number
}

/** A number that a generated corpus depends on; a switch goes from 0 to 1. */
export interface TaskSetting {
  name: string
  label: string
  min: number
  max: number
  step: number
  default: number
  about: string
}

/** A question from a generated text, what a model wrote to it, and what would have been right; null where nothing can be. */
export interface Answer {
  question: string
  written: string
  correct: boolean
  expected: string | null
}

/** How a model did on questions from its text. `held`: they stand in the part that it was not trained on. */
export interface Answers {
  step: number
  held: boolean
  answers: Answer[]
}
