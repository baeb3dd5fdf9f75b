// Long work of one kind: how it begins, how far it is, and how it ends before its time. The only place that makes an
// AbortController.
import { macrotask } from '../paced'
import { CancelledError, SupersededError } from '../errors'

/** Between two reports of one phase. */
const REPORT_MS = 100

/** What a piece of work is given. */
export interface Job<P> {
  signal: AbortSignal
  /** Resolves when the work that this one was begun in place of has ended. */
  before: Promise<unknown>
  /** How far the work is. Told at the beginning of a phase, and ten times a second at most. */
  tell(at: P): void
  /** Lets messages in. Throws CancelledError where the work was ended meanwhile. */
  pause(): Promise<void>
}

/** Pieces of work that end together. */
interface Shift {
  abort: AbortController
  works: Set<Promise<unknown>>
  before: Promise<unknown>
}

export class Desk<P = never> {
  readonly #calledOff: string
  readonly #report: (at: P | null) => void
  #shift: Shift = { abort: new AbortController(), works: new Set(), before: Promise.resolve() }

  /** `calledOff` is the message of `cancel`; `report` is told how far the work is, and null once none is under way. */
  constructor(calledOff = 'It was called off. Nothing has changed.', report: (at: P | null) => void = () => {}) {
    this.#calledOff = calledOff
    this.#report = report
  }

  /** Begins work in place of what is under way, which ends with a SupersededError. */
  begin<T>(work: (job: Job<P>) => Promise<T>): Promise<T> {
    this.supersede()
    return this.join(work)
  }

  /** Begins work beside what is under way. */
  join<T>(work: (job: Job<P>) => Promise<T>): Promise<T> {
    if (this.#shift.abort.signal.aborted) this.#shift = after(this.#shift)
    const shift = this.#shift
    const { signal } = shift.abort
    const job = { signal, before: shift.before, ...this.#pacing(signal) }
    const done = (async () => work(job))()
    shift.works.add(done)
    return done
      .catch((error: unknown) => {
        // Whatever went wrong once it was ended is nobody's concern.
        signal.throwIfAborted()
        throw error
      })
      .finally(() => {
        shift.works.delete(done)
        if (shift.works.size === 0 && shift === this.#shift) this.#report(null)
      })
  }

  /** Ends what is under way with a SupersededError: nobody waits for it any more. */
  supersede(): void {
    this.#shift.abort.abort(new SupersededError('Something newer was asked for.'))
  }

  /** Ends what is under way with a CancelledError, and waits until it has ended. */
  async cancel(): Promise<void> {
    const { abort, works } = this.#shift
    abort.abort(new CancelledError(this.#calledOff))
    await Promise.allSettled(works)
  }

  get isIdle(): boolean {
    return this.#shift.works.size === 0
  }
  /** Resolves when nothing is under way. */
  async idle(): Promise<void> {
    while (!this.isIdle) await Promise.allSettled(this.#shift.works)
  }

  #pacing(signal: AbortSignal): Pick<Job<P>, 'tell' | 'pause'> {
    // Work without phases is told of once it has taken a while: what is done at once shows no bar.
    let told = { phase: phaseOf(null), at: performance.now() }
    return {
      tell: (progress) => {
        const at = performance.now()
        const phase = phaseOf(progress)
        if (signal.aborted || (phase === told.phase && at - told.at < REPORT_MS)) return
        told = { phase, at }
        this.#report(progress)
      },
      pause: async () => {
        await macrotask()
        signal.throwIfAborted()
      },
    }
  }
}

function after({ works }: Shift): Shift {
  return { abort: new AbortController(), works: new Set(), before: Promise.allSettled(works) }
}

function phaseOf(progress: unknown): unknown {
  return typeof progress === 'object' && progress !== null && 'phase' in progress ? progress.phase : null
}
