// What a token is called, by how a run reads its text: the part of the message catalogue for counting tokens.
import type { TokenizerState } from '../words/tokens'
import { plural } from './format'

export type Reads = TokenizerState['kind']

/** Words as tokens have what stands between them among them, so they are counted as tokens, too. */
const NOUNS: Record<Reads, readonly [string, string]> = {
  char: ['character', 'characters'],
  byte: ['byte', 'bytes'],
  word: ['token', 'tokens'],
  bpe: ['token', 'tokens'],
}

export const token = (reads: Reads) => NOUNS[reads][0]
export const tokens = (reads: Reads) => NOUNS[reads][1]
/** "1 character", "20 tokens" */
export const countOf = (count: number, reads: Reads) => plural(count, ...NOUNS[reads])

/** What counting is said to count: letters, where characters are tokens. */
const COUNTED: Record<Reads, readonly [string, string]> = { ...NOUNS, char: ['letter', 'letters'] }

/** The reference lines of the chart, by how much is counted: blind guessing, then what follows the last 0, 1, … tokens. */
export function rung(i: number, reads: Reads = 'char'): string {
  if (i === 0) return 'Blind guessing'
  return i === 1 ? `Knowing how frequent each ${COUNTED[reads][0]} is` : `${plural(i - 1, ...COUNTED[reads])} of memory`
}
