// Makes a browser look for finished work. Firefox does it only every 100 ms (bugzilla 1870699), so that the end of a submit and a
// mapped buffer are told that late even on an idle queue: 104 ms, where Chrome takes 0.1 (measured in github.com/ekzhang/jax-js, pull
// request 124). A token of a text would take 100 ms, whatever the model. But it also looks at each submit (wgpu-core, Queue::submit), so
// while something is awaited there, nothing is submitted every few milliseconds. May go when the bug is closed.

/** Between two looks: timers are not finer. */
const EVERY_MS = 4
/** An idle queue that answers later than this, this often in a row, belongs to a browser that looks by a clock. */
const LATE_MS = 50
const PROBES = 3

export class Nudge {
  readonly #nothing: () => void
  #isLate = false
  #awaited = 0
  #timer: ReturnType<typeof setInterval> | undefined

  /** `nothing` submits nothing. */
  constructor(nothing: () => void) {
    this.#nothing = nothing
  }

  /** Finds out what kind of browser this is; `idle` asks a queue that has nothing to do when it will be done. */
  async probe(idle: () => Promise<unknown>): Promise<void> {
    for (let i = 0; i < PROBES; i++) {
      const from = performance.now()
      await idle()
      // One answer in time is enough: a late one may be our own fault, who kept the thread busy.
      if (performance.now() - from < LATE_MS) return
    }
    this.#isLate = true
  }

  /** Waits for the queue's answer. */
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
