// Bytes as tokens: the UTF-8 of a text, 256 tokens for every text there is. A token's id is its byte.
import { CheckpointError } from '../../errors'
import type { TokenizerState } from '../../words/tokens'
import { BYTE_SYMBOLS, decodeBytes } from './byte_alphabet'
import { slices } from '../../paced'
import { specialTokens, withSpecial } from './special'
import { readingBy, readStretches, TokenWriter, type Tokenizer } from './tokenizer'

/** The vocabulary, the same for every text; special tokens follow the bytes. */
export function byteVocab(special: readonly string[] = []): TokenizerState {
  return { kind: 'byte', ...withSpecial([...BYTE_SYMBOLS], special) }
}

/**
 * A tokenizer from its state. A lone surrogate, which UTF-8 cannot write, is encoded as U+FFFD; bytes that are not UTF-8 are
 * decoded as U+FFFD. Throws CheckpointError where the state is not the 256 bytes and special tokens after them.
 */
export function byteTokenizer(state: TokenizerState): Tokenizer {
  const { vocab } = state
  const special = specialTokens(state)
  if (vocab.length !== 256 + special.ids.size || BYTE_SYMBOLS.some((symbol, byte) => vocab[byte] !== symbol))
    throw new CheckpointError(
      `The tokenizer’s ${vocab.length} tokens are not the 256 bytes and its ${special.ids.size} special tokens. The file is damaged: open another.`,
    )
  const encoder = new TextEncoder()
  const bytes = vocab.map((token, id) => (id < 256 ? Uint8Array.of(id) : encoder.encode(token)))
  return {
    state,
    vocab_size: vocab.length,
    token: (id) => decodeBytes(bytes, [id]),
    ...readingBy(function* (text) {
      const writer = new TokenWriter(vocab.length, text.length)
      const write = (id: number) => writer.push(id)
      yield* readStretches(text, special, write, (stretch) =>
        slices(stretch, (part) => encoder.encode(part).forEach(write)),
      )
      return { ids: writer.finish(), unknown: [] }
    }),
    decode: (ids) => decodeBytes(bytes, ids),
  }
}
