// A model at an address of the Hugging Face Hub that a person typed: which of its files are a model, their beginnings to look at, and the
// whole of them once that is asked for. Nothing is sent along, and no other host is asked.
import { CheckpointError, ImportError } from '../../errors'
import { bytes } from '../../words/sizes'
import type { FileLike, NamedFile } from './file_like'

export const HUB = 'https://huggingface.co'

/** A model there; `file` where the address names one. */
export interface HubPlace {
  owner: string
  name: string
  revision: string
  file: string | null
}

export interface HubOptions {
  fetch: typeof fetch
  /** Where the Hub is, without a slash at its end. */
  base: string
  signal: AbortSignal
  /** Bytes of a file so far; `total` is 0 where the server does not say. */
  tell(at: { name: string; done: number; total: number }): void
}

const WAY_OUT = 'Download the files yourself, and drop them here.'
/** A file that is read whole before anything is decided: config, index, tokenizer. */
const LARGEST_SMALL = 32 * 2 ** 20
/** A file's beginning that is kept to be looked at. */
const LARGEST_HEAD = 80 * 2 ** 20
const LARGEST_FILE = 4 * 2 ** 30
const PART = /^[A-Za-z0-9][\w.-]{0,95}$/
/** Small files of a model, read where they are. */
const SMALL = [
  'config.json',
  'model.safetensors.index.json',
  'tokenizer.json',
  'tokenizer_config.json',
  'added_tokens.json',
]
const PAIRS = ['vocab.json', 'merges.txt']

/** Reads OWNER/NAME, or an address of it or of one of its files. Throws ImportError. */
export function hubPlace(address: string, base = HUB): HubPlace {
  const said = address.trim().replace(/[?#].*$/, '')
  const host = base.replace(/^https?:\/\//, '')
  const path = said.replace(new RegExp(`^(https?://)?${host.replace(/[.]/g, '\\.')}/`, 'i'), '').replace(/\/+$/, '')
  if (/^\w+:\/\//.test(path)) throw new ImportError(`Only models of ${host} are fetched here. ${WAY_OUT}`)
  const [owner = '', name = '', kind, revision = 'main', ...file] = path.split('/')
  const isWhole = kind === undefined || (kind === 'tree' && file.length === 0)
  const isFile = (kind === 'resolve' || kind === 'blob') && file.length === 1
  if (!PART.test(owner) || !PART.test(name) || !PART.test(revision) || !(isWhole || isFile))
    throw new ImportError(
      `“${said.slice(0, 100)}” is no model’s address. Write OWNER/NAME, such as openai-community/gpt2, or the whole address of a model or of its .gguf file.`,
    )
  if (file[0] !== undefined && !/^[\w.-]{1,120}\.(gguf|safetensors)$/.test(file[0]))
    throw new ImportError(`${file[0].slice(0, 100)} is no .gguf or .safetensors file. Name one, or the model alone.`)
  return { owner, name, revision, file: file[0] ?? null }
}

export const addressOf = ({ owner, name, revision }: HubPlace, file: string, base: string) =>
  `${base}/${owner}/${name}/resolve/${revision}/${encodeURIComponent(file)}`

/** A model's files, of whose weights no more than what was looked at is here. */
export interface Looked {
  files: NamedFile[]
  /** The names of its files of weights, and how many bytes they are. */
  weights: string[]
  size_bytes: number
  /** Ends the connections. */
  close(): Promise<void>
}

/** Fetches the small files, and as much of the weights as is looked at. Throws ImportError where they cannot be had. */
export async function lookAtHub(place: HubPlace, options: HubOptions): Promise<Looked> {
  const small = new Map<string, Blob>()
  const take = async (name: string) => {
    const file = await fetchSmall(place, name, options)
    if (file) small.set(name, file)
  }
  const isGguf = place.file?.endsWith('.gguf') ?? false
  if (!isGguf) {
    await take('config.json')
    if (!small.has('config.json') && place.file === null)
      throw new ImportError(
        `${place.owner}/${place.name} has no config.json on ${new URL(options.base).host}: there is no such model, or it is of another kind. For a GGUF, give the address of the .gguf file itself.`,
      )
    for (const name of SMALL.slice(1)) await take(name)
    if (!small.has('tokenizer.json')) for (const name of PAIRS) await take(name)
  }
  const index = place.file === null ? small.get('model.safetensors.index.json') : undefined
  const weights = index ? await shardNames(index) : [place.file ?? 'model.safetensors']
  if (place.file !== null) small.delete('model.safetensors.index.json')
  const heads = weights.map((name) => ({ name, head: new Head(place, name, options) }))
  try {
    for (const { head } of heads) await head.open()
  } catch (error) {
    for (const { head } of heads) await head.close()
    throw error
  }
  const folder = `${place.name}/`
  return {
    files: [
      ...[...small].map(([name, data]) => ({ name: folder + name, data })),
      ...heads.map(({ name, head }) => ({ name: folder + name, data: head })),
    ],
    weights,
    size_bytes: heads.reduce((sum, { head }) => sum + head.size, 0),
    close: async () => {
      for (const { head } of heads) await head.close()
    },
  }
}

/** The weights themselves, whole, in place of their beginnings. Throws ImportError where the transfer breaks off. */
export async function fetchFromHub(place: HubPlace, looked: Looked, options: HubOptions): Promise<NamedFile[]> {
  const whole: NamedFile[] = looked.files.filter(({ data }) => !(data instanceof Head))
  for (const name of looked.weights) {
    const response = await ask(place, name, options)
    if (!response) throw new ImportError(`${name} is gone from the Hub.`)
    whole.push({ name: `${place.name}/${name}`, data: await readWhole(name, response, LARGEST_FILE, options) })
  }
  return whole
}

async function shardNames(index: Blob): Promise<string[]> {
  let map: unknown
  try {
    map = (JSON.parse(await index.text()) as { weight_map?: unknown } | null)?.weight_map
  } catch {
    map = null
  }
  const names = typeof map === 'object' && map !== null ? [...new Set(Object.values(map) as unknown[])] : []
  const ok = names.every(
    (name): name is string => typeof name === 'string' && /^[\w.-]{1,120}\.safetensors$/.test(name),
  )
  if (!ok || names.length === 0 || names.length > 200)
    throw new CheckpointError('The model’s model.safetensors.index.json names no files that can be fetched.')
  return names
}

async function fetchSmall(place: HubPlace, name: string, options: HubOptions): Promise<Blob | null> {
  const response = await ask(place, name, options)
  return response && readWhole(name, response, LARGEST_SMALL, { ...options, tell: () => undefined })
}

/** An answer with a body; null where there is no such file. */
async function ask(place: HubPlace, name: string, { fetch, base, signal }: HubOptions): Promise<Response | null> {
  const url = addressOf(place, name, base)
  let response: Response
  try {
    response = await fetch(url, { credentials: 'omit', referrerPolicy: 'no-referrer', signal })
  } catch (cause) {
    signal.throwIfAborted()
    throw new ImportError(
      `${new URL(base).host} could not be read. The browser does not say why: there may be no connection, or the Hub may not allow other pages to read this file (CORS). ${WAY_OUT}`,
      { cause },
    )
  }
  if (response.status === 404) {
    await response.body?.cancel()
    return null
  }
  if (!response.ok) {
    await response.body?.cancel()
    const why =
      response.status === 401 || response.status === 403
        ? ' (there is no such model, or it is not for everyone)'
        : response.status === 429
          ? ' (too many requests; wait a little)'
          : ''
    throw new ImportError(`${new URL(base).host} answers ${response.status}${why} for ${name}. ${WAY_OUT}`)
  }
  return response
}

const lengthOf = (response: Response) => Number(response.headers.get('content-length') ?? 0) || 0

async function readWhole(name: string, response: Response, most: number, options: HubOptions): Promise<Blob> {
  const { signal, tell } = options
  const total = lengthOf(response)
  const refuse = async (size: number): Promise<never> => {
    await response.body?.cancel().catch(() => undefined)
    throw new ImportError(`${name} has more than ${bytes(size)}; at most ${bytes(most)} is fetched.`)
  }
  if (total > most) await refuse(most)
  const chunks: BlobPart[] = []
  let done = 0
  const reader = response.body?.getReader()
  try {
    for (let piece = await reader?.read(); piece && !piece.done; piece = await reader?.read()) {
      signal.throwIfAborted()
      done += piece.value.length
      if (done > most) {
        await reader?.cancel()
        throw new ImportError(`${name} has more than ${bytes(most)}, which is the most that is fetched.`)
      }
      chunks.push(piece.value)
      tell({ name, done, total: done > total ? 0 : total })
    }
  } catch (cause) {
    await reader?.cancel().catch(() => undefined)
    signal.throwIfAborted()
    if (cause instanceof ImportError) throw cause
    throw new ImportError(`The transfer of ${name} broke off after ${bytes(done)}. Try again.`, { cause })
  }
  return new Blob(chunks)
}

/** A file on its way: its beginning is read as far as is asked for, and the rest is not. */
class Head implements FileLike {
  readonly #place: HubPlace
  readonly #name: string
  readonly #options: HubOptions
  #reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>> | null = null
  #bytes = new Uint8Array(1 << 16)
  #length = 0
  size = 0

  constructor(place: HubPlace, name: string, options: HubOptions) {
    this.#place = place
    this.#name = name
    this.#options = options
  }

  async open(): Promise<void> {
    const response = await ask(this.#place, this.#name, this.#options)
    if (!response?.body)
      throw new ImportError(
        `${this.#place.owner}/${this.#place.name} has no ${this.#name}: its weights are in a format that is not opened here.`,
      )
    this.#reader = response.body.getReader()
    this.size = lengthOf(response)
    if (this.size === 0) {
      await this.close()
      throw new ImportError(`The Hub does not say how large ${this.#name} is. ${WAY_OUT}`)
    }
    if (this.size > LARGEST_FILE) {
      await this.close()
      throw new ImportError(`${this.#name} has ${bytes(this.size)}; at most ${bytes(LARGEST_FILE)} is fetched.`)
    }
  }
  async close(): Promise<void> {
    await this.#reader?.cancel().catch(() => undefined)
    this.#reader = null
  }

  slice(from: number, to: number) {
    const arrayBuffer = async () => {
      const end = Math.min(to, this.size)
      await this.#upTo(end)
      return this.#bytes.slice(from, end).buffer
    }
    return { arrayBuffer, text: async () => new TextDecoder().decode(await arrayBuffer()) }
  }
  arrayBuffer(): Promise<ArrayBuffer> {
    return this.slice(0, this.size).arrayBuffer()
  }
  text(): Promise<string> {
    return this.slice(0, this.size).text()
  }

  async #upTo(end: number): Promise<void> {
    if (end > LARGEST_HEAD) throw new CheckpointError(`The header of ${this.#name} is too large to be one.`)
    while (this.#length < end) {
      this.#options.signal.throwIfAborted()
      const piece = await this.#reader?.read()
      if (!piece || piece.done) throw new ImportError(`The transfer of ${this.#name} broke off. Try again.`)
      const { value } = piece
      if (this.#length + value.length > this.#bytes.length) {
        const wider = new Uint8Array(Math.max(2 * this.#bytes.length, this.#length + value.length))
        wider.set(this.#bytes)
        this.#bytes = wider
      }
      this.#bytes.set(value, this.#length)
      this.#length += value.length
    }
  }
}
