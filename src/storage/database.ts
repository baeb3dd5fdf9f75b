// The browser's database behind one function. A transaction is all or nothing: idb-keyval's own promise settles on the first failed
// request, before the reason (a full disk, say) is known; this one waits for the end. A database that does not open in time counts as
// refused: the page goes on without it.
import { createStore, type UseStore } from 'idb-keyval'
import { refusal } from './quota'

/** A browser opens its database within milliseconds; one that hangs never does. */
const PATIENCE_MS = 3000

/** Opens an object store at its first use, and again where that failed. */
export function openStore(database: string, name: string, patience_ms = PATIENCE_MS): UseStore {
  const use = createStore(database, name)
  return (mode, callback) => {
    let waiting = true
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        waiting = false
        reject(refusal(new Error(`its storage has not answered for ${patience_ms / 1000} seconds`)))
      }, patience_ms)
      use(mode, (store) => {
        clearTimeout(timer)
        // Nobody counts on it any more: what was told as failed must not happen later.
        if (!waiting) return Promise.reject(new Error('The storage answered too late.'))
        return callback(store)
      })
        .then(resolve, reject)
        .finally(() => clearTimeout(timer))
    })
  }
}

/**
 * Runs `body` in one transaction and resolves when it is on the disk. If `body` throws or the disk refuses, nothing of it is.
 * Writes need no waiting for: an error of any request aborts the whole. `body` may wait for requests and nothing else.
 */
export function transact<T>(
  use: UseStore,
  mode: IDBTransactionMode,
  body: (store: IDBObjectStore) => Promise<T>,
): Promise<T> {
  return use(mode, async (store) => {
    const { transaction } = store
    const commit = new Promise<void>((resolve, reject) => {
      transaction.oncomplete = () => resolve()
      transaction.onabort = () => reject(transaction.error ?? new DOMException('The write was aborted.', 'AbortError'))
    })
    const work = body(store).catch((error: unknown) => {
      // An aborted transaction fails every request that is left; the reason is the transaction's own.
      if (transaction.error) throw transaction.error
      try {
        transaction.abort()
      } catch {
        // It has ended already: there is nothing left to undo.
      }
      throw error
    })
    const [result] = await Promise.all([work, commit])
    return result
  })
}
