// A person's sentence as tokens that a model can be asked about. Nothing is left out in silence.
import type { Tokenizer, Tokens } from '../data/tokenize/tokenizer'
import { ProbeError } from '../errors'

/** The most unknown pieces that a sentence names. */
const NAMED = 5

/** Tokens of a text. Throws ProbeError where it is empty, or naming what the tokenizer does not know. */
export function probeTokens(tokenizer: Tokenizer, text: string): Tokens {
  const { ids, unknown } = tokenizer.encode(text)
  if (unknown.length > 0) {
    const named = unknown.slice(0, NAMED).map((piece) => JSON.stringify(piece))
    const more = unknown.length > NAMED ? ` and ${unknown.length - NAMED} more` : ''
    throw new ProbeError(`This model’s text has no ${named.join(', ')}${more}: it never saw them. Leave them out.`)
  }
  if (ids.length === 0) throw new ProbeError('The text is empty: there is nothing to look into.')
  return ids
}
