// How well personal data is found, measured on lines that a person has labelled: {email:jane@example.org}.
import { anonymiseAll, PII_KINDS, type Anonymise, type PiiKind } from '../../words/recipe'
import { findPersonal, type Search } from './pii'

/** A line without its marks, and what they marked. */
export interface Labelled {
  text: string
  labels: { kind: PiiKind; start: number; end: number }[]
}

/** Counts of one kind: labels found to the letter, labels missed, hits that no label is. */
export interface Score {
  right: number
  missed: number
  wrong: number
}
export interface Mistake {
  kind: PiiKind
  what: 'missed' | 'wrong'
  text: string
  line: string
}

/** Every so many lines, headings not counted, one is held out: no rule was adjusted to it. */
export const HELD_OUT = 4

const LABEL = new RegExp(`\\{(${PII_KINDS.join('|')}):([^{}]+)\\}`, 'g')

/** The lines of a labelled file: `#` begins a heading, ⏎ stands for a line feed. */
export function readLabelled(file: string): Labelled[] {
  const lines = file.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return lines.map((marked) => {
    const labels: Labelled['labels'] = []
    let text = ''
    let done = 0
    for (const match of marked.matchAll(LABEL)) {
      text += marked.slice(done, match.index)
      const value = match[2]!
      labels.push({ kind: match[1] as PiiKind, start: text.length, end: text.length + value.length })
      text += value
      done = match.index + match[0].length
    }
    return { text: (text + marked.slice(done)).replaceAll('⏎', '\n'), labels }
  })
}

/** Finds what is in the lines, each by itself. A hit is right where a label of its kind has the very same ends. */
export async function score(
  lines: readonly Labelled[],
  search: Search = {},
  setting: Anonymise = anonymiseAll('mask'),
): Promise<{ scores: Record<PiiKind, Score>; mistakes: Mistake[] }> {
  const scores = Object.fromEntries(PII_KINDS.map((kind) => [kind, { right: 0, missed: 0, wrong: 0 }])) as Record<
    PiiKind,
    Score
  >
  const mistakes: Mistake[] = []
  for (const { text, labels } of lines) {
    const hits = await findPersonal(text, setting, search)
    const key = ({ kind, start, end }: Labelled['labels'][number]) => `${kind} ${start} ${end}`
    const marked = new Set(labels.map(key))
    const seen = new Set(hits.map(key))
    for (const label of labels)
      if (seen.has(key(label))) scores[label.kind].right++
      else {
        scores[label.kind].missed++
        mistakes.push({ kind: label.kind, what: 'missed', text: text.slice(label.start, label.end), line: text })
      }
    for (const hit of hits)
      if (!marked.has(key(hit))) {
        scores[hit.kind].wrong++
        mistakes.push({ kind: hit.kind, what: 'wrong', text: hit.text, line: text })
      }
  }
  return { scores, mistakes }
}

/** Share of the labels that were found; 1 of none. */
export const recall = ({ right, missed }: Score): number => (right + missed === 0 ? 1 : right / (right + missed))
/** Share of the hits that are right; 1 of none. */
export const precision = ({ right, wrong }: Score): number => (right + wrong === 0 ? 1 : right / (right + wrong))
