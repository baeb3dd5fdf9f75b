// Where a text comes from, in words that worker and page share: what files are read as, how far loading is, what was collected.

/** What a person wants files read as; `auto` is what each looks like: chats first, then a table, then text. */
export const READ_AS = ['auto', 'text', 'chats', 'table'] as const
export type ReadAs = (typeof READ_AS)[number]

/** What a file was read as. */
export type PartKind = 'text' | 'chat' | 'table' | 'html' | 'docx' | 'pdf'

/** More files than this are somebody's disk, not a collection. */
export const MOST_FILES = 10_000

/** How far a text is on its way. `total` is 0 where it is not known; of `fetch` and `read` both count bytes. */
export interface Loading {
  phase: 'fetch' | 'read' | 'clean' | 'anonymise' | 'describe' | 'learn' | 'tokenize'
  /** What is worked on: a file, an address, a text. */
  name: string
  done: number
  total: number
}

/** One file that a text was made of. */
export interface PartSummary {
  name: string
  kind: PartKind
  documents: number
  characters: number
  /** Columns of a table that became documents; null if it is none. */
  columns: readonly string[] | null
}

/** A file that was not read, and why. */
export interface Refused {
  name: string
  why: string
}

/** What a person's own text was made of. Long lists are cut, and counted whole. */
export interface CollectedSummary {
  as: ReadAs
  /** Who of a chat was made the assistant, where a person said it. */
  assistant: string | null
  /** Those of its chats who can be made the assistant. None where the roles are given. */
  speakers: string[]
  parts: PartSummary[]
  part_count: number
  refused: Refused[]
  refused_count: number
  /** Number of files that nobody means (.DS_Store and such), passed over. */
  hidden: number
}

/** A table to look at: its columns, those chosen, how many rows it has, and the first of them, each cell cut short. */
export interface TablePreview {
  columns: string[]
  chosen: string[]
  count: number
  rows: string[][]
}
