// Special tokens: strings that become one token wherever they are written, whatever the kind of tokenizer. Where two begin at the
// same place the longer one wins, as in Hugging Face's tokenizers.
import { CheckpointError } from '../../errors'
import type { TokenizerState } from '../../words/tokens'

/** Most special tokens of one tokenizer; files found on the web reserve a few hundred. */
const LARGEST_SPECIAL = 1024

/** A tokenizer's special tokens by text, and how they cut a text. */
export interface SpecialTokens {
  ids: ReadonlyMap<string, number>
  /** The text in order: stretches without a special token, and the ids of the special tokens between them. */
  split(text: string): (string | number)[]
}

/** The special tokens of a state. Throws CheckpointError where they are not different tokens of its vocabulary. */
export function specialTokens(state: TokenizerState): SpecialTokens {
  const special = state.special ?? []
  if (special.length > LARGEST_SPECIAL)
    throw new CheckpointError(
      `The tokenizer has ${special.length} special tokens; at most ${LARGEST_SPECIAL} can be. Open another file.`,
    )
  const ids = new Map<string, number>()
  for (const token of special) {
    const id = state.vocab.indexOf(token)
    // A lone surrogate could not be written as UTF-8.
    if (token === '' || id < 0 || ids.has(token) || /\p{Surrogate}/u.test(token))
      throw new CheckpointError(
        `The tokenizer’s special token ${JSON.stringify(token)} is not a token of its own in its vocabulary. The file is damaged: open another.`,
      )
    ids.set(token, id)
  }
  const pattern = anyOf(special)
  return {
    ids,
    split(text) {
      if (!pattern) return [text]
      const parts: (string | number)[] = []
      let from = 0
      for (const match of text.matchAll(pattern)) {
        if (match.index > from) parts.push(text.slice(from, match.index))
        parts.push(ids.get(match[0])!)
        from = match.index + match[0].length
      }
      if (from < text.length) parts.push(text.slice(from))
      return parts
    },
  }
}

/** The stretches of a text between special tokens: what a vocabulary is made from. */
export function textBetween(text: string, special: readonly string[]): string[] {
  const pattern = anyOf(special)
  return pattern ? text.split(pattern) : [text]
}

/** A text cut at its special tokens: the stretches between them at even places, they themselves at odd ones. */
export function cutAtSpecial(text: string, special: readonly string[]): string[] {
  const pattern = anyOf(special)
  return pattern ? text.split(new RegExp(`(${pattern.source})`, 'gu')) : [text]
}

/** The text with line feeds, as many as it is long, for every special token: where lines of it begin and end. */
export function blankSpecial(text: string, special: readonly string[]): string {
  const pattern = anyOf(special)
  return pattern ? text.replace(pattern, (token) => '\n'.repeat(token.length)) : text
}

/** A vocabulary with special tokens after it, as a state has them. */
export function withSpecial(vocab: string[], special: readonly string[]): Pick<TokenizerState, 'vocab' | 'special'> {
  return special.length > 0 ? { vocab: [...vocab, ...special], special: [...special] } : { vocab }
}

function anyOf(special: readonly string[]): RegExp | undefined {
  if (special.length === 0) return undefined
  const escaped = special
    .toSorted((a, b) => b.length - a.length)
    .map((token) => token.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&'))
  return new RegExp(escaped.join('|'), 'gu')
}
