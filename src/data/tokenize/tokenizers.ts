// A tokenizer of any kind from its state: the one door from what a run or a file saved to something that reads text.
import { CheckpointError } from '../../errors'
import type { TokenizerState } from '../../words/tokens'
import { bpeTokenizer } from './bpe'
import { bytesOf } from './byte_alphabet'
import { byteTokenizer } from './byte_tokenizer'
import { charTokenizer } from './char_tokenizer'
import type { Tokenizer, Tokens } from './tokenizer'
import { wordTokenizer } from './word_tokenizer'

const TOKENIZERS: Record<TokenizerState['kind'], (state: TokenizerState) => Tokenizer> = {
  char: charTokenizer,
  byte: byteTokenizer,
  word: wordTokenizer,
  bpe: bpeTokenizer,
}

/** The tokenizer of a state. Throws CheckpointError where the state cannot be one. */
export function tokenizerOf(state: TokenizerState): Tokenizer {
  if (!Object.hasOwn(TOKENIZERS, state.kind))
    throw new CheckpointError(
      `The tokenizer is of a kind unknown here, ${JSON.stringify(state.kind)}. Open another file, or a newer Glasshouse.`,
    )
  if (state.kind !== 'bpe' && state.merges)
    throw new CheckpointError(
      `The tokenizer reads ${state.kind}s, but has merges, which only one of kind bpe has. The file is damaged: open another.`,
    )
  return TOKENIZERS[state.kind](state)
}

/** Tokens that are decoded between two looks at the clock. */
const TURN = 1 << 14

/** The text of many tokens in short turns, for `paced`. Between two turns no character is cut. */
export function* decoding(tokenizer: Tokenizer, ids: Tokens): Generator<number, string> {
  const { state } = tokenizer
  const parts: string[] = []
  for (let from = 0; from < ids.length;) {
    let to = Math.min(ids.length, from + TURN)
    while (to < ids.length && isInside(tokenBytes(state, ids[to]!)[0])) to++
    parts.push(tokenizer.decode(ids.subarray(from, to)))
    from = to
    yield from / ids.length
  }
  return parts.join('')
}

/** A byte of UTF-8 that begins no character. */
const isInside = (byte: number | undefined) => byte !== undefined && (byte & 0xc0) === 0x80

/** The bytes of one token of a state. */
export function tokenBytes({ kind, vocab, special }: TokenizerState, id: number): Uint8Array {
  const token = vocab[id] ?? ''
  const spelled = kind === 'char' || kind === 'word' || special?.includes(token)
  return (spelled ? undefined : bytesOf(token)) ?? new TextEncoder().encode(token)
}
