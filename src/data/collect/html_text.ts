// The text of a web page, from its tokens alone. There is no tree, so nesting a million deep costs nothing. Blocks become lines,
// paragraphs stand apart, and tabs part the cells of a row. What a reader does not read (scripts, styles, menus) is left out.
// Never shown as HTML.
import { tidy } from './encoding'
import { readMarkup } from './markup'

/** Left out with all that is in them. */
const UNREAD = new Set([
  'script',
  'style',
  'nav',
  'noscript',
  'template',
  'iframe',
  'noembed',
  'noframes',
  'svg',
  'select',
])
/** With an empty line before and after. */
const PARAGRAPHS = new Set(
  'title p h1 h2 h3 h4 h5 h6 blockquote pre ul ol dl table figure hr section article main header footer'.split(' '),
)
/** On lines of their own. */
const BLOCKS = new Set(
  'br div li dt dd tr caption figcaption address aside form fieldset legend details summary body head html thead tbody tfoot'.split(
    ' ',
  ),
)
const CELLS = new Set(['td', 'th'])
/** HTML's white space, a no-break space is none; all of it but single spaces, which are most and stay as they are. */
const SPACES = / *[\t\n\r\f][ \t\n\r\f]*| {2,}/g

/** The encoding that a page's first bytes declare, if any: `<meta charset="…">`. */
export function declaredEncoding(bytes: Uint8Array): string | undefined {
  const head = String.fromCharCode(...bytes.subarray(0, 1024))
  return /<meta[^>]{0,200}\bcharset\s{0,9}=\s{0,9}["']?([\w:.-]{1,40})/i.exec(head)?.[1]
}

/** What a reader reads of a page: its title, then its blocks, one or more lines each; empty if there is nothing. */
export function htmlText(html: string): string {
  const lines = new Lines()
  const lastClose = lastCloseOf(html)
  /** What is being left out, and how many of it within one another. */
  let unread = ''
  let depth = 0
  let pre = 0

  const say = (text: string, at: number) => {
    // One that nobody closes must not take the rest of the page with it.
    if (unread && at > (lastClose.get(unread) ?? -1)) unread = ''
    if (!unread) lines.say(text, pre > 0)
  }
  const edge = (name: string, opens: boolean) => {
    if (name === unread) depth += opens ? 1 : -1
    if (name === unread && depth === 0) unread = ''
    if (unread) return
    if (opens && UNREAD.has(name)) {
      unread = name
      depth = 1
    } else if (PARAGRAPHS.has(name)) lines.end(2)
    else if (BLOCKS.has(name)) lines.end(1)
    else if (CELLS.has(name) && opens) lines.cell()
    if (name === 'pre') pre = Math.max(0, pre + (opens ? 1 : -1))
  }
  readMarkup(html, 'html', { open: (name) => edge(name, true), close: (name) => edge(name, false), text: say })
  return tidy(lines.text())
}

function lastCloseOf(html: string): Map<string, number> {
  const found = new Map<string, number>()
  for (const { 1: name, index } of html.matchAll(/<\/([a-z]{3,8})(?=[\s>/])/gi)) {
    const lower = name!.toLowerCase()
    if (UNREAD.has(lower)) found.set(lower, index)
  }
  return found
}

/** Lines as they are laid out: white space runs together, ends of blocks become one or two line ends, never more. */
class Lines {
  readonly #parts: string[] = []
  /** Line ends and white space that are due before the next word. */
  #ends = 0
  #space = ''
  #begun = false

  say(text: string, verbatim: boolean): void {
    if (verbatim) {
      if (text === '') return
      this.#settle()
      this.#parts.push(text)
      return
    }
    const words = text.replace(SPACES, ' ')
    if (words.startsWith(' ')) this.#space ||= ' '
    const from = words.startsWith(' ') ? 1 : 0
    const to = words.length - (words.endsWith(' ') ? 1 : 0)
    if (from >= to) return
    this.#settle()
    this.#parts.push(words.slice(from, to))
    if (to < words.length) this.#space = ' '
  }
  end(ends: 1 | 2): void {
    this.#ends = Math.max(this.#ends, ends)
    this.#space = ''
  }
  /** A cell that is not the first of its row. */
  cell(): void {
    if (this.#ends === 0) this.#space = '\t'
  }
  text(): string {
    return this.#parts.join('').trim()
  }

  #settle(): void {
    if (this.#begun) this.#parts.push(this.#ends > 0 ? '\n'.repeat(this.#ends) : this.#space)
    this.#begun = true
    this.#ends = 0
    this.#space = ''
  }
}
