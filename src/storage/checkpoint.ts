// A checkpoint as one safetensors file that other tools open. Weights stand under their GPT-2 names, AdamW's moments under `m.`
// and `v.` + name. `__metadata__` says format, version and, as JSON, everything else. An export also carries the run's text,
// history and notes. Reading checks all of it: the seal, spec, names, shapes, and that every number is finite. Files of version 1
// have no seal. Those of version 3 have weights alone.
import { CheckpointError } from '../errors'
import { paramTable } from '../params'
import type { Checkpoint, CheckpointMeta } from '../words/run'
import type { RunHistory } from '../words/history'
import { historyFromJson, historyToJson } from './history'
import { parseJson } from './json'
import type { StoredTensor } from './safetensors'
import { KNOWN_VERSIONS, parseMeta } from './schema'
import { seal, unseal, type SealedFile } from './sealed'

/** What an export carries beside the checkpoint. */
export interface Extra {
  /** The corpus, UTF-8. */
  text: Uint8Array | null
  history: RunHistory | null
  notes: string
}

/** A text as it was kept: a byte order mark that it begins with is part of it. */
export function decodeText(bytes: Uint8Array): string {
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)
}

/** What the metadata may hold: the merges of 100,000 tokens, and a card. */
export const META = { length: 16_000_000, depth: 16, nodes: 300_000 }

/** Addresses of the extras in the file; no parameter has such a name. */
const TEXT = 'extra.text'
const HISTORY = 'extra.history'

/** Writes a file. Throws CheckpointError where a number is not finite: what could not be read back is never written. */
export function encodeCheckpoint({ meta, tensors }: Checkpoint, extra?: Extra): Uint8Array<ArrayBuffer> {
  const stored = new Map<string, StoredTensor>()
  for (const [name, { shape, data }] of tensors) {
    refuseBroken(name, data)
    stored.set(name, { dtype: 'F32', shape, data })
  }
  const bytes = (name: string, data: Uint8Array) => stored.set(name, { dtype: 'U8', shape: [data.length], data })
  if (extra?.text) bytes(TEXT, extra.text)
  if (extra?.history) bytes(HISTORY, new TextEncoder().encode(historyToJson(extra.history)))
  const metadata = new Map([
    ['format', meta.format],
    ['version', String(meta.version)],
    ['meta', JSON.stringify(meta)],
  ])
  if (extra?.notes) metadata.set('notes', extra.notes)
  return seal(stored, metadata)
}

/** Reads a file. Throws CheckpointError, naming the tensor or the field, where it cannot be trusted. Copies no weights. */
export function decodeCheckpoint(bytes: Uint8Array): { checkpoint: Checkpoint; extra: Extra } {
  const file = unseal(bytes)
  const meta = readMeta(file)
  const text = takeBytes(file, TEXT)
  const history = takeBytes(file, HISTORY)
  const checkpoint = { meta, tensors: readTensors(file, meta) }
  return {
    checkpoint,
    extra: {
      text,
      history: history ? historyFromJson(new TextDecoder().decode(history)) : null,
      notes: file.metadata.get('notes') ?? '',
    },
  }
}

function readMeta({ metadata, sealed }: SealedFile): CheckpointMeta {
  if (metadata.get('format') !== 'glasshouse-checkpoint')
    throw new CheckpointError(
      'This safetensors file was not written by Glasshouse: its header has no format "glasshouse-checkpoint". Open a file that was exported here.',
    )
  const version = metadata.get('version')
  if (!KNOWN_VERSIONS.some((known) => String(known) === version))
    throw new CheckpointError(
      `The checkpoint has version ${version ?? '(none)'}; this page reads version ${KNOWN_VERSIONS.join(', ')}. Open it with the page that wrote it, or reload for a newer page.`,
    )
  if (version !== '1' && !sealed)
    throw new CheckpointError('The checkpoint has lost its checksum: the file is damaged. Export it again.')
  let value: unknown
  try {
    value = parseJson(metadata.get('meta') ?? '', META)
  } catch (cause) {
    throw new CheckpointError('The checkpoint’s meta is not JSON. The file is damaged: export it again.', { cause })
  }
  const meta = parseMeta(value)
  if ((version === '3') !== (meta.version === 3))
    throw new CheckpointError(
      'The checkpoint’s header and meta say two versions: the file is damaged. Export it again.',
    )
  return meta
}

function takeBytes({ tensors }: SealedFile, name: string): Uint8Array | null {
  const tensor = tensors.get(name)
  if (!tensor) return null
  if (tensor.dtype !== 'U8')
    throw new CheckpointError(`Tensor "${name}" must hold bytes (U8), not ${tensor.dtype}. Export the run again.`)
  tensors.delete(name)
  return tensor.data
}

function readTensors({ tensors: found }: SealedFile, { spec, version }: CheckpointMeta): Checkpoint['tensors'] {
  const tensors: Checkpoint['tensors'] = new Map()
  for (const kind of version === 3 ? [''] : ['', 'm.', 'v.'])
    for (const param of paramTable(spec.config)) {
      const name = kind + param.name
      const tensor = found.get(name)
      if (!tensor)
        throw new CheckpointError(`The checkpoint lacks tensor "${name}". It is not whole: open another checkpoint.`)
      if (tensor.dtype !== 'F32')
        throw new CheckpointError(`Tensor "${name}" must hold F32 numbers, not ${tensor.dtype}. Save it as F32.`)
      const { shape, data } = tensor
      if (shape.length !== param.shape.length || shape.some((size, i) => size !== param.shape[i]))
        throw new CheckpointError(
          `Tensor "${name}" has shape [${shape.join(', ')}], but the config makes it [${param.shape.join(', ')}]. Open a checkpoint whose config and weights belong together.`,
        )
      refuseBroken(name, data)
      tensors.set(name, { shape, data })
      found.delete(name)
    }
  const [extra] = found.keys()
  if (extra !== undefined)
    throw new CheckpointError(
      `The checkpoint has a tensor "${extra}" that its config does not know. Open a checkpoint whose config and weights belong together.`,
    )
  return tensors
}

/** Second moments are means of squares: a negative one would turn the next update into NaN. */
function refuseBroken(name: string, data: Float32Array): void {
  const square = name.startsWith('v.')
  for (let i = 0; i < data.length; i++) {
    const x = data[i]!
    if (!Number.isFinite(x))
      throw new CheckpointError(
        `Tensor "${name}" holds ${x} at element ${i}: a run that blew up cannot be continued from here. Open an earlier checkpoint.`,
      )
    if (square && x < 0)
      throw new CheckpointError(
        `Tensor "${name}" holds ${x} at element ${i}; a mean of squares is never negative. Open another checkpoint.`,
      )
  }
}
