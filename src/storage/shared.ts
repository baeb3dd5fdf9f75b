// What several runs may need, and who needs it. A run says so under a key of its own, so that it counts whether or not this page can
// read the run's record. A record that cannot be read and says nothing may need anything: then nothing goes.
import { promisifyRequest } from 'idb-keyval'
import { decodeText } from './checkpoint'
import { bareTextKey, needKey, sharedKey, under } from './keys'
import { readRun, readText, UnreadableError, writeText } from './record'

/**
 * Puts a run's text on the disk, where it is not yet or damaged, and says that the run needs it. One that is only kept bare gets a seal.
 * `isLost`: it was found damaged since it was kept.
 */
export async function keepText(
  store: IDBObjectStore,
  id: string,
  fingerprint: string,
  text: string | null,
  isLost = false,
): Promise<void> {
  const key = sharedKey('text', fingerprint)
  const need = needKey('text', fingerprint, id)
  const again = isLost && text !== null
  if (!again && (await promisifyRequest(store.count(need))) > 0) return
  let sealed: unknown = await promisifyRequest(store.get(key))
  if (!(sealed instanceof Uint8Array) || (text !== null && !isSound(sealed))) {
    const bare: unknown = text === null ? await promisifyRequest(store.get(bareTextKey(fingerprint))) : null
    const whole = text ?? (bare instanceof Uint8Array ? decodeText(bare) : null)
    if (whole === null) return
    sealed = writeText(whole)
    store.put(sealed, key)
  }
  store.put((sealed as Uint8Array).byteLength, need)
}

function isSound(sealed: Uint8Array): boolean {
  try {
    readText(sealed)
    return true
  } catch (error) {
    if (error instanceof UnreadableError) return false
    throw error
  }
}

/** A text, UTF-8; null where it is not kept. Throws CheckpointError where it is damaged. */
export async function readSharedText(store: IDBObjectStore, fingerprint: string): Promise<string | null> {
  const sealed: unknown = await promisifyRequest(store.get(sharedKey('text', fingerprint)))
  if (sealed !== undefined) return decodeText(readText(sealed))
  const bare: unknown = await promisifyRequest(store.get(bareTextKey(fingerprint)))
  return bare instanceof Uint8Array ? decodeText(bare) : null
}

/** The fingerprints of the texts that a run says it needs, or that its record names. */
export async function textsOf(store: IDBObjectStore, id: string, record: unknown): Promise<string[]> {
  const said = (await needs(store)).filter((need) => need.id === id).map(({ fingerprint }) => fingerprint)
  return [...new Set([...said, ...named(id, record)])]
}

/** Whether a run other than `except` needs the text, or may need it. `records`: every run's, by id. */
export async function isNeeded(
  store: IDBObjectStore,
  fingerprint: string,
  records: ReadonlyMap<string, unknown>,
  except: string | null = null,
): Promise<boolean> {
  const said = await needs(store)
  if (said.some((need) => need.fingerprint === fingerprint && need.id !== except)) return true
  const speaks = new Set(said.map(({ id }) => id))
  return [...records].some(([id, record]) => {
    if (id === except) return false
    const names = named(id, record)
    return names.length > 0 ? names.includes(fingerprint) : !speaks.has(id)
  })
}

/** Everything that a text stands under. */
export const keysOfText = (fingerprint: string) => [sharedKey('text', fingerprint), bareTextKey(fingerprint)]

async function needs(store: IDBObjectStore): Promise<{ fingerprint: string; id: string }[]> {
  const keys = await promisifyRequest(store.getAllKeys(under('needs', 'text')))
  return keys.map((key) => {
    const [, , fingerprint, id] = key as string[]
    return { fingerprint: fingerprint!, id: id! }
  })
}

function named(id: string, record: unknown): string[] {
  try {
    return [readRun(id, record).spec.corpus.fingerprint]
  } catch (error) {
    if (error instanceof UnreadableError) return []
    throw error
  }
}
