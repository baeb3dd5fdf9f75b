// Finders of numbers that say what they are. Check digits tell cards and bank accounts. The words before them tell order numbers,
// customer numbers and dates of birth.
import { matches, onLinesWithDigits, type Finder, type Span } from './pii_patterns'

/** Digits of a card as they are written together: Visa, Mastercard and most (4-4-4-4), American Express, Diners, 13 and 19 digits. */
const CARD_GROUPS = [[16], [4, 4, 4, 4], [15], [4, 6, 5], [14], [4, 6, 4], [13], [19], [4, 4, 4, 4, 3]]
/** Issuers' prefixes with their lengths (ISO/IEC 7812 ranges as the issuers publish them). */
const ISSUERS: [RegExp, readonly number[]][] = [
  [/^4/, [13, 16, 19]],
  [/^(5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720)/, [16]],
  [/^3[47]/, [15]],
  [/^(6011|64[4-9]|65)/, [16, 19]],
  [/^(30[0-5]|36|38|39)/, [14]],
  [/^35(2[89]|[3-8])/, [16]],
  [/^62/, [16, 19]],
  [/^(50(18|20|38)|5893|6304|6759|676[1-3])/, [13, 16, 19]],
]

export const findCards: Finder = (window) => {
  const groups = matches(/(?<!\p{L})\d+(?!\p{L})/gu, window)
  const found: Span[] = []
  for (let i = 0; i < groups.length; i++)
    for (const lengths of CARD_GROUPS) {
      const parts = groups.slice(i, i + lengths.length)
      if (!parts.every(({ start, end }, k) => end - start === lengths[k]) || parts.length < lengths.length) continue
      const gaps = parts.slice(1).map(({ start }, k) => window.slice(parts[k]!.end, start))
      if (!gaps.every((gap) => /^[ \u00a0.-]$/.test(gap) && gap === gaps[0])) continue
      const { start } = parts[0]!
      const { end } = parts.at(-1)!
      // A fraction, or a part of a longer number.
      if (/[\d][.,-]$/.test(window.slice(Math.max(0, start - 2), start))) continue
      const digits = parts.map(({ match: [group] }) => group).join('')
      if (ISSUERS.some(([prefix, sizes]) => prefix.test(digits) && sizes.includes(digits.length)) && luhn(digits))
        found.push({ start, end })
    }
  return found
}

/** Luhn's check (ISO/IEC 7812-1): from the right every second digit doubled, its digits summed, a multiple of ten. */
export function luhn(digits: string): boolean {
  let sum = 0
  for (let i = 0; i < digits.length; i++) {
    const digit = Number(digits[digits.length - 1 - i])
    sum += i % 2 === 0 ? digit : digit < 5 ? 2 * digit : 2 * digit - 9
  }
  return sum % 10 === 0
}

/** Characters of an account by country (the IBAN registry of SWIFT). */
const IBAN_LENGTHS: Record<string, number> = Object.fromEntries(
  (
    'AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DK18 DO28 EE20 EG29 ES24 FI18 FO18 FR27 GB22 ' +
    'GE22 GI23 GL18 GR27 GT28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 ' +
    'MK19 MR27 MT31 MU30 NL18 NO15 PK24 PL28 PS29 PT25 QA29 RO24 RS22 SA24 SC31 SE24 SI19 SK24 SM27 ST25 SV28 TN24 TR26 UA29 VA22 ' +
    'VG24 XK20'
  )
    .split(' ')
    .map((entry) => [entry.slice(0, 2), Number(entry.slice(2))]),
)

export const findIbans: Finder = (window) => {
  const found: Span[] = []
  for (const { start } of matches(/(?<![\p{L}\p{N}])[a-z]{2}\d\d(?=[ -]?[a-z0-9])/giu, window)) {
    const length = IBAN_LENGTHS[window.slice(start, start + 2).toUpperCase()] ?? 0
    let iban = ''
    let end = start
    while (iban.length < length && end < window.length) {
      if (/[ -]/.test(window[end]!)) end++
      if (!/[a-z0-9]/i.test(window[end] ?? '')) break
      iban += window[end++]!.toUpperCase()
    }
    if (length > 0 && iban.length === length && !/[\p{L}\p{N}]/u.test(window[end] ?? '') && mod97(iban) === 1)
      found.push({ start, end })
  }
  return found
}

/** ISO 7064's MOD 97-10 of an account: its first four characters moved to the end, letters as 10 to 35. */
export function mod97(iban: string): number {
  let rest = 0
  for (const c of iban.slice(4) + iban.slice(0, 4)) {
    const value = parseInt(c, 36)
    rest = (rest * (value < 10 ? 10 : 100) + value) % 97
  }
  return rest
}

/** What has a number, in the languages that are spoken most where IBANs are. */
const NUMBERED =
  'orders?|accounts?|acct|a/c|customers?|clients?|invoices?|tickets?|bookings?|reservations?|references?|ref|case|membership|member|policy|' +
  'tracking|contract|bestell(?:ungs?)?|auftrags?|kunden|rechnungs?|vertrags?|konto|mitglieds?|sendungs?|ticket|' +
  'commande|facture|contrat|dossier|compte|réservation|pedido|cliente|factura|cuenta|reserva|contrato|ordine|fattura|conto|bestelling|klant'
const NUMBER_WORD =
  'numbers?|nummer|number|num|nr|no|nº|n°|n|id|code|número|numéro|numero|kennung|reference|référence|referencia|#'
/** The thing, then perhaps “number”, a verb, a colon or a #; then the number itself, of letters, digits and dashes. */
const ACCOUNT = new RegExp(
  `(?<![\\p{L}\\p{N}])(?:(?<word>${NUMBERED})-?(?:,? ?(?<said>${NUMBER_WORD})(?![\\p{L}])\\.?)?(?: (?:is|was|ist|est|es|lautet|è))?` +
    `|(?<said2>número|numéro|numero|n°|nº) (?:de |d['’])?(?:${NUMBERED}))(?<sign>[ :=]{0,3}#?)(?<number>(?=[a-z/-]{0,12}\\d)[a-z0-9](?:[a-z0-9]|[-/](?=[a-z0-9])){3,23})(?![\\p{L}\\p{N}_])`,
  'dgiu',
)

export const findAccounts: Finder = onLinesWithDigits((window) =>
  matches(ACCOUNT, window)
    .filter(({ match: { groups } }) => {
      const { said, said2, sign = '', number = '' } = groups!
      if (sign === '' && said === undefined) return false
      const digits = number.replace(/\D/g, '').length
      if (said ?? said2 ?? /[:=#]/.test(sign)) return digits >= 3 || (digits >= 2 && number === number.toUpperCase())
      // Nothing but the word before it: a year or an amount looks the same.
      return digits >= 6 || (digits >= 4 && /\p{Lu}/u.test(number))
    })
    .map(({ match: { indices } }) => {
      const [start, end] = indices!.groups!['number']!
      return { start, end }
    }),
)

const MONTHS =
  'jan(?:uary|uar|vier)?|feb(?:ruary|ruar)?|mar(?:ch|s|zo)?|märz|apr(?:il|ile)?|may|mai|mayo|june?|jul[yi]?|aug(?:ust)?|sept?(?:ember)?|' +
  'o[ck]t(?:ober)?|nov(?:ember)?|de[cz](?:ember)?|février|avril|juin|juillet|août|septembre|octobre|novembre|décembre|enero|febrero|abril|' +
  'junio|julio|agosto|septiembre|octubre|noviembre|diciembre|gennaio|febbraio|maggio|giugno|luglio|settembre|ottobre|dicembre'
const DATE =
  `\\d{4}[-/.]\\d{1,2}[-/.]\\d{1,2}|\\d{1,2}[-/.] ?\\d{1,2}[-/.] ?(?:\\d{4}|\\d{2})` +
  `|\\d{1,2}-(?:${MONTHS})-(?:\\d{4}|\\d{2})|\\d{1,2}(?:st|nd|rd|th|\\.|er|º)?(?: of| de)? (?:${MONTHS})\\.?(?:,?(?: de| del)? \\d{4})?` +
  `|(?:${MONTHS})\\.? \\d{1,2}(?:st|nd|rd|th)?(?:,? \\d{4})?`
const BORN = `born|birthday(?:['’]s)?|birth ?date|birth|dob|d\\.o\\.b|geb|geboren|geburtstag|geburtsdatum|née?|naissance|nac|nacid[oa]|nacimiento|nat[oa]|nascita|nascid[oa]`
/** The word, at most two short words or signs, the date. */
const BIRTH = new RegExp(
  `(?<![\\p{L}\\p{N}])(?:${BORN})(?!\\p{L})[.:=)]{0,2}(?: ?(?:is|was|on|the|in|am|le|el|il|em|ist|:|=|-)){0,3} ?(${DATE})(?![\\p{L}\\p{N}])`,
  'dgiu',
)

export const findBirthDates: Finder = onLinesWithDigits((window) => matches(BIRTH, window, 1))
