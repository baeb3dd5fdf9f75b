// Finds personal data in a text: what stands where, of which kind, with the words around it for a person to judge. The time is
// proportional to the text, for any text. A text is read in windows of bounded size, and no pattern looks farther in a window than
// its own bounded length.
import type { Anonymise, PersonalHit, PiiKind } from '../../words/recipe'
import { atOnce } from '../../paced'
import { SPECIAL } from '../../words/tokens'
import { findAddresses } from './pii_addresses'
import { nameFinder } from './pii_names'
import { findAccounts, findBirthDates, findCards, findIbans } from './pii_numbers'
import { findEmails, findHandles, findIps, findUrls, ownFinder, type Finder, type Span } from './pii_patterns'
import { phoneFinder } from './pii_phones'
import { blankSpecial } from '../tokenize/special'

/** A place found. `start` and `end` count UTF-16 units of the whole text, `line` from 1. */
export interface Hit extends PersonalHit {
  start: number
  end: number
  /** Where its line begins, or its document or turn if that is later. */
  row: number
}

export interface Search {
  /** First names beside the list in the program. */
  names?: readonly string[] | undefined
  /** The tokens written between documents and turns: no hit reaches across one. */
  special?: readonly string[] | undefined
}

/** UTF-16 units read at a time, and how far a window looks past either end where no line ends there. */
const WINDOW = 1 << 15
const MARGIN = 512
const CONTEXT = 40

/** Which kind a place is where two finders claim the very same one. */
const PRECEDENCE: readonly PiiKind[] = [
  'own',
  'email',
  'url',
  'card',
  'iban',
  'ip',
  'birth_date',
  'account',
  'phone',
  'handle',
  'address',
  'name',
]

/** All personal data of a text, in order, none overlapping another: of two that do, the longer one. */
export async function findPersonal(text: string, setting: Anonymise, search: Search = {}): Promise<Hit[]> {
  return atOnce(await finding(text, setting, search))
}

/** The same in short turns, for `paced`, once the tables of telephone numbers are loaded. */
export async function finding(
  text: string,
  setting: Anonymise,
  search: Search = {},
): Promise<Generator<number, Hit[]>> {
  return searching(text, setting, search, await phoneFinder(setting.country))
}

function* searching(text: string, setting: Anonymise, search: Search, phone: Finder): Generator<number, Hit[]> {
  const finders: Record<PiiKind, Finder> = {
    own: ownFinder(setting.own),
    email: findEmails,
    url: findUrls,
    card: findCards,
    iban: findIbans,
    ip: findIps,
    birth_date: findBirthDates,
    account: findAccounts,
    phone,
    handle: findHandles,
    address: findAddresses,
    name: nameFinder(setting.names, search.names),
  }
  const isRefused = refusalsOf(setting)
  const hits: Hit[] = []
  // What the finders see: special tokens end a line.
  const seen = blankSpecial(text, search.special ?? [])
  const hasDocuments = seen !== text
  let document = 1
  let line = 1
  let row = 0
  let feed = feedAfter(seen, 0)
  let done = 0
  for (let start = 0; start < seen.length;) {
    const { end, from, to } = windowAt(seen, start)
    const window = seen.slice(from, to)
    for (const found of longest(window, finders)) {
      const at = from + found.start
      // The neighbours' margins: what begins there is theirs.
      if (at < Math.max(start, done) || at >= end) continue
      while (feed < at) {
        if (text[feed] === '\n') line++
        else if (text.startsWith(SPECIAL.end_of_text, feed)) {
          document++
          line = 1
        }
        row = feed + 1
        feed = feedAfter(seen, row)
      }
      const hit = window.slice(found.start, found.end)
      if (hasDocuments && text.slice(at, from + found.end) !== hit) continue
      done = from + found.end
      const { kind } = found
      hits.push({
        kind,
        start: at,
        end: done,
        row,
        text: hit,
        line,
        ...(hasDocuments && { document }),
        before: seen.slice(Math.max(row, at - CONTEXT), at),
        after: seen.slice(done, done + CONTEXT).split('\n', 1)[0]!,
        refused: isRefused(kind, hit),
      })
    }
    start = end
    yield start / text.length
  }
  return hits
}

/** What says of a hit whether a person has said that it stays. */
export function refusalsOf({ refused }: Pick<Anonymise, 'refused'>): (kind: PiiKind, text: string) => boolean {
  const known = new Set(refused.map(({ kind, text }) => `${kind} ${text}`))
  return (kind, text) => known.has(`${kind} ${text}`)
}

/** Where the line ends that `from` lies in. */
function feedAfter(text: string, from: number): number {
  const feed = text.indexOf('\n', from)
  return feed < 0 ? text.length : feed
}

/** The window that begins at `start`: where it ends, and what the finders see of it. */
function windowAt(text: string, start: number): { end: number; from: number; to: number } {
  const from = start === 0 || text[start - 1] === '\n' ? start : start - MARGIN
  if (start + WINDOW >= text.length) return { end: text.length, from: Math.max(0, from), to: text.length }
  const part = text.slice(start, start + WINDOW)
  // A greeting's name may stand in the line below: rather between paragraphs, then lines, then words.
  for (const gap of ['\n\n', '\n']) {
    const at = part.lastIndexOf(gap)
    if (at >= 0) return { end: start + at + gap.length, from, to: start + at + gap.length }
  }
  const space = part.lastIndexOf(' ')
  const end = start + (space > WINDOW / 2 ? space + 1 : WINDOW)
  return { end, from: Math.max(0, from), to: Math.min(text.length, end + MARGIN) }
}

/** What the finders see in a window, in order: the longest first takes its place. */
function longest(window: string, finders: Record<PiiKind, Finder>): (Span & { kind: PiiKind })[] {
  const found = PRECEDENCE.flatMap((kind) => finders[kind](window).map(({ start, end }) => ({ kind, start, end })))
  // The sort is stable: equals stay in the order of precedence.
  found.sort((a, b) => b.end - b.start - (a.end - a.start))
  const taken = new Uint8Array(window.length)
  // No span taken is shorter than the next one, so none lies strictly inside it: its two ends tell.
  const kept = found.filter(({ start, end }) => {
    if (end <= start || taken[start] === 1 || taken[end - 1] === 1) return false
    taken.fill(1, start, end)
    return true
  })
  return kept.sort((a, b) => a.start - b.start)
}
