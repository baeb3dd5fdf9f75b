// What a browser's profile holds, read while no page of ours is open, and judged by the real RunStore: each record unseals, each run is whole
// up to its newest checkpoint, and nothing is left over of what was cut off.
import 'fake-indexeddb/auto'
import { createHash } from 'node:crypto'
import { createStore, setMany } from 'idb-keyval'
import type { Page } from 'playwright-core'
import { decodeCheckpoint } from '../../src/storage/checkpoint'
import { RunStore } from '../../src/storage/runs'
import { unseal } from '../../src/storage/sealed'
import { openBrowser, until, type Browser } from '../e2e/browser'
import { named } from './tally'

export interface Kept {
  name: string
  notes: string
  /** The newest checkpoint's. */
  step: number
}
export interface Inside {
  /** By id. */
  runs: Map<string, Kept>
  /** Of every record, by its key as JSON. */
  digests: Map<string, string>
  size_bytes: number
  wrong: string[]
}

/** Everything in the page's database. */
async function dump(page: Page): Promise<{ key: IDBValidKey[]; value: Uint8Array }[]> {
  const entries = await page.evaluate(async () => {
    const of = <T>(request: IDBRequest<T>) =>
      new Promise<T>((resolve, reject) => {
        request.onsuccess = () => resolve(request.result)
        request.onerror = () => reject(request.error ?? new Error('refused'))
      })
    const base64 = (bytes: Uint8Array) => {
      let text = ''
      for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192))
      return btoa(text)
    }
    if (!(await indexedDB.databases()).some(({ name }) => name === 'glasshouse')) return []
    const database = await of(indexedDB.open('glasshouse'))
    const store = database.transaction('kept', 'readonly').objectStore('kept')
    const [keys, values] = await Promise.all([of(store.getAllKeys()), of<unknown[]>(store.getAll())])
    database.close()
    return keys.map((key, i) => {
      const value = values[i]
      return {
        key: JSON.stringify(key),
        bytes: value instanceof Uint8Array ? base64(value) : null,
        plain: JSON.stringify(value),
      }
    })
  })
  return entries.map(({ key, bytes, plain }) => {
    // Kernels and needs are plain numbers and objects.
    const value = bytes === null ? (JSON.parse(plain) as never) : new Uint8Array(Buffer.from(bytes, 'base64'))
    return { key: JSON.parse(key) as IDBValidKey[], value }
  })
}

/** Reads the profile through a page of the address that is no page of ours. */
export async function inspect(page: Page, address: string): Promise<Inside> {
  await page.goto(`${address}icon.svg`)
  return judge(await dump(page))
}

export async function judge(entries: { key: IDBValidKey[]; value: unknown }[]): Promise<Inside> {
  const wrong: string[] = []
  const digests = new Map<string, string>()
  let size_bytes = 0
  for (const { key, value } of entries) {
    const bytes = value instanceof Uint8Array ? value : Buffer.from(JSON.stringify(value))
    size_bytes += bytes.length
    digests.set(JSON.stringify(key), createHash('sha256').update(bytes).digest('hex'))
    try {
      if (value instanceof Uint8Array) unseal(value)
      if (key[0] === 'checkpoint') decodeCheckpoint(value as Uint8Array)
    } catch (error) {
      wrong.push(`${JSON.stringify(key)} cannot be read: ${named(error)?.message ?? String(error)}`)
    }
  }
  const name = `profile-${Math.random()}`
  await setMany(
    entries.map(({ key, value }) => [key, value]),
    createStore(name, 'kept'),
  )
  const store = new RunStore(name)
  const runs = new Map<string, Kept>()
  const { runs: records, unreadable } = await store.list()
  for (const { id, why } of unreadable) wrong.push(`run ${id} cannot be read: ${why}`)
  for (const { id, spec, notes } of records) {
    const { checkpoint, history, text, damage } = await store.load(id)
    wrong.push(...damage.map((line) => `run ${id}: ${line}`))
    const step = checkpoint?.meta.step ?? 0
    if (!checkpoint || text === null) wrong.push(`run ${id} has no ${checkpoint ? 'text' : 'checkpoint'}`)
    const rows = [...history.steps.rows()]
    const counted = rows.reduce((sum, { span }) => sum + span, 0)
    const isInOrder = rows.every(({ step: at }, i) => i === 0 || at > rows[i - 1]!.step)
    if (counted !== step || !isInOrder || (rows.at(-1)?.step ?? 0) !== step)
      wrong.push(`run ${id} is at step ${step}, and its history has ${counted} steps up to ${rows.at(-1)?.step ?? 0}`)
    runs.set(id, { name: spec.name, notes, step })
  }
  const unused = (await store.space()).find(({ what }) => what === 'unused')
  if (unused) wrong.push(`${unused.size_bytes} bytes are left over, and no run needs them`)
  return { runs, digests, size_bytes, wrong }
}

/** The records that are not what they were, of those that `counts`. */
export function changes(before: Inside, after: Inside, counts: (key: string) => boolean): string[] {
  const keys = new Set([...before.digests.keys(), ...after.digests.keys()])
  return [...keys]
    .filter((key) => counts(key) && before.digests.get(key) !== after.digests.get(key))
    .map((key) => {
      const [had, has] = [before.digests.has(key), after.digests.has(key)]
      return `${key} ${had && has ? 'was changed' : had ? 'is gone' : 'is new'}`
    })
}

/** A browser without a GPU on a profile; one that was killed may leave a lock that its successor takes a moment to see through. */
export async function reopened(profile: string): Promise<Browser> {
  let browser: Browser | null = null
  let last: unknown = null
  await until(`a browser on the profile (${String(last)})`, async () => {
    browser = await openBrowser(profile, { webgpu: false }).catch((error: unknown) => {
      last = error
      return null
    })
    return browser !== null
  })
  return browser!
}

/** The page that a browser opens with. */
export const pageOf = async ({ context }: Browser) => context.pages()[0] ?? context.newPage()

/** What the pages complained of, but for the icon that a browser asks for beside a picture: `inspect` opens one. */
export const complaintsOf = ({ complaints }: Browser) => complaints.filter((text) => !text.includes('404 (Not Found)'))

/** Longer than this and a page counts as frozen. */
const FROZEN_MS = 60_000

/** How long a page takes to show two frames, in ms; Infinity where it does not. */
export async function heartbeat(page: Page): Promise<number> {
  const from = performance.now()
  const frames = page.evaluate(
    () => new Promise<void>((resolve) => requestAnimationFrame(() => requestAnimationFrame(() => resolve()))),
  )
  const late = new Promise<'late'>((resolve) => setTimeout(() => resolve('late'), FROZEN_MS).unref())
  return (await Promise.race([frames, late])) === 'late' ? Infinity : performance.now() - from
}
