// Finds names of people by lists of given and family names. What stands before a name counts too: a title, a greeting, “my name
// is”, a speaker's label. Words that are names and something else as well (Will, May, Rose, Paris) need such a reason.
import type { NameStrictness } from '../../words/recipe'
import { FIRST_NAMES, NOT_NAMES, ORDINARY, SURNAMES } from './name_words'
import { matches, type Finder, type Span } from './pii_patterns'

/** A word with a capital; two letters and an apostrophe are part of O'Neill, not of Sarah's. */
const CAPITAL = /(?<![\p{L}\p{N}_@#/])\p{Lu}(?:[\p{L}\p{M}]|['’-](?=\p{L})){0,40}/gu
/** What may stand between two words of a name: a space, the point of an initial, and particles. */
const JOINT =
  /^(?:\.? |\.)(?:(?:de|da|do|dos|das|di|du|del|della|la|le|van|von|der|den|ter|ten|zu|zur|bin|ibn|bint|al|el|ben|af|av) ){0,3}$/
const MOST_WORDS = 5

/** How far before a word its reason may begin. */
const REACH = 48
const TITLE =
  /(?<!\p{L})(?:Mr|Mrs|Ms|Miss|Mx|Dr|Prof|Professor|Doctor|Sir|Rev|Capt|Captain|Officer|Judge|Nurse|Uncle|Aunt|Auntie|Herrn?|Frau|Fräulein|Monsieur|Madame|Mademoiselle|M|Mme|Mlle|Señor|Señora|Señorita|Sr|Sra|Srta|Doña|Signor|Signora|Sig|Senhor|Senhora|Pan|Pani)\.? $/u
/** What only a name follows, and what a name or a trade, a people, a mood follows. */
const NAMED =
  /(?<!\p{L})(?:(?:my|his|her|their|your|whose|the) (?:full |first |last )?name(?: is| was|['’]s)|named|is called|ich hei(?:ß|ss)e|hei(?:ß|ss)t|name ist|m['’]appelle|s['’]appelle|me llamo|se llama|mi nombre es|mi chiamo|si chiama|me chamo|name:|signed:?|signed by) $/iu
const AM = /(?<!\p{L})(?:i['’]?m|i am|this is|here is|ich bin|hier ist|je suis|soy|sono|sou) $/iu
const GREETING =
  /(?:^|[\n.!?:"“] ?|, )(?:Dear|Hi|Hello|Hey|Good (?:morning|afternoon|evening)|Thanks|Thank you|Hallo|Liebe|Lieber|Guten (?:Tag|Morgen|Abend)|Bonjour|Bonsoir|Salut|Cher|Chère|Hola|Querid[oa]|Estimad[oa]|Ciao|Car[oa]|Buongiorno|Olá|Oi),? $/u
const CLOSING =
  /(?:regards|sincerely|faithfully|truly|cheers|best|wishes|yours|love(?: from)?|thanks|thank you|grüße|grüßen|gruß|cordialement|saludos|saluti|abraços),?(?:\r?\n\r?\n?| )$/iu
/** A line of a chat: “[12/03/2024, 10:15:22] ”, “12:41 - ”, “<”. */
const STAMPED = /(?:^|\n)(?:\[[\d/.,: \u202fAPMapm-]{4,28}\] |[\d/., ]{0,14}\d\d:\d\d(?::\d\d)?(?: ?[AP]M)? ?- |<)$/u
const STARTS_LINE = /(?:^|\n)[-–>* ]{0,4}$/
/** Behind these no sentence goes on, so that a capital says nothing. */
const STARTS_SENTENCE = /(?:^|[.!?:\n"“”„»(\[\]…>*•–-]\s{0,3})$/u
/** What makes a name that of a place or a thing. */
const PLACE_BEFORE =
  /(?<!\p{L})(?:Lake|Mount|Mt|Port|Fort|Saint|St|San|Santa|Cape|River|Hurricane|Queen|King|the|The|Das|Der|Die|La|El|Il)\.? $/u
const PLACE_AFTER =
  /^ (?:Street|Road|Avenue|Lane|Bridge|River|Lake|Park|Square|University|College|School|Hospital|Church|Station|Award|Prize|Day|Island|Bay|City|County|State|Hotel|Museum|Library|Center|Centre|Airport|Law|Theorem|Inc|Ltd|GmbH)(?!\p{L})/u

type Known = 'first' | 'ordinary' | 'surname' | 'never' | null
interface Word extends Span {
  lower: string
  known: Known
  surname: boolean
}

/** Finds names as strictly as asked, with given names beside the program's own list. */
export function nameFinder(strictness: NameStrictness, more: readonly string[] = []): Finder {
  const first = new Set(FIRST_NAMES)
  for (const name of more) {
    const lower = name.toLowerCase()
    if (lower.length > 3 && !ORDINARY.has(lower) && !NOT_NAMES.has(lower) && !SURNAMES.has(lower)) first.add(lower)
  }
  const knownAs = (lower: string): Known => {
    if (first.has(lower)) return ORDINARY.has(lower) || NOT_NAMES.has(lower) ? 'ordinary' : 'first'
    if (NOT_NAMES.has(lower)) return 'never'
    if (SURNAMES.has(lower)) return 'surname'
    const [head = '', ...rest] = lower.split('-')
    return rest.length > 0 && first.has(head) && !ORDINARY.has(head) ? 'first' : null
  }

  return (window) => {
    const words = matches(CAPITAL, window).map(({ start, end, match: [word] }): Word => {
      const bare = word.replace(/['’]s$/i, '')
      const lower = bare.toLowerCase().replace('’', "'")
      return { start, end: end - word.length + bare.length, lower, known: knownAs(lower), surname: SURNAMES.has(lower) }
    })
    const found: Span[] = []
    for (let i = 0; i < words.length; i++) {
      const chain = chainFrom(window, words, i)
      const kept = nameIn(window, chain, strictness)
      if (kept === 0) continue
      const last = chain[kept - 1]!
      found.push({ start: chain[0]!.start, end: last.end })
      i += kept - 1
    }
    return [...found, ...smallNames(window, first)]
  }
}

/** The words that may be one name with the i-th: up to one that cannot be. */
function chainFrom(window: string, words: readonly Word[], i: number): Word[] {
  const chain = [words[i]!]
  for (let k = i + 1; k < words.length && chain.length < MOST_WORDS; k++) {
    const before = chain.at(-1)!
    const next = words[k]!
    const gap = next.start - before.end > 24 ? '' : window.slice(before.end, next.start)
    // A point ends a sentence, unless one letter stands before it.
    if (!JOINT.test(gap) || (gap.startsWith('.') && before.lower.length > 1)) break
    const initial = next.lower.length === 1 && window[next.end] === '.'
    if (next.known === 'never' && !initial && !next.surname) break
    chain.push(next)
  }
  // An initial is none at the end.
  while (chain.length > 1 && chain.at(-1)!.lower.length === 1) chain.pop()
  return chain
}

/** How many words of a chain are a name, from its first on; 0 if none. */
function nameIn(window: string, chain: readonly Word[], strictness: NameStrictness): number {
  const [word, next] = chain as [Word, Word | undefined]
  const before = window.slice(Math.max(0, word.start - REACH), word.start)
  const behind = window.slice(chain.at(-1)!.end, chain.at(-1)!.end + 12)
  const all = chain.length
  const initial = word.lower.length === 1
  const possible = word.known !== 'never' && (!initial || all > 1)
  const listed = word.known === 'first' || word.known === 'ordinary'

  if (TITLE.test(before)) return word.known !== 'never' || word.surname ? (initial && all === 1 ? 0 : all) : 0
  if (possible || listed) {
    if (NAMED.test(before)) return all
    if (
      AM.test(before) &&
      (word.known === 'first' || (all > 1 && (listed || next!.surname)) || (listed && /^[,.!\n]/.test(behind)))
    )
      return all
    if (GREETING.test(before) && (listed || (all < 4 && /^ ?[,.!?;\n]|^$/.test(behind)))) return all
    if (CLOSING.test(before) && all < 4 && /^[.!]?\s*(?:\n|$)/.test(behind) && (listed || /\n$/.test(before)))
      return all
    if (STAMPED.test(before) && /^[:>]/.test(behind)) return all
    if (STARTS_LINE.test(before) && /^: /.test(behind) && listed && all < 4) return all
  }
  if (initial || word.known === 'never') return 0
  if (PLACE_AFTER.test(window.slice(word.end, word.end + 16)) || PLACE_BEFORE.test(before)) return 0

  if (word.known === 'first' && (strictness !== 'careful' || next !== undefined)) return all
  if (next === undefined)
    return strictness === 'eager' && word.known === 'ordinary' && !startsSentence(before) ? all : 0
  // A family name first, as in Vietnam or Hungary, or a given name that no list has.
  const nextNamed = next.known === 'first' || (chain[2]?.known === 'first' && next.lower.length < 5)
  if (word.surname && nextNamed && word.known !== 'ordinary') return all
  const end = chain.findLast(({ lower }) => lower.length > 1)!
  const surname = end.surname || next.surname || LIKE_A_SURNAME.test(end.lower)
  if (word.known === 'ordinary') return surname || (strictness === 'eager' && !startsSentence(before)) ? all : 0
  if (startsSentence(before) && !/^[\p{Ll}]/u.test(behind.trimStart()) && strictness !== 'eager') return 0
  return (surname && strictness !== 'careful') || (strictness === 'eager' && !startsSentence(before)) ? all : 0
}

function startsSentence(before: string): boolean {
  return STARTS_SENTENCE.test(before)
}

/** Endings of family names in many languages. */
const LIKE_A_SURNAME =
  /(?:.{3}(?:sson|sen|berg|stein|mann|sky|ski|ska|ova|eva|wicz|escu|yan|ström|qvist|dóttir|opoulos|enko|chuk)|.{4}son|.{3}ić|.{3}ović|.{3}ov|.{3}ez)$/

/** Names in small letters, as they are typed in a chat: only behind words that nothing else follows. */
const SMALL =
  /(?<!\p{L})(?:my name is|my name's|ich heiße|ich heisse|je m['’]appelle|me llamo|mi chiamo) (\p{Ll}[\p{L}\p{M}'’-]{1,30})(?: (\p{Ll}[\p{L}\p{M}'’-]{1,30}))?/dgiu

function smallNames(window: string, first: ReadonlySet<string>): Span[] {
  return matches(SMALL, window, 1).flatMap(({ start, end, match }) => {
    if (!/^\p{Ll}/u.test(match[1]!) || !first.has(match[1]!)) return []
    const surname = match[2] !== undefined && SURNAMES.has(match[2])
    return [{ start, end: surname ? match.indices![2]![1] : end }]
  })
}
