// Makes a browser poll for finished work. Firefox polls only every 100 ms (bugzilla 1870699), so it reports a finished submit or a mapped
// buffer late, even on an idle queue: after 104 ms, where Chrome takes 0.1 (github.com/ekzhang/jax-js, pull request 124). Each generated
// token would take 100 ms. Firefox also polls at each submit (wgpu-core, Queue::submit). While a program waits there, an empty submit
// every few milliseconds makes it poll. May go when the bug is closed.

/** Milliseconds between two empty submits: timers are not finer. */
const EVERY_MS = 4
/** A browser polls by a clock if an idle queue answers later than LATE_MS, PROBES times in a row. */
const LATE_MS = 50
const PROBES = 3

export class Nudge {
  readonly #nothing: () => void
  #isLate = false
  #awaited = 0
  #timer: ReturnType<typeof setInterval> | undefined

  /** `nothing` makes an empty submit. */
  constructor(nothing: () => void) {
    this.#nothing = nothing
  }

  /** Finds out whether this browser polls by a clock; `idle` resolves when a queue without work reports that it is done. */
  async probe(idle: () => Promise<unknown>): Promise<void> {
    for (let i = 0; i < PROBES; i++) {
      const from = performance.now()
      await idle()
      // One answer in time is enough: a late one may come from a busy thread.
      if (performance.now() - from < LATE_MS) return
    }
    this.#isLate = true
  }

  /** Awaits an answer of the queue, with empty submits meanwhile where the browser polls by a clock. */
  async wait<T>(answer: Promise<T>): Promise<T> {
    if (!this.#isLate) return answer
    if (this.#awaited++ === 0) this.#timer = setInterval(this.#nothing, EVERY_MS)
    try {
      return await answer
    } finally {
      if (--this.#awaited === 0) clearInterval(this.#timer)
    }
  }
}
