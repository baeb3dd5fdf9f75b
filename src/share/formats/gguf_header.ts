// GGUF's header: magic, version, key-value pairs, and where each tensor lies. Source: github.com/ggml-org/ggml, docs/gguf.md. The reader
// believes nothing: what is claimed must fit the bytes that are there before anything is made of it. Does not know what a key means.
import { CheckpointError } from '../../errors'
import type { FileLike } from './file_like'

export type GgufValue = number | boolean | string | GgufValue[]

export interface GgufTensor {
  /** Row-major, as everywhere here; GGUF writes the fastest first. */
  shape: number[]
  /** ggml's number of the type. */
  type: number
  /** Bytes of the file from `begin` to before `end`. */
  begin: number
  end: number
}

export interface GgufHeader {
  values: Map<string, GgufValue>
  tensors: Map<string, GgufTensor>
}

/** Types that are read: elements and bytes of a block. Q8_0 is a 16-bit scale and 32 bytes (ggml-common.h). */
export const GGML_TYPES: Record<number, { name: string; block: number; bytes: number }> = {
  0: { name: 'F32', block: 1, bytes: 4 },
  1: { name: 'F16', block: 1, bytes: 2 },
  8: { name: 'Q8_0', block: 32, bytes: 34 },
  30: { name: 'BF16', block: 1, bytes: 2 },
}
/** Names of types that are not read, for the sentence that says so. */
const OTHER_TYPES: Record<number, string> = {
  ...{
    2: 'Q4_0',
    3: 'Q4_1',
    6: 'Q5_0',
    7: 'Q5_1',
    9: 'Q8_1',
    10: 'Q2_K',
    11: 'Q3_K',
    12: 'Q4_K',
    13: 'Q5_K',
    14: 'Q6_K',
    15: 'Q8_K',
  },
  ...{
    16: 'IQ2_XXS',
    17: 'IQ2_XS',
    18: 'IQ3_XXS',
    19: 'IQ1_S',
    20: 'IQ4_NL',
    21: 'IQ3_S',
    22: 'IQ2_S',
    23: 'IQ4_XS',
    28: 'F64',
  },
}
export const typeName = (type: number) => GGML_TYPES[type]?.name ?? OTHER_TYPES[type] ?? `number ${type}`

const MAGIC = 0x46554747
const MOST_VALUES = 2_000
const MOST_TENSORS = 10_000
const MOST_ELEMENTS = 1_000_000
const LONGEST_NAME = 1_000
const LONGEST_STRING = 1_000_000
const MOST_DIMENSIONS = 4
/** A header is at most so long: a vocabulary of 300,000 tokens with its merges takes some 10 MB. */
const LONGEST_HEADER = 64 * 2 ** 20
const FIRST_READ = 1 << 20

/** Fixed-size types of values by GGUF's number, with their sizes. */
const SIZES: Record<number, number> = { 0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8 }
const STRING = 8
const ARRAY = 9

/** Reads a file's header, no more of the file than that takes. Throws CheckpointError where it contradicts itself or is too large. */
export async function readGgufHeader(file: FileLike): Promise<GgufHeader> {
  for (let length = FIRST_READ; ; length *= 4) {
    const most = Math.min(length, file.size, LONGEST_HEADER)
    const bytes = new Uint8Array(await file.slice(0, most).arrayBuffer())
    try {
      return parse(bytes, file.size)
    } catch (error) {
      if (!(error instanceof CutShort)) throw error
      if (most < Math.min(file.size, LONGEST_HEADER)) continue
      throw most < file.size
        ? refused(`its header is longer than ${LONGEST_HEADER} bytes`)
        : refused('it ends within its header: it is cut short')
    }
  }
}

class CutShort extends Error {}

function refused(why: string): CheckpointError {
  return new CheckpointError(`This GGUF file cannot be read: ${why}. Download it again, or take another.`)
}

class Reader {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  /** What the whole file still has from any place on: no claim can be larger. */
  readonly #size: number
  at = 0

  constructor(bytes: Uint8Array, size: number) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#size = size
  }
  take(length: number): number {
    const from = this.at
    if (length > this.#size - from)
      throw refused(`at byte ${from} it claims ${length} more, and has ${this.#size - from}`)
    if (length > this.#bytes.length - from) throw new CutShort()
    this.at += length
    return from
  }
  u32(): number {
    return this.#view.getUint32(this.take(4), true)
  }
  /** A count or an offset. */
  u64(): number {
    const value = this.#view.getBigUint64(this.take(8), true)
    if (value > BigInt(Number.MAX_SAFE_INTEGER))
      throw refused(`at byte ${this.at - 8} it has the impossible size ${value}`)
    return Number(value)
  }
  string(longest: number): string {
    const length = this.u64()
    if (length > longest) throw refused(`it has a text of ${length} bytes where at most ${longest} are read`)
    const from = this.take(length)
    return new TextDecoder('utf-8', { ignoreBOM: true }).decode(this.#bytes.subarray(from, from + length))
  }
  number(type: number): number | boolean {
    const from = this.take(SIZES[type]!)
    const view = this.#view
    switch (type) {
      case 0:
        return view.getUint8(from)
      case 1:
        return view.getInt8(from)
      case 2:
        return view.getUint16(from, true)
      case 3:
        return view.getInt16(from, true)
      case 4:
        return view.getUint32(from, true)
      case 5:
        return view.getInt32(from, true)
      case 6:
        return view.getFloat32(from, true)
      case 7:
        return view.getUint8(from) !== 0
      case 10:
        return Number(view.getBigUint64(from, true))
      case 11:
        return Number(view.getBigInt64(from, true))
      default:
        return view.getFloat64(from, true)
    }
  }
  value(type: number, key: string): GgufValue {
    if (type === STRING) return this.string(LONGEST_STRING)
    if (type === ARRAY) return this.list(key)
    if (SIZES[type] === undefined) throw refused(`the value of “${key}” has the unknown type ${type}`)
    return this.number(type)
  }
  list(key: string): GgufValue[] {
    const type = this.u32()
    const length = this.u64()
    if (length > MOST_ELEMENTS) throw refused(`“${key}” has ${length} elements; at most ${MOST_ELEMENTS} are read`)
    const least = type === STRING ? 8 : SIZES[type]
    if (least === undefined) throw refused(`“${key}” is a list of things of type ${type}, which are not read`)
    // Before a list of that length is made.
    if (length * least > this.#size - this.at)
      throw refused(`“${key}” claims ${length} elements, more than the file has`)
    const list: GgufValue[] = []
    for (let i = 0; i < length; i++) list.push(type === STRING ? this.string(LONGEST_STRING) : this.number(type))
    return list
  }
}

function parse(bytes: Uint8Array, size: number): GgufHeader {
  const reader = new Reader(bytes, size)
  if (size < 24 || reader.u32() !== MAGIC) throw refused('it does not begin as a GGUF file does')
  const version = reader.u32()
  if (version !== 2 && version !== 3) throw refused(`it has version ${version}, and versions 2 and 3 are read here`)
  const tensorCount = reader.u64()
  const valueCount = reader.u64()
  if (tensorCount > MOST_TENSORS) throw refused(`it claims ${tensorCount} tensors; at most ${MOST_TENSORS} are read`)
  if (valueCount > MOST_VALUES) throw refused(`it claims ${valueCount} keys; at most ${MOST_VALUES} are read`)
  const values = new Map<string, GgufValue>()
  for (let i = 0; i < valueCount; i++) {
    const key = reader.string(LONGEST_NAME)
    if (values.has(key)) throw refused(`it has the key “${key}” twice`)
    values.set(key, reader.value(reader.u32(), key))
  }
  const alignment = values.get('general.alignment') ?? 32
  if (typeof alignment !== 'number' || !Number.isInteger(alignment) || alignment < 1 || alignment > 65_536)
    throw refused(`its alignment is ${String(alignment)}`)
  const found: { name: string; shape: number[]; type: number; offset: number; length: number }[] = []
  const names = new Set<string>()
  for (let i = 0; i < tensorCount; i++) {
    const name = reader.string(LONGEST_NAME)
    if (names.has(name)) throw refused(`it has the tensor “${name}” twice`)
    names.add(name)
    const dimensions = reader.u32()
    if (dimensions < 1 || dimensions > MOST_DIMENSIONS) throw refused(`tensor “${name}” has ${dimensions} dimensions`)
    const shape = Array.from({ length: dimensions }, () => reader.u64()).reverse()
    const type = reader.u32()
    found.push({ name, shape, type, offset: reader.u64(), length: lengthOf(name, shape, type) })
  }
  const start = Math.ceil(reader.at / alignment) * alignment
  const tensors = new Map<string, GgufTensor>()
  let reached = 0
  for (const { name, shape, type, offset, length } of found.sort((a, b) => a.offset - b.offset)) {
    if (offset % alignment !== 0 || offset < reached)
      throw refused(`tensor “${name}” lies at byte ${offset} of the numbers, within another tensor or beside its place`)
    const end = start + offset + length
    if (end > size) throw refused(`tensor “${name}” ends at byte ${end} of ${size}: the file is cut short`)
    reached = offset + length
    tensors.set(name, { shape, type, begin: start + offset, end })
  }
  return { values, tensors }
}

/** Bytes of a tensor. Of a type that is not read here 0: such a tensor is refused by whoever wants it. */
function lengthOf(name: string, shape: readonly number[], type: number): number {
  const count = shape.reduce((a, b) => a * b, 1)
  if (!Number.isSafeInteger(count) || count === 0) throw refused(`tensor “${name}” is [${shape.join(', ')}]`)
  const known = GGML_TYPES[type]
  if (!known) return 0
  if (shape.at(-1)! % known.block !== 0)
    throw refused(`tensor “${name}” has rows of ${shape.at(-1)} numbers, which are no whole blocks of ${known.name}`)
  return (count / known.block) * known.bytes
}
