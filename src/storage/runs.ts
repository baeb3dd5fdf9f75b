// The kept runs, the only door to IndexedDB; keys.ts has the addresses. Whatever belongs together is written in one transaction, so a
// tab killed at any instant leaves the old or the new, never half of each. What this page does not understand it never changes: a
// record that a newer page wrote stays as it is, and so does what it needs.
import { promisifyRequest, type UseStore } from 'idb-keyval'
import type { ModelConfig } from '../config/config'
import { CheckpointError } from '../errors'
import type { RunHistory } from '../words/history'
import type { Space, UnreadableRun } from '../words/kept'
import { withinBudget, type Keyframe } from '../words/keyframes'
import type { Checkpoint } from '../words/run'
import { encodeCheckpoint } from './checkpoint'
import { openStore, transact } from './database'
import { checkpointKey, keyframeKey, KINDS_OF_RUN, openKey, pieceKey, runKey, wholeHistoryKey } from './keys'
import { PIECE_LISTS, piecesOf, writeOpen, writePiece } from './pieces'
import { explainWrite } from './quota'
import { decodeKeyframe, type KeptStep } from './keyframe'
import {
  atItsBest,
  existing,
  framesOf,
  keptAs,
  keysUnder,
  rawRuns,
  readCheckpoint,
  readHistory,
  readOrMend,
} from './reading'
import { UnreadableError, writeRun } from './record'
import { checkpointsOf, newId } from './run_record'
import type { Kept, RunRecord } from './schema'
import { isNeeded, keepText, keysOfText, readSharedText, textsOf } from './shared'
import { describeUnreadable, freeUnused, packRaw, spaceOf } from './space'

/** How far a run got, written at once. */
export interface Progress {
  status: RunRecord['status']
  reason: string | null
  /** The newest state; null leaves the checkpoints as they are. */
  latest: Checkpoint | null
  /** The state that validated best, where it is not the one that is kept already; may be `latest` itself. */
  best: Checkpoint | null
  last_val_loss: number | null
  best_val_loss: number | null
  history: RunHistory
}

/** A run as it comes back. */
export interface LoadedRun {
  record: RunRecord
  /** The newest checkpoint that can be trusted; null where there is none. */
  checkpoint: Checkpoint | null
  /** Up to that checkpoint. */
  history: RunHistory
  /** The corpus; null where it is not kept. */
  text: string | null
  /** What was found damaged, one message each. */
  damage: string[]
}

export class RunStore {
  /** The database, one for an origin outside tests. */
  readonly name: string
  readonly #use: UseStore
  /** What `delete` took out, by run, until this tab closes. */
  readonly #deleted = new Map<string, [IDBValidKey, unknown][]>()
  /** Checkpoints that could not be read, by run; the next save drops them. */
  readonly #damaged = new Map<string, Set<number>>()
  /** Runs whose history has damaged parts: the next save writes it anew. */
  readonly #broken = new Set<string>()
  /** Texts that could not be read, by fingerprint: the next save of one that is given writes it anew. */
  readonly #lostTexts = new Set<string>()

  constructor(name = 'glasshouse') {
    this.name = name
    this.#use = openStore(name, 'kept')
  }

  /** Every run, the last changed first, and those that cannot be read: a newer page wrote them, or they are damaged. */
  list(): Promise<{ runs: RunRecord[]; unreadable: UnreadableRun[] }> {
    return transact(this.#use, 'readonly', async (store) => {
      const runs: RunRecord[] = []
      const unreadable: UnreadableRun[] = []
      for (const [id, kept] of await rawRuns(store))
        try {
          runs.push((await readOrMend(store, id, kept)).record)
        } catch (error) {
          if (!(error instanceof UnreadableError)) throw error
          unreadable.push(await describeUnreadable(store, id, kept, error))
        }
      return { runs: runs.sort((a, b) => b.updated - a.updated), unreadable }
    })
  }

  /**
   * Writes how far a run got, and the run itself where it is not kept yet. The newest checkpoint, the one before it and the best
   * stay, older ones go; name and notes stay as they were last set. Of the history, what is new is written. Throws StorageFullError,
   * with everything older as it was.
   */
  async save(run: RunRecord, text: string | null, progress: Progress): Promise<RunRecord> {
    const { id } = run
    const { fingerprint } = run.spec.corpus
    const best = progress.best?.meta.step === progress.latest?.meta.step ? progress.latest : progress.best
    const { history } = progress
    const bytes = new Map<Checkpoint, Uint8Array<ArrayBuffer>>()
    for (const checkpoint of [progress.latest, best])
      if (checkpoint) bytes.set(checkpoint, encodeCheckpoint(checkpoint))
    const open = writeOpen(history)
    const saved = await this.#write(
      [...bytes.values()].reduce((sum, b) => sum + b.length, open.length),
      async (store) => {
        const record = await this.#saved(store, run)
        await keepText(store, id, fingerprint, text, this.#lostTexts.has(fingerprint))
        let serial = Math.max(0, ...checkpointsOf(record).map((k) => k.serial))
        const written = new Map<Checkpoint, Kept>()
        for (const [checkpoint, data] of bytes) {
          store.put(data, checkpointKey(id, ++serial))
          written.set(checkpoint, keptAs(serial, checkpoint, data))
        }
        const roles = this.#shift(
          record,
          (progress.latest && written.get(progress.latest)) ?? null,
          (best && written.get(best)) ?? null,
        )
        const next: RunRecord = {
          ...record,
          updated: Date.now(),
          status: progress.status,
          reason: progress.reason,
          spec: { ...(progress.latest?.meta.spec ?? run.spec), name: record.spec.name },
          last_val_loss: progress.last_val_loss,
          best_val_loss: progress.best_val_loss,
          train_loss: history.recentLoss,
          kept: roles,
          history: piecesOf(history),
        }
        const wanted = new Set(checkpointsOf(next).map((k) => k.serial))
        for (const old of checkpointsOf(record))
          if (!wanted.has(old.serial)) store.delete(checkpointKey(id, old.serial))
        this.#writeHistory(store, record, history)
        store.put(open, openKey(id))
        store.put(writeRun(next), runKey(id))
        return next
      },
    )
    this.#broken.delete(id)
    if (text !== null) this.#lostTexts.delete(fingerprint)
    return saved
  }

  /** The record that a save starts from: the one on the disk, unless it is not there yet, or damaged for good. */
  async #saved(store: IDBObjectStore, run: RunRecord): Promise<RunRecord> {
    const kept: unknown = await promisifyRequest(store.get(runKey(run.id)))
    if (kept === undefined) return run
    try {
      return (await readOrMend(store, run.id, kept)).record
    } catch (error) {
      if (error instanceof UnreadableError && !error.isNewer) return run
      throw error
    }
  }

  /** Closed pieces that are not on the disk yet; those that are no longer in the history go. */
  #writeHistory(store: IDBObjectStore, { id, history: before }: RunRecord, history: RunHistory): void {
    if (!before) store.delete(wholeHistoryKey(id))
    const now = piecesOf(history)
    for (const list of PIECE_LISTS) {
      const old = new Set(this.#broken.has(id) ? [] : before?.[list].map((piece) => piece.id))
      const stays = new Set(now[list].map((piece) => piece.id))
      now[list].forEach((piece, place) => {
        if (!old.has(piece.id)) store.put(writePiece(history, list, place), pieceKey(id, list, piece.id))
      })
      for (const piece of before?.[list] ?? []) if (!stays.has(piece.id)) store.delete(pieceKey(id, list, piece.id))
    }
  }

  /** The roles after a save: what was the latest becomes the previous, unless the run repeats it or it is damaged. */
  #shift(record: RunRecord, latest: Kept | null, best: Kept | null): RunRecord['kept'] {
    const damaged = this.#damaged.get(record.id)
    const sound = (kept: Kept | null) => (kept && !damaged?.has(kept.serial) ? kept : null)
    const old = { latest: sound(record.kept.latest), previous: sound(record.kept.previous) }
    const next = { best: best ?? sound(record.kept.best) }
    if (!latest) return old.latest ? { ...old, ...next } : { latest: old.previous, previous: null, ...next }
    const previous = [old.latest, old.previous].find((k) => k && k.step < latest.step) ?? null
    return { latest, previous, ...next }
  }

  /** Reads a run with its newest checkpoint that can be trusted. Throws CheckpointError where there is no such run. */
  load(id: string): Promise<LoadedRun> {
    const because = (error: unknown) => {
      if (!(error instanceof CheckpointError)) throw error
      return error.message
    }
    return transact(this.#use, 'readonly', async (store) => {
      const { record, mended } = await existing(store, id)
      const damage = mended === null ? [] : [mended]
      let checkpoint: Checkpoint | null = null
      for (const kept of checkpointsOf(record)) {
        try {
          checkpoint = await readCheckpoint(store, id, kept)
          break
        } catch (error) {
          damage.push(`The checkpoint of step ${kept.step} is damaged. ${because(error)}`)
          const damaged = this.#damaged.get(id) ?? new Set()
          this.#damaged.set(id, damaged.add(kept.serial))
        }
      }
      const { history, damage: lost } = await readHistory(store, record)
      if (lost.length > 0) this.#broken.add(id)
      damage.push(...lost)
      if (checkpoint) history.cut(checkpoint.meta.step)
      let text: string | null = null
      try {
        text = await readSharedText(store, record.spec.corpus.fingerprint)
      } catch (error) {
        damage.push(`The run’s text is damaged. ${because(error)}`)
        this.#lostTexts.add(record.spec.corpus.fingerprint)
      }
      return { record, checkpoint, history, text, damage }
    })
  }

  /** What a run went through, as far as it can be read, without its weights. Throws CheckpointError where there is no such run. */
  history(id: string): Promise<RunHistory> {
    return transact(this.#use, 'readonly', async (store) => {
      const { record } = await existing(store, id)
      return (await readHistory(store, record)).history
    })
  }

  rename(id: string, name: string): Promise<RunRecord> {
    return this.#edit(id, (run) => ({ ...run, spec: { ...run.spec, name } }))
  }

  note(id: string, notes: string): Promise<RunRecord> {
    return this.#edit(id, (run) => ({ ...run, notes }))
  }

  star(id: string, starred: boolean): Promise<RunRecord> {
    return this.#edit(id, (run) => ({ ...run, starred }), false)
  }

  /** `isChange`: the run counts as changed now. */
  #edit(id: string, change: (run: RunRecord) => RunRecord, isChange = true): Promise<RunRecord> {
    return this.#write(null, async (store) => {
      const { record } = await existing(store, id)
      const edited = { ...change(record), ...(isChange && { updated: Date.now() }) }
      store.put(writeRun(edited), runKey(id))
      return edited
    })
  }

  /**
   * A second run with everything the first has, under another id and name; `best`: with its best checkpoint alone, to go on from
   * there. Throws CheckpointError where it has none.
   */
  async duplicate(id: string, name: string, which: 'all' | 'best' = 'all'): Promise<RunRecord> {
    return this.#write(null, async (store) => {
      const { record: whole } = await existing(store, id)
      const original = which === 'all' ? whole : atItsBest(whole)
      const now = Date.now()
      const origin = { how: 'copy', run: id, name: whole.spec.name, step: original.kept.latest?.step ?? 0 } as const
      const spec = { ...original.spec, name }
      const copy = { ...original, id: newId(), created: now, updated: now, spec, starred: false, origin }
      store.put(writeRun(copy), runKey(copy.id))
      await keepText(store, copy.id, copy.spec.corpus.fingerprint, null)
      const checkpoints = checkpointsOf(original).map(({ serial }) => checkpointKey(id, serial))
      const pieces = await keysUnder(store, 'history', id)
      const last = original.kept.latest?.step ?? 0
      const frames = (await keysUnder(store, 'keyframe', id)).filter((key) => Number((key as IDBValidKey[])[2]) <= last)
      for (const key of [...checkpoints, ...pieces, ...frames]) {
        const [kind, , ...rest] = key as IDBValidKey[]
        store.put(await promisifyRequest<unknown>(store.get(key)), [kind!, copy.id, ...rest])
      }
      return copy
    })
  }

  /** Takes a run off the disk, readable or not, with its text unless another run needs it; `restore` puts it back. */
  async delete(id: string): Promise<void> {
    const entries = await this.#write(null, async (store) => {
      const records = await rawRuns(store)
      if (!records.has(id)) await existing(store, id)
      const own = await Promise.all(KINDS_OF_RUN.map((kind) => keysUnder(store, kind, id)))
      const texts = await textsOf(store, id, records.get(id))
      const keys = [...own.flat(), ...texts.map((fingerprint) => ['needs', 'text', fingerprint, id])]
      const stays = new Set<IDBValidKey>()
      for (const fingerprint of texts)
        for (const key of keysOfText(fingerprint)) {
          keys.push(key)
          if (await isNeeded(store, fingerprint, records, id)) stays.add(key)
        }
      const values = await Promise.all(keys.map((key) => promisifyRequest<unknown>(store.get(key))))
      for (const key of keys) if (!stays.has(key)) store.delete(key)
      return keys.map((key, i): [IDBValidKey, unknown] => [key, values[i]])
    })
    this.#deleted.set(id, entries)
  }

  /** Undoes a `delete` of this tab. Null where the run cannot be read. */
  async restore(id: string): Promise<RunRecord | null> {
    const entries = this.#deleted.get(id)
    if (!entries)
      throw new CheckpointError(
        'This run cannot be brought back: it was deleted in another tab, or before this page was loaded.',
      )
    const record = await this.#write(null, async (store) => {
      for (const [key, value] of entries) if (value !== undefined) store.put(value, key)
      return existing(store, id).then(
        (found) => found.record,
        (error: unknown) => {
          if (error instanceof UnreadableError) return null
          throw error
        },
      )
    })
    this.#deleted.delete(id)
    return record
  }

  /**
   * Keeps the weights after `step` updates to look back at. Later steps go, since the run went back before them, and steps in between
   * go where all take more than the budget; returns what stays. Throws StorageFullError, with everything older as it was.
   */
  async keepKeyframe(id: string, step: number, bytes: Uint8Array, budget_bytes: number): Promise<Keyframe[]> {
    return this.#write(bytes.length, async (store) => {
      const before = await framesOf(store, id)
      const frame: Keyframe = { step, size_bytes: bytes.length }
      const frames = [...before.filter((old) => old.step < step), frame]
      const stays = withinBudget(frames, budget_bytes)
      for (const old of before) if (!stays.includes(old)) store.delete(keyframeKey(id, old))
      if (stays.includes(frame)) store.put(bytes, keyframeKey(id, frame))
      return stays
    })
  }
  /** The kept steps of a run, in order. */
  keyframes(id: string): Promise<Keyframe[]> {
    return transact(this.#use, 'readonly', (store) => framesOf(store, id))
  }
  /** The weights after `step` updates, and the gates. Throws CheckpointError where they are not kept, or damaged. */
  async readKeyframe(id: string, step: number, config: ModelConfig): Promise<KeptStep> {
    const bytes = await transact(this.#use, 'readonly', async (store) => {
      const frame = (await framesOf(store, id)).find((kept) => kept.step === step)
      return frame && promisifyRequest<unknown>(store.get(keyframeKey(id, frame)))
    })
    if (!(bytes instanceof Uint8Array))
      throw new CheckpointError(`Step ${step} is not kept any more. Choose another step.`)
    return decodeKeyframe(bytes, step, config)
  }
  /** Gives up kept steps until all fit in the budget; returns what stays. */
  async thinKeyframes(id: string, budget_bytes: number): Promise<Keyframe[]> {
    return this.#write(null, async (store) => {
      const frames = await framesOf(store, id)
      const stays = withinBudget(frames, budget_bytes)
      for (const frame of frames) if (!stays.includes(frame)) store.delete(keyframeKey(id, frame))
      return stays
    })
  }

  /** Everything that is kept of a run, as it is, in a zip file: of one that cannot be read too. */
  exportRaw(id: string): Promise<Uint8Array<ArrayBuffer>> {
    return transact(this.#use, 'readonly', (store) => packRaw(store, id))
  }
  /** What takes how much, the largest first. Reads everything once. */
  space(): Promise<Space[]> {
    return transact(this.#use, 'readonly', spaceOf)
  }
  /** Takes off the disk what no run needs. */
  free(): Promise<void> {
    return this.#write(null, freeUnused)
  }

  async #write<T>(needed_bytes: number | null, body: (store: IDBObjectStore) => Promise<T>): Promise<T> {
    try {
      return await transact(this.#use, 'readwrite', body)
    } catch (error) {
      throw await explainWrite(error, needed_bytes)
    }
  }
}
