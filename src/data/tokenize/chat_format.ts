// How conversations and documents are written as one text: <|user|>Hello<|end|><|assistant|>Hi<|end|><|endoftext|>. A turn is its
// speaker, what was said and <|end|>, with nothing between; every document ends with <|endoftext|>. A model answers when the turns
// so far end with <|assistant|>.
import { CorpusError } from '../../errors'
import { SPECIAL } from '../../words/tokens'
import type { Document, Message } from '../../words/corpus'
import type { Tokenizer } from './tokenizer'

/** All special tokens, in the order of their ids. */
export const SPECIAL_TOKENS: readonly string[] = Object.values(SPECIAL)

/**
 * Text from outside, with a space after the < of every special token in it: `<|end|>` becomes `< |end|>`, which is none. No other
 * text changes; and as each begins with <| and has no other <, none can arise across the edge to what is written around it.
 */
export function breakSpecial(text: string): string {
  return SPECIAL_TOKENS.reduce((broken, token) => broken.replaceAll(token, `< ${token.slice(1)}`), text)
}

/** A conversation's turns, one after the other, without the end of a document. */
export function writeMessages(messages: readonly Message[]): string {
  return messages.map(({ role, content }) => SPECIAL[role] + breakSpecial(content) + SPECIAL.end).join('')
}

/** Documents as one text to learn from, each with its end. */
export function writeDocuments(documents: readonly Document[]): string {
  return documents
    .map((document) => ('text' in document ? breakSpecial(document.text) : writeMessages(document.messages)))
    .map((text) => text + SPECIAL.end_of_text)
    .join('')
}

/**
 * 1 for each token that the assistant says, its <|end|> included; 0 for all others, <|assistant|> too. The ids must begin outside
 * an assistant's turn. Throws CorpusError where the tokenizer lacks a special token.
 */
export function assistantMask(ids: ArrayLike<number>, tokenizer: Tokenizer): Uint8Array<ArrayBuffer> {
  const { vocab, special } = tokenizer.state
  const idOf = (token: string) => {
    if (!special?.includes(token))
      throw new CorpusError(
        `The tokenizer has no special token ${token}, so it cannot tell who speaks. Choose or make one with special tokens.`,
      )
    return vocab.indexOf(token)
  }
  const assistant = idOf(SPECIAL.assistant)
  const end = idOf(SPECIAL.end)
  // Where a turn was cut short, someone else speaks next or the document ends.
  const others = new Set([SPECIAL.user, SPECIAL.system, SPECIAL.end_of_text].map(idOf))
  const mask = new Uint8Array(ids.length)
  let speaking = false
  for (let i = 0; i < ids.length; i++) {
    const id = ids[i]!
    if (id === assistant) speaking = true
    else if (others.has(id)) speaking = false
    else if (speaking) {
      mask[i] = 1
      speaking = id !== end
    }
  }
  return mask
}
