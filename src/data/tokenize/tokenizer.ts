// What every tokenizer can do. How it was made stands in its state, which is saved with a run.
import { invariant } from '../../errors'
import type { TokenizerState } from '../../words/tokens'
import { atOnce, within } from '../../paced'
import type { SpecialTokens } from './special'

/** Token ids; the narrowest array that holds the vocabulary. */
export type Tokens = Uint16Array<ArrayBuffer> | Uint32Array<ArrayBuffer>

export interface Encoded {
  ids: Tokens
  unknown: string[]
}

export interface Tokenizer {
  readonly state: TokenizerState
  readonly vocab_size: number
  /** Token ids of a text; what the vocabulary lacks is skipped and listed in `unknown`, each piece once, in order. */
  encode(text: string): Encoded
  /** The same in short turns, for `paced`. */
  encoding(text: string): Generator<number, Encoded>
  /** The text of a list of ids. */
  decode(ids: Iterable<number>): string
  /** The text of one token. */
  token(id: number): string
}

/** Reading in turns, and all at once. */
export function readingBy(encoding: Tokenizer['encoding']): Pick<Tokenizer, 'encode' | 'encoding'> {
  return { encoding, encode: (text) => atOnce(encoding(text)) }
}

/** Reads a text in turns: its special tokens are written as they are, the stretches between them as `read` does. */
export function* readStretches(
  text: string,
  special: SpecialTokens,
  write: (id: number) => void,
  read: (stretch: string) => Generator<number, void>,
): Generator<number, void> {
  let done = 0
  for (const part of special.split(text)) {
    if (typeof part === 'number') {
      write(part)
      continue
    }
    const from = done
    done += part.length
    yield* within(read(part), from / text.length, done / text.length)
  }
}

/** The way back where a token's place in the vocabulary holds its very text. */
export function spelledOut(vocab: readonly string[]): Pick<Tokenizer, 'decode' | 'token'> {
  const token = (id: number) => {
    const text = vocab[id]
    invariant(text !== undefined, () => `token ${id} of a vocabulary of ${vocab.length}`)
    return text
  }
  return { token, decode: (ids) => Array.from(ids, token).join('') }
}

/** Token ids while a text is encoded, when nobody knows yet how many there will be. */
export class TokenWriter {
  #ids: Tokens
  #length = 0

  constructor(vocab_size: number, capacity: number) {
    const room = Math.max(16, capacity)
    this.#ids = vocab_size <= 0x10000 ? new Uint16Array(room) : new Uint32Array(room)
  }

  push(id: number): void {
    if (this.#length === this.#ids.length) {
      const wider =
        this.#ids instanceof Uint16Array ? new Uint16Array(2 * this.#length) : new Uint32Array(2 * this.#length)
      wider.set(this.#ids)
      this.#ids = wider
    }
    this.#ids[this.#length++] = id
  }

  /** What was written, in an array of its own, exactly long enough. */
  finish(): Tokens {
    return this.#ids.slice(0, this.#length)
  }
}
