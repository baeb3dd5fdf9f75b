// Locks as browsers have them: exclusive, in the order of asking, given up by a signal, or had only if they are free.
export class Locks implements LockManager {
  /** Who holds each lock, and who waits for it, in order. */
  readonly #queues = new Map<string, (() => void)[]>()

  request<T>(
    name: string,
    options: LockOptions | LockGrantedCallback<T>,
    callback?: LockGrantedCallback<T>,
  ): Promise<Awaited<T>> {
    if (typeof options === 'function' || !callback) throw new Error('says nothing of waiting')
    const { signal, ifAvailable } = options
    const queue = this.#queues.get(name) ?? []
    this.#queues.set(name, queue)
    return new Promise<Awaited<T>>((resolve, reject) => {
      const call = async (lock: Lock | null): Promise<Awaited<T>> => await callback(lock)
      if (ifAvailable && queue.length > 0) return void call(null).then(resolve, reject)
      if (signal?.aborted) return reject(signal.reason as Error)
      const grant = () => {
        signal?.removeEventListener('abort', giveUp)
        const next = () => {
          queue.shift()
          queue[0]?.()
        }
        void call({ name, mode: 'exclusive' }).then(resolve, reject).finally(next)
      }
      const giveUp = () => {
        queue.splice(queue.indexOf(grant), 1)
        reject(signal?.reason as Error)
      }
      signal?.addEventListener('abort', giveUp)
      queue.push(grant)
      if (queue.length === 1) grant()
    })
  }

  query(): Promise<LockManagerSnapshot> {
    return Promise.resolve({})
  }
}
