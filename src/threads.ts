// The threads that an engine may share its steps with, as whoever starts them gives them: the page's worker, or a command in Node.

/** A thread of its own, as `Worker` starts one in a browser and `worker_threads` in Node. */
export interface Thread {
  postMessage(message: unknown, transfer: ArrayBuffer[]): void
  /** Tells every message, and why, once, where the thread failed or ended by itself. */
  listen(heard: (message: unknown) => void, died: (why: string) => void): void
  terminate(): void
}
/** The threads that an engine may share its steps with, beside its own. */
export interface Threads {
  /** How many may work now; it may change from step to step. */
  readonly most: number
  /** Starts one. Throws where the host has none. */
  start(): Thread
}
