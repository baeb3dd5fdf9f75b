// What a person pastes or drops as text, made into clean text or refused by name (bytes become characters in encoding.ts).
// Line ends become \n; what cannot be kept is replaced by U+FFFD and counted.
import { CorpusError } from '../../errors'
import { bytes } from '../../words/sizes'
import { decodeText, LARGEST_BROKEN_SHARE, notText, percent, replaced } from './encoding'

/** Largest text: characters, tokens and the browser's copies of them must fit in a tab's memory together. */
export const LARGEST_TEXT = 50 * 1024 * 1024

/** A file that is not read yet: a Blob is one. */
export type StoredFile = Pick<Blob, 'size' | 'arrayBuffer'>

/** First bytes of files that people mistake for text, and what to do about each. */
const SIGNATURES: readonly { bytes: string; what: string; way: string }[] = [
  { bytes: '%PDF', what: 'a PDF', way: 'Copy its text and paste it here' },
  { bytes: 'PK\x03\x04', what: 'a zip archive (as .docx, .odt and .epub are)', way: 'Save it as plain text (.txt)' },
  { bytes: '\xd0\xcf\x11\xe0', what: 'an old Office document, or has a password', way: 'Save it as plain text (.txt)' },
  { bytes: '{\\rtf', what: 'a rich text document', way: 'Save it as plain text (.txt)' },
  { bytes: '\x1f\x8b', what: 'a gzip archive', way: 'Unpack it first' },
  { bytes: '\x89PNG', what: 'a picture', way: 'Choose a text file' },
  { bytes: '\xff\xd8\xff', what: 'a picture', way: 'Choose a text file' },
  { bytes: 'GIF8', what: 'a picture', way: 'Choose a text file' },
]

/**
 * Clean text from a string or from the bytes of a file; `notices` tell what was changed on the way. Throws CorpusError,
 * naming `name` and the way out: larger than 50 MB, empty, binary, in no known encoding, one character over and over.
 */
export function readText(name: string, input: string | ArrayBuffer | Uint8Array): { text: string; notices: string[] } {
  const notices: string[] = []
  refuseTooLarge(name, typeof input === 'string' ? utf8Size(input) : input.byteLength)
  const raw = typeof input === 'string' ? input : decode(name, new Uint8Array(input), notices)
  let text = raw.startsWith('\ufeff') ? raw.slice(1) : raw
  if (text.includes('\r')) text = text.replace(/\r\n?/g, '\n')
  let lone = 0
  text = text.replace(/\p{Surrogate}/gu, () => {
    lone++
    return '\ufffd'
  })
  if (lone > 0) notices.push(replaced(name, lone, 'holds half a character (a lone surrogate)'))
  if (text === '') throw new CorpusError(`${name} is empty. Paste some text, or choose another file.`)
  refuseControls(name, text)
  if (/^\s*$/.test(text))
    throw new CorpusError(`${name} holds nothing but white space. Paste some text, or choose another file.`)
  const first = String.fromCodePoint(text.codePointAt(0)!)
  if (text === first.repeat(text.length / first.length))
    throw new CorpusError(
      `${name} is the character “${first}” and nothing else: there is nothing to predict. Choose a text with at least two different characters.`,
    )
  return { text, notices }
}

/** The bytes of a dropped file. Throws CorpusError: larger than 50 MB (before it is read), a folder, a file that is gone. */
export async function readFile(name: string, file: StoredFile): Promise<ArrayBuffer> {
  refuseTooLarge(name, file.size)
  try {
    return await file.arrayBuffer()
  } catch (cause) {
    const why = cause instanceof Error ? ` (${cause.message})` : ''
    throw new CorpusError(`${name} cannot be read${why}. If it is a folder, choose a file in it.`, { cause })
  }
}

/** Throws CorpusError if so many bytes are more than 50 MB. */
export function refuseTooLarge(name: string, size: number): void {
  if (size > LARGEST_TEXT)
    throw new CorpusError(
      `${name} has ${bytes(size)}; the limit is ${bytes(LARGEST_TEXT)}. Cut it, or choose a part of it.`,
    )
}

function decode(name: string, bytes: Uint8Array, notices: string[]): string {
  const head = String.fromCharCode(...bytes.subarray(0, 8))
  const known = SIGNATURES.find((s) => head.startsWith(s.bytes))
  if (known) throw new CorpusError(`${name} is ${known.what}, not plain text. ${known.way}.`)
  return decodeText(name, bytes, notices)
}

function refuseControls(name: string, text: string): void {
  let controls = 0
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (c === 0) throw notText(name, `a zero character at ${i}`)
    // Tab, line feed, vertical tab and form feed (9 to 12) belong to text; carriage returns are gone by now.
    if (c < 32 && (c < 9 || c > 12)) controls++
  }
  if (controls > LARGEST_BROKEN_SHARE * text.length)
    throw notText(name, `control characters (${percent(controls, text.length)} of it)`)
}

/** Bytes that a string takes in UTF-8; counted only where the answer is in doubt. */
function utf8Size(text: string): number {
  if (text.length > LARGEST_TEXT || 3 * text.length <= LARGEST_TEXT) return text.length
  let size = text.length
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    // A surrogate is half of a character of four bytes: two bytes each.
    if (c > 0x7f) size += c > 0x7ff && (c < 0xd800 || c > 0xdfff) ? 2 : 1
  }
  return size
}
