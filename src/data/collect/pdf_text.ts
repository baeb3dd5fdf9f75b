// The text of a PDF, by Mozilla's pdf.js. Pages come in order, lines by their height on the page. Words that a line end split are
// joined again. pdf.js usually has a thread of its own. Here it works in the thread that calls it, and is loaded on the first PDF.
import type { getDocument } from 'pdfjs-dist/legacy/build/pdf.mjs'
import { CorpusError } from '../../errors'
import { tidy } from './encoding'

/** A line begins where the base line moves by more than this share of the letters' height; below it, it is an index or exponent. */
const NEW_LINE = 0.6
/** And a paragraph, where it moves by more than this many heights. */
const NEW_PARAGRAPH = 1.9

export interface PdfOptions {
  /** No text longer than this, in characters. */
  limit: number
  /** After each page, and waited for: pdf.js itself lets no other work in between. */
  onPage?: ((done: number, total: number) => void | Promise<void>) | undefined
  signal?: AbortSignal | undefined
}

/** What is used of a piece of text of a page: where its base line begins, and the height of its letters. */
export interface Item {
  str: string
  transform: number[]
  height: number
}

/** The text of all pages. Throws CorpusError, naming `name`: locked by a password, damaged, pictures only, more text than the limit. */
export async function pdfText(name: string, bytes: Uint8Array, options: PdfOptions): Promise<string> {
  const pdfJs = await loadPdfJs()
  const { limit, onPage, signal } = options
  const task = pdfJs.getDocument({
    // pdf.js takes what it is given away from its owner.
    data: bytes.slice(),
    // A PDF is data: nothing in it is run, drawn or fetched.
    isEvalSupported: false,
    disableFontFace: true,
    useSystemFonts: false,
    isOffscreenCanvasSupported: false,
    isImageDecoderSupported: false,
    useWorkerFetch: false,
    useWasm: false,
    verbosity: 0,
  })
  const stop = () => void task.destroy()
  signal?.addEventListener('abort', stop)
  try {
    const pdf = await task.promise
    const pages: string[] = []
    let left = limit
    for (let n = 1; n <= pdf.numPages; n++) {
      signal?.throwIfAborted()
      const page = await pdf.getPage(n)
      const items: Item[] = []
      // Piece by piece, since one page can unpack to more than memory holds.
      const reader = page.streamTextContent().getReader() as ReadableStreamDefaultReader<{ items: Partial<Item>[] }>
      for (let read = await reader.read(); !read.done; read = await reader.read()) {
        for (const item of read.value.items) {
          // Others say where parts of a tagged document begin and end.
          if (!isItem(item)) continue
          items.push(item)
          left -= item.str.length + 1
        }
        if (left < 0)
          throw new CorpusError(`${name} holds more text than the limit allows. Choose a part of its pages.`)
      }
      page.cleanup()
      const text = pageText(items)
      if (text !== '') pages.push(text)
      await onPage?.(n, pdf.numPages)
    }
    if (pages.length === 0)
      throw new CorpusError(
        `${name} has no text: it is pictures of pages. Recognise its text with a scanning program (OCR) first.`,
      )
    return tidy(joinSplitWords(pages.join('\n')))
  } catch (cause) {
    signal?.throwIfAborted()
    throw cause instanceof CorpusError ? cause : explain(name, cause)
  } finally {
    signal?.removeEventListener('abort', stop)
    await task.destroy()
  }
}

/** Lines of a page, from its pieces in the order they were set in. */
function pageText(items: readonly Item[]): string {
  const lines: string[] = []
  let line: string[] = []
  let base: number | null = null
  let height = 0
  const end = () => {
    lines.push(line.join('').trim())
    line = []
  }
  for (const { str, transform, height: own } of items) {
    // White space between words is a piece of its own, of no height.
    if (str.trim() === '') {
      line.push(str)
      continue
    }
    const y = transform[5] ?? 0
    const move = base === null ? 0 : Math.abs(base - y)
    const scale = Math.max(own, height)
    if (base === null || move > NEW_LINE * scale) {
      if (base !== null) end()
      if (move > NEW_PARAGRAPH * scale) lines.push('')
      base = y
      height = own
    }
    line.push(str)
  }
  end()
  return lines.join('\n').trim()
}

function isItem(item: Partial<Item>): item is Item {
  return item.str !== undefined && item.transform !== undefined && item.height !== undefined
}

/** A hyphen at a line's end goes, with the line end, where the next line goes on in lower case: "hy-\nphen" was one word. */
export function joinSplitWords(text: string): string {
  return text.replace(/(?<=\p{L})[-\u00ad\u2010]\n(?=\p{Ll})/gu, '')
}

function explain(name: string, cause: unknown): CorpusError {
  const { name: kind, message } = cause instanceof Error ? cause : new Error(String(cause))
  if (kind === 'PasswordException')
    return new CorpusError(`${name} is protected by a password. Save a copy without one, or copy its text.`, { cause })
  return new CorpusError(
    `${name} cannot be read as a PDF (${message}). Save it again, or copy its text and paste it.`,
    {
      cause,
    },
  )
}

type PdfJs = { getDocument: typeof getDocument }
let loading: Promise<PdfJs> | null = null

function loadPdfJs(): Promise<PdfJs> {
  return (loading ??= load())
}

async function load(): Promise<PdfJs> {
  const scope = globalThis as { window?: unknown; DOMMatrix?: unknown }
  // pdf.js makes one while it is loaded, for drawing, which nobody asks for here; Node has none.
  scope.DOMMatrix ??= Object
  // Its other half, loaded in a worker, takes the worker's messages for its own, unless there is a window.
  const isWorker = scope.window === undefined
  if (isWorker) scope.window = globalThis
  try {
    // Sets globalThis.pdfjsWorker, which the first half looks for before it makes a thread.
    // @ts-expect-error It has no types, and nothing of it is called here.
    await import('pdfjs-dist/legacy/build/pdf.worker.mjs')
  } finally {
    if (isWorker) delete scope.window
  }
  return import('pdfjs-dist/legacy/build/pdf.mjs')
}
