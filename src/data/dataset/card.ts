// The dataset card: what a text is like, in numbers that a person can judge it by. One pass over the text, whatever the text.
import { SPECIAL } from '../../words/tokens'
import type { DatasetCard } from '../../words/corpus'
import { SPECIAL_TOKENS } from '../tokenize/chat_format'
import { countCharacters } from './dataset'
import { slices, within } from '../../paced'
import { textBetween } from '../tokenize/special'

/** Names the language of a text by ISO 639-3, or 'und': franc. It is large, and loaded when a text is there. */
type NameLanguage = (text: string) => string
type Made = Pick<DatasetCard, 'recipe' | 'anonymise' | 'personal' | 'generated'>

/**
 * Describes a text, whose documents and turns are written as `writeDocuments` has them, in short turns, for `paced`. `made` is what the
 * text cannot say.
 */
export function* describing(text: string, made: Made, franc: NameLanguage): Generator<number, DatasetCard> {
  const tokens = countTokens(text)
  const said = textBetween(text, SPECIAL_TOKENS)
  const words = yield* within(countWords(said), 0, 0.2)
  const lines = yield* within(describeLines(said), 0.2, 0.8)
  const alphabet = yield* within(alphabetOf(said), 0.8, 1)
  return { words, ...lines, ...tokens, alphabet, language: languageOf(said, franc), ...made }
}

function countTokens(text: string): Pick<DatasetCard, 'documents' | 'conversations' | 'turns'> {
  const found = { documents: 0, conversations: 0, turns: 0 }
  let turns = 0
  for (let at = text.indexOf('<|'); at >= 0; at = text.indexOf('<|', at + 2)) {
    const token = SPECIAL_TOKENS.find((known) => text.startsWith(known, at))
    if (token === SPECIAL.user || token === SPECIAL.assistant || token === SPECIAL.system) turns++
    if (token !== SPECIAL.end_of_text) continue
    found.documents++
    if (turns > 0) found.conversations++
    found.turns += turns
    turns = 0
  }
  return found
}

function* countWords(said: readonly string[]): Generator<number, number> {
  let words = 0
  let between = true
  yield* eachSlice(said, (slice, isFirst) => {
    between ||= isFirst
    for (let i = 0; i < slice.length; i++) {
      const space = isSpace(slice.charCodeAt(i))
      if (between && !space) words++
      between = space
    }
  })
  return words
}

/** Stretch after stretch, in slices; `isFirst` is the first of a stretch. */
function* eachSlice(
  said: readonly string[],
  visit: (slice: string, isFirst: boolean) => void,
): Generator<number, void> {
  for (const [i, stretch] of said.entries()) {
    let isFirst = true
    const work = slices(stretch, (slice) => {
      visit(slice, isFirst)
      isFirst = false
    })
    yield* within(work, i / said.length, (i + 1) / said.length)
  }
}

/** Unicode's white space, most of it below 33. */
function isSpace(code: number): boolean {
  return (
    code === 0x20 ||
    (code >= 9 && code <= 13) ||
    code === 0x85 ||
    code === 0xa0 ||
    code === 0x3000 ||
    (code >= 0x2000 && code <= 0x200a) ||
    code === 0x2028 ||
    code === 0x2029 ||
    code === 0x202f ||
    code === 0x205f ||
    code === 0x1680
  )
}

/** Lines between two looks at the clock. */
const TURN = 1024

function* describeLines(
  said: readonly string[],
): Generator<number, Pick<DatasetCard, 'lines' | 'longest_line' | 'duplicate_share'>> {
  let lines = 0
  let longest_line = 0
  let full = 0
  const different = new Set<string>()
  for (const [i, stretch] of said.entries())
    for (let from = 0; from < stretch.length;) {
      if (lines % TURN === 0) yield (i + from / stretch.length) / said.length
      const at = stretch.indexOf('\n', from)
      const end = at < 0 ? stretch.length : at
      const line = stretch.slice(from, end)
      lines++
      // Code points are no more than UTF-16 units.
      if (line.length > longest_line) longest_line = Math.max(longest_line, countCharacters(line))
      const key = line.trim()
      if (key !== '') {
        full++
        different.add(key)
      }
      from = end + 1
    }
  return { lines, longest_line, duplicate_share: full === 0 ? 0 : 1 - different.size / full }
}

const SHOWN = 10

function* alphabetOf(said: readonly string[]): Generator<number, DatasetCard['alphabet']> {
  const counts = new Uint32Array(0x110000)
  yield* eachSlice(said, (slice) => {
    for (let i = 0; i < slice.length; i++) {
      const code = slice.codePointAt(i)!
      counts[code]!++
      if (code > 0xffff) i++
    }
  })
  const found: { character: string; count: number }[] = []
  counts.forEach((count, code) => {
    if (count > 0) found.push({ character: String.fromCodePoint(code), count })
  })
  // Stable: of two as frequent, the one that comes first in Unicode is first.
  found.sort((a, b) => b.count - a.count)
  return { size: found.length, frequent: found.slice(0, SHOWN), rare: found.slice(-SHOWN).reverse() }
}

/** Stretches from all over a text that are judged one by one, so that a table of contents or a quotation does not decide. */
const SAMPLES = 9
const SAMPLE = 600

/** Fewer characters can be of any language. */
const LEAST = 60

/** The language that most samples are in. Lists and invented letters look like a language here and another there. */
function languageOf(said: readonly string[], franc: NameLanguage): string | null {
  const sample = spread(said)
  if (sample.length < LEAST) return null
  const votes = new Map<string, number>()
  let count = 0
  for (let from = 0; from < sample.length; from += SAMPLE) {
    const language = franc(sample.slice(from, from + SAMPLE))
    count++
    if (language !== 'und') votes.set(language, (votes.get(language) ?? 0) + 1)
  }
  const [winner] = [...votes].sort(([, a], [, b]) => b - a)
  return winner && winner[1] * 3 >= count * 2 ? winner[0] : null
}

/** Up to SAMPLES stretches of SAMPLE characters, evenly spread. */
function spread(said: readonly string[]): string {
  const all = said.reduce((sum, stretch) => sum + stretch.length + 1, 0)
  if (all <= SAMPLES * SAMPLE) return said.join('\n')
  const step = Math.floor(all / SAMPLES)
  const samples: string[] = []
  let next = 0
  let at = 0
  let filled = ''
  for (const stretch of said) {
    const end = at + stretch.length + 1
    while (samples.length < SAMPLES && next < end) {
      const from = Math.max(0, next - at)
      filled += `${stretch.slice(from, from + SAMPLE - filled.length)}\n`
      if (filled.length < SAMPLE) break
      samples.push(filled.slice(0, SAMPLE))
      filled = ''
      next += step
    }
    at = end
  }
  return samples.join('')
}
