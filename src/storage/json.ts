// JSON from a file that nobody vouches for. It is looked over before it is parsed: how deep it goes, how much it holds, and whether a
// name stands twice in one object, of which JSON.parse would keep the last in silence.

/** What a text may hold. */
export interface JsonBounds {
  /** Characters. */
  length: number
  /** Brackets within brackets. */
  depth: number
  /** Objects, lists, and names in objects. */
  nodes: number
}

/** Throws SyntaxError, saying what is wrong, before more than a look has been taken. */
export function parseJson(text: string, bounds: JsonBounds): unknown {
  if (text.length > bounds.length)
    throw new SyntaxError(`it has ${text.length} characters; at most ${bounds.length} are read`)
  const twice = lookOver(text, bounds)
  const value: unknown = JSON.parse(text)
  if (twice !== null) throw new SyntaxError(`it has the name "${twice}" twice`)
  return value
}

/** The first name that stands twice in one object. The text may not be JSON at all: then nothing is promised but an end. */
function lookOver(text: string, bounds: JsonBounds): string | null {
  const open: (Set<string> | null)[] = []
  let nodes = 0
  let twice: string | null = null
  const count = () => {
    if (++nodes > bounds.nodes) throw new SyntaxError(`it holds more than ${bounds.nodes} objects, lists and names`)
  }
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (c === 0x7b || c === 0x5b) {
      open.push(c === 0x7b ? new Set() : null)
      if (open.length > bounds.depth) throw new SyntaxError(`it goes deeper than ${bounds.depth} brackets`)
      count()
    } else if (c === 0x7d || c === 0x5d) open.pop()
    else if (c === 0x22) {
      const from = i++
      while (i < text.length && text.charCodeAt(i) !== 0x22) i += text.charCodeAt(i) === 0x5c ? 2 : 1
      const names = open.at(-1)
      if (names && isName(text, i + 1)) {
        count()
        if (twice !== null) continue
        const name = nameOf(text.slice(from, i + 1))
        if (names.has(name)) twice = name
        names.add(name)
      }
    }
  }
  return twice
}

/** Whether a colon follows. */
function isName(text: string, from: number): boolean {
  let at = from
  while (at < text.length && ' \t\n\r'.includes(text.charAt(at))) at++
  return text.charCodeAt(at) === 0x3a
}

function nameOf(quoted: string): string {
  if (!quoted.includes('\\')) return quoted.slice(1, -1)
  try {
    return String(JSON.parse(quoted))
  } catch {
    return quoted // Not JSON, which JSON.parse says better.
  }
}
