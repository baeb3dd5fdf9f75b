// How many tokens go to the device in one burst: as many as it writes in a moment that nobody feels. A burst takes a wait that does
// not depend on its length (Firefox looks for results every 100 ms) and a time for each token; only the second counts.

/** How long the device should be kept: a stop text, a cancel or the next training step waits as long. */
const BURST_MS = 30

export class Pace {
  readonly #most: number
  /** Tokens of the next burst. */
  tokens = 1
  /** The shortest burst yet: no wait is longer. */
  #wait_ms = Infinity
  /** What one more token takes. */
  #each_ms = 0

  constructor(most: number) {
    this.#most = most
  }

  /** A burst of `n` took `ms`. Grows by doubling, shrinks at once. */
  took(n: number, ms: number): void {
    this.#wait_ms = Math.min(this.#wait_ms, ms)
    if (n > 1) this.#each_ms = (ms - this.#wait_ms) / (n - 1)
    // One alone does not tell its time from the wait; after a hiccup, longer bursts are tried again.
    else this.#each_ms = Math.min(this.#each_ms, ms) / 2
    this.tokens = Math.max(1, Math.min(this.#most, 2 * n, Math.floor(BURST_MS / this.#each_ms)))
  }
}
