// One at a time, in the order of asking.
export class Turns {
  #last: Promise<unknown> = Promise.resolve()

  next<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work)
    // Whoever asked hears of a failure; the next in the queue does not care.
    this.#last = result.catch(() => undefined)
    return result
  }
}

/** Lets messages and timers through. A timer would do, but browsers hold nested timers back by 4 ms. */
export function macrotask(): Promise<void> {
  const { port1, port2 } = new MessageChannel()
  return new Promise((resolve) => {
    port1.onmessage = () => {
      port1.close()
      resolve()
    }
    port2.postMessage(null)
  })
}
