// Zip archives from outside (APPNOTE 6.3). The central directory says what is in them. Each entry is inflated piece by piece,
// never past the size that it declares. Names that lead out of the archive, locked, damaged and lying entries are refused one by
// one.
import { Inflate } from 'fflate'
import { CorpusError } from '../../errors'

/** What one archive may hold; more is no collection of texts. */
const MOST_ENTRIES = 10_000
/**
 * Deflate reaches 1,032 at best, text hardly 20, a log of equal lines 200. A large entry above this ratio is meant to fill memory.
 */
const LARGEST_RATIO = 300
/** Below it, an entry may be as compressible as it likes. */
const SMALL_BYTES = 1024 * 1024
/** Compressed bytes inflated at once: at the worst ratio they become 8 MB. */
const PIECE_BYTES = 8 * 1024

const END = 0x06054b50
const DIRECTORY = 0x02014b50
const LOCAL = 0x04034b50
const END_BYTES = 22
const DIRECTORY_BYTES = 46
const LOCAL_BYTES = 30
const LONGEST_COMMENT = 0xffff
const STORED = 0
const DEFLATED = 8
const LOCKED = 1
const LINK = 0xa000

export interface ZipEntry {
  /** The archive's name, and the path in it. */
  name: string
  size: number
  packed: number
  method: number
  crc: number
  /** Where its local header begins. */
  offset: number
}

export interface Refusal {
  name: string
  why: string
}

/**
 * What the archive holds, without inflating any: files that can be read, and those that are refused, with why. Throws CorpusError,
 * naming `name`: cut short, in several parts, zip64, more than 10,000 entries, entries that overlap. How much is too much, by the
 * declared sizes, is for the caller to say: an entry never becomes more than it declares.
 */
export function zipEntries(name: string, bytes: Uint8Array): { entries: ZipEntry[]; refused: Refusal[] } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const end = findEnd(view)
  if (end < 0) throw damaged(name, 'its end is missing: it was cut short, or is no zip archive')
  const count = view.getUint16(end + 10, true)
  const at = view.getUint32(end + 16, true)
  if (count === 0xffff || at === 0xffffffff)
    throw new CorpusError(`${name} is a zip64 archive, made for larger ones. Pack fewer files, or unpack it first.`)
  if (view.getUint16(end + 4, true) !== 0 || view.getUint16(end + 8, true) !== count)
    throw new CorpusError(`${name} is one of several parts of an archive. Unpack it first.`)
  if (count > MOST_ENTRIES)
    throw new CorpusError(`${name} holds ${count} files; the limit is ${MOST_ENTRIES}. Pack fewer of them.`)

  const entries: ZipEntry[] = []
  const refused: Refusal[] = []
  const seen = new Set<string>()
  let next = at
  for (let i = 0; i < count; i++) {
    if (next + DIRECTORY_BYTES > end || view.getUint32(next, true) !== DIRECTORY)
      throw damaged(name, 'its table of contents is cut short or overwritten')
    const [nameBytes, extraBytes, commentBytes] = [28, 30, 32].map((field) => view.getUint16(next + field, true))
    const from = next + DIRECTORY_BYTES
    const path = pathOf(bytes.subarray(from, from + nameBytes!))
    const flags = view.getUint16(next + 8, true)
    const entry: ZipEntry = {
      name: `${name}/${path}`,
      method: view.getUint16(next + 10, true),
      crc: view.getUint32(next + 16, true),
      packed: view.getUint32(next + 20, true),
      size: view.getUint32(next + 24, true),
      offset: view.getUint32(next + 42, true),
    }
    const isLink = ((view.getUint32(next + 38, true) >>> 16) & 0xf000) === LINK
    next = from + nameBytes! + extraBytes! + commentBytes!
    if (path.endsWith('/')) continue
    const why = objection(path, entry, flags, isLink, seen)
    seen.add(path)
    if (why) refused.push({ name: entry.name, why: `${entry.name} ${why}` })
    else entries.push(entry)
  }
  const packed = entries.reduce((sum, entry) => sum + entry.packed, 0)
  // Entries that share their bytes: each would be inflated again.
  if (packed > bytes.length) throw damaged(name, 'its files overlap')
  return { entries, refused }
}

/** The bytes of one entry. Throws CorpusError, naming it: damaged, cut short, or larger than it declares. */
export function unzip(bytes: Uint8Array, entry: ZipEntry): Uint8Array<ArrayBuffer> {
  const { name, offset, packed, size, method } = entry
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (offset + LOCAL_BYTES > bytes.length || view.getUint32(offset, true) !== LOCAL)
    throw damaged(name, 'it does not stand where the archive says')
  const start = offset + LOCAL_BYTES + view.getUint16(offset + 26, true) + view.getUint16(offset + 28, true)
  if (start + packed > bytes.length) throw damaged(name, 'the archive was cut short')
  const source = bytes.subarray(start, start + packed)
  const out = method === STORED ? source.slice() : inflate(name, source, size)
  if (out.length !== size) throw damaged(name, `it has ${out.length} bytes where ${size} are declared`)
  if (crc32(out) !== entry.crc) throw damaged(name, 'its checksum is wrong')
  return out
}

function inflate(name: string, source: Uint8Array, size: number): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(size)
  let length = 0
  const stream = new Inflate((piece) => {
    if (length + piece.length > size)
      throw new CorpusError(
        `${name} unpacks to more than it declares, as archives do that are meant to harm. Leave it out.`,
      )
    out.set(piece, length)
    length += piece.length
  })
  try {
    for (let i = 0; i === 0 || i < source.length; i += PIECE_BYTES)
      stream.push(source.subarray(i, i + PIECE_BYTES), i + PIECE_BYTES >= source.length)
  } catch (cause) {
    if (cause instanceof CorpusError) throw cause
    throw damaged(name, cause instanceof Error ? cause.message : String(cause), cause)
  }
  return out.subarray(0, length)
}

/** Why an entry is not read; empty if it is. */
function objection(path: string, entry: ZipEntry, flags: number, isLink: boolean, seen: ReadonlySet<string>): string {
  if (path === '') return 'has no name. Pack it again.'
  if (/^\/|^[a-z]:|(^|\/)\.\.(\/|$)|\0/i.test(path))
    return 'has a name that leads out of the archive, as archives do that are meant to harm. Leave it out.'
  if (seen.has(path)) return 'is there twice in the archive; the first was read. Rename one of them.'
  if (isLink) return 'is a link to another file. Pack the file itself.'
  if (flags & LOCKED) return 'is protected by a password. Unpack it with the password first.'
  if (entry.size === 0xffffffff || entry.packed === 0xffffffff || entry.offset === 0xffffffff)
    return 'is stored as zip64, made for larger files. Unpack it first.'
  if (entry.method !== STORED && entry.method !== DEFLATED)
    return `is compressed in a way not known here (method ${entry.method}). Unpack it first.`
  if (entry.size > SMALL_BYTES && entry.size > LARGEST_RATIO * entry.packed)
    return `claims to unpack to ${Math.round(entry.size / Math.max(1, entry.packed))} times its size, as archives do that are meant to harm. Leave it out.`
  return ''
}

/** The end record stands last, with a comment of unknown length behind it; -1 if there is none. */
function findEnd(view: DataView): number {
  const last = view.byteLength - END_BYTES
  for (let i = last; i >= 0 && i >= last - LONGEST_COMMENT; i--)
    if (view.getUint32(i, true) === END && i + END_BYTES + view.getUint16(i + 20, true) <= view.byteLength) return i
  return -1
}

/** Old programs wrote names in the encoding of their country, and backslashes. */
function pathOf(bytes: Uint8Array): string {
  let path: string
  try {
    path = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    path = new TextDecoder('windows-1252').decode(bytes)
  }
  return path.replaceAll('\\', '/')
}

function damaged(name: string, how: string, cause?: unknown): CorpusError {
  return new CorpusError(`${name} is damaged: ${how}. Download or pack it again.`, { cause })
}

/** CRC-32 as zip, gzip and PNG have it: the polynomial 0xEDB88320, bits in reverse. */
const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let c = byte
  for (let bit = 0; bit < 8; bit++) c = c & 1 ? (c >>> 1) ^ 0xedb88320 : c >>> 1
  return c
})

function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff
  for (let i = 0; i < bytes.length; i++) crc = CRC_TABLE[(crc ^ bytes[i]!) & 0xff]! ^ (crc >>> 8)
  return (crc ^ 0xffffffff) >>> 0
}
