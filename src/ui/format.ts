// Numbers and times as text, through Intl and in the language of the message catalogue.
export const LOCALE = 'en'

const whole = new Intl.NumberFormat(LOCALE, { maximumFractionDigits: 0 })
const short = new Intl.NumberFormat(LOCALE, { notation: 'compact', maximumSignificantDigits: 3 })
const third = new Intl.NumberFormat(LOCALE, { minimumFractionDigits: 3, maximumFractionDigits: 3 })
const second = new Intl.NumberFormat(LOCALE, { minimumFractionDigits: 2, maximumFractionDigits: 2 })
const threeDigits = new Intl.NumberFormat(LOCALE, { maximumSignificantDigits: 3 })
const percents = new Intl.NumberFormat(LOCALE, { style: 'percent', maximumFractionDigits: 0 })
const finePercents = new Intl.NumberFormat(LOCALE, { style: 'percent', maximumFractionDigits: 2 })
const plurals = new Intl.PluralRules(LOCALE)
const dates = new Intl.DateTimeFormat(LOCALE, { dateStyle: 'medium', timeStyle: 'short' })
const lists = new Intl.ListFormat(LOCALE, { type: 'conjunction' })

/** 12,345 */
export const integer = (value: number) => whole.format(value)
/** 12.3K */
export const compact = (value: number) => short.format(value)
/** From here on a loss has blown up: its thousandths say nothing, and there is no room for them. */
const LARGE = 100
const small = (format: Intl.NumberFormat, value: number) =>
  Number.isFinite(value) ? (Math.abs(value) < LARGE ? format : short).format(value) : String(value)
/** A loss or another number of that kind: 1.920, 12K */
export const loss = (value: number) => small(third, value)
/** 1.92, 12K */
export const hundredths = (value: number) => small(second, value)
/** Three significant digits: 6.82, 1,230 */
export const significant = (value: number) => threeDigits.format(value)
/** A share as a percentage; small shares keep two decimals. */
export const percent = (share: number) => (share < 0.01 ? finePercents : percents).format(share)
/** A learning rate and its kind: 0.001, 3e-5, 10,000 */
export function rate(value: number): string {
  if (value === 0) return '0'
  return Math.abs(value) < 1e-3
    ? Number(value.toPrecision(3)).toExponential().replace('e-', 'e−')
    : threeDigits.format(value)
}

/** The form of a word for a count: `plural(1, 'step', 'steps')` is "1 step". */
export function plural(count: number, one: string, other: string): string {
  return `${whole.format(count)} ${plurals.select(count) === 'one' ? one : other}`
}

export const list = (items: string[]) => lists.format(items)

/** How long ago, in whole units: "2 s ago", "4 min ago", "3 h ago", "5 days ago". */
export function age(seconds: number): string {
  if (seconds < 60) return `${Math.floor(seconds)} s ago`
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ago`
  return `${plural(Math.floor(seconds / 86_400), 'day', 'days')} ago`
}

export const dateTime = (milliseconds: number) => dates.format(milliseconds)

const secondUnit = new Intl.NumberFormat(LOCALE, { style: 'unit', unit: 'second', maximumFractionDigits: 1 })
/** 2.1 sec */
export const seconds = (milliseconds: number) => secondUnit.format(milliseconds / 1000)

const long = (name: string) => new Intl.NumberFormat(LOCALE, { style: 'unit', unit: name, unitDisplay: 'long' })
const spans = { second: long('second'), minute: long('minute'), hour: long('hour'), day: long('day') }

/** A span in words, rounded as a promise should be: "50 seconds", "4 minutes", "1 hour 20 minutes". */
export function spanInWords(seconds: number): string {
  if (seconds < 10) return spans.second.format(Math.max(1, Math.ceil(seconds)))
  if (seconds < 90) return spans.second.format(Math.ceil(seconds / 5) * 5)
  const minutes = Math.round(seconds / 60)
  if (minutes < 60) return spans.minute.format(minutes)
  const hours = Math.floor(minutes / 60)
  if (hours >= 48) return spans.day.format(Math.round(hours / 24))
  const rest = Math.round((minutes % 60) / 5) * 5
  if (rest === 60) return spans.hour.format(hours + 1)
  return rest === 0 ? spans.hour.format(hours) : `${spans.hour.format(hours)} ${spans.minute.format(rest)}`
}

/** A clock: 0:48, 12:05, 1:02:33 */
export function clock(seconds: number): string {
  const total = Math.max(0, Math.round(seconds))
  const pad = (n: number) => String(n).padStart(2, '0')
  const [h, m, s] = [Math.floor(total / 3600), Math.floor(total / 60) % 60, total % 60]
  return h > 0 ? `${h}:${pad(m)}:${pad(s)}` : `${m}:${pad(s)}`
}

/** A character made visible: a space, a line break and what has no shape of its own get a sign. */
export function visible(token: string): string {
  const known: Record<string, string> = { ' ': '␣', '\n': '↵', '\t': '⇥', '\r': '␍', '\u00a0': '⍽' }
  return known[token] ?? token
}

/** Characters of a text, counted without making a list of them: it may be 50 MB. */
export function codePoints(text: string): number {
  let lowSurrogates = 0
  for (let i = 0; i < text.length; i++) if ((text.charCodeAt(i) & 0xfc00) === 0xdc00) lowSurrogates++
  return text.length - lowSurrogates
}
