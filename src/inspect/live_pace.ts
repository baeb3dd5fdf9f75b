// How often a run that trains is asked about: at most four times a second, and for a twentieth of the time.

/** Milliseconds from the beginning of one question to that of the next, at least. */
export const LIVE_EVERY_MS = 250
/** The largest share of the time that questions may take. */
export const LIVE_SHARE = 0.05

export class LivePace {
  #next = 0

  /** Milliseconds until the run may be asked again; none where it may be asked now. */
  get wait_ms(): number {
    return Math.max(0, this.#next - performance.now())
  }

  /** Runs a question, and lets the run train for nineteen times as long before the next. */
  async ask<T>(question: () => Promise<T>): Promise<T> {
    const from = performance.now()
    const told = await question()
    this.#next = from + Math.max(LIVE_EVERY_MS, (performance.now() - from) / LIVE_SHARE)
    return told
  }
}
