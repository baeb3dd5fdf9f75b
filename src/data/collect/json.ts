// JSON and JSON lines from outside: parsed within bounds, and looked into without trusting what is there.
import { CorpusError } from '../../errors'

/** Brackets within brackets: honest exports have ten; thousands are meant to overflow a stack. */
const LARGEST_DEPTH = 100

export type JsonObject = Record<string, unknown>
/** One value, or with `lines` an array of one value a line, of which `malformed` could not be parsed and were left out. */
export interface ParsedJson {
  value: unknown
  lines: boolean
  malformed: number
}

/** What a text says as JSON or as JSON lines; null if it is neither. Throws CorpusError where it is nested too deeply. */
export function parseJson(name: string, text: string): ParsedJson | null {
  if (!/^\s*[[{]/.test(text)) return null
  refuseDeep(name, text)
  const value = tryParse(text)
  if (value !== undefined) return { value, lines: false, malformed: 0 }
  const lines = text.split('\n').filter((line) => line.trim() !== '')
  const rows = lines.map(tryParse).filter((row) => typeof row === 'object' && row !== null)
  // One broken line in two, and it is not JSON lines but something that looks a little like it.
  if (lines.length < 2 || 2 * rows.length < lines.length) return null
  return { value: rows, lines: true, malformed: lines.length - rows.length }
}

/** Whether a value has named fields. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The elements of an array; none of anything else. */
export function elements(value: unknown): unknown[] {
  return Array.isArray(value) ? value : []
}

function tryParse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function refuseDeep(name: string, text: string): void {
  let depth = 0
  let quoted = false
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (quoted) {
      if (c === 0x5c) i++
      // A line of JSON lines that was cut inside a string must not swallow the lines after it.
      else if (c === 0x22 || c === 0x0a) quoted = false
    } else if (c === 0x22) quoted = true
    else if (c === 0x5b || c === 0x7b) depth++
    else if (c === 0x5d || c === 0x7d) depth--
    else if (c === 0x0a && depth < 0) depth = 0
    if (depth > LARGEST_DEPTH)
      throw new CorpusError(
        `${name} is JSON nested more than ${LARGEST_DEPTH} deep. Choose a flatter file, or paste the text itself.`,
      )
  }
}
