// Tables: CSV and TSV (Papa Parse finds the delimiter), JSON arrays of objects and JSON lines. All become columns of text. Each
// row becomes a document, made of the chosen columns.
import Papa from 'papaparse'
import { CorpusError } from '../../errors'
import type { Document } from '../../words/corpus'
import { tidy } from './encoding'
import { isObject } from './json'

/** More names than this, and it is data by name, not a table. */
const MOST_COLUMNS = 1000
/** Rows that decide whether prose with commas is a table. */
const LOOK = 50
/** Objects within objects become columns "a.b", so deep; below it, a cell holds JSON. */
const LARGEST_DEPTH = 3

/** A table in memory: `rows` hold one cell for every column. */
export interface Table {
  name: string
  columns: string[]
  rows: string[][]
  /** Rows with too few or too many cells, or not objects: left out. */
  malformed: number
  notices: string[]
}

/**
 * A table of comma, semicolon, tab or pipe separated values whose first row names the columns. Null if the text does not look like
 * one, unless `certain` (its name ends in .csv): then a CorpusError tells what is wrong.
 */
export function readCsv(name: string, text: string, certain = false): Table | null {
  const trimmed = text.replace(/^\s*\n/, '')
  if (trimmed.trim() === '') throw new CorpusError(`${name} is empty. Choose another file.`)
  if (!certain && !looksLikeTable(trimmed)) return null
  const { data, errors } = Papa.parse<string[]>(trimmed, { skipEmptyLines: 'greedy' })
  const [header, ...body] = data
  if (!header || body.length === 0)
    throw new CorpusError(`${name} has names of columns and no rows. Choose a table with at least one row.`)
  const columns = uniqueNames(header)
  const rows = body.filter((row) => row.length === columns.length).map((row) => row.map(tidy))
  const notices: string[] = []
  if (errors.some((e) => e.type === 'Quotes'))
    notices.push(`${name} has a quote that is never closed, or stands inside a cell: check its last rows.`)
  return table(name, columns, rows, body.length - rows.length, notices)
}

/** A table from a parsed array of objects; null if the value is none. Fields that are objects become columns "field.inner". */
export function tableFromJson(name: string, value: unknown, malformed = 0): Table | null {
  if (!Array.isArray(value) || !value.some(isObject)) return null
  const objects = value.filter(isObject)
  if (2 * objects.length < value.length) return null
  const index = new Map<string, number>()
  const flat = objects.map((object) => {
    const cells = new Map<string, string>()
    flatten(object, '', 1, cells)
    for (const column of cells.keys()) if (!index.has(column)) index.set(column, index.size)
    if (index.size > MOST_COLUMNS) throw tooManyColumns(name)
    return cells
  })
  const columns = [...index.keys()]
  if (columns.length === 0) return null
  const rows = flat.map((cells) => columns.map((column) => cells.get(column) ?? ''))
  return table(name, columns, rows, malformed + value.length - objects.length, [])
}

/**
 * A document for each row: the cells of `columns` in their order, those that are empty left out, `separator` between them. Throws
 * CorpusError if there is no such column, or if all their cells are empty.
 */
export function documentsFromTable(of: Table, columns: readonly string[], separator = '\n'): Document[] {
  if (columns.length === 0) throw new CorpusError(`No column of ${of.name} is chosen. Choose at least one.`)
  const at = columns.map((column) => {
    const i = of.columns.indexOf(column)
    if (i < 0)
      throw new CorpusError(`${of.name} has no column “${column}”. Choose among ${of.columns.slice(0, 20).join(', ')}.`)
    return i
  })
  const documents = of.rows
    .map((row) => at.map((i) => row[i]!.trim()).filter((cell) => cell !== ''))
    .filter((cells) => cells.length > 0)
    .map((cells) => ({ text: cells.join(separator) }))
  if (documents.length === 0)
    throw new CorpusError(`${columns.join(', ')} of ${of.name} is empty in every row. Choose another column.`)
  return documents
}

/** The column that most likely holds the text: the one with the most characters. */
export function likeliestColumn(of: Table): string {
  const sizes = of.columns.map((_, i) => of.rows.reduce((sum, row) => sum + row[i]!.length, 0))
  return of.columns[sizes.indexOf(Math.max(...sizes))]!
}

function table(name: string, columns: string[], rows: string[][], malformed: number, notices: string[]): Table {
  if (columns.length > MOST_COLUMNS) throw tooManyColumns(name)
  if (rows.length === 0)
    throw new CorpusError(
      `No row of ${name} has as many cells as it has columns (${columns.length}). Save it again as CSV with a row of names.`,
    )
  if (malformed > 0)
    notices.push(
      `${malformed} ${malformed === 1 ? 'row' : 'rows'} of ${name} did not fit its columns and were left out.`,
    )
  return { name, columns, rows, malformed, notices }
}

function tooManyColumns(name: string): CorpusError {
  return new CorpusError(`${name} has more than ${MOST_COLUMNS} columns. Choose a table of rows, or paste its text.`)
}

/** Two columns or more and the same number in almost every row, beginning with the first: prose has commas here and there. */
function looksLikeTable(text: string): boolean {
  const { data, meta } = Papa.parse<string[]>(text, { preview: LOOK, skipEmptyLines: 'greedy' })
  const width = data[0]?.length ?? 0
  if (width < 2 || data.length < 3) return false
  // Names of columns are short; the first sentence of a text is not.
  if (data[0]!.some((cell) => cell.length > 60 || cell.trim() === '')) return false
  const fitting = data.filter((row) => row.length === width).length
  // Two cells split by a comma in every line may still be verse: tabs, semicolons and pipes are never by chance.
  return (
    fitting >= 0.9 * data.length && (meta.delimiter !== ',' || data[0]!.every((cell) => !/[.!?]$/.test(cell.trim())))
  )
}

/** Names of columns, each once: unnamed ones get a number, and so does the second of a name. */
function uniqueNames(header: readonly string[]): string[] {
  const seen = new Set<string>()
  return header.map((raw, i) => {
    const base = tidy(raw).trim() || `column ${i + 1}`
    let column = base
    for (let n = 2; seen.has(column); n++) column = `${base} ${n}`
    seen.add(column)
    return column
  })
}

function flatten(object: Record<string, unknown>, prefix: string, depth: number, into: Map<string, string>): void {
  for (const [key, value] of Object.entries(object)) {
    const column = tidy(prefix + key)
    if (isObject(value) && depth < LARGEST_DEPTH) flatten(value, `${column}.`, depth + 1, into)
    else if (value !== null) into.set(column, tidy(cellOf(value)))
  }
}

/** Lists of words are lines; anything else that is no text is JSON, which json.ts has bounded in depth. */
function cellOf(value: unknown): string {
  if (typeof value === 'string') return value
  if (Array.isArray(value) && value.every((v) => typeof v === 'string')) return value.join('\n')
  return JSON.stringify(value)
}
