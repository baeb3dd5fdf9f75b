// The desk where texts are loaded: one job at a time, which says how far it is and can be called off.
import type { Loading } from '../words/collecting'
import { CancelledError } from '../errors'
import { macrotask } from '../paced'

/** Between two reports of one phase. */
const REPORT_MS = 100

/** What somebody who loads a text is given. */
export interface Job {
  signal: AbortSignal
  /** How far it is; told ten times a second at most, and at the beginning of a phase. */
  tell(loading: Loading): void
  /** Lets messages in. Throws CancelledError where one of them called the job off. */
  pause(): Promise<void>
}

export class LoadingDesk {
  readonly #report: (loading: Loading | null) => void
  #current: AbortController | null = null

  constructor(report: (loading: Loading | null) => void) {
    this.#report = report
  }

  /** Does the work; a job that is not done yet is called off. Throws CancelledError once it is called off itself. */
  async load<T>(work: (job: Job) => Promise<T>): Promise<T> {
    this.cancel()
    const mine = new AbortController()
    const { signal } = mine
    this.#current = mine
    let told: { phase: Loading['phase']; at: number } | null = null
    const tell = (loading: Loading) => {
      const at = performance.now()
      if (signal.aborted || (told?.phase === loading.phase && at - told.at < REPORT_MS)) return
      told = { phase: loading.phase, at }
      this.#report(loading)
    }
    const pause = async () => {
      await macrotask()
      signal.throwIfAborted()
    }
    try {
      await pause()
      return await work({ signal, tell, pause })
    } finally {
      if (this.#current === mine) {
        this.#current = null
        this.#report(null)
      }
    }
  }

  cancel(): void {
    this.#current?.abort(new CancelledError('It was called off. Nothing has changed.'))
  }
}
