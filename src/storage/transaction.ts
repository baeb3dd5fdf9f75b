// One transaction: all of it or nothing. idb-keyval's own promise settles on the first failed request, before the reason (a full
// disk, say) is known. This one waits for the end.
import type { UseStore } from 'idb-keyval'

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
