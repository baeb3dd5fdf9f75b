// Makes a text anonymous: what was found in it is masked, replaced by invented data or removed with its line, kind by kind, and
// counted, so that it can be said what went through.
import { CorpusError } from '../errors'
import { PII_KINDS, type Anonymise, type PiiCount, type PiiKind, type Place } from '../recipe'
import { findPersonal, type Hit, type Search } from './pii'
import { Pseudonyms } from './pseudonyms'

export interface Anonymised {
  text: string
  counts: Record<PiiKind, PiiCount>
  dropped_lines: number
  /** Hits that are still in the text, refused or kept. */
  went_through: number
  /** Some of the changed lines, before and after. */
  places: Place[]
}

/** What stands in the text for a masked hit. */
export const MASKS: Record<PiiKind, string> = {
  email: '[EMAIL]',
  phone: '[PHONE]',
  card: '[CARD]',
  iban: '[IBAN]',
  ip: '[IP]',
  url: '[URL]',
  handle: '[HANDLE]',
  account: '[ACCOUNT]',
  birth_date: '[BIRTH_DATE]',
  address: '[ADDRESS]',
  name: '[NAME]',
  own: '[PRIVATE]',
}

const MOST_PLACES = 20
/** Characters that a place shows on either side of its hit. */
const SHOWN = 60

/** Finds and treats. Throws CorpusError, with the way out, where nothing would be left of the text. */
export async function anonymise(text: string, setting: Anonymise, search: Search = {}): Promise<Anonymised> {
  return treat(text, await findPersonal(text, setting, search), setting)
}

/** Treats what `findPersonal` found in this text. Throws CorpusError where nothing would be left. */
export function treat(text: string, hits: readonly Hit[], setting: Anonymise): Anonymised {
  const counts = Object.fromEntries(
    PII_KINDS.map((kind) => [kind, { found: 0, masked: 0, pseudonymised: 0, dropped: 0, refused: 0, kept: 0 }]),
  ) as Record<PiiKind, PiiCount>
  const doomed = new Set<number>()
  for (const { kind, line, refused } of hits) if (!refused && setting.treatments[kind] === 'drop_line') doomed.add(line)

  const pseudonyms = new Pseudonyms(setting.seed)
  const out: string[] = []
  const places: Place[] = []
  const note = (line: number, before: string, after: string | null) => {
    if (places.length < MOST_PLACES) places.push({ line, before, after })
  }
  let done = 0
  let last = 0
  for (const { kind, start, end, text: found, line, before, after, refused } of hits) {
    const count = counts[kind]
    count.found++
    if (doomed.has(line)) {
      count.dropped++
      if (line === last) continue
      last = line
      const lineStart = text.lastIndexOf('\n', start - 1) + 1
      const feed = text.indexOf('\n', end)
      out.push(text.slice(done, lineStart))
      done = feed < 0 ? text.length : feed + 1
      note(line, before.slice(-SHOWN) + found + after.slice(0, SHOWN), null)
      continue
    }
    const treatment = refused ? 'keep' : setting.treatments[kind]
    if (treatment === 'keep') {
      if (refused) count.refused++
      else count.kept++
      continue
    }
    if (treatment === 'mask') count.masked++
    else count.pseudonymised++
    const instead = treatment === 'mask' ? MASKS[kind] : pseudonyms.of(kind, found)
    out.push(text.slice(done, start), instead)
    done = end
    note(
      line,
      before.slice(-SHOWN) + found + after.slice(0, SHOWN),
      before.slice(-SHOWN) + instead + after.slice(0, SHOWN),
    )
  }
  out.push(text.slice(done))
  const treated = out.join('')
  if (treated.trim() === '' && text.trim() !== '')
    throw new CorpusError('Every line holds personal data, so removing those lines leaves nothing. Mask them instead.')
  const went_through = Object.values(counts).reduce((sum, { refused, kept }) => sum + refused + kept, 0)
  return { text: treated, counts, dropped_lines: doomed.size, went_through, places }
}
