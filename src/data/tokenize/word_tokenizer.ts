// Words as tokens: the most frequent of the pieces that GPT-2 cuts a text into, as many as asked for. A piece is a word with the
// space before it, a number, marks or white space. The other pieces are left out, which is why nobody trains on words.
import { CheckpointError, invariant } from '../../errors'
import type { TokenizerState } from '../../words/tokens'
import { countingPieces, visiting } from './pieces'
import { specialTokens, withSpecial } from './special'
import { readingBy, readStretches, spelledOut, TokenWriter, type Tokenizer } from './tokenizer'

export interface LearnedWords {
  state: TokenizerState
  dropped: string[]
}

/**
 * The `size` most frequent pieces of a text; special tokens count among them and come last. Between two equally frequent pieces, the
 * one that occurs first is taken. `dropped` lists the pieces left out, most frequent first. In short turns, for `paced`.
 */
export function* learningWords(
  text: string,
  size: number,
  special: readonly string[] = [],
): Generator<number, LearnedWords> {
  const room = size - special.length
  invariant(room > 0, () => `${size} words with ${special.length} special tokens`)
  const pieces = [...(yield* countingPieces(text, special))].sort(([, a], [, b]) => b - a).map(([piece]) => piece)
  return {
    state: { kind: 'word', ...withSpecial(pieces.slice(0, room), special) },
    dropped: pieces.slice(room),
  }
}

/** A tokenizer from its state. Throws CheckpointError where the state is not a list of different tokens. */
export function wordTokenizer(state: TokenizerState): Tokenizer {
  const { vocab } = state
  const special = specialTokens(state)
  if (vocab.length === special.ids.size)
    throw new CheckpointError('The tokenizer has no words. The file is damaged: open another.')
  const idOf = new Map<string, number>()
  for (const [id, token] of vocab.entries()) {
    if (token === '' || idOf.has(token))
      throw new CheckpointError(
        `Token ${id} of the tokenizer, ${JSON.stringify(token)}, is not a word of its own. The file is damaged: open another.`,
      )
    idOf.set(token, id)
  }
  return {
    state,
    vocab_size: vocab.length,
    ...spelledOut(vocab),
    ...readingBy(function* (text) {
      const writer = new TokenWriter(vocab.length, Math.ceil(text.length / 3))
      const unknown = new Set<string>()
      const write = (piece: string) => {
        const id = idOf.get(piece)
        if (id === undefined) unknown.add(piece)
        else writer.push(id)
      }
      yield* readStretches(
        text,
        special,
        (id) => writer.push(id),
        (stretch) => visiting(stretch, write),
      )
      return { ids: writer.finish(), unknown: [...unknown] }
    }),
  }
}
