// Finds phone numbers: a cheap pattern proposes, libphonenumber (Google's metadata of every country's numbering plan) decides. The
// library is loaded when the first text is searched.
import type { CountryCode } from 'libphonenumber-js/max'
import { matches, type Finder, type Span } from './pii_patterns'

/** Digits of the shortest and of the longest number (E.164), the latter with an international prefix of up to three. */
const LEAST = 7
const MOST = 18
/** Groups of digits in one number: a French one is written in six with its country. */
const MOST_GROUPS = 7
/** Answers of the library kept: a question takes it some 50 µs, and lists repeat themselves. */
const REMEMBERED = 4096

/** Words that announce a number; then it need not be of the setting's own country. */
const ANNOUNCED =
  /(?<!\p{L})(?:phone|telephone|tel|mobile|cell|call(?: us| me)?|dial|ring|fax|whats ?app|text|sms|reach|hotline|telefon|telefonnummer|handy|mobil|rufnummer|ruf|anrufen|durchwahl|nummer|téléphone|tél|portable|appelez|appeler|numéro|teléfono|tfno|móvil|llama|llámame|llame|celular|número|telefono|cellulare|telefone|number is|my number|office line)(?!\p{L})[^\d\n]{0,24}$/iu

const GROUP = /\+?\d+/g
/** What may stand between the groups of one number. */
const GAP = /^(?: ?\(0?\) ?|\) ?|[ \u00a0\u202f.\-/\u2011]|[ ]?[-–/] ?| ?\(| ?\(0\) ?)$/

export async function phoneFinder(country: string): Promise<Finder> {
  const { default: parsePhone } = await import('libphonenumber-js/max')
  const defaultCountry = country as CountryCode
  const memory = new Map<string, boolean>()
  const parsed = (text: string, international: boolean): boolean => {
    const known = memory.get(text)
    if (known !== undefined) return known
    if (memory.size >= REMEMBERED) memory.clear()
    const number = parsePhone(text, { extract: false, ...(!international && { defaultCountry }) })
    // A code of a country says enough: some plans reserve ranges for films that are not valid numbers.
    const result = (international ? number?.isPossible() : number?.isValid()) ?? false
    memory.set(text, result)
    return result
  }
  const judged = (text: string, announced: boolean): boolean => {
    const bare = text.replace(/^\(/, '')
    if (/^(?:\+|00|011[ -])/.test(bare)) return parsed(bare.replace(/^(?:00|011)[ -]?/, '+').replace('(0)', ''), true)
    if (announced) return text.replace(/\D/g, '').length >= 9 || parsed(text, false)
    return isWritten(text) && parsed(text, false)
  }

  return (window) => {
    const groups = matches(GROUP, window)
    const found: Span[] = []
    for (let i = 0; i < groups.length; i++) {
      const { start } = groups[i]!
      // “0044 0532” in the middle of other digits is no beginning; behind a number that is one, it may be.
      const goesOn = i > 0 && start - groups[i - 1]!.end === 1 && window[start - 1] === ' ' && window[start] !== '+'
      if (goesOn && found.at(-1)?.end !== start - 1) continue
      const number = longestNumber(window, groups, i, judged)
      if (number === null) continue
      found.push(number.span)
      i = number.last
    }
    return found
  }
}

/** The longest run of groups from the i-th on that is a number, judged from long to short. */
function longestNumber(
  window: string,
  groups: readonly Span[],
  i: number,
  isNumber: (text: string, announced: boolean) => boolean,
): { span: Span; last: number } | null {
  let { start } = groups[i]!
  if (window[start - 1] === '(') start--
  // Not the tail of a word, of a price or of a longer number.
  if (/[\p{L}\p{N}_$€£¥#§@]$|\d[.,:/-]$|[.,-]$/u.test(window.slice(Math.max(0, start - 2), start))) return null
  let digits = 0
  let last = i - 1
  const ends: number[] = []
  for (let k = i; k < groups.length && k < i + MOST_GROUPS; k++) {
    const { start: from, end } = groups[k]!
    if (k > i && (window[from] === '+' || !GAP.test(window.slice(groups[k - 1]!.end, from)))) break
    digits += end - from
    if (digits > MOST) break
    last = k
    ends.push(digits)
  }
  let announced: boolean | null = null
  for (; last >= i; last--) {
    if (ends[last - i]! < LEAST) return null
    const { end } = groups[last]!
    // A letter, a unit or a fraction behind it: part of something else.
    if (/^(?:[\p{L}_%°]|[.,:]\d)/u.test(window.slice(end, end + 2))) continue
    const text = window.slice(start, end)
    if (!isShaped(text)) continue
    announced ??= ANNOUNCED.test(window.slice(Math.max(0, start - 48), start))
    if (isNumber(text, announced)) return { span: { start, end }, last }
  }
  return null
}

/** No date, no time, no list of numbers: at most one group of a single digit but the first, brackets in order. */
function isShaped(text: string): boolean {
  if (/^\d{4}[-./ ]\d{1,2}[-./ ]\d{1,2}(?!\d)|^\d{1,2}[-./]\d{1,2}[-./](?:19|20)\d\d(?!\d)/.test(text)) return false
  if (/^[^)]*\)[^(]*$/.test(text) && !text.includes('(')) return false
  const groups = text.replace('(0)', '').match(/\d+/g) ?? []
  return groups.slice(1).every((group) => group.length > 1) && groups.at(-1)!.length > 1
}

/** A number without its country's code counts by its form only where it is written as a number of that kind is. */
function isWritten(text: string): boolean {
  return /^\(\d{2,5}\)|^0\d+[ /-]|^(?:1[-. ])?\d{3}([-.])\d{3}\1\d{4}$|^(?:0\d)(?: \d\d){4}$/.test(text)
}
