// A tokenizer for a text, as a person asked for it.
import type { TokenizerChoice, TokenizerState } from '../../words/tokens'
import { learningBpe } from './bpe'
import { byteVocab } from './byte_tokenizer'
import { buildCharVocab } from './char_tokenizer'
import { atOnce } from '../../paced'
import { learningWords } from './word_tokenizer'

/**
 * The tokenizer that was chosen, made from the text where it is one that learns. `special` stand in the text and become tokens;
 * of a given tokenizer they are its own affair. Throws CorpusError where a vocabulary cannot be as large, or as small, as asked.
 */
export function learnTokenizer(text: string, choice: TokenizerChoice, special: readonly string[]): TokenizerState {
  return atOnce(learning(text, choice, special))
}

/** The same in short turns, for `paced`. */
export function* learning(
  text: string,
  choice: TokenizerChoice,
  special: readonly string[],
): Generator<number, TokenizerState> {
  switch (choice.kind) {
    case 'char':
      return buildCharVocab(text, special).state
    case 'byte':
      return byteVocab(special)
    case 'word':
      return (yield* learningWords(text, choice.vocab_size, special)).state
    case 'bpe':
      return (yield* learningBpe(text, choice.vocab_size, special)).state
    case 'given':
      return choice.state
  }
}
