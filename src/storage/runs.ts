// The kept runs, the only door to IndexedDB. One object store holds everything under keys that are lists: ['run', id],
// ['history', id], ['checkpoint', id, serial], ['text', fingerprint]. Whatever belongs together is written in one
// transaction, so a tab killed at any instant leaves the old or the new, never half of each.
import { createStore, promisifyRequest, type UseStore } from 'idb-keyval'
import { CheckpointError } from '../errors'
import type { Checkpoint, RunHistory, RunSpec } from '../words/run'
import { decodeCheckpoint, decodeText, encodeCheckpoint } from './checkpoint'
import { cutHistory, emptyHistory, packHistory, unpackHistory } from './history'
import { explainWrite } from './quota'
import { parseRecord, type RunRecord } from './schema'
import { transact } from './transaction'

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

type Kept = NonNullable<RunRecord['kept']['latest']>

const runKey = (id: string) => ['run', id]
const historyKey = (id: string) => ['history', id]
const checkpointKey = (id: string, serial: number) => ['checkpoint', id, serial]
const textKey = (fingerprint: string) => ['text', fingerprint]

/** A record of a run that has not begun. */
export function newRecord(spec: RunSpec, params: number): RunRecord {
  const now = Date.now()
  return {
    id: newId(),
    created: now,
    updated: now,
    status: 'paused',
    reason: null,
    spec,
    notes: '',
    params,
    last_val_loss: null,
    best_val_loss: null,
    kept: { latest: null, previous: null, best: null },
  }
}

function newId(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(8)), (x) => x.toString(16).padStart(2, '0')).join('')
}

/** The checkpoints of a run, each once: newest first, the best last unless it is one of them. */
export function checkpointsOf({ kept }: RunRecord): Kept[] {
  const all = [kept.latest, kept.previous, kept.best].filter((k) => k !== null)
  return all.filter((k, i) => all.findIndex((other) => other.serial === k.serial) === i)
}

/** A run as it was when it validated best; its history is cut to that when it is read. */
function atItsBest(run: RunRecord): RunRecord {
  const { best } = run.kept
  if (!best) throw new CheckpointError('No checkpoint of this run’s best step is kept. Train on from the newest one.')
  const kept = { latest: best, previous: null, best }
  return { ...run, status: 'paused', reason: null, last_val_loss: run.best_val_loss, kept }
}

export class RunStore {
  /** The database, one for an origin outside tests. */
  readonly name: string
  readonly #use: UseStore
  /** What `delete` took out, by run, until this tab closes. */
  readonly #deleted = new Map<string, [IDBValidKey, unknown][]>()
  /** Checkpoints that could not be read, by run; the next save drops them. */
  readonly #damaged = new Map<string, Set<number>>()

  constructor(name = 'glasshouse') {
    this.name = name
    this.#use = createStore(name, 'kept')
  }

  /** Every run, the last changed first; `unreadable` counts those that a newer page wrote, or nobody. */
  async list(): Promise<{ runs: RunRecord[]; unreadable: number }> {
    const { runs, unreadable } = await transact(this.#use, 'readonly', allRuns)
    return { runs: runs.sort((a, b) => b.updated - a.updated), unreadable }
  }

  /**
   * Writes how far a run got, and the run itself where it is not kept yet. The newest checkpoint, the one before it and the best
   * stay, older ones go; name and notes stay as they were last set. Throws StorageFullError, with everything older as it was.
   */
  async save(run: RunRecord, text: string | null, progress: Progress): Promise<RunRecord> {
    const { id } = run
    const best = progress.best?.meta.step === progress.latest?.meta.step ? progress.latest : progress.best
    const history = packHistory(progress.history)
    const bytes = new Map<Checkpoint, Uint8Array<ArrayBuffer>>()
    for (const checkpoint of [progress.latest, best])
      if (checkpoint) bytes.set(checkpoint, encodeCheckpoint(checkpoint))
    return this.#write(
      [...bytes.values()].reduce((sum, b) => sum + b.length, 0),
      async (store) => {
        const record = parseRecord(await promisifyRequest(store.get(runKey(id)))) ?? run
        const fingerprint = textKey(run.spec.corpus.fingerprint)
        if (text !== null && (await promisifyRequest(store.count(fingerprint))) === 0)
          store.put(new TextEncoder().encode(text), fingerprint)
        let serial = Math.max(0, ...checkpointsOf(record).map((k) => k.serial))
        const written = new Map<Checkpoint, Kept>()
        for (const [checkpoint, data] of bytes) {
          store.put(data, checkpointKey(id, ++serial))
          written.set(checkpoint, { serial, step: checkpoint.meta.step, size_bytes: data.length })
        }
        const kept = this.#shift(
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
          kept,
        }
        const wanted = new Set(checkpointsOf(next).map((k) => k.serial))
        for (const old of checkpointsOf(record))
          if (!wanted.has(old.serial)) store.delete(checkpointKey(id, old.serial))
        store.put(history, historyKey(id))
        store.put(next, runKey(id))
        return next
      },
    )
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
  async load(id: string): Promise<LoadedRun> {
    const found = await transact(this.#use, 'readonly', async (store) => {
      const record = await existing(store, id)
      const [history, text]: unknown[] = await Promise.all([
        promisifyRequest(store.get(historyKey(id))),
        promisifyRequest(store.get(textKey(record.spec.corpus.fingerprint))),
      ])
      return { record, history, text }
    })
    const { record } = found
    const damage: string[] = []
    const because = (error: unknown) => {
      if (!(error instanceof CheckpointError)) throw error
      return error.message
    }
    let checkpoint: Checkpoint | null = null
    for (const kept of checkpointsOf(record)) {
      try {
        checkpoint = await this.#readCheckpoint(id, kept)
        break
      } catch (error) {
        damage.push(`The checkpoint of step ${kept.step} is damaged. ${because(error)}`)
        const damaged = this.#damaged.get(id) ?? new Set()
        this.#damaged.set(id, damaged.add(kept.serial))
      }
    }
    let history: RunHistory = emptyHistory()
    try {
      history = unpackHistory(found.history)
      if (checkpoint) history = cutHistory(history, checkpoint.meta.step)
    } catch (error) {
      damage.push(`The run’s history is damaged; its curve begins anew. ${because(error)}`)
    }
    const text = found.text instanceof Uint8Array ? decodeText(found.text) : null
    return { record, checkpoint, history, text, damage }
  }

  async #readCheckpoint(id: string, { serial, step }: Kept): Promise<Checkpoint> {
    const bytes: unknown = await transact(this.#use, 'readonly', (store) =>
      promisifyRequest(store.get(checkpointKey(id, serial))),
    )
    if (!(bytes instanceof Uint8Array)) throw new CheckpointError('It is not on the disk any more.')
    const { checkpoint } = decodeCheckpoint(bytes)
    if (checkpoint.meta.step !== step) throw new CheckpointError(`It says that it is of step ${checkpoint.meta.step}.`)
    return checkpoint
  }

  rename(id: string, name: string): Promise<RunRecord> {
    return this.#edit(id, (run) => ({ ...run, spec: { ...run.spec, name } }))
  }

  note(id: string, notes: string): Promise<RunRecord> {
    return this.#edit(id, (run) => ({ ...run, notes }))
  }

  #edit(id: string, change: (run: RunRecord) => RunRecord): Promise<RunRecord> {
    return this.#write(null, async (store) => {
      const edited = { ...change(await existing(store, id)), updated: Date.now() }
      store.put(edited, runKey(id))
      return edited
    })
  }

  /**
   * A second run with everything the first has, under another id and name; `best`: with its best checkpoint alone, to go on from
   * there. Throws CheckpointError where it has none.
   */
  async duplicate(id: string, name: string, which: 'all' | 'best' = 'all'): Promise<RunRecord> {
    return this.#write(null, async (store) => {
      const whole = await existing(store, id)
      const original = which === 'all' ? whole : atItsBest(whole)
      const now = Date.now()
      const copy = { ...original, id: newId(), created: now, updated: now, spec: { ...original.spec, name } }
      store.put(copy, runKey(copy.id))
      store.put(await promisifyRequest(store.get(historyKey(id))), historyKey(copy.id))
      for (const { serial } of checkpointsOf(original))
        store.put(await promisifyRequest(store.get(checkpointKey(id, serial))), checkpointKey(copy.id, serial))
      return copy
    })
  }

  /** Takes a run off the disk, with its text unless another run was grown from it; `restore` puts it back. */
  async delete(id: string): Promise<void> {
    const entries = await this.#write(null, async (store) => {
      const run = await existing(store, id)
      const { fingerprint } = run.spec.corpus
      const keys = [
        runKey(id),
        historyKey(id),
        textKey(fingerprint),
        ...checkpointsOf(run).map((k) => checkpointKey(id, k.serial)),
      ]
      const values = await Promise.all(keys.map((key) => promisifyRequest<unknown>(store.get(key))))
      const { runs } = await allRuns(store)
      const shared = runs.some((other) => other.id !== id && other.spec.corpus.fingerprint === fingerprint)
      for (const key of keys) if (!shared || key[0] !== 'text') store.delete(key)
      return keys.map((key, i): [IDBValidKey, unknown] => [key, values[i]])
    })
    this.#deleted.set(id, entries)
  }

  /** Undoes a `delete` of this tab. */
  async restore(id: string): Promise<RunRecord> {
    const entries = this.#deleted.get(id)
    if (!entries)
      throw new CheckpointError(
        'This run cannot be brought back: it was deleted in another tab, or before this page was loaded.',
      )
    const record = await this.#write(null, async (store) => {
      for (const [key, value] of entries) if (value !== undefined) store.put(value, key)
      return existing(store, id)
    })
    this.#deleted.delete(id)
    return record
  }

  async #write<T>(needed_bytes: number | null, body: (store: IDBObjectStore) => Promise<T>): Promise<T> {
    try {
      return await transact(this.#use, 'readwrite', body)
    } catch (error) {
      throw await explainWrite(error, needed_bytes)
    }
  }
}

/** In IndexedDB's order of keys, a list is greater than any text: everything that starts with 'run'. */
async function allRuns(store: IDBObjectStore): Promise<{ runs: RunRecord[]; unreadable: number }> {
  const found: unknown[] = await promisifyRequest(store.getAll(IDBKeyRange.bound(['run'], ['run', []])))
  const runs = found.map(parseRecord).filter((run) => run !== null)
  return { runs, unreadable: found.length - runs.length }
}

async function existing(store: IDBObjectStore, id: string): Promise<RunRecord> {
  const found: unknown = await promisifyRequest(store.get(runKey(id)))
  if (found === undefined)
    throw new CheckpointError('This run is not kept any more: it was deleted, perhaps in another tab.')
  const run = parseRecord(found)
  if (!run)
    throw new CheckpointError(`The record of run ${id} is damaged or was written by a newer page. Reload the page.`)
  return run
}
