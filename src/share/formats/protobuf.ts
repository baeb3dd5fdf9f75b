// Protocol buffers, as far as writing goes: fields of varints, 32-bit floats and bytes. A message is the bytes of its fields in a row.
// Source: protobuf.dev, "Encoding".

export type Bytes = Uint8Array<ArrayBuffer>
type Field = Bytes | null

const VARINT = 0
const LENGTH = 2
const FIXED32 = 5

/** A message of fields; null is a field that is left out. */
export function message(...fields: readonly (Field | readonly Field[])[]): Bytes {
  const parts = fields.flat().filter((field) => field !== null)
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}

function varint(value: number | bigint): number[] {
  const bytes: number[] = []
  // A negative number is its two's complement in 64 bits.
  let rest = BigInt.asUintN(64, BigInt(value))
  do {
    const low = Number(rest & 0x7fn)
    rest >>= 7n
    bytes.push(rest > 0n ? low | 0x80 : low)
  } while (rest > 0n)
  return bytes
}

/** An integer, an enum or a boolean. */
export const int = (field: number, value: number): Bytes =>
  Uint8Array.from([...varint((field << 3) | VARINT), ...varint(value)])
export function float(field: number, value: number): Bytes {
  const bytes = new Uint8Array(5)
  bytes[0] = (field << 3) | FIXED32
  new DataView(bytes.buffer).setFloat32(1, value, true)
  return bytes
}
/** A message, or bytes as they are. */
export const bytes = (field: number, value: Uint8Array): Bytes =>
  message(Uint8Array.from([...varint((field << 3) | LENGTH), ...varint(value.length)]), Uint8Array.from(value))
export const text = (field: number, value: string): Bytes => bytes(field, new TextEncoder().encode(value))
/** Integers in a row, in one field. */
export const ints = (field: number, values: readonly number[]): Bytes =>
  bytes(field, Uint8Array.from(values.flatMap(varint)))
