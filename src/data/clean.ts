// Cleans a text step by step, and says what each step did: how many places it changed, and some of them before and after.
// Every step takes time in proportion to the text, whatever the text: people paste files of one line.
import { franc } from 'franc-min'
import { CorpusError } from '../errors'
import type { CleanReport, CleanStep } from '../recipe'
import { hash, mix } from '../rng'

const MOST_PLACES = 20
/** Characters of a line that a place shows. */
const SHOWN = 120

/** Applies the steps in order. Throws CorpusError, with the way out, for a step that makes no sense or leaves no text. */
export function clean(text: string, steps: readonly CleanStep[]): { text: string; reports: CleanReport[] } {
  const reports: CleanReport[] = []
  for (const step of steps) {
    const report: CleanReport = { step, count: 0, places: [] }
    const after = apply(text, step, report)
    if (after.trim() === '' && text.trim() !== '')
      throw new CorpusError(
        `After the cleaning step “${step.kind}” nothing is left of the text. Remove the step, or loosen it.`,
      )
    text = after
    reports.push(report)
  }
  return { text, reports }
}

function apply(text: string, step: CleanStep, report: CleanReport): string {
  switch (step.kind) {
    case 'nfkc':
      return eachLine(text, report, nfkc)
    case 'control':
      return eachLine(text, report, (line) => line.replace(INVISIBLE, ''))
    case 'whitespace':
      return whitespace(text, report)
    case 'html':
      return html(text, report)
    case 'lowercase':
      return eachLine(text, report, (line) => line.toLowerCase())
    case 'quotes':
      return eachLine(text, report, (line) => line.replace(/[‘’‚‛′]/g, "'").replace(/[“”„‟″«»]/g, '"'))
    case 'duplicate_lines': {
      const seen = new Set<string>()
      return keepLines(text, report, (line) => {
        const key = line.trim()
        if (key === '' || !seen.has(key)) return seen.add(key) !== null
        return false
      })
    }
    case 'near_duplicates':
      return keepLines(text, report, nearDuplicates(step.similarity))
    case 'length':
      if (!(step.min <= step.max))
        throw new CorpusError(
          `No line is at least ${step.min} and at most ${step.max} characters long. Choose a larger maximum.`,
        )
      return keepLines(
        text,
        report,
        (line) => line.trim() === '' || (line.length >= step.min && line.length <= step.max),
      )
    case 'language': {
      if (step.keep.length === 0) throw new CorpusError('No language is to be kept. Choose at least one.')
      const keep = new Set(step.keep)
      return keepLines(text, report, (line) => {
        const language = franc(line.slice(0, LANGUAGE_SAMPLE), { minLength: LANGUAGE_LEAST })
        return language === 'und' || keep.has(language)
      })
    }
    case 'words':
      return keepLines(text, report, withoutWords(step.drop))
  }
}

/** Characters from which a language is told, and below which it is not. */
const LANGUAGE_SAMPLE = 1000
const LANGUAGE_LEAST = 25

/** Controls, soft hyphen, zero-width space, direction marks, byte order mark. The joiners stay: emoji and Persian need them. */
const INVISIBLE =
  /[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]/g

function nfkc(line: string): string {
  // Unicode's stream-safe format (UAX 15): sorting a run of marks takes the square of its length.
  return line.replace(/\p{M}{30}(?=\p{M})/gu, '$&\u034f').normalize('NFKC')
}

function whitespace(text: string, report: CleanReport): string {
  const tidied = eachLine(text, report, (line) => {
    const end = line.trimEnd()
    const body = end.trimStart()
    const indent = end.slice(0, end.length - body.length)
    return indent + body.replace(/[^\S\n]+/g, ' ')
  })
  let empty = 0
  return keepLines(tidied, report, (line) => {
    empty = line === '' ? empty + 1 : 0
    return empty < 2
  })
}

/** Elements that end a line where they stand. */
const BLOCK = /^\/?(br|p|div|li|tr|h[1-6]|ul|ol|table|section|article|header|footer|blockquote|pre|hr|title)$/
const ENTITIES: Record<string, string> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: ' ',
  ndash: '–',
  mdash: '—',
  hellip: '…',
  lsquo: '‘',
  rsquo: '’',
  ldquo: '“',
  rdquo: '”',
  copy: '©',
  reg: '®',
  euro: '€',
  pound: '£',
  deg: '°',
}

function html(text: string, report: CleanReport): string {
  const out: string[] = []
  const unclosed = new Set<string>()
  const lineAt = lineCounter(text)
  /** The end of what `ending` closes, or -1; a search that failed once is not made again. */
  const closing = (ending: string, from: number): number => {
    if (unclosed.has(ending)) return -1
    const at = text.indexOf(ending, from)
    if (at < 0) unclosed.add(ending)
    return at < 0 ? -1 : at + ending.length
  }
  let done = 0
  for (let at = text.indexOf('<'); at >= 0; at = text.indexOf('<', Math.max(at + 1, done))) {
    let end = -1
    let name = ''
    if (text.startsWith('<!--', at)) end = closing('-->', at + 4)
    else {
      name = /^<(\/?[a-z][a-z0-9]{0,15}|!doctype)(?=[\s/>])/i.exec(text.slice(at, at + 20))?.[1]?.toLowerCase() ?? ''
      if (name === '') continue
      end = tagEnd(text, at + 1 + name.length)
      if (end >= 0 && (name === 'script' || name === 'style')) end = Math.max(end, closing(`</${name}>`, end))
    }
    if (end < 0) continue
    out.push(entities(text.slice(done, at), lineAt, done, report))
    if (BLOCK.test(name)) out.push('\n')
    note(report, lineAt(at), text.slice(at, Math.min(end, at + SHOWN)), '')
    done = end
  }
  out.push(entities(text.slice(done), lineAt, done, report))
  return out.join('')
}

/** The end of a tag whose name ends at `from`: after its `>`, which no quotes enclose; -1 if another tag opens before. */
function tagEnd(text: string, from: number): number {
  let quote = ''
  for (let i = from; i < text.length; i++) {
    const c = text[i]!
    if (c === '<') return -1
    if (quote !== '') quote = c === quote ? '' : quote
    else if (c === '>') return i + 1
    else if ((c === '"' || c === "'") && text[i - 1] === '=') quote = c
  }
  return -1
}

function entities(part: string, lineAt: (at: number) => number, offset: number, report: CleanReport): string {
  if (!part.includes('&')) return part
  return part.replace(/&(?:#(\d{1,7})|#x([\da-f]{1,6})|([a-z]{2,8}));/gi, (all, decimal, hex, name, at: number) => {
    const code = decimal ? Number(decimal) : hex ? parseInt(hex as string, 16) : -1
    const known = Object.hasOwn(ENTITIES, name as string) ? ENTITIES[name as string] : undefined
    const valid = code > 0 && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff)
    const after = name ? known : valid ? String.fromCodePoint(code) : undefined
    if (after === undefined) return all
    note(report, lineAt(offset + at), all, after)
    return after
  })
}

/** The line of a place; places must be asked in order. */
function lineCounter(text: string): (at: number) => number {
  let line = 1
  let next = text.indexOf('\n')
  return (at) => {
    while (next >= 0 && next < at) {
      line++
      next = text.indexOf('\n', next + 1)
    }
    return line
  }
}

/** What says of a line whether it has none of these words; a phrase of several stands with single spaces. */
function withoutWords(drop: readonly string[]): (line: string) => boolean {
  const phrases = new Set(drop.map((word) => wordsOf(word).join(' ')).filter((phrase) => phrase !== ''))
  const longest = Math.max(0, ...Array.from(phrases, (phrase) => phrase.split(' ').length))
  return (line) => {
    const words = wordsOf(line)
    for (let i = 0; i < words.length; i++) {
      let phrase = words[i]!
      if (phrases.has(phrase)) return false
      for (let n = 1; n < longest && i + n < words.length; n++) {
        phrase += ' ' + words[i + n]!
        if (phrases.has(phrase)) return false
      }
    }
    return true
  }
}

function wordsOf(line: string): string[] {
  return line.toLowerCase().match(/[\p{L}\p{M}\p{N}]+/gu) ?? []
}

/** Values of a line's signature (Broder, 1997), cut into bands of rows: two lines that share a band are compared. */
const HASHES = 64
/** Shingles that stand for a longer line: those with the smallest hashes, which makes them a fair sample. */
const MOST_SHINGLES = 1024
/** Earlier lines kept in a bucket: more would let one bucket hold, and be compared with, all lines. */
const BUCKET = 8
const SEED = 0x6c617373

function nearDuplicates(similarity: number): (line: string) => boolean {
  if (!(similarity > 0 && similarity <= 1))
    throw new CorpusError(`A similarity of ${similarity} cannot be. Choose one above 0 and at most 1.`)
  // Most rows, so fewest false candidates, whose threshold (1/bands)^(1/rows) lies well below what is asked for.
  const rows = [16, 8, 4, 2, 1].find((r) => (r / HASHES) ** (1 / r) <= similarity - 0.1) ?? 1
  const keys = Uint32Array.from({ length: HASHES }, (_, k) => hash(SEED, 1, k))
  const buckets = new Map<number, Uint32Array[]>()
  const signature = new Uint32Array(HASHES)
  return (line) => {
    const shingles = shinglesOf(line)
    if (shingles.length === 0) return true
    signature.fill(0xffffffff)
    for (const shingle of shingles)
      for (let k = 0; k < HASHES; k++) {
        const value = mix((shingle ^ keys[k]!) >>> 0)
        if (value < signature[k]!) signature[k] = value
      }
    const bands: number[] = []
    for (let at = 0; at < HASHES; at += rows) {
      let band = mix(at)
      for (let r = at; r < at + rows; r++) band = mix((band ^ signature[r]!) >>> 0)
      bands.push(band)
    }
    const compared = new Set<Uint32Array>()
    for (const band of bands)
      for (const earlier of buckets.get(band) ?? []) {
        if (compared.has(earlier)) continue
        compared.add(earlier)
        if (jaccard(shingles, earlier) >= similarity) return false
      }
    for (const band of bands) {
      const bucket = buckets.get(band)
      if (!bucket) buckets.set(band, [shingles])
      else if (bucket.length < BUCKET) bucket.push(shingles)
    }
    return true
  }
}

/** Hashes of a line's words and pairs of words, sorted, each once. */
function shinglesOf(line: string): Uint32Array {
  const found = new Set<number>()
  let before = 0
  for (const word of wordsOf(line)) {
    let h = SEED
    for (let i = 0; i < word.length; i++) h = Math.imul(h ^ word.charCodeAt(i), 0x01000193)
    h = mix(h >>> 0)
    found.add(h)
    if (before !== 0) found.add(mix((h + Math.imul(before, 31)) >>> 0))
    before = h
  }
  return Uint32Array.from(found).sort().slice(0, MOST_SHINGLES)
}

/** Share of the elements of two sorted lists that both have. */
function jaccard(a: Uint32Array, b: Uint32Array): number {
  let both = 0
  let union = 0
  let i = 0
  let j = 0
  // The smallest of the union is a fair sample of it; past its size one list may have been cut.
  const most = Math.max(a.length, b.length) < MOST_SHINGLES ? Infinity : MOST_SHINGLES
  for (; (i < a.length || j < b.length) && union < most; union++) {
    const x = i < a.length ? a[i]! : Infinity
    const y = j < b.length ? b[j]! : Infinity
    if (x === y) both++
    if (x <= y) i++
    if (y <= x) j++
  }
  return union === 0 ? 1 : both / union
}

function eachLine(text: string, report: CleanReport, change: (line: string) => string): string {
  const lines = text.split('\n')
  for (let i = 0; i < lines.length; i++) {
    const before = lines[i]!
    const after = change(before)
    if (after === before) continue
    lines[i] = after
    note(report, i + 1, before, after)
  }
  return lines.join('\n')
}

function keepLines(text: string, report: CleanReport, keeps: (line: string) => boolean): string {
  const lines = text.split('\n')
  return lines
    .filter((line, i) => {
      // What follows the last line feed is no line.
      if (keeps(line) || (i === lines.length - 1 && line === '')) return true
      note(report, i + 1, line, null)
      return false
    })
    .join('\n')
}

function note(report: CleanReport, line: number, before: string, after: string | null): void {
  report.count++
  if (report.places.length >= MOST_PLACES) return
  let same = 0
  if (after !== null) while (same < before.length && before[same] === after[same]) same++
  const from = before.length <= SHOWN ? 0 : Math.max(0, same - SHOWN / 4)
  const shown = (s: string) =>
    (from > 0 ? '…' : '') + s.slice(from, from + SHOWN) + (s.length > from + SHOWN ? '…' : '')
  report.places.push({ line, before: shown(before), after: after === null ? null : shown(after) })
}
