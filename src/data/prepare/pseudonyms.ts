// Invented replacements: one original always has the same, two never share one, and the kind stays. They are nobody's: rare names,
// example.org, numbers reserved for fiction, documentation and tests.
import type { PiiKind } from '../../words/recipe'
import { hash } from '../../rng'
import { luhn, mod97 } from './pii_numbers'

const GIVEN = (
  'Nora Elias Mila Jonas Clara Felix Ines Oskar Lea Hugo Ada Emil Rosa Anton Ida Karl Maja Levi Stella Malik Amara Kofi Leila Tariq Noor ' +
  'Ravi Asha Kiran Yumi Haru Mei Jun'
).split(' ')
const FAMILY = (
  'Ashdown Birkeland Calloway Dornfeld Eastwick Fairholm Granlund Hartwell Islington Jarvisson Kestrel Lindqvist Marlowe Northcott ' +
  'Oakridge Penhallow Quillfeather Ravensworth Silverthorn Thornbury Underhill Valborg Westerby Yarrow Applegate Brightwater Cranford ' +
  'Dunmore Elmsworth Foxley Greenhaven Holloway'
).split(' ')
const STREETS =
  'Maple Birch Lantern Harbour Orchard Mill Station Garden River Chapel Meadow Hill Market School Castle Bridge'.split(
    ' ',
  )
const MONTHS = 'January February March April May June July August September October November December'.split(' ')
const SYLLABLES = 'ba ko li ma no pe ri sa te vu da fi go he ju lo'.split(' ')

/** So many replacements come in a seeded order before any is made longer. */
const ROUND = 1024

/** Gives originals their replacements, for one text. */
export class Pseudonyms {
  readonly #seed: number
  readonly #given = new Map<string, string>()
  readonly #counts = new Map<string, number>()
  constructor(seed: number) {
    this.#seed = seed
  }

  /** The replacement of an original; a name's words keep theirs in every name. */
  of(kind: PiiKind, original: string): string {
    if (kind !== 'name') return this.#word(kind, original, (i) => invent(kind, original, i))
    const [first = '', ...rest] = original.split(/[\s.]+/).filter((word) => word !== '')
    const given = this.#word('given', first.toLowerCase(), (i) => listed(GIVEN, i))
    return [given, ...rest.map((word) => this.#word('family', word.toLowerCase(), (i) => listed(FAMILY, i)))].join(' ')
  }

  #word(list: string, original: string, make: (i: number) => string): string {
    const key = `${list} ${original}`
    const known = this.#given.get(key)
    if (known !== undefined) return known
    const stream = [...list].reduce((sum, c) => sum * 31 + c.charCodeAt(0), 7) >>> 0
    let made: string
    // An invented one may by chance be the original, which it must not be.
    do {
      const n = this.#counts.get(list) ?? 0
      this.#counts.set(list, n + 1)
      // An odd step goes through all numbers of a power of two.
      const at = (hash(this.#seed, stream, 0) + n * (hash(this.#seed, stream, 1) | 1)) % ROUND
      made = make(((at + ROUND) % ROUND) + ROUND * Math.floor(n / ROUND))
    } while (made.toLowerCase() === original.toLowerCase())
    this.#given.set(key, made)
    return made
  }
}

/** The i-th invention of a kind; different for different i. */
function invent(kind: PiiKind, original: string, i: number): string {
  switch (kind) {
    case 'email':
      return `${listed(GIVEN, i).toLowerCase()}.${i}@example.org`
    case 'phone':
      // 555-0100 to 555-0199 are for fiction in North America; area codes from 201 on.
      return `+1 ${201 + (Math.floor(i / 100) % 799)}-555-0${100 + (i % 100)}${i < 79_900 ? '' : ` ext. ${i}`}`
    case 'card':
      return grouped(withCheck(`400000${String(i).padStart(9, '0')}`))
    case 'iban': {
      // No German bank has the number 0.
      const account = `00000000${String(i).padStart(10, '0')}`
      return grouped(`DE${String(98 - mod97(`DE00${account}`)).padStart(2, '0')}${account}`)
    }
    case 'ip':
      // RFC 5737 and RFC 3849.
      if (original.includes(':') || i >= 768) return `2001:db8::${(i >>> 16).toString(16)}:${(i & 0xffff).toString(16)}`
      return `${['192.0.2', '198.51.100', '203.0.113'][i >> 8]!}.${i & 255}`
    case 'url':
      return `https://example.org/page-${i}`
    case 'handle':
      return `@${listed(GIVEN, i).toLowerCase()}_${i}`
    case 'account':
      return String(100_000 + i)
    case 'birth_date':
      return birthDate(original, i)
    case 'address':
      return `${1 + Math.floor(i / STREETS.length)} ${STREETS[i % STREETS.length]!} Street`
    default:
      return spelt(i)
  }
}

/** Names from the list, then with syllables behind them, so that none comes twice. */
function listed(list: readonly string[], i: number): string {
  const word = list[i % list.length]!
  const round = Math.floor(i / list.length)
  return round === 0 ? word : word + spelt(round)
}

/** A number in syllables: a word of nothing. */
function spelt(i: number): string {
  let word = ''
  do {
    word = SYLLABLES[i % 16]! + word
    i = Math.floor(i / 16)
  } while (i > 0)
  return word
}

/** A day from 1950 on, in the form of the original: with a month's name, the year first, or day and month in numbers. */
function birthDate(original: string, i: number): string {
  const day = new Date(Date.UTC(1950, 0, 1 + i * 11))
  const [y, m, d] = [day.getUTCFullYear(), day.getUTCMonth(), day.getUTCDate()]
  const two = (n: number) => String(n).padStart(2, '0')
  if (/\p{L}/u.test(original)) return `${d} ${MONTHS[m]!} ${y}`
  if (/^\d{4}/.test(original)) return `${y}-${two(m + 1)}-${two(d)}`
  const sign = /[-/.]/.exec(original)?.[0] ?? '.'
  return [two(d), two(m + 1), y].join(sign)
}

function withCheck(digits: string): string {
  for (let check = 0; check < 10; check++) if (luhn(`${digits}${check}`)) return `${digits}${check}`
  return digits
}

function grouped(number: string): string {
  return number.replace(/(.{4})(?=.)/g, '$1 ')
}
