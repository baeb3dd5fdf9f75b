// A run read back, inside one transaction: its record, or one made again from what is sound; its history; its text.
import { promisifyRequest } from 'idb-keyval'
import { CheckpointError } from '../errors'
import { countParams } from '../params'
import { RunHistory } from '../words/history'
import type { Keyframe } from '../words/keyframes'
import type { Checkpoint } from '../words/run'
import { decodeCheckpoint } from './checkpoint'
import { unpackHistory } from './history'
import { checkpointKey, openKey, pieceKey, runKey, under, wholeHistoryKey } from './keys'
import { describePiece, joinPieces, PIECE_LISTS, type PieceTable } from './pieces'
import { readRun, UnreadableError } from './record'
import type { Kept, RunRecord } from './schema'
import { sealOf } from './sealed'

/** Every run's record as it was kept, by id. */
export async function rawRuns(store: IDBObjectStore): Promise<Map<string, unknown>> {
  const [keys, values] = await Promise.all([
    promisifyRequest(store.getAllKeys(under('run'))),
    promisifyRequest<unknown[]>(store.getAll(under('run'))),
  ])
  return new Map(keys.map((key, i) => [(key as string[])[1]!, values[i]]))
}

/**
 * The run's record. A damaged one is made again from its checkpoints; `mended` says what that cost. Throws UnreadableError where
 * there is nothing to make it from, and where a newer page wrote it; CheckpointError where there is no such run.
 */
export async function existing(
  store: IDBObjectStore,
  id: string,
): Promise<{ record: RunRecord; mended: string | null }> {
  const kept: unknown = await promisifyRequest(store.get(runKey(id)))
  if (kept === undefined)
    throw new CheckpointError('This run is not kept any more: it was deleted, perhaps in another tab.')
  return readOrMend(store, id, kept)
}

/** As `existing`, of a record that was read. */
export async function readOrMend(
  store: IDBObjectStore,
  id: string,
  kept: unknown,
): Promise<{ record: RunRecord; mended: string | null }> {
  try {
    return { record: readRun(id, kept), mended: null }
  } catch (error) {
    if (!(error instanceof UnreadableError) || error.isNewer) throw error
    const record = await mend(store, id)
    if (!record) throw error
    const step = record.kept.latest?.step ?? 0
    return {
      record,
      mended: `The record of this run was damaged, and was made again from its checkpoint of step ${step}. Its notes are lost. ${error.message}`,
    }
  }
}

/** A record made from the run's sound checkpoints and the pieces of its history; null where no checkpoint is sound. */
async function mend(store: IDBObjectStore, id: string): Promise<RunRecord | null> {
  const sound: { kept: Kept; checkpoint: Checkpoint }[] = []
  for (const key of await promisifyRequest(store.getAllKeys(under('checkpoint', id)))) {
    const serial = Number((key as IDBValidKey[])[2])
    const bytes: unknown = await promisifyRequest(store.get(key))
    const checkpoint = bytes instanceof Uint8Array ? soundCheckpoint(bytes) : null
    if (!checkpoint || !(bytes instanceof Uint8Array)) continue
    sound.push({ kept: keptAs(serial, checkpoint, bytes), checkpoint })
  }
  const [latest, previous] = sound.sort((a, b) => b.kept.step - a.kept.step)
  if (!latest) return null
  const { spec, best_val_loss } = latest.checkpoint.meta
  return {
    id,
    created: 0,
    updated: 0,
    status: 'paused',
    reason: null,
    spec,
    notes: '',
    params: countParams(spec.config),
    last_val_loss: null,
    best_val_loss,
    kept: { latest: latest.kept, previous: previous?.kept ?? null, best: null },
    history: await piecesOnDisk(store, id),
  }
}

function soundCheckpoint(bytes: Uint8Array): Checkpoint | null {
  try {
    return decodeCheckpoint(bytes).checkpoint
  } catch (error) {
    if (error instanceof CheckpointError) return null
    throw error
  }
}

async function piecesOnDisk(store: IDBObjectStore, id: string): Promise<PieceTable> {
  const found: { id: number; list: string; level: number; first: number }[] = []
  for (const key of await promisifyRequest(store.getAllKeys(under('history', id)))) {
    const piece = (key as IDBValidKey[])[3]
    if (typeof piece !== 'number') continue
    try {
      found.push({ id: piece, ...describePiece(await promisifyRequest(store.get(key))) })
    } catch (error) {
      if (!(error instanceof CheckpointError)) throw error
      // A piece that cannot be read has no place in the table: the curve lacks it.
    }
  }
  const table = PIECE_LISTS.map((list) => {
    const pieces = found.filter((piece) => piece.list === list).sort((a, b) => a.first - b.first)
    return [list, pieces.map(({ id, level }) => ({ id, level }))] as const
  })
  return Object.fromEntries(table) as PieceTable
}

/** The run's history, with a message for each part that is damaged and left out. */
export async function readHistory(
  store: IDBObjectStore,
  record: RunRecord,
): Promise<{ history: RunHistory; damage: string[] }> {
  const { id } = record
  try {
    if (!record.history)
      return { history: unpackHistory(await promisifyRequest(store.get(wholeHistoryKey(id)))), damage: [] }
    const keys = PIECE_LISTS.flatMap((list) => record.history![list].map((piece) => pieceKey(id, list, piece.id)))
    const all = [openKey(id), ...keys]
    const values = await Promise.all(all.map((key) => promisifyRequest<unknown>(store.get(key))))
    const byKey = new Map(all.map((key, i) => [String(key), values[i]]))
    return joinPieces(
      record.history,
      (list, piece) => byKey.get(String(pieceKey(id, list, piece.id))),
      byKey.get(String(openKey(id))),
    )
  } catch (error) {
    if (!(error instanceof CheckpointError)) throw error
    const damage = [`The run’s history is damaged; its curve begins anew. ${error.message}`]
    return { history: new RunHistory(), damage }
  }
}

/** What a record says of a checkpoint and its bytes. */
export function keptAs(serial: number, { meta }: Checkpoint, bytes: Uint8Array): Kept {
  return { serial, step: meta.step, size_bytes: bytes.length, seal: sealOf(bytes) }
}

/** A checkpoint as it is on the disk. Throws CheckpointError where it cannot be trusted, or is not the one that was put there. */
export async function readCheckpoint(store: IDBObjectStore, id: string, kept: Kept): Promise<Checkpoint> {
  const bytes: unknown = await promisifyRequest(store.get(checkpointKey(id, kept.serial)))
  if (!(bytes instanceof Uint8Array)) throw new CheckpointError('It is not on the disk any more.')
  const { checkpoint } = decodeCheckpoint(bytes)
  if (kept.seal !== undefined && sealOf(bytes) !== kept.seal)
    throw new CheckpointError('It is not the one that was saved here.')
  if (checkpoint.meta.step !== kept.step)
    throw new CheckpointError(`It says that it is of step ${checkpoint.meta.step}.`)
  return checkpoint
}

/** The kept steps of a run, in order; their keys say it all. */
export async function framesOf(store: IDBObjectStore, id: string): Promise<Keyframe[]> {
  const keys = (await keysUnder(store, 'keyframe', id)) as [string, string, number, number][]
  return keys.map(([, , step, size_bytes]) => ({ step, size_bytes }))
}

export const keysUnder = (store: IDBObjectStore, kind: string, id: string) =>
  promisifyRequest<IDBValidKey[]>(store.getAllKeys(under(kind, id)))

/** A run as it was when it validated best; its history is cut to that when it is read. */
export function atItsBest(run: RunRecord): RunRecord {
  const { best } = run.kept
  if (!best) throw new CheckpointError('No checkpoint of this run’s best step is kept. Train on from the newest one.')
  const kept = { latest: best, previous: null, best }
  return { ...run, status: 'paused', reason: null, last_val_loss: run.best_val_loss, kept }
}
