// What every tokenizer can do. How it was made stands in its state, which is saved with a run.
import type { TokenizerState } from '../run'

/** Token ids; the narrowest array that holds the vocabulary. */
export type Tokens = Uint16Array<ArrayBuffer> | Uint32Array<ArrayBuffer>

export interface Tokenizer {
  readonly state: TokenizerState
  readonly vocab_size: number
  /** Token ids of a text; what the vocabulary lacks is skipped and listed in `unknown`, each piece once, in order. */
  encode(text: string): { ids: Tokens; unknown: string[] }
  /** The text of a list of ids. */
  decode(ids: Iterable<number>): string
  /** The text of one token. */
  token(id: number): string
}
