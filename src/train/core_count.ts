// How many cores share the steps of a run: as many as help, by measurement. Each number that could help is tried for a few steps, fewest first,
// and the fastest is kept for a while. A number that does not help ends the climb. Which it is changes no bit.

/** Steps at a number before one is timed, since a thread's first steps are slow, and those that are timed. */
const WARM = 1
const TIMED = 3
/** What another core must save of a step's time. */
const WORTH = 0.05
/** Steps until all is tried again: other programs come and go. */
const AGAIN = 400

/** The numbers of cores worth a try for so many shards: of those that leave the slowest core the same number of shards, the least. */
export function usefulCounts(shards: number, most: number): number[] {
  const most_each = (cores: number) => Math.ceil(shards / cores)
  const counts = Array.from({ length: Math.max(1, Math.min(shards, most)) }, (_, i) => i + 1)
  return counts.filter((cores) => cores === 1 || most_each(cores) < most_each(cores - 1))
}

export class CoreCount {
  readonly #shards: number
  #most = 1
  /** The fastest step with each number tried, ms. */
  #times = new Map<number, number>()
  #trying = 1
  #steps = 0
  #settled: number | null = null

  constructor(shards: number) {
    this.#shards = shards
  }

  /** Whether the fastest number is known. */
  get isSettled(): boolean {
    return this.#settled !== null
  }

  /** How many cores should take the next step, of at most `most`. */
  next(most: number): number {
    if (most !== this.#most) this.#begin(most)
    return this.#settled ?? this.#trying
  }

  /** A step with so many cores took `ms`. Those with another number than was asked for do not count. */
  took(cores: number, ms: number): void {
    if (cores !== (this.#settled ?? this.#trying)) return
    this.#steps++
    if (this.#settled !== null) {
      if (this.#steps >= AGAIN) this.#begin(this.#most)
      return
    }
    if (this.#steps > WARM) this.#times.set(cores, Math.min(ms, this.#times.get(cores) ?? Infinity))
    if (this.#steps < WARM + TIMED) return
    this.#steps = 0
    const best = this.#best
    const more = usefulCounts(this.#shards, this.#most).find((count) => count > cores)
    if (best === cores && more !== undefined) this.#trying = more
    else this.#settled = best
  }

  /** The fastest number; more cores than another only where they are WORTH it. */
  get #best(): number {
    let best = 1
    for (const [cores, ms] of this.#times) if (ms < (1 - WORTH) * this.#times.get(best)!) best = cores
    return best
  }

  #begin(most: number): void {
    this.#most = most
    this.#times = new Map()
    this.#trying = 1
    this.#steps = 0
    this.#settled = null
    if (usefulCounts(this.#shards, most).length === 1) this.#settled = 1
  }
}
