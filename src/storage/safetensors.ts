// The safetensors format: 8 bytes little-endian header length, a JSON header, then the numbers of every tensor end to end.
// Source: github.com/huggingface/safetensors, README "Format". The reader believes nothing: every lie of a header is a
// CheckpointError that names the tensor. It does not know what a tensor is for.
import { CheckpointError } from '../errors'
import { fromFloat16 } from '../float16'
import { sizeOf } from '../params'
import { parseJson } from './json'

/** A named array as it lies in a file. F16 (the numbers' bits) is only written: F16 and BF16 are widened to F32 when they are read. */
export type StoredTensor =
  | { dtype: 'F16'; shape: readonly number[]; data: Uint16Array }
  | { dtype: 'F32'; shape: readonly number[]; data: Float32Array }
  | { dtype: 'F64'; shape: readonly number[]; data: Float64Array }
  | { dtype: 'I32'; shape: readonly number[]; data: Int32Array }
  | { dtype: 'U32'; shape: readonly number[]; data: Uint32Array }
  | { dtype: 'U8'; shape: readonly number[]; data: Uint8Array }

export interface SafetensorsFile {
  metadata: Map<string, string>
  tensors: Map<string, StoredTensor>
}

/** The format's own bound on the header, in bytes. */
const MAX_HEADER = 100_000_000
/** What is read here of it: three brackets and four names for each of some 10,000 tensors, and a vocabulary of 100,000 tokens in the metadata. */
const HEADER = { length: 16_000_000, depth: 3, nodes: 70_000 }
const BYTES = { F32: 4, F64: 8, I32: 4, U32: 4, U8: 1, F16: 2, BF16: 2 } as const
type FileDType = keyof typeof BYTES
/** Types of the format whose numbers are never read here: a file of another program may have them in tensors that nobody wants. */
const OTHER_BYTES = { BOOL: 1, I8: 1, I16: 2, U16: 2, I64: 8, U64: 8, F8_E4M3: 1, F8_E5M2: 1 } as const
type OtherDType = keyof typeof OTHER_BYTES
const ALL_BYTES = { ...BYTES, ...OTHER_BYTES }

/** Where a tensor lies in a file: its numbers, in bytes from `begin` to before `end` of the file. */
export interface TensorPlace {
  dtype: FileDType | OtherDType
  shape: number[]
  begin: number
  end: number
}
/** Names that mean something to a JavaScript object; no checkpoint has a use for them. */
const RESERVED = new Set(['__proto__', 'constructor', 'prototype'])
const AGAIN = 'The file is damaged or was not written by a safetensors writer: export or download it again.'

function refuse(what: string): never {
  throw new CheckpointError(`${what} ${AGAIN}`)
}

/**
 * Reads a whole file. Tensors look into `bytes` where its alignment allows and are copied where not.
 * Throws CheckpointError on any contradiction between the header, the shapes and the length of the file.
 */
export function readSafetensors(bytes: Uint8Array): SafetensorsFile {
  const { metadata, places } = findTensors(bytes, bytes.byteLength)
  const tensors = new Map([...places].map(([name, place]) => [name, tensorAt(bytes, name, place)]))
  return { metadata, tensors }
}

/** The length of a file's beginning that `findTensors` needs, from its first 8 bytes. Throws CheckpointError where it cannot be one. */
export function headerEnd(bytes: Uint8Array, size: number): number {
  if (bytes.byteLength < 8) refuse(`A safetensors file has at least 8 bytes; this one has ${bytes.byteLength}.`)
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true))
  if (length > MAX_HEADER)
    refuse(`The header claims to be ${length} bytes long; the format allows ${MAX_HEADER}. Is this a safetensors file?`)
  if (length > HEADER.length)
    refuse(`The header claims to be ${length} bytes long; at most ${HEADER.length} are read here.`)
  if (length > size - 8)
    refuse(`The header claims to be ${length} bytes long, but only ${size - 8} follow: it is cut short.`)
  return 8 + length
}

/**
 * What a file of `size` bytes holds, and where, from its beginning: `bytes` reach to `headerEnd` at least. Throws CheckpointError on any
 * contradiction between the header, the shapes and the length of the file.
 */
export function findTensors(
  bytes: Uint8Array,
  size: number,
): { metadata: Map<string, string>; places: Map<string, TensorPlace> } {
  const { header, start } = readHeader(bytes, size)
  const metadata = new Map<string, string>()
  const found: ({ name: string } & TensorPlace)[] = []
  for (const [name, entry] of Object.entries(header)) {
    if (name === '__metadata__') {
      if (!isRecord(entry)) refuse('The header’s __metadata__ is not an object.')
      for (const [key, value] of Object.entries(entry)) {
        if (typeof value !== 'string') refuse(`The header’s __metadata__ entry "${key}" is not a string.`)
        metadata.set(key, value)
      }
    } else found.push({ name, ...readEntry(name, entry) })
  }

  const numbers = size - start
  const places = new Map<string, TensorPlace>()
  let reached = 0
  for (const { name, begin, end, dtype, shape } of found.sort((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (end > numbers)
      refuse(
        `Tensor "${name}" ends at byte ${end}, but the file holds only ${numbers} bytes of numbers: it is cut short.`,
      )
    if (begin < reached) refuse(`Tensor "${name}" starts at byte ${begin}, inside the tensor before it.`)
    if (begin > reached) refuse(`Tensor "${name}" starts at byte ${begin}, which leaves a hole after byte ${reached}.`)
    reached = end
    places.set(name, { dtype, shape, begin: start + begin, end: start + end })
  }
  if (reached !== numbers) refuse(`The file has ${numbers - reached} bytes after its last tensor that no tensor owns.`)
  return { metadata, places }
}

function readHeader(bytes: Uint8Array, size: number): { header: Record<string, unknown>; start: number } {
  const start = headerEnd(bytes, size)
  const raw = bytes.subarray(8, start)
  if (raw[0] !== 0x7b) refuse('The header does not start with "{".')
  let header: unknown
  try {
    header = parseJson(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(raw), HEADER)
  } catch (error) {
    refuse(`The header is not JSON that can be read here (${error instanceof Error ? error.message : String(error)}).`)
  }
  if (!isRecord(header)) refuse('The header is not an object.')
  return { header, start }
}

function readEntry(name: string, entry: unknown): TensorPlace {
  if (RESERVED.has(name)) refuse(`The header has a tensor named "${name}", which is not a name for a tensor.`)
  if (!isRecord(entry)) refuse(`Tensor "${name}" is not described by an object.`)
  for (const key of Object.keys(entry))
    if (key !== 'dtype' && key !== 'shape' && key !== 'data_offsets')
      refuse(`Tensor "${name}" has an unknown property "${key}".`)
  const { dtype, shape, data_offsets: offsets } = entry
  if (!isFileDType(dtype) && !isOtherDType(dtype))
    throw unreadable(name, typeof dtype === 'string' ? dtype : typeof dtype)
  if (!isSizes(shape)) refuse(`Tensor "${name}" has a shape that is not a list of whole numbers.`)
  if (!isSizes(offsets)) refuse(`Tensor "${name}" has offsets that are not whole numbers.`)
  const [begin, end] = offsets
  if (begin === undefined || end === undefined || offsets.length !== 2 || end < begin)
    refuse(`Tensor "${name}" has offsets ${JSON.stringify(offsets)}; it takes a start and an end after it.`)
  const size_bytes = sizeOf(shape) * ALL_BYTES[dtype]
  if (!Number.isSafeInteger(size_bytes)) refuse(`Tensor "${name}" has an impossible shape [${shape.join(', ')}].`)
  if (size_bytes !== end - begin)
    refuse(
      `Tensor "${name}" of shape [${shape.join(', ')}] takes ${size_bytes} bytes as ${dtype}, ` +
        `but its offsets hold ${end - begin}.`,
    )
  return { begin, end, dtype, shape }
}

function unreadable(name: string, dtype: string): CheckpointError {
  return new CheckpointError(
    `Tensor "${name}" has the type ${dtype}, which cannot be read here; save it as one of ${Object.keys(BYTES).join(', ')}.`,
  )
}

/**
 * A tensor of a file. It looks into `bytes`, the whole file, or a part that begins at byte `from` of it, where their alignment allows.
 * Throws CheckpointError where its type cannot be read here.
 */
export function tensorAt(
  bytes: Uint8Array,
  name: string,
  { dtype, shape, begin }: TensorPlace,
  from = 0,
): StoredTensor {
  if (!isFileDType(dtype)) throw unreadable(name, dtype)
  const at = begin - from
  const n = sizeOf(shape)
  const offset = bytes.byteOffset + at
  if (dtype === 'U8') return { dtype, shape, data: bytes.subarray(at, at + n) }
  const aligned = offset % BYTES[dtype] === 0
  const buffer = aligned ? bytes.buffer : new Uint8Array(bytes.subarray(at, at + n * BYTES[dtype])).buffer
  const first = aligned ? offset : 0
  if (dtype === 'F32') return { dtype, shape, data: new Float32Array(buffer, first, n) }
  if (dtype === 'F64') return { dtype, shape, data: new Float64Array(buffer, first, n) }
  if (dtype === 'I32') return { dtype, shape, data: new Int32Array(buffer, first, n) }
  if (dtype === 'U32') return { dtype, shape, data: new Uint32Array(buffer, first, n) }
  const half = new Uint16Array(buffer, first, n)
  const data = Float32Array.from(half, dtype === 'F16' ? fromFloat16 : fromBfloat16)
  return { dtype: 'F32', shape, data }
}

/** bfloat16 is the upper half of a binary32. */
const word = new Uint32Array(1)
const wordAsFloat = new Float32Array(word.buffer)
function fromBfloat16(bits: number): number {
  word[0] = bits << 16
  return wordAsFloat[0] ?? 0
}

/**
 * Writes a file. Wide types come first, so that every tensor is aligned to its own element. Spaces pad the header to a multiple of
 * 8 bytes. Throws CheckpointError where data and shape disagree or a name is reserved.
 */
export function writeSafetensors(
  tensors: ReadonlyMap<string, StoredTensor>,
  metadata: ReadonlyMap<string, string> = new Map(),
): Uint8Array<ArrayBuffer> {
  const ordered = [...tensors].sort(([, a], [, b]) => BYTES[b.dtype] - BYTES[a.dtype])
  const header: [string, unknown][] = metadata.size > 0 ? [['__metadata__', Object.fromEntries(metadata)]] : []
  let reached = 0
  for (const [name, { dtype, shape, data }] of ordered) {
    if (RESERVED.has(name) || name === '__metadata__')
      throw new CheckpointError(`"${name}" cannot name a tensor in a safetensors file; give it another name.`)
    if (sizeOf(shape) !== data.length)
      throw new CheckpointError(
        `Tensor "${name}" has ${data.length} elements, which shape [${shape.join(', ')}] does not.`,
      )
    header.push([name, { dtype, shape, data_offsets: [reached, reached + data.byteLength] }])
    reached += data.byteLength
  }
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(header)))
  const length = Math.ceil(json.length / 8) * 8
  if (length > MAX_HEADER)
    throw new CheckpointError(`The header would take ${length} bytes; the format allows ${MAX_HEADER}.`)
  const bytes = new Uint8Array(8 + length + reached)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length), true)
  bytes.set(json, 8)
  bytes.fill(0x20, 8 + json.length, 8 + length)
  let at = 8 + length
  for (const [, { data }] of ordered) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at)
    at += data.byteLength
  }
  return bytes
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
function isFileDType(value: unknown): value is FileDType {
  return typeof value === 'string' && Object.hasOwn(BYTES, value)
}
function isOtherDType(value: unknown): value is OtherDType {
  return typeof value === 'string' && Object.hasOwn(OTHER_BYTES, value)
}
function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((n) => Number.isSafeInteger(n) && n >= 0)
}
