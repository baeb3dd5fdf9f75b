// Finders of what shows by its form alone: e-mail, addresses of the internet and the web, handles, and the user's own words. Each
// looks for a rare sign (an @, a scheme, a dot and a country) and then a bounded way to both sides of it.

/** Where one finder saw something in a window. */
export interface Span {
  start: number
  end: number
}
/** Says where in a window its kind stands; spans may overlap those of other kinds. */
export type Finder = (window: string) => Span[]

/** Longest local part of an address (RFC 5321), longest host name. */
const LOCAL = 64
const HOST = 253

/** Every match of a global pattern, as a span of the whole match or of its group `part` (the pattern then has the flag d). */
export function matches(pattern: RegExp, window: string, part = 0): (Span & { match: RegExpExecArray })[] {
  const found: (Span & { match: RegExpExecArray })[] = []
  pattern.lastIndex = 0
  for (let match = pattern.exec(window); match; match = pattern.exec(window)) {
    const [start, end] = part === 0 ? [match.index, pattern.lastIndex] : (match.indices?.[part] ?? [0, 0])
    if (end > start) found.push({ start, end, match })
    if (match[0] === '') pattern.lastIndex++
  }
  return found
}

/** A finder that sees only lines with a digit in them: without one it has nothing to find, and most prose has none. */
export function onLinesWithDigits(finder: Finder): Finder {
  return (window) => {
    const found: Span[] = []
    let end = 0
    for (let digit = nextDigit(window, 0); digit >= 0; digit = nextDigit(window, end)) {
      const start = window.lastIndexOf('\n', digit) + 1
      // Lines of digits below one another are one piece.
      do {
        const feed = window.indexOf('\n', digit)
        end = feed < 0 ? window.length : feed + 1
        digit = nextDigit(window, end)
      } while (digit >= 0 && window.slice(end, digit).indexOf('\n') < 0)
      for (const span of finder(window.slice(start, end)))
        found.push({ start: start + span.start, end: start + span.end })
    }
    return found
  }
}

function nextDigit(window: string, from: number): number {
  DIGIT.lastIndex = from
  return DIGIT.exec(window)?.index ?? -1
}
const DIGIT = /\d/g

const HAND = /[\p{L}\p{N}._%+'’-]/u
const ALNUM = /[\p{L}\p{N}]/u
const DOMAIN = /@(?:[\p{L}\p{N}](?:[\p{L}\p{N}-]{0,62})\.){1,8}(\p{L}{2,24})(?![\p{L}\p{N}])/uy
/** “jane (at) example (dot) org” from its first bracket on. */
const SPELT =
  / ?[([{] ?(?:at|@|ät) ?[)\]}] ?[a-z0-9][a-z0-9-]{0,62}(?:(?: ?[([{] ?(?:dot|punkt|\.) ?[)\]}] ?|\.)[a-z0-9-]{1,63}){1,4}/giu
/** What stands behind an @2x in the name of a picture. */
const FILES = /^(png|jpe?g|gif|svg|webp|js|ts|mjs|css|html?|json|md|txt|pdf)$/i

export const findEmails: Finder = (window) => {
  const found: Span[] = []
  for (let at = window.indexOf('@'); at >= 0; at = window.indexOf('@', at + 1)) {
    const start = handStart(window, at)
    if (start === at) continue
    DOMAIN.lastIndex = at
    const match = DOMAIN.exec(window)
    if (match && !FILES.test(match[1]!)) found.push({ start, end: DOMAIN.lastIndex })
  }
  for (const { start, end } of matches(SPELT, window)) {
    const hand = handStart(window, start)
    if (hand < start) found.push({ start: hand, end })
  }
  return found
}

/** Where the local part that ends at `at` begins: at a letter or digit. */
function handStart(window: string, at: number): number {
  let start = at
  while (start > 0 && at - start < LOCAL && HAND.test(window[start - 1]!)) start--
  while (start < at && !ALNUM.test(window[start]!)) start++
  return start
}

const SCHEME = /(?<![\p{L}\p{N}])(?:(?:https?|ftp):\/\/[^\s<>"“”„`]{3,2048}|www\.[^\s<>"“”„`]{4,2048})/giu
/** The end of a host that is written without a scheme; a small set, for a full stop without a space looks the same. */
const BARE =
  /\.(?:com|org|net|edu|gov|info|co\.uk|de|fr|example)(?![\p{L}\p{N}_-]|\.\p{L})(?:\/[^\s<>"“”„`]{0,2048})?/gu
const HOST_CHAR = /[a-z0-9.-]/i

export const findUrls: Finder = (window) => {
  const found = matches(SCHEME, window).map(({ start, end }) => ({ start, end: urlEnd(window, start, end) }))
  let done = 0
  for (const { start: dot, end } of matches(BARE, window)) {
    let start = dot
    while (start > done && dot - start < HOST && HOST_CHAR.test(window[start - 1]!)) start--
    while (start < dot && !ALNUM.test(window[start]!)) start++
    done = end
    if (start < dot && !/[@\p{L}\p{N}/]/u.test(window[start - 1] ?? ' '))
      found.push({ start, end: urlEnd(window, start, end) })
  }
  return found
}

/** Without the punctuation of the sentence, and without a bracket that the URL did not open. */
function urlEnd(window: string, start: number, end: number): number {
  let open = 0
  const url = window.slice(start, end)
  for (const c of url) open += c === '(' ? 1 : c === ')' ? -1 : 0
  // A Markdown link may go on at once: [a](URL)[b](URL).
  const closed = url.indexOf(')')
  if (open < 0 && closed >= 0 && !url.slice(0, closed).includes('(')) return urlEnd(window, start, start + closed)
  while (end > start && /[.,;:!?'’»…*\])}]/.test(window[end - 1]!)) {
    if (window[end - 1] === ')' && open >= 0) break
    if (window[end - 1] === ')') open++
    end--
  }
  return end
}

const IPV4 = /(?<![\p{L}\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\p{L}\d]|\.\d)/gu
/** What makes four numbers a version or a section. */
const VERSION = /(?<!\p{L})(?:version|ver\.?|release|build|firmware|section|chapter|§|kapitel|abschnitt|v)[ :]{0,2}$/iu
const IPV6 = /(?<![\w:.])[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){2,7}(?![\w:])/gi

export const findIps: Finder = (window) => [
  ...matches(IPV4, window).filter(
    ({ start, match: [ip] }) =>
      ip.split('.').every((part) => Number(part) < 256 && !/^0\d/.test(part)) &&
      !VERSION.test(window.slice(Math.max(0, start - 12), start)),
  ),
  ...matches(IPV6, window).filter(({ match: [ip] }) => {
    const groups = ip.split(':').filter((group) => group !== '')
    const gaps = ip.split('::').length - 1
    if (!/\d/.test(ip) || /:::|^:[^:]|[^:]:$/.test(ip)) return false
    return gaps === 0 ? ip.split(':').length === 8 : gaps === 1 && groups.length > 1 && groups.length < 8
  }),
]

const HANDLE = /(?<![\p{L}\p{N}_.@/-])@[a-z0-9_](?:[a-z0-9_]|[.-](?=[a-z0-9_])){1,31}(?![\p{L}\p{N}_/@(-]|\.[a-z])/giu
/** Words behind an @ that are a language's: CSS's rules, decorators, documentation tags. */
const AT_WORDS = new Set(
  (
    'media import charset font-face keyframes supports page namespace layer container property counter-style scope tailwind apply ' +
    'include mixin extend use forward param params parameter return returns throws throw type typedef author see since version ' +
    'deprecated override test before after todo link code example default private public protected internal readonly static ' +
    'staticmethod classmethod abstractmethod dataclass pytest interface class function template brief file note nullable ' +
    'nonnull autowired component service controller entity table column id data getter setter suppresswarnings ' +
    'functionalinterface beforeeach aftereach beforeall afterall here all everyone channel home work'
  ).split(' '),
)

export const findHandles: Finder = (window) =>
  matches(HANDLE, window).filter(({ match: [handle] }) => !AT_WORDS.has(handle.slice(1).toLowerCase()))

/** Letters, marks and digits; all else stands between words. */
const WORD = /[\p{L}\p{M}\p{N}]+/gu

/** Between two words of a phrase: little, and no end of a line. */
const BETWEEN = /^[^\n]{1,3}$/

/** Finds words and phrases of a list, whatever their case and the space in them, but never inside a longer word. */
export function ownFinder(list: readonly string[]): Finder {
  const phrases = new Set<string>()
  const beginnings = new Set<string>()
  for (const entry of list) {
    const words = entry.toLowerCase().match(WORD) ?? []
    if (words.length > 0) phrases.add(words.join(' '))
    words.forEach((_, i) => beginnings.add(words.slice(0, i + 1).join(' ')))
  }
  if (phrases.size === 0) return () => []
  return (window) => {
    const found: Span[] = []
    const words = matches(WORD, window)
    const lower = words.map(({ match: [word] }) => word.toLowerCase())
    for (let i = 0; i < words.length; i++) {
      let phrase = ''
      for (let n = i; n < words.length; n++) {
        phrase += (n > i ? ' ' : '') + lower[n]!
        if (!beginnings.has(phrase) || (n > i && !BETWEEN.test(window.slice(words[n - 1]!.end, words[n]!.start)))) break
        if (phrases.has(phrase)) found.push({ start: words[i]!.start, end: words[n]!.end })
      }
    }
    return found
  }
}
