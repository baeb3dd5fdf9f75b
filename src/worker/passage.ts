// Passages and samples of a text: where they begin and end, the tokens of one, and its size in words and bytes.
import { assistantMask, SPECIAL_TOKENS } from '../data/tokenize/chat_format'
import { eachPiece } from '../data/tokenize/pieces'
import { specialTokens } from '../data/tokenize/special'
import type { Tokenizer } from '../data/tokenize/tokenizer'
import { tokenBytes } from '../data/tokenize/tokenizers'
import { LONGEST_PASSAGE, SPECIAL, type PassageToken } from '../words/tokens'

/** Characters of a text that are counted; of a longer one, so many stretches, evenly spread. */
export const SAMPLE = 1_000_000
const STRETCHES = 10
/** Characters of a passage taken from the text, and how far its beginning is looked for. */
const PASSAGE = 320
const LOOK_FOR = 400

/** A passage's tokens in their places, with what the vocabulary lacks where it stands. */
export function tokensOf(tokenizer: Tokenizer, text: string): PassageToken[] {
  const { state } = tokenizer
  const special = specialTokens(state)
  const isSpecial = new Set(special.ids.values())
  const encoder = new TextEncoder()
  const tokens: PassageToken[] = []
  const add = (id: number) => {
    tokens.push({ id, bytes: [...tokenBytes(state, id)], special: isSpecial.has(id), assistant: false })
  }
  const read = (piece: string) => {
    const { ids } = tokenizer.encode(piece)
    if (ids.length > 0) ids.forEach(add)
    else tokens.push({ id: null, bytes: [...encoder.encode(piece)], special: false, assistant: false })
  }
  for (const part of special.split(text))
    if (typeof part === 'number') add(part)
    else if (state.kind === 'char') for (const character of part) read(character)
    else if (state.kind === 'word') piecesOf(part).forEach(read)
    else tokenizer.encode(part).ids.forEach(add)
  if (SPECIAL_TOKENS.every((token) => special.ids.has(token))) {
    const mask = assistantMask(
      tokens.map(({ id }) => id ?? -1),
      tokenizer,
    )
    mask.forEach((said, i) => (tokens[i]!.assistant = said === 1))
  }
  return tokens
}

/** Pieces in a list: `eachPiece` cannot be entered again from its own visit. */
function piecesOf(text: string): string[] {
  const pieces: string[] = []
  eachPiece(text, (piece) => void pieces.push(piece))
  return pieces
}

/** All of a text, or stretches of it that begin and end between words. */
export function sampleOf(text: string): string[] {
  if (text.length <= SAMPLE) return [text]
  const length = SAMPLE / STRETCHES
  return Array.from({ length: STRETCHES }, (_, i) => {
    const from = afterSpace(text, Math.floor((i * (text.length - length)) / (STRETCHES - 1)))
    return wholeCharacters(text.slice(from, from + length))
  })
}

/** The place after the next white space, if there is one near. */
function afterSpace(text: string, from: number): number {
  if (from === 0) return 0
  const at = text.slice(from, from + LOOK_FOR).search(/\s/u)
  return at < 0 ? from : from + at + 1
}

/** From the start of a line, or else of a word. */
export function passageOf(text: string, place: number): string {
  const latest = Math.max(0, text.length - PASSAGE)
  const wanted = Math.min(place, latest)
  const line = text.indexOf('\n', wanted)
  const from = wanted === 0 ? 0 : line >= 0 && line < wanted + LOOK_FOR ? line + 1 : afterSpace(text, wanted)
  const taken = text.slice(from, from + PASSAGE)
  const end = taken.lastIndexOf(' ')
  return wholeCharacters(from + PASSAGE >= text.length || end <= 0 ? taken : taken.slice(0, end)).trimEnd()
}

/** From the start of a document to its end, if that is not far. */
export function documentAt(text: string, place: number): string {
  const { end_of_text } = SPECIAL
  const before = place === 0 ? -1 : text.indexOf(end_of_text, place)
  const next = before < 0 ? 0 : before + end_of_text.length
  const from = next >= text.length ? 0 : next
  const end = text.indexOf(end_of_text, from)
  const whole = end < 0 ? text.length : end + end_of_text.length
  return whole - from <= LONGEST_PASSAGE / 2
    ? text.slice(from, whole)
    : passageOf(text.slice(from, from + 2 * PASSAGE), 0)
}

/** Without half a surrogate pair at either end. */
export function wholeCharacters(text: string): string {
  return text.replace(/^[\udc00-\udfff]|[\ud800-\udbff]$/g, '')
}

export function lengthInBytes(text: string): number {
  let bytes = 0
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    // A pair of surrogates is four bytes, two for each; one alone is written as U+FFFD.
    if (c < 0x80) bytes++
    else if (c < 0x800) bytes += 2
    else if ((c & 0xfc00) === 0xd800 && (text.charCodeAt(i + 1) & 0xfc00) === 0xdc00) {
      bytes += 4
      i++
    } else bytes += 3
  }
  return bytes
}

/** What stands between white space. */
export function countWords(parts: readonly string[]): number {
  const word = /\S+/gu
  let words = 0
  for (const part of parts) {
    word.lastIndex = 0
    while (word.test(part)) words++
  }
  return words
}
