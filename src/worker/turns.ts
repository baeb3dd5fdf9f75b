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
