// A record as it lies on the disk: a sealed file whose metadata says what it is. Runs of version 1 are plain objects, without a
// seal. What cannot be read is told apart: written by a newer page, or damaged.
import { CheckpointError } from '../errors'
import { META } from './checkpoint'
import { parseJson } from './json'
import type { StoredTensor } from './safetensors'
import { parseRecord, type RunRecord } from './schema'
import { seal, unseal } from './sealed'

const VERSION = 2
type Kind = 'run' | 'history' | 'text'

/** Why a record cannot be read. One of a newer page is left alone; a damaged one may be made again from what is sound. */
export class UnreadableError extends CheckpointError {
  readonly isNewer: boolean
  constructor(message: string, isNewer: boolean, options?: ErrorOptions) {
    super(message, options)
    this.isNewer = isNewer
  }
}

/** Writes a record: `value` as JSON, and numbers beside it. */
export function writeRecord(
  kind: Kind,
  value: unknown,
  tensors: ReadonlyMap<string, StoredTensor> = new Map(),
): Uint8Array<ArrayBuffer> {
  const metadata = new Map([
    ['format', 'glasshouse-record'],
    ['kind', kind],
    ['version', String(VERSION)],
    ['meta', JSON.stringify(value)],
  ])
  return seal(tensors, metadata)
}

/** Reads a record. Throws UnreadableError. */
export function readRecord(kind: Kind, bytes: unknown): { value: unknown; tensors: Map<string, StoredTensor> } {
  if (!(bytes instanceof Uint8Array))
    throw new UnreadableError('It is not on the disk, or not as it was written.', false)
  try {
    const { metadata, tensors, sealed } = unseal(bytes)
    const version = Number(metadata.get('version'))
    if (!sealed || metadata.get('format') !== 'glasshouse-record' || metadata.get('kind') !== kind)
      throw new CheckpointError('It does not say what it is: it is damaged.')
    if (version !== VERSION)
      throw new UnreadableError(`It was written by a newer page (its version is ${version}). Reload this one.`, true)
    return { value: parseJson(metadata.get('meta') ?? '', META), tensors }
  } catch (error) {
    if (error instanceof UnreadableError) throw error
    throw new UnreadableError(error instanceof Error ? error.message : String(error), false, { cause: error })
  }
}

/**
 * A run's record, whatever its version, under its key: the id inside it may be another's, where a person copied it. Throws
 * UnreadableError.
 */
export function readRun(id: string, kept: unknown): RunRecord {
  const value = kept instanceof Uint8Array ? readRecord('run', kept).value : kept
  const record = parseRecord(value)
  if ('wrong' in record)
    throw new UnreadableError(
      `It is not written as this page writes runs (at ${record.wrong}): a newer page may have written it. Reload this one.`,
      true,
    )
  return { ...record, id }
}

export const writeRun = (record: RunRecord) => writeRecord('run', record)

/** A text with its seal. */
export function writeText(text: string): Uint8Array<ArrayBuffer> {
  const data = new TextEncoder().encode(text)
  return writeRecord('text', {}, new Map([['text', { dtype: 'U8', shape: [data.length], data }]]))
}

/** Its bytes, UTF-8. Throws UnreadableError. */
export function readText(bytes: unknown): Uint8Array {
  const text = readRecord('text', bytes).tensors.get('text')
  if (text?.dtype !== 'U8') throw new UnreadableError('It holds no text.', false)
  return text.data
}
