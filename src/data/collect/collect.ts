// Whatever a person drops (texts, tables, chats, pages, Word and PDF documents, folders and zip archives of these) as documents. Each file
// is read by what it is, one after the other; what cannot be read is told, and takes nothing else with it.
import { MOST_FILES, type PartKind, type TablePreview } from '../../words/collecting'
import { CorpusError } from '../../errors'
import { macrotask } from '../../paced'
import { bytes } from '../../words/sizes'
import type { Document, Message } from '../../words/corpus'
import { SPECIAL_TOKENS, writeDocuments } from '../tokenize/chat_format'
import { decodeText } from './encoding'
import { fileKind, isHidden, noText } from './file_kind'
import { readDocuments, type Documents, type ReadOptions } from './read_documents'
import { LARGEST_TEXT, readFile, readText, refuseTooLarge, type StoredFile } from './read_text'
import { documentsFromTable, type Table } from './table'
import type { Refusal } from './zip'

/** After so long the thread listens again, to what may have been called off. */
const SLICE_MS = 50
/** More than these, and nobody reads any. */
const MOST_NOTICES = 50

/** A file to read: `name` is its path within what was dropped. */
export interface Dropped {
  name: string
  data: StoredFile | ArrayBuffer | Uint8Array | string
}

/** What one file became. Each file in a zip archive is a part, named ARCHIVE/PATH. */
export interface Part {
  name: string
  kind: PartKind
  documents: Document[]
  /** In all its documents. */
  characters: number
  /** The whole table, if it is one, and the columns that became documents; `withColumns` chooses others. */
  table: { table: Table; columns: string[] } | null
  /** The people of a chat who can be made the assistant, who writes most first. */
  speakers: readonly string[]
}

export interface Collected {
  /** In the order of their names. */
  parts: Part[]
  notices: string[]
  /** Files that were not read, and why. */
  refused: Refusal[]
  /** Files that nobody means (.DS_Store and such): how many were passed over. */
  hidden: number
}

export interface CollectOptions extends ReadOptions {
  /** Bytes done of all, and the file that is read now. */
  onProgress?: ((progress: { name: string; done: number; total: number }) => void) | undefined
  /** Ends it between files, or pages of a PDF, with the signal's reason. */
  signal?: AbortSignal | undefined
}

/**
 * Reads files as documents. Throws CorpusError where there are more than 10,000 files or 50 MiB, before any is read. Throws it,
 * too, where nothing can be read; of a single file, with that file's own reason.
 */
export async function collect(files: readonly Dropped[], options: CollectOptions = {}): Promise<Collected> {
  if (files.length > MOST_FILES)
    throw new CorpusError(
      `${files.length.toLocaleString('en')} files; the limit is ${MOST_FILES.toLocaleString('en')}. Choose a part of the folder.`,
    )
  // A file that is chosen by itself is meant, whatever it is called.
  const seen = files.length === 1 ? [...files] : files.filter(({ name }) => !isHidden(name))
  const reader = new Reader(options)
  reader.hidden = files.length - seen.length
  const readable = seen.sort(byName).filter(({ name }) => !reader.refuseByName(name))
  refuseTotal(readable)
  await reader.readAll(readable)
  const { parts, refused } = reader
  if (parts.length === 0) throw nothing(refused, files.length)
  return { parts, refused, notices: cut(reader.notices), hidden: reader.hidden }
}

/** The part with its table's `columns` as documents. Throws CorpusError: no such column, all of it empty. */
export function withColumns(part: Part, columns: readonly string[]): Part {
  if (!part.table) return part
  const { table } = part.table
  const documents = documentsFromTable(table, columns)
  return { ...part, documents, characters: charactersIn(documents), table: { table, columns: [...columns] } }
}

/** What to show of a part's table; null if it is none. */
export function previewOf(part: Part, rows = 20, width = 200): TablePreview | null {
  if (!part.table) return null
  const { table, columns } = part.table
  const short = (cell: string) => (cell.length > width ? `${cell.slice(0, width - 1)}…` : cell)
  return {
    columns: table.columns,
    chosen: columns,
    count: table.rows.length,
    rows: table.rows.slice(0, rows).map((row) => row.map(short)),
  }
}

/** Parts as the text to learn from: a single text as it is; more than one, or conversations, with special tokens between. */
export function textOf(parts: readonly Part[]): { text: string; special: readonly string[] } {
  const documents = parts.flatMap((part) => part.documents)
  const [first] = documents
  if (documents.length === 1 && first && 'text' in first) return { text: first.text, special: [] }
  return { text: writeDocuments(documents), special: SPECIAL_TOKENS }
}

/** Reads files into parts, refusals and notices, within what is left of the limit. */
class Reader {
  readonly parts: Part[] = []
  readonly refused: Refusal[] = []
  readonly notices: string[] = []
  hidden = 0
  readonly #options: CollectOptions
  #left = LARGEST_TEXT
  #listened = performance.now()

  constructor(options: CollectOptions) {
    this.#options = options
  }

  /** Whether a file is no text by its name; then it is told. */
  refuseByName(name: string): boolean {
    const what = noText(name)
    if (what !== null) this.refused.push({ name, why: `${name} is ${what}, not text. Leave it out.` })
    return what !== null
  }

  async readAll(files: readonly Dropped[]): Promise<void> {
    const { onProgress } = this.#options
    const total = files.reduce((sum, { data }) => sum + sizeOf(data), 0)
    let done = 0
    for (const { name, data } of files) {
      const size = sizeOf(data)
      const tell = (share: number) => onProgress?.({ name, done: done + Math.round(share * size), total })
      tell(0)
      await this.#guarded(name, async () => {
        await this.#read(name, await contentOf(name, data), tell)
      })
      done += size
    }
    if (files.length > 0) onProgress?.({ name: files.at(-1)!.name, done, total })
  }

  /** A refusal takes one file with it, not the others. */
  async #guarded(name: string, read: () => Promise<void>): Promise<void> {
    await this.#listen()
    try {
      await read()
    } catch (error) {
      if (!(error instanceof CorpusError)) throw error
      this.refused.push({ name, why: error.message })
    }
  }

  /** Lets messages in, if it was long ago. */
  async #listen(): Promise<void> {
    const { signal } = this.#options
    signal?.throwIfAborted()
    if (performance.now() - this.#listened < SLICE_MS) return
    await macrotask()
    this.#listened = performance.now()
    signal?.throwIfAborted()
  }

  async #read(name: string, input: Uint8Array | string, tell: (share: number) => void, inZip = false): Promise<void> {
    const kind = fileKind(name, typeof input === 'string' ? new TextEncoder().encode(input.slice(0, 512)) : input)
    if (kind === 'zip' || kind === 'docx' || kind === 'pdf') {
      const bytes = typeof input === 'string' ? new TextEncoder().encode(input) : input
      if (kind === 'pdf') this.#add(name, 'pdf', await this.#pdf(name, bytes, tell))
      else await this.#archive(name, bytes, tell, inZip)
    } else if (kind === 'html') {
      const { declaredEncoding, htmlText } = await import('./html_text')
      const html = typeof input === 'string' ? input : decodeText(name, input, this.notices, declaredEncoding(input))
      this.#add(name, 'html', htmlText(html))
    } else {
      const { text, notices } = readText(name, input)
      const read = readDocuments(name, text, kind, this.#options)
      this.#keep(name, read.kind, read, notices)
    }
  }

  async #pdf(name: string, bytes: Uint8Array, tell: (share: number) => void): Promise<string> {
    const { pdfText } = await import('./pdf_text')
    const onPage = async (done: number, total: number) => {
      tell(done / total)
      await this.#listen()
    }
    return pdfText(name, bytes, { limit: this.#left, onPage, signal: this.#options.signal })
  }

  /** A Word document, or a zip archive of files: of these, one level deep. */
  async #archive(name: string, bytes: Uint8Array, tell: (share: number) => void, inZip: boolean): Promise<void> {
    const { unzip, zipEntries } = await import('./zip')
    const { entries, refused } = zipEntries(name, bytes)
    const has = (path: string) => [...entries, ...refused].some((entry) => entry.name === `${name}/${path}`)
    if (has('word/document.xml') || /\.docx$/i.test(name)) {
      const objection = refused.find((refusal) => refusal.name === `${name}/word/document.xml`)
      if (objection) throw new CorpusError(objection.why)
      const { docxText } = await import('./docx_text')
      return this.#add(name, 'docx', docxText(name, bytes, entries))
    }
    if (has('[Content_Types].xml') || has('mimetype'))
      throw new CorpusError(`${name} is a document of another program. Save it as .docx or plain text (.txt).`)
    if (inZip) throw new CorpusError(`${name} is a zip archive inside another. Unpack it first.`)
    const isMeant = (of: { name: string }) => !isHidden(of.name.slice(name.length + 1))
    const meant = entries.filter(isMeant)
    const told = refused.filter(isMeant)
    this.hidden += entries.length - meant.length + refused.length - told.length
    this.refused.push(...told)
    const readable = meant.filter((entry) => !this.refuseByName(entry.name)).sort(byName)
    const total = readable.reduce((sum, entry) => sum + entry.size, 0)
    this.#refuseBeyond(`${name} unpacked`, total)
    let done = 0
    for (const entry of readable) {
      await this.#guarded(entry.name, () => this.#read(entry.name, unzip(bytes, entry), () => undefined, true))
      done += entry.size
      tell(done / total)
    }
  }

  /** The text of a document of another format: one text, unless it is asked to be more. */
  #add(name: string, kind: Part['kind'], extracted: string): void {
    const { text, notices } = readText(name, extracted)
    const { as } = this.#options
    const read = readDocuments(name, text, 'text', as === undefined || as === 'auto' ? { as: 'text' } : this.#options)
    this.#keep(name, read.kind === 'text' ? kind : read.kind, read, notices)
  }

  #keep(name: string, kind: Part['kind'], read: Documents, notices: string[]): void {
    const characters = charactersIn(read.documents)
    this.#refuseBeyond(name, characters)
    this.#left -= characters
    this.notices.push(...notices, ...read.notices)
    this.parts.push({
      name,
      kind,
      documents: read.documents,
      characters,
      table: read.table ?? null,
      speakers: read.speakers ?? [],
    })
  }

  #refuseBeyond(what: string, size: number): void {
    if (size > this.#left) throw tooMuch(`With ${what}, all texts together have`, LARGEST_TEXT - this.#left + size)
  }
}

/** By their names as people count: chapter 2 before chapter 10. The same in every country. */
const { compare } = new Intl.Collator('en', { numeric: true })
function byName(a: { name: string }, b: { name: string }): number {
  return compare(a.name, b.name)
}

function refuseTotal(files: readonly Dropped[]): void {
  const [first] = files
  if (files.length === 1 && first) return refuseTooLarge(first.name, sizeOf(first.data))
  const total = files.reduce((sum, { data }) => sum + sizeOf(data), 0)
  if (total > LARGEST_TEXT) throw tooMuch('Together these files have', total)
}

/** Bytes; for a string its characters, which are no more than its bytes. */
function sizeOf(data: Dropped['data']): number {
  if (typeof data === 'string') return data.length
  return 'byteLength' in data ? data.byteLength : data.size
}

async function contentOf(name: string, data: Dropped['data']): Promise<Uint8Array | string> {
  if (typeof data === 'string' || data instanceof Uint8Array) return data
  return new Uint8Array('byteLength' in data ? data : await readFile(name, data))
}

function charactersIn(documents: readonly Document[]): number {
  const said = (messages: Message[]) => messages.reduce((sum, { content }) => sum + content.length, 0)
  return documents.reduce((sum, d) => sum + ('text' in d ? d.text.length : said(d.messages)), 0)
}

function tooMuch(what: string, size: number): CorpusError {
  return new CorpusError(`${what} ${bytes(size)}; the limit is ${bytes(LARGEST_TEXT)}. Choose fewer or smaller files.`)
}

function nothing(refused: readonly Refusal[], files: number): CorpusError {
  const [first] = refused
  if (!first) return new CorpusError('There is no file to read in it. Choose files with text in them.')
  if (refused.length === 1) return new CorpusError(first.why)
  return new CorpusError(`None of ${files > 1 ? files : refused.length} files can be read. The first: ${first.why}`)
}

function cut(notices: readonly string[]): string[] {
  if (notices.length <= MOST_NOTICES) return [...notices]
  return [...notices.slice(0, MOST_NOTICES), `And ${notices.length - MOST_NOTICES} more notices like these.`]
}
