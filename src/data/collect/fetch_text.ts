// A text from an address that a person typed or clicked. It is fetched once, within the limit, and named so that it is read by
// what it is. Whatever goes wrong is told with the way out that always works: download the file and drop it here.
import { CorpusError } from '../../errors'
import { bytes } from '../../words/sizes'
import type { Dropped } from './collect'
import { LARGEST_TEXT, refuseTooLarge } from './read_text'

const WAY_OUT = 'Download the file yourself, and drop it here'

/** Extensions for what a server says that it sends; of text/plain, the address's own name counts more. */
const EXTENSIONS: Record<string, string> = {
  'text/html': 'html',
  'application/xhtml+xml': 'html',
  'text/plain': 'txt',
  'text/markdown': 'md',
  'text/csv': 'csv',
  'text/tab-separated-values': 'tsv',
  'application/json': 'json',
  'application/jsonl': 'jsonl',
  'application/x-ndjson': 'ndjson',
  'application/pdf': 'pdf',
  'application/zip': 'zip',
  'application/x-zip-compressed': 'zip',
  'application/vnd.openxmlformats-officedocument.wordprocessingml.document': 'docx',
}
/** What servers say of anything. */
const ANYTHING = new Set(['', 'text/plain', 'application/octet-stream', 'binary/octet-stream'])

export interface FetchOptions {
  fetch: typeof fetch
  /** Bytes so far; `total` is 0 where the server does not say. */
  onProgress?: ((progress: { done: number; total: number }) => void) | undefined
  signal?: AbortSignal | undefined
}

/**
 * The file at an http(s) address, for `collect`. Nothing is sent along: no cookies, no referrer. Throws CorpusError: no such
 * address, refused by the server or by the browser, cut off, or too long. A server may say the length; otherwise the bytes are
 * counted.
 */
export async function fetchText(address: string, options: FetchOptions): Promise<Dropped> {
  const url = parse(address)
  const { signal } = options
  let response: Response
  try {
    response = await options.fetch(url, { credentials: 'omit', referrerPolicy: 'no-referrer', signal: signal ?? null })
  } catch (cause) {
    signal?.throwIfAborted()
    throw unreachable(url, cause)
  }
  if (!response.ok) {
    await response.body?.cancel()
    throw new CorpusError(`${url.host} answers ${response.status}${meaning(response.status)}. ${WAY_OUT}.`)
  }
  const name = nameOf(url, response.headers.get('content-type') ?? '')
  // The header counts compressed bytes of a compressed transfer. It is too small then, and the bytes themselves decide.
  const total = Number(response.headers.get('content-length') ?? 0) || 0
  if (total > LARGEST_TEXT) await response.body?.cancel()
  refuseTooLarge(name, total)
  return { name, data: await read(name, url, response, total, options) }
}

function parse(address: string): URL {
  if (!URL.canParse(address.trim()))
    throw new CorpusError(`“${short(address)}” is no address. Write it whole: https://example.org/book.txt.`)
  const url = new URL(address.trim())
  if (url.protocol !== 'https:' && url.protocol !== 'http:')
    throw new CorpusError(`${url.protocol} addresses cannot be read here, only https: and http:. ${WAY_OUT}.`)
  if (url.username || url.password)
    throw new CorpusError(`The address of ${url.host} has a name or password in it. ${WAY_OUT}.`)
  return url
}

async function read(name: string, url: URL, response: Response, total: number, options: FetchOptions): Promise<Blob> {
  const { onProgress, signal } = options
  const chunks: Uint8Array<ArrayBuffer>[] = []
  let done = 0
  const reader = response.body?.getReader()
  try {
    for (let piece = await reader?.read(); piece && !piece.done; piece = await reader?.read()) {
      signal?.throwIfAborted()
      done += piece.value.length
      refuseTooLarge(name, done)
      chunks.push(piece.value)
      onProgress?.({ done, total: done > total ? 0 : total })
    }
  } catch (cause) {
    await reader?.cancel().catch(() => undefined)
    signal?.throwIfAborted()
    if (cause instanceof CorpusError) throw cause
    throw new CorpusError(`${url.host} broke off after ${bytes(done)}. Try again, or: ${WAY_OUT}.`, {
      cause,
    })
  }
  return new Blob(chunks)
}

/** A browser does not say why a fetch failed, so that pages cannot look around in a network: all that it may be. */
function unreachable(url: URL, cause: unknown): CorpusError {
  const insecure = url.protocol === 'http:' ? ', the browser allows no http: address from an https: page' : ''
  return new CorpusError(
    `${url.host} could not be read. The browser does not say why: the site may not allow other pages to read it (CORS)${insecure}, there may be no such site, or no connection. ${WAY_OUT}.`,
    { cause },
  )
}

function meaning(status: number): string {
  if (status === 404 || status === 410) return ' (there is no such file)'
  if (status === 401 || status === 403) return ' (not for everyone)'
  if (status === 429) return ' (too many requests; wait a little)'
  return status >= 500 ? ' (it has a problem of its own; try later)' : ''
}

/** The last part of the address, with the extension that its content has. */
function nameOf(url: URL, contentType: string): string {
  const last = url.pathname.split('/').findLast((part) => part !== '') ?? url.host
  const name = short(decoded(last).replace(/[/\\\0]/g, '_'))
  const type = contentType.split(';')[0]!.trim().toLowerCase()
  const extension = EXTENSIONS[type]
  if (!extension || name.toLowerCase().endsWith(`.${extension}`)) return name
  if (ANYTHING.has(type) && /\.\w{1,8}$/.test(name)) return name
  return `${name}.${extension}`
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}

const short = (text: string) => (text.length > 100 ? `${text.slice(0, 99)}…` : text)
