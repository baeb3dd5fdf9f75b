// A run's history as it lies on the disk: closed pieces that are written once, and one record with the open end of every list. A save
// writes the open end again and the pieces that were closed since, however long the run is.
import { CheckpointError } from '../errors'
import { PACKED, type PackedColumns } from '../words/columns'
import { LISTS, type RunHistory } from '../words/history'
import type { Piece } from '../words/pieces'
import { unpackHistory } from './history'
import { readRecord, writeRecord } from './record'
import type { StoredTensor } from './safetensors'
import type { RunRecord } from './schema'

const STEPS = 'steps'
type PieceList = typeof STEPS | (typeof LISTS)[number]
/** All lists of a history. */
export const PIECE_LISTS: readonly PieceList[] = [STEPS, ...LISTS]
export type PieceTable = NonNullable<RunRecord['history']>

/** The closed pieces of each list, oldest first. */
export function piecesOf(history: RunHistory): PieceTable {
  const of = (list: PieceList) => [...(list === STEPS ? history.steps : history.list(list)).closed]
  return { steps: of('steps'), evals: of('evals'), samples: of('samples'), events: of('events') }
}

/** A closed piece as a record, by its list and its place there. */
export function writePiece(history: RunHistory, list: PieceList, place: number): Uint8Array<ArrayBuffer> {
  const { level } = piecesOf(history)[list][place]!
  if (list === STEPS) return writeRecord('history', { list, level }, columnsToTensors(history.steps.stretch(place)))
  return writeRecord('history', { list, level, entries: history.list(list).stretch(place) })
}

/** What is not yet in a closed piece, of all lists: the only part that a save writes again. */
export function writeOpen(history: RunHistory): Uint8Array<ArrayBuffer> {
  const open = (list: (typeof LISTS)[number]) => history.list(list).stretch(history.list(list).closed.length)
  const steps = history.steps.stretch(history.steps.closed.length)
  const lists = Object.fromEntries(LISTS.map((list) => [list, open(list)]))
  return writeRecord('history', lists, columnsToTensors(steps))
}

/**
 * The history of a table of pieces; `get` gives a piece as it was kept, `open` are the open ends. What is damaged is left out, with
 * a message each.
 */
export function joinPieces(
  table: PieceTable,
  get: (list: PieceList, piece: Piece) => unknown,
  open: unknown,
): { history: RunHistory; damage: string[] } {
  const damage: string[] = []
  const read = <T>(what: string, kept: unknown, parse: (part: Part) => T): T | null => {
    try {
      return parse(readPart(kept))
    } catch (error) {
      if (!(error instanceof CheckpointError)) throw error
      damage.push(`${what} of the run’s history is damaged and left out. ${error.message}`)
      return null
    }
  }
  const sound = { steps: [], evals: [], samples: [], events: [] } as PieceTable
  const parts = <T>(list: PieceList, parse: (part: Part) => T) =>
    table[list].flatMap((piece, i) => {
      const part = read(`Part ${i + 1} of ${table[list].length} (${list})`, get(list, piece), (found) => {
        if (found.value['list'] !== list || found.value['level'] !== piece.level)
          throw new CheckpointError('It is another part than the one that was saved here.')
        return parse(found)
      })
      if (part) sound[list].push(piece)
      return part ? [part] : []
    })
  const end = read('The newest part', open, ({ value, tensors }) => {
    const of = (list: (typeof LISTS)[number]) => entriesOf({ entries: value[list] })
    return { steps: tensorsToColumns(tensors), evals: of('evals'), samples: of('samples'), events: of('events') }
  })
  const columns = [...parts(STEPS, ({ tensors }) => tensorsToColumns(tensors)), ...(end ? [end.steps] : [])]
  const steps = Object.fromEntries(PACKED.map((name) => [name, concatenated(columns.map((part) => part[name]))]))
  const entries = (list: (typeof LISTS)[number]) => [
    ...parts(list, ({ value }) => entriesOf(value)).flat(),
    ...(end ? end[list] : []),
  ]
  const lists = { evals: entries('evals'), samples: entries('samples'), events: entries('events') }
  const { steps: pieces, ...rest } = sound
  return { history: unpackHistory({ steps: { ...steps, pieces }, ...lists, pieces: rest }), damage }
}

interface Part {
  value: Record<string, unknown>
  tensors: Map<string, StoredTensor>
}

function readPart(kept: unknown): Part {
  const { value, tensors } = readRecord('history', kept)
  if (typeof value !== 'object' || value === null) throw new CheckpointError('It does not say where it belongs.')
  return { value: value as Part['value'], tensors }
}

/** Of a piece's record: its list, its level and the step of its first entry. Throws CheckpointError. */
export function describePiece(kept: unknown): { list: string; level: number; first: number } {
  const { value, tensors } = readPart(kept)
  const { list, level } = value
  if (typeof list !== 'string' || typeof level !== 'number')
    throw new CheckpointError('It does not say where it belongs.')
  const first = list === STEPS ? tensorsToColumns(tensors).step[0] : stepOf(entriesOf(value)[0])
  return { list, level, first: first ?? 0 }
}
const stepOf = (entry: unknown) => (entry as { step?: number } | null | undefined)?.step

function columnsToTensors(columns: Omit<PackedColumns, 'pieces'>): Map<string, StoredTensor> {
  const tensor = (data: Float64Array): StoredTensor => ({ dtype: 'F64', shape: [data.length], data })
  return new Map(PACKED.map((name) => [name, tensor(columns[name])]))
}
function tensorsToColumns(tensors: Map<string, StoredTensor>): Record<(typeof PACKED)[number], Float64Array> {
  const length = tensors.get('step')?.data.length
  const column = (name: string) => {
    const tensor = tensors.get(name)
    if (tensor?.dtype !== 'F64' || tensor.data.length !== length)
      throw new CheckpointError(`It has no column "${name}", or not as long as the others.`)
    return [name, tensor.data] as const
  }
  return Object.fromEntries(PACKED.map(column)) as Record<(typeof PACKED)[number], Float64Array>
}
function entriesOf({ entries }: Part['value']): unknown[] {
  if (!Array.isArray(entries)) throw new CheckpointError('It holds no list.')
  return entries
}
function concatenated(parts: readonly Float64Array[]): Float64Array {
  const whole = new Float64Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}
