// One tab trains a run: locks as browsers have them, played by a small manager that knows exclusive locks and giving up.
import { expect, test } from 'vitest'
import { lockRun } from '../../src/storage/lock'

class Locks implements LockManager {
  readonly #held = new Map<string, Promise<unknown>>()
  async request<T>(name: string, options: LockOptions | LockGrantedCallback<T>, callback?: LockGrantedCallback<T>) {
    if (typeof options === 'function' || !callback) throw new Error('waits without end')
    const { signal } = options
    const given = new Promise<never>((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason)))
    given.catch(() => undefined)
    while (this.#held.has(name)) await Promise.race([this.#held.get(name), given])
    const work = Promise.resolve(callback({ name, mode: 'exclusive' }))
    this.#held.set(name, work)
    try {
      return await work
    } finally {
      this.#held.delete(name)
    }
  }
  query(): Promise<LockManagerSnapshot> {
    return Promise.resolve({})
  }
}

test('the second tab does not get a run that the first has open, until it is released', async () => {
  const locks = new Locks()
  const first = await lockRun('a', locks, 20)
  expect(first).not.toBeNull()
  expect(await lockRun('a', locks, 20)).toBeNull()
  expect(await lockRun('b', locks, 20)).not.toBeNull()
  first?.release()
  expect(await lockRun('a', locks, 20)).not.toBeNull()
})

test('a tab that is reloaded waits for its former self', async () => {
  const locks = new Locks()
  const former = await lockRun('a', locks)
  setTimeout(() => former?.release(), 30)
  expect(await lockRun('a', locks)).not.toBeNull()
})

test('without locks every tab gets one', async () => {
  const first = await lockRun('a', undefined)
  expect(first).not.toBeNull()
  expect(await lockRun('a', undefined)).not.toBeNull()
})

test('where the browser denies locks every tab gets one; a manager that fails otherwise is heard of', async () => {
  const locks = new Locks()
  locks.request = () => Promise.reject(new DOMException('no', 'SecurityError'))
  expect(await lockRun('a', locks)).not.toBeNull()
  locks.request = () => Promise.reject(new DOMException('broken', 'InvalidStateError'))
  await expect(lockRun('a', locks)).rejects.toThrow('broken')
})
