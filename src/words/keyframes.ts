// Which steps of a run are kept to look back at, as weights of 16 bits: 0, 1, 2, 4, 8, …, every evaluation, and what follows an
// event. They have a budget of bytes; where it is full they are thinned evenly.

/** A kept step. */
export interface Keyframe {
  step: number
  size_bytes: number
}

/** What a run's keyframes may take of the disk, unless a person says otherwise. */
export const KEYFRAME_BUDGET = 32 * 2 ** 20

/** Steps up to this one are kept at powers of two, whatever that costs; later ones only while it costs little. */
const EARLY = 1024
/** The largest share of the time that keeping steps may take. */
const SHARE = 0.02

const isPowerOfTwo = (step: number) => (step & (step - 1)) === 0

/** Decides which steps are kept while a run goes on. */
export class KeyframePlan {
  readonly #now: () => number
  #kept = -1
  #marked = false
  /** No step is kept before, unless it is an early one. */
  #next = 0

  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  /** Something happened to the run: the step that follows is worth keeping. */
  mark(): void {
    this.#marked = true
  }

  /** Whether the weights after `step` updates are to be kept. `why`: the step is evaluated, or is the run's last. */
  isDue(step: number, why: 'evaluated' | 'last' | null): boolean {
    if (step === this.#kept) return false
    if (why === 'last' || (step <= EARLY && isPowerOfTwo(step))) return true
    return (why === 'evaluated' || this.#marked || isPowerOfTwo(step)) && this.#now() >= this.#next
  }

  /** The weights after `step` updates are in hand. */
  took(step: number): void {
    this.#kept = step
    this.#marked = false
  }
  /** Keeping them took so long. */
  cost(ms: number): void {
    this.#next = this.#now() + ms / SHARE
  }
}

/**
 * The steps that stay so that all fit in the budget. Each time the one goes that leaves the smallest gap, measured between the square
 * roots of the steps around it, since a run learns most in its beginning. The first and the newest go last.
 */
export function withinBudget(frames: readonly Keyframe[], budget_bytes: number): Keyframe[] {
  const left = [...frames].sort((a, b) => a.step - b.step)
  let total = left.reduce((sum, { size_bytes }) => sum + size_bytes, 0)
  while (total > budget_bytes && left.length > 0) {
    let narrowest = 0
    let gap = Infinity
    for (let i = 1; i < left.length - 1; i++) {
      const around = Math.sqrt(left[i + 1]!.step) - Math.sqrt(left[i - 1]!.step)
      if (around < gap) [narrowest, gap] = [i, around]
    }
    total -= left.splice(narrowest, 1)[0]!.size_bytes
  }
  return left
}
