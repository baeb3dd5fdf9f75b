// How many steps may be in flight: submitted, and not known to be computed. Where a browser reports finished work at once, a few keep
// the device busy. Firefox reports up to 100 ms late, of many steps at a time (gpu/nudge.ts): with three steps in flight, a step of
// 1 ms then took 33 ms. So the longest time without a report is measured, and as many steps are allowed as the device computes in
// SPARE times that. A pause waits for all of them. May go together with the nudge.

/** Steps in flight where reports come at once: the device is never idle, and a pause takes hold at once. */
const FEWEST = 3
/** The most steps in flight, whatever was measured: a longer queue takes memory and makes nothing faster. */
const MOST = 128
/** Milliseconds over which finished steps are counted. */
const WINDOW_MS = 150
/** The longest silence that counts. A longer one comes from a slow step or a sleeping machine, not from late reports. */
const LONGEST_MS = 100
/** Steps allowed, as a multiple of those computed during the longest silence. */
const SPARE = 1.5

export class Flight {
  /** Steps that `take` and `end` have not waited for, oldest first. */
  readonly #steps: Promise<void>[] = []
  /** Steps submitted and not reported as computed. */
  #aloft = 0
  #most = FEWEST
  /** When the present window began. */
  #since = 0
  /** Steps reported as computed in the present window. */
  #landed = 0
  /** When the last report came. */
  #last = 0
  /** Milliseconds: the longest time between two reports in the present window. */
  #silence = 0

  /** How many steps may be in flight. */
  get most(): number {
    return this.#most
  }

  /** Counts a submitted step; resolves when the next may be submitted. Throws what an earlier step failed with. */
  async take(step: Promise<void>): Promise<void> {
    if (this.#aloft++ === 0) this.#count(performance.now())
    const landing = step.then(() => this.#land())
    // Its failure is thrown by the `take` or `end` that awaits it; steps behind a failed one may never be awaited.
    landing.catch(() => undefined)
    this.#steps.push(landing)
    while (this.#steps.length >= this.#most) await this.#steps.shift()
  }

  /** Resolves when every submitted step has been computed. Throws what a step failed with. */
  async end(): Promise<void> {
    await Promise.all(this.#steps.splice(0))
  }

  #land(): void {
    this.#aloft--
    this.#landed++
    const now = performance.now()
    this.#silence = Math.max(this.#silence, now - this.#last)
    this.#last = now
    const ms = now - this.#since
    if (ms < WINDOW_MS) return
    const steps = (SPARE * Math.min(this.#silence, LONGEST_MS) * this.#landed) / ms
    this.#most = Math.min(MOST, Math.max(FEWEST, Math.ceil(steps)))
    this.#count(now)
  }

  #count(now: number): void {
    this.#since = this.#last = now
    this.#landed = this.#silence = 0
  }
}
