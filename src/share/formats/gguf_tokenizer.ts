// A tokenizer as llama.cpp reads it: always byte pairs after GPT-2's cut. A character of several bytes is its bytes and the merges that
// join them; no merge reaches over a character, since in UTF-8 only a character's first byte begins one. llama.cpp needs a token that
// ends a text: without one it takes token 11. A byte that no UTF-8 has serves; of characters, end_row.ts says which.
import { BYTE_SYMBOLS } from '../../data/tokenize/byte_alphabet'
import { ExportError, invariant } from '../../errors'
import { SPECIAL, type TokenizerState } from '../../words/tokens'
import type { EndToken } from './end_row'
import { isChat } from './hf'

export interface GgufTokenizer {
  tokens: string[]
  /** The two parts with a space between. */
  merges: string[]
  special: ReadonlySet<number>
  /** Ends a text. */
  eos: number
  /** Ends a turn of a conversation. */
  eot: number | null
  /** The head's row of the last token, which is none of the model's; null where none was added. */
  added: Float32Array | null
}

export const NO_WORDS =
  'GGUF cannot hold a tokenizer of words: llama.cpp knows none that keeps spaces. The folder and ONNX can hold it.'

/** `end`: what ends a text, where `lacksEnd`. Throws ExportError for a tokenizer of words. */
export function ggufTokenizer(state: TokenizerState, end: EndToken | null): GgufTokenizer {
  if (state.kind === 'word') throw new ExportError(NO_WORDS)
  const special = new Set((state.special ?? []).map((token) => state.vocab.indexOf(token)))
  const tokens = state.vocab.map((token, id) =>
    state.kind === 'char' && !special.has(id) ? spelled(token).join('') : token,
  )
  const merges =
    state.kind === 'char'
      ? [...new Set(state.vocab.flatMap((token, id) => (special.has(id) ? [] : joins(spelled(token)))))]
      : (state.merges ?? []).map(([left, right]) => `${left} ${right}`)
  const id = (token: string) => (state.special?.includes(token) ? state.vocab.indexOf(token) : null)
  const added = end && 'row' in end ? end.row : null
  if (added) special.add(tokens.push(SPECIAL.end_of_text) - 1)
  if (new Set(tokens).size < tokens.length)
    throw new ExportError('Two of its tokens have the same bytes, which GGUF cannot tell apart.')
  const own = id(SPECIAL.end_of_text) ?? (state.kind === 'char' ? null : state.vocab.indexOf(NEVER))
  const eos = end ? ('id' in end ? end.id : tokens.length - 1) : own
  invariant(eos !== null, () => 'a GGUF of characters without a token that ends a text')
  return { tokens, merges, special, eos, eot: isChat(state) ? id(SPECIAL.end) : null, added }
}

/** Whether a tokenizer has no token that could end a text. */
export const lacksEnd = (state: TokenizerState) =>
  state.kind === 'char' && !state.special?.includes(SPECIAL.end_of_text)

/** What a person should know of the token that ends a text, a sentence each. */
export const endNotes = (end: EndToken | null, { vocab }: TokenizerState): string[] =>
  end && 'id' in end
    ? [`llama.cpp needs a character that ends a text: it stops at the rarest, ${JSON.stringify(vocab[end.id])}.`]
    : []

/** The byte 255, which no text in UTF-8 has. */
const NEVER = BYTE_SYMBOLS[255]!

const spelled = (character: string) => Array.from(new TextEncoder().encode(character), (byte) => BYTE_SYMBOLS[byte]!)
/** The merges that join bytes from left to right. */
const joins = (bytes: readonly string[]) => bytes.slice(1).map((byte, i) => `${bytes.slice(0, i + 1).join('')} ${byte}`)
