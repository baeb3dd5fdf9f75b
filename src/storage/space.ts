// What takes space on the disk, by name, and what of it may go. Runs that cannot be read have a name where one can be found, a size, and
// a way out of the browser as they are.
import { promisifyRequest } from 'idb-keyval'
import type { Space, UnreadableRun } from '../words/kept'
import { KINDS_OF_RUN, under } from './keys'
import { rawRuns, readOrMend } from './reading'
import { UnreadableError } from './record'
import type { RunRecord } from './schema'
import { unseal } from './sealed'
import { isNeeded, textsOf } from './shared'

interface Entry {
  key: IDBValidKey[]
  size_bytes: number
}

export async function describeUnreadable(
  store: IDBObjectStore,
  id: string,
  kept: unknown,
  error: UnreadableError,
): Promise<UnreadableRun> {
  const own = await Promise.all(KINDS_OF_RUN.map((kind) => entriesOf(store, under(kind, id))))
  const size_bytes = own.flat().reduce((sum, entry) => sum + entry.size_bytes, 0)
  return { id, name: nameIn(kept), why: error.message, isNewer: error.isNewer, size_bytes }
}

/** The name in a record of whatever version, where it stands where it always stood. */
function nameIn(kept: unknown): string | null {
  let value = kept
  try {
    if (kept instanceof Uint8Array) value = JSON.parse(unseal(kept).metadata.get('meta') ?? 'null')
  } catch {
    return null // Damaged: there is no name to be had.
  }
  const name = (value as { spec?: { name?: unknown } } | null)?.spec?.name
  return typeof name === 'string' ? name : null
}

/** Everything of a run as it lies on the disk, a file for each key; what is no bytes as JSON. */
export async function packRaw(store: IDBObjectStore, id: string): Promise<Uint8Array<ArrayBuffer>> {
  const files: Record<string, Uint8Array> = {}
  for (const kind of KINDS_OF_RUN)
    for (const key of await promisifyRequest(store.getAllKeys(under(kind, id)))) {
      const value: unknown = await promisifyRequest(store.get(key))
      const [, , ...rest] = key as IDBValidKey[]
      const name = [kind, ...rest.map(String)].join('-')
      if (value instanceof Uint8Array) files[`${name}.safetensors`] = value
      else files[`${name}.json`] = new TextEncoder().encode(JSON.stringify(value, numbersAsLists))
    }
  const { zipSync } = await import('fflate')
  return zipSync(files, { level: 0 })
}

const numbersAsLists = (_: string, value: unknown): unknown =>
  ArrayBuffer.isView(value) && !(value instanceof DataView) ? Array.from(value as Float64Array) : value

/** Everything by what it belongs to, the largest first. */
export async function spaceOf(store: IDBObjectStore): Promise<Space[]> {
  const entries = await entriesOf(store)
  const records = await rawRuns(store)
  const runs = await readable(store, records)
  const unused = new Set(await unusedOf(store, entries, records, runs))
  const all = new Map<string, Space>()
  for (const entry of entries) {
    const { key, size_bytes } = entry
    const space = unused.has(entry) ? nothing('unused', '', null) : belongs(key, runs)
    if (!space) continue
    const name = `${space.what} ${space.id}`
    const sum = all.get(name) ?? space
    all.set(name, { ...sum, size_bytes: sum.size_bytes + size_bytes, parts: partsWith(sum, entry) })
  }
  for (const [name, space] of all)
    if (space.what === 'run' || space.what === 'unreadable') {
      let freed_bytes = space.size_bytes
      for (const fingerprint of await textsOf(store, space.id, records.get(space.id)))
        if (!(await isNeeded(store, fingerprint, records, space.id)))
          freed_bytes += all.get(`text ${fingerprint}`)?.size_bytes ?? 0
      all.set(name, { ...space, freed_bytes })
    }
  return [...all.values()].sort((a, b) => b.size_bytes - a.size_bytes)
}

const NO_PARTS = { checkpoints: 0, steps: 0, history: 0 }
/** The parts of a run's space with one more entry. */
function partsWith({ what, parts = NO_PARTS }: Space, { key, size_bytes }: Entry): Space['parts'] {
  if (what !== 'run') return undefined
  const part = key[0] === 'checkpoint' ? 'checkpoints' : key[0] === 'keyframe' ? 'steps' : 'history'
  return { ...parts, [part]: parts[part] + size_bytes }
}

const nothing = (what: Space['what'], id: string, name: string | null, runs = 0): Space => ({
  what,
  id,
  name,
  size_bytes: 0,
  runs,
})

function belongs(key: IDBValidKey[], runs: ReadonlyMap<string, RunRecord | null>): Space | null {
  const [kind, first, second] = key as string[]
  if (KINDS_OF_RUN.includes(kind!)) {
    const run = runs.get(first!)
    return run ? nothing('run', first!, run.spec.name) : nothing('unreadable', first!, null)
  }
  const fingerprint = kind === 'shared' ? second : kind === 'text' ? first : null
  if (fingerprint === null || fingerprint === undefined) return null
  const users = [...runs.values()].filter((run) => run?.spec.corpus.fingerprint === fingerprint)
  return nothing('text', fingerprint, users[0]?.spec.corpus.name ?? null, users.length)
}

/** Takes off what no run needs. */
export async function freeUnused(store: IDBObjectStore): Promise<void> {
  const records = await rawRuns(store)
  const unused = await unusedOf(store, await entriesOf(store), records, await readable(store, records))
  for (const { key } of unused) store.delete(key)
}

/**
 * What may go: texts that no run needs, checkpoints and pieces that no record points at, and what is left of runs that are gone. Of a
 * run that cannot be read nothing may.
 */
async function unusedOf(
  store: IDBObjectStore,
  entries: readonly Entry[],
  records: ReadonlyMap<string, unknown>,
  runs: ReadonlyMap<string, RunRecord | null>,
): Promise<Entry[]> {
  const unused: Entry[] = []
  for (const entry of entries) {
    const [kind, first, second, third] = entry.key as string[]
    if (kind === 'shared' || kind === 'text') {
      const fingerprint = kind === 'shared' ? second! : first!
      if (!(await isNeeded(store, fingerprint, records))) unused.push(entry)
    } else if (kind === 'needs') {
      if (!records.has(third!)) unused.push(entry)
    } else if (kind === 'keyframe') {
      if (!records.has(first!)) unused.push(entry)
    } else if (kind === 'checkpoint' || kind === 'history') {
      const run = runs.get(first!)
      if (!records.has(first!) || (run && !pointsAt(run, entry.key))) unused.push(entry)
    }
  }
  return unused
}

function pointsAt({ kept, history }: RunRecord, [kind, , second, third]: IDBValidKey[]): boolean {
  if (kind === 'checkpoint') return Object.values(kept).some((one) => one?.serial === second)
  if (second === undefined) return !history
  if (second === 'open') return history !== undefined
  return history?.[second as keyof typeof history]?.some(({ id }) => id === third) ?? false
}

/** The records that can be read, or made again; null for the others. */
async function readable(
  store: IDBObjectStore,
  records: ReadonlyMap<string, unknown>,
): Promise<Map<string, RunRecord | null>> {
  const runs = new Map<string, RunRecord | null>()
  for (const [id, kept] of records)
    try {
      runs.set(id, (await readOrMend(store, id, kept)).record)
    } catch (error) {
      if (!(error instanceof UnreadableError)) throw error
      runs.set(id, null)
    }
  return runs
}

/** Every key, of a range or of all, with the size of what it holds; of a plain object, of its text. */
async function entriesOf(store: IDBObjectStore, range?: IDBKeyRange): Promise<Entry[]> {
  const entries: Entry[] = []
  for (const key of await promisifyRequest(store.getAllKeys(range))) {
    const value: unknown = await promisifyRequest(store.get(key))
    entries.push({ key: key as IDBValidKey[], size_bytes: sizeOf(value) })
  }
  return entries
}

function sizeOf(value: unknown): number {
  if (ArrayBuffer.isView(value)) return value.byteLength
  if (typeof value === 'string') return value.length
  if (typeof value !== 'object' || value === null) return 8
  return Object.values(value).reduce((sum: number, part) => sum + sizeOf(part), 0)
}
