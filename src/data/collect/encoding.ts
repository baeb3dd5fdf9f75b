// Bytes into characters. A byte order mark decides, then UTF-8 if the bytes are valid. Otherwise chardet guesses the likeliest of
// the older encodings, and a notice says so. What cannot be read is replaced by U+FFFD and counted, or refused.
import { analyse } from 'chardet'
import { CorpusError } from '../../errors'

/** Share of control characters or of broken characters above which it is not text: prose has none, compressed data a tenth. */
export const LARGEST_BROKEN_SHARE = 0.01
/** What the guess looks at: more bytes make it slower, not better. */
const SAMPLE_BYTES = 65_536
/** chardet gives 10 of 100 to whatever happens to decode; only more than that speaks for an encoding. */
const LEAST_CONFIDENCE = 11
/** What Western computers wrote before UTF-8: the guess where there is too little text to tell. */
const FALLBACK = 'windows-1252'
/** Its letters 0x80 to 0x9F; five are undefined. Node 20 decodes it as Latin-1, which has control characters there. */
const WINDOWS_1252 = '€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8dŽ\x8f\x90‘’“”•–—˜™š›œ\x9džŸ'

/**
 * The characters of a file's bytes, its byte order mark left out; `notices` tell of a guessed encoding and of what could not be
 * read. Throws CorpusError, naming `name`, for zero bytes outside UTF-16 and for bytes that no encoding makes text of. `declared` is
 * the encoding that the file itself claims, believed where the bytes are neither marked nor UTF-8.
 */
export function decodeText(name: string, bytes: Uint8Array, notices: string[], declared?: string): string {
  const marked =
    bytes[0] === 0xff && bytes[1] === 0xfe ? 'utf-16le' : bytes[0] === 0xfe && bytes[1] === 0xff ? 'utf-16be' : ''
  const zero = marked ? -1 : bytes.indexOf(0)
  if (zero >= 0) throw notText(name, `a zero byte at ${zero}`)
  const whole = tryDecode(bytes, marked || 'utf-8')
  if (whole !== null) return whole
  const claimed = declared === undefined || marked ? null : tryDecode(bytes, declared)
  if (claimed !== null) return claimed
  const label = (marked || 'utf-8').toUpperCase()
  const text = new TextDecoder(label).decode(bytes)
  const broken = countReplacements(text) - (marked ? 0 : countEncodedReplacements(bytes))
  const mostlyRead = broken <= LARGEST_BROKEN_SHARE * text.length
  // Broken UTF-8 still has whole characters of more than one byte; older encodings almost never make one by chance.
  if (mostlyRead && (marked || countSequences(bytes) >= broken)) {
    notices.push(replaced(name, broken, `is not ${label}`))
    return text
  }
  if (marked)
    throw new CorpusError(
      `${name} is not ${label}: ${percent(broken, text.length)} of it cannot be read. Save it as UTF-8 text, or paste its text.`,
    )
  return guess(name, bytes, notices)
}

/** A text from inside another format (JSON, a table, a page): line ends are \n, halves of characters and zeros are U+FFFD. */
export function tidy(text: string): string {
  const marked = text.startsWith('\ufeff') ? text.slice(1) : text
  return marked.replace(/\r\n?/g, '\n').replace(/\p{Surrogate}|\0/gu, '\ufffd')
}

/** What is said of a file that is no text. */
export function notText(name: string, evidence: string): CorpusError {
  return new CorpusError(
    `${name} is binary data, not text: it holds ${evidence}. Choose a plain text file (.txt, .md, .csv).`,
  )
}

/** What is said where U+FFFD had to stand in for something. */
export function replaced(name: string, count: number, why: string): string {
  return `In ${count} ${count === 1 ? 'place' : 'places'} ${name} ${why}; “\ufffd” stands there instead.`
}

/** A share in words. */
export function percent(part: number, whole: number): string {
  return `${((100 * part) / whole).toFixed(0)} %`
}

function guess(name: string, bytes: Uint8Array, notices: string[]): string {
  const first = bytes.findIndex((b) => b > 0x7f)
  const from = bytes.length <= SAMPLE_BYTES ? 0 : first
  const likely = analyse(bytes.subarray(from, from + SAMPLE_BYTES))
    .filter((m) => m.confidence >= LEAST_CONFIDENCE && !/^UTF/i.test(m.name))
    .map((m) => m.name as string)
  for (const label of [...likely, FALLBACK]) {
    const text = tryDecode(bytes, label)
    // In the old one-byte encodings hardly anything is undefined, but nobody writes their second set of control characters.
    if (text === null || (text.match(/[\x80-\x9f]/g)?.length ?? 0) > LARGEST_BROKEN_SHARE * text.length) continue
    // TextDecoder reads ISO-8859-1 as Windows-1252, as the web does.
    const called = new TextDecoder(label).encoding
    notices.push(`${name} is not UTF-8; it was read as ${called}. If its letters look wrong, save it as UTF-8 first.`)
    return text
  }
  throw new CorpusError(
    `${name} is neither UTF-8 nor any older encoding known here. Save it as UTF-8 text, or paste its text.`,
  )
}

/** Null if it is not in that encoding, or if there is no decoder for it. */
function tryDecode(bytes: Uint8Array, label: string): string | null {
  try {
    const decoder = new TextDecoder(label, { fatal: true })
    const text = decoder.decode(bytes)
    if (decoder.encoding !== FALLBACK) return text
    return text.replace(/[\x80-\x9f]/g, (c) => WINDOWS_1252.charAt(c.charCodeAt(0) - 0x80))
  } catch {
    return null
  }
}

function countReplacements(text: string): number {
  let n = 0
  for (let i = text.indexOf('\ufffd'); i >= 0; i = text.indexOf('\ufffd', i + 1)) n++
  return n
}

/** How often UTF-8 bytes spell out U+FFFD: these were there before. */
function countEncodedReplacements(bytes: Uint8Array): number {
  let n = 0
  for (let i = bytes.indexOf(0xef); i >= 0; i = bytes.indexOf(0xef, i + 1))
    if (bytes[i + 1] === 0xbf && bytes[i + 2] === 0xbd) n++
  return n
}

/** Leading bytes of UTF-8 that all their following bytes follow. */
function countSequences(bytes: Uint8Array): number {
  let n = 0
  for (let i = 0; i < bytes.length; i++) {
    const b = bytes[i]!
    const follow = b >= 0xc2 && b < 0xe0 ? 1 : b >= 0xe0 && b < 0xf0 ? 2 : b >= 0xf0 && b < 0xf5 ? 3 : 0
    if (follow === 0) continue
    let k = 1
    while (k <= follow && (bytes[i + k] ?? 0) >> 6 === 2) k++
    if (k > follow) n++
  }
  return n
}
