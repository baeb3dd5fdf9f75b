// Makes a text anonymous. What was found in it is masked, replaced by invented data or removed with its line, kind by kind.
// Everything is counted, so that it can be said what went through.
import { CorpusError } from '../../errors'
import { paced } from '../../paced'
import {
  PII_KINDS,
  type Anonymise,
  type PersonalReport,
  type PiiCount,
  type PiiKind,
  type Place,
} from '../../words/recipe'
import { SPECIAL } from '../../words/tokens'
import { finding, type Hit, type Search } from './pii'
import { Pseudonyms } from './pseudonyms'
import { blankSpecial } from '../tokenize/special'

export interface Anonymised extends PersonalReport {
  text: string
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

/**
 * Finds and treats. `pause` is awaited every 20 ms with the share that is searched; what it throws ends the work. Throws CorpusError,
 * with the way out, where nothing would be left of the text.
 */
export async function anonymise(
  text: string,
  setting: Anonymise,
  search: Search = {},
  pause: (share: number) => Promise<unknown> = () => Promise.resolve(),
): Promise<Anonymised> {
  const hits = await paced(await finding(text, setting, search), pause)
  return treat(text, hits, setting, search.special)
}

/**
 * Treats what `findPersonal` found in this text. With a line goes what it leaves empty: its turn of a conversation, its document.
 * Throws CorpusError where nothing would be left.
 */
export function treat(
  text: string,
  hits: readonly Hit[],
  setting: Anonymise,
  special: readonly string[] = [],
): Anonymised {
  const seen = blankSpecial(text, special)
  const counts = Object.fromEntries(
    PII_KINDS.map((kind) => [kind, { found: 0, masked: 0, pseudonymised: 0, dropped: 0, refused: 0, kept: 0 }]),
  ) as Record<PiiKind, PiiCount>
  const doomed = new Set<number>()
  for (const { kind, row, refused } of hits) if (!refused && setting.treatments[kind] === 'drop_line') doomed.add(row)

  const pseudonyms = new Pseudonyms(setting.seed)
  const out: string[] = []
  const places: Place[] = []
  let done = 0
  let last = -1
  for (const { kind, start, end, row, text: found, line, document, before, after, refused } of hits) {
    const note = (instead: string | null) => {
      if (places.length >= MOST_PLACES) return
      const around = (middle: string) => before.slice(-SHOWN) + middle + after.slice(0, SHOWN)
      places.push({
        line,
        ...(document !== undefined && { document }),
        before: around(found),
        after: instead === null ? null : around(instead),
      })
    }
    const count = counts[kind]
    count.found++
    if (doomed.has(row)) {
      count.dropped++
      if (row === last) continue
      last = row
      const feed = seen.indexOf('\n', end)
      out.push(text.slice(done, row))
      // A special token that ends the line stays.
      done = feed < 0 ? text.length : text[feed] === '\n' ? feed + 1 : feed
      note(null)
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
    note(instead)
  }
  out.push(text.slice(done))
  const treated = doomed.size > 0 && special.length > 0 ? withoutEmpty(out.join('')) : out.join('')
  if (blankSpecial(treated, special).trim() === '' && seen.trim() !== '')
    throw new CorpusError('Every line holds personal data, so removing those lines leaves nothing. Mask them instead.')
  const went_through = Object.values(counts).reduce((sum, { refused, kept }) => sum + refused + kept, 0)
  return { text: treated, counts, dropped_lines: doomed.size, went_through, places }
}

const EMPTY_TURN = new RegExp(
  `(?:${[SPECIAL.system, SPECIAL.user, SPECIAL.assistant].map((role) => role.replaceAll('|', '\\|')).join('|')})\\s*${SPECIAL.end.replaceAll('|', '\\|')}`,
  'g',
)

/** Without turns and documents in which nothing is said. */
function withoutEmpty(text: string): string {
  const documents = text.replace(EMPTY_TURN, '').split(SPECIAL.end_of_text)
  const last = documents.pop() ?? ''
  return documents.flatMap((said) => (said.trim() === '' ? [] : [said, SPECIAL.end_of_text])).join('') + last
}
