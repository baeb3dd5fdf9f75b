// Where a text is cut into what is trained on and what is held out. It is cut by position, as nanoGPT's prepare.py does, or
// between whole documents, which a seed puts in order.
import { CorpusError } from '../../errors'
import { Rng, shuffle, STREAM } from '../../rng'
import type { Tokens } from '../tokenize/tokenizer'

/**
 * How many of `tokens` are trained on: the first part, without the last `val_fraction`. `ends` are the ends of documents in rising
 * order; then the cut is the nearest end. Both parts have a document, unless nothing is to be held out.
 */
export function trainLength(tokens: number, val_fraction: number, ends?: Uint32Array): number {
  const wanted = Math.floor(tokens * (1 - val_fraction))
  if (!ends || wanted === tokens) return wanted
  // The last end is that of the text.
  let low = 0
  let high = ends.length - 2
  while (low < high) {
    const middle = (low + high) >> 1
    if (ends[middle]! < wanted) low = middle + 1
    else high = middle
  }
  const [before, after] = [ends[low - 1], ends[low]!]
  return before !== undefined && wanted - before <= after - wanted ? before : after
}

/**
 * A text's documents in an order drawn from the seed, and where they end in it: the last ones are what can be held out. Throws
 * CorpusError where there are not two, as in plain text; `name` is whose.
 */
export function dealDocuments(
  tokens: Tokens,
  end_of_text: number,
  seed: number,
  name: string,
): { tokens: Tokens; ends: Uint32Array } {
  const documents: Tokens[] = []
  let from = 0
  for (let i = 0; i < tokens.length; i++)
    if (tokens[i] === end_of_text || i === tokens.length - 1) {
      documents.push(tokens.subarray(from, i + 1))
      from = i + 1
    }
  if (documents.length < 2)
    throw new CorpusError(
      `${name} is one piece, without documents to hold out. Split it by position, or read it as chats or as a table.`,
    )
  shuffle(documents, new Rng(seed, STREAM.corpus))
  const dealt = tokens.slice()
  const ends = new Uint32Array(documents.length)
  let end = 0
  for (const [i, document] of documents.entries()) {
    dealt.set(document, end)
    end += document.length
    ends[i] = end
  }
  return { tokens: dealt, ends }
}
