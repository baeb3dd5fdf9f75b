// Everything that is kept or leaves this browser is a safetensors file with a seal: a checksum over the whole of it, header and
// numbers, eight hexadecimal digits that stand first in `__metadata__`. What does not fit it is not taken.
//
// seal = XXH32(numbers, seed XXH32(header after the digits, seed XXH32(file up to the digits)))
import { CheckpointError } from '../errors'
import { xxh32 } from './checksum'
import { readSafetensors, writeSafetensors, type SafetensorsFile, type StoredTensor } from './safetensors'

const DIGITS = 8
const LENGTH_BYTES = 8
/** How a header with a seal begins; the digits follow. */
const START = new TextEncoder().encode('{"__metadata__":{"checksum":"')
const FIRST = LENGTH_BYTES + START.length

/** A file, and whether it has a seal: one that does not fit is never read. */
export type SealedFile = SafetensorsFile & { sealed: boolean }

/** Writes a file with its seal. Throws what `writeSafetensors` throws. */
export function seal(
  tensors: ReadonlyMap<string, StoredTensor>,
  metadata: ReadonlyMap<string, string>,
): Uint8Array<ArrayBuffer> {
  const bytes = writeSafetensors(tensors, new Map([['checksum', '0'.repeat(DIGITS)], ...metadata]))
  bytes.set(new TextEncoder().encode(checksum(bytes)), FIRST)
  return bytes
}

/** The digits of a file's seal, as they stand in it; whether they fit is `unseal`'s to say. */
export function sealOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes.subarray(FIRST, FIRST + DIGITS))
}

/** Reads a file. Throws CheckpointError where its seal does not fit, and what `readSafetensors` throws. */
export function unseal(bytes: Uint8Array): SealedFile {
  const sealed = START.every((byte, i) => bytes[LENGTH_BYTES + i] === byte)
  const fits = !sealed || sealOf(bytes) === checksum(bytes)
  // Of a file that is cut short, or lies about itself, this says more than that its seal does not fit.
  const file = readSafetensors(bytes)
  if (!fits)
    throw new CheckpointError(
      'Its checksum does not fit what it holds: it is damaged, or another program has changed it. Take another copy, or export it again.',
    )
  if (!sealed && file.metadata.has('checksum'))
    throw new CheckpointError('Its checksum does not stand where it was written: the file is damaged. Export it again.')
  file.metadata.delete('checksum')
  return { ...file, sealed }
}

/** As hexadecimal digits. The header's own length may be a lie: then the last stretch is empty. */
function checksum(bytes: Uint8Array): string {
  const length = new DataView(bytes.buffer, bytes.byteOffset, LENGTH_BYTES).getBigUint64(0, true)
  const start = LENGTH_BYTES + Number(length)
  const before = xxh32(bytes.subarray(0, FIRST))
  const header = xxh32(bytes.subarray(FIRST + DIGITS, start), before)
  return xxh32(bytes.subarray(start), header).toString(16).padStart(DIGITS, '0')
}
