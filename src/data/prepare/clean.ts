// Cleans a text step by step, and says what each step did: how many places it changed, and some of them before and after. Every
// step takes time in proportion to the text, for any text: people paste files of one line. Special tokens between documents stay,
// and no step makes a new one.
import { franc } from 'franc-min'
import { CorpusError } from '../../errors'
import type { CleanReport, CleanStep } from '../../words/recipe'
import { SPECIAL } from '../../words/tokens'
import { breakSpecial } from '../tokenize/chat_format'
import { nearDuplicates, wordsOf } from './near_duplicates'
import { atOnce } from '../../paced'
import { cutAtSpecial } from '../tokenize/special'

const MOST_PLACES = 20
/** Characters of a line that a place shows. */
const SHOWN = 120

type Note = (line: number, before: string, after: string | null) => void
/** What a step does: it writes a text anew, or says line by line, in order, what stays. */
type Work = { rewrite: (text: string, note: Note) => Rewriting } | { keeps: (line: string) => boolean }
/** Yields the share that is done, now and then. */
type Rewriting = Generator<number, string>
/** Lines, or documents, between two looks at the clock. */
const TURN = 256

/**
 * Applies the steps in order, in short turns, for `paced`. `special`: the tokens that are written between documents and turns, none in
 * plain text. Steps that remove lines take a conversation as one, and a document that they leave empty goes. Throws CorpusError, with
 * the way out, for a step that makes no sense or leaves no text.
 */
export function* cleaning(
  text: string,
  steps: readonly CleanStep[],
  special: readonly string[] = [],
): Generator<number, Cleaned> {
  const reports: CleanReport[] = []
  for (const [i, step] of steps.entries()) {
    const report: CleanReport = { step, count: 0, places: [] }
    const work = workOf(step)
    const doing =
      special.length > 0
        ? inDocuments(text, work, report, special)
        : apply(text, work, (line, before, after) => note(report, { line }, before, after))
    let turn = doing.next()
    for (; !turn.done; turn = doing.next()) yield (i + turn.value) / steps.length
    const after = turn.value
    if (isBlank(after, special) && !isBlank(text, special))
      throw new CorpusError(
        `After the cleaning step “${step.kind}” nothing is left of the text. Remove the step, or loosen it.`,
      )
    text = after
    reports.push(report)
  }
  return { text, reports }
}

interface Cleaned {
  text: string
  reports: CleanReport[]
}

function isBlank(text: string, special: readonly string[]): boolean {
  return cutAtSpecial(text, special).every((part, i) => i % 2 === 1 || part.trim() === '')
}

function workOf(step: CleanStep): Work {
  switch (step.kind) {
    case 'nfkc':
      return eachLine(nfkc)
    case 'control':
      return eachLine((line) => line.replace(INVISIBLE, ''))
    case 'whitespace':
      return { rewrite: whitespace }
    case 'html':
      return { rewrite: html }
    case 'lowercase':
      return eachLine((line) => line.toLowerCase())
    case 'quotes':
      return eachLine((line) => line.replace(/[‘’‚‛′]/g, "'").replace(/[“”„‟″«»]/g, '"'))
    case 'duplicate_lines': {
      const seen = new Set<string>()
      return {
        keeps(line) {
          const key = line.trim()
          if (key === '' || !seen.has(key)) return seen.add(key) !== null
          return false
        },
      }
    }
    case 'near_duplicates':
      return { keeps: nearDuplicates(step.similarity) }
    case 'length':
      if (!(step.min <= step.max))
        throw new CorpusError(
          `No line is at least ${step.min} and at most ${step.max} characters long. Choose a larger maximum.`,
        )
      return { keeps: (line) => line.trim() === '' || (line.length >= step.min && line.length <= step.max) }
    case 'language': {
      if (step.keep.length === 0) throw new CorpusError('No language is to be kept. Choose at least one.')
      const keep = new Set(step.keep)
      return {
        keeps(line) {
          const language = franc(line.slice(0, LANGUAGE_SAMPLE), { minLength: LANGUAGE_LEAST })
          return language === 'und' || keep.has(language)
        },
      }
    }
    case 'words':
      return { keeps: withoutWords(step.drop) }
  }
}

function apply(text: string, work: Work, note: Note): Rewriting {
  return 'rewrite' in work ? work.rewrite(text, note) : keepLines(text, work.keeps, note)
}

/** Document by document; lines are counted in each. */
function* inDocuments(text: string, work: Work, report: CleanReport, special: readonly string[]): Rewriting {
  const parts = cutAtSpecial(text, special)
  const out: string[] = []
  for (let from = 0, document = 1; from < parts.length; document++) {
    const end = parts.indexOf(SPECIAL.end_of_text, from)
    const to = end < 0 ? parts.length : end + 1
    if (document % TURN === 0) yield from / parts.length
    out.push(...inDocument(parts.slice(from, to), work, report, document))
    from = to
  }
  return out.join('')
}

/** What becomes of one document's parts: nothing, where it goes. */
function inDocument(parts: string[], work: Work, report: CleanReport, document: number): string[] {
  if ('keeps' in work && parts.some(isRole)) {
    const said = parts.filter((part, i) => i % 2 === 0 && part.trim() !== '').join('\n')
    if (said === '' || work.keeps(said)) return [parts.join('')]
    note(report, { document, line: 1 }, said, null)
    return []
  }
  const after = parts.map((part, i) => {
    if (i % 2 === 1) return part
    const noteHere: Note = (line, before, after) => {
      if (report.places.length < MOST_PLACES) line += parts.slice(0, i).join('').split('\n').length - 1
      note(report, { document, line }, before, after)
    }
    const done = atOnce(apply(part, work, noteHere))
    // “&lt;|end|>” was no special token, and is to become none.
    return done.includes('<|') ? breakSpecial(done) : done
  })
  const isEmpty = (list: string[]) => list.every((part, i) => i % 2 === 1 || part.trim() === '')
  return 'keeps' in work && isEmpty(after) && !isEmpty(parts) ? [] : [after.join('')]
}

function isRole(part: string): boolean {
  return part === SPECIAL.user || part === SPECIAL.assistant || part === SPECIAL.system
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

function* whitespace(text: string, note: Note): Rewriting {
  const tidied = yield* rewriteLines(text, note, (line) => {
    const end = line.trimEnd()
    const body = end.trimStart()
    const indent = end.slice(0, end.length - body.length)
    return indent + body.replace(/[^\S\n]+/g, ' ')
  })
  let empty = 0
  return yield* keepLines(
    tidied,
    (line) => {
      empty = line === '' ? empty + 1 : 0
      return empty < 2
    },
    note,
  )
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

function* html(text: string, note: Note): Rewriting {
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
  let count = 0
  for (let at = text.indexOf('<'); at >= 0; at = text.indexOf('<', Math.max(at + 1, done))) {
    if (++count % TURN === 0) yield at / text.length
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
    out.push(entities(text.slice(done, at), lineAt, done, note))
    if (BLOCK.test(name)) out.push('\n')
    note(lineAt(at), text.slice(at, Math.min(end, at + SHOWN)), '')
    done = end
  }
  out.push(entities(text.slice(done), lineAt, done, note))
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

function entities(part: string, lineAt: (at: number) => number, offset: number, note: Note): string {
  if (!part.includes('&')) return part
  return part.replace(/&(?:#(\d{1,7})|#x([\da-f]{1,6})|([a-z]{2,8}));/gi, (all, decimal, hex, name, at: number) => {
    const code = decimal ? Number(decimal) : hex ? parseInt(hex as string, 16) : -1
    const known = Object.hasOwn(ENTITIES, name as string) ? ENTITIES[name as string] : undefined
    const valid = code > 0 && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff)
    const after = name ? known : valid ? String.fromCodePoint(code) : undefined
    if (after === undefined) return all
    note(lineAt(offset + at), all, after)
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

function eachLine(change: (line: string) => string): Work {
  return { rewrite: (text, note) => rewriteLines(text, note, change) }
}

function* rewriteLines(text: string, note: Note, change: (line: string) => string): Rewriting {
  const lines = text.split('\n')
  for (let i = 0; i < lines.length; i++) {
    if (i % TURN === 0) yield i / lines.length
    const before = lines[i]!
    const after = change(before)
    if (after === before) continue
    lines[i] = after
    note(i + 1, before, after)
  }
  return lines.join('\n')
}

function* keepLines(text: string, keeps: (line: string) => boolean, note: Note): Rewriting {
  const lines = text.split('\n')
  const kept: string[] = []
  for (const [i, line] of lines.entries()) {
    if (i % TURN === 0) yield i / lines.length
    // What follows the last line feed is no line.
    if (keeps(line) || (i === lines.length - 1 && line === '')) kept.push(line)
    else note(i + 1, line, null)
  }
  return kept.join('\n')
}

function note(
  report: CleanReport,
  at: Pick<CleanReport['places'][number], 'line' | 'document'>,
  before: string,
  after: string | null,
): void {
  report.count++
  if (report.places.length >= MOST_PLACES) return
  let same = 0
  if (after !== null) while (same < before.length && before[same] === after[same]) same++
  const from = before.length <= SHOWN ? 0 : Math.max(0, same - SHOWN / 4)
  const shown = (s: string) =>
    (from > 0 ? '…' : '') + s.slice(from, from + SHOWN) + (s.length > from + SHOWN ? '…' : '')
  report.places.push({ ...at, before: shown(before), after: after === null ? null : shown(after) })
}
