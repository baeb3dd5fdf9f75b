// How far a run is ahead of its device: steps that are submitted and not known to be computed.
// Where a browser tells at once that work is done, a few steps keep the device busy. Firefox tells late, of many steps at a time
// (gpu/nudge.ts; up to 100 ms): with three steps in flight a step of 1 ms then took 33. So the longest silence is measured, and as
// many steps are let fly as the device does in one and a half of it. A pause waits for those. May go with the nudge.

/** Enough that the device never waits for us where it is told at once, few enough that a pause is felt at once. */
const FEWEST = 3
/** Whatever was measured: a queue of more is memory and says nothing new. */
const MOST = 128
/** Time over which steps are counted. */
const WINDOW_MS = 150
/** A longer silence is a slow step or a sleeping machine, not a browser that looks late. */
const LONGEST_MS = 100
const SPARE = 1.5

export class Flight {
  /** Those submitted, oldest first; some may have landed. */
  readonly #steps: Promise<void>[] = []
  #aloft = 0
  #most = FEWEST
  /** Since when how many have landed, the last one when, and the longest time in which none did. */
  #since = 0
  #landed = 0
  #last = 0
  #silence = 0

  /** Steps that may be submitted before one of them must have been computed. */
  get most(): number {
    return this.#most
  }

  /** Takes a submitted step along; resolves when there is room for the next. Throws what an earlier step failed with. */
  async take(step: Promise<void>): Promise<void> {
    if (this.#aloft++ === 0) this.#count(performance.now())
    const landing = step.then(() => this.#land())
    // Whoever awaits it hears of its failure; those behind a failed one are not waited for.
    landing.catch(() => undefined)
    this.#steps.push(landing)
    while (this.#steps.length >= this.#most) await this.#steps.shift()
  }

  /** Resolves when every step has been computed. */
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
