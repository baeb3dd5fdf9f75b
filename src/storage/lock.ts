// One tab trains a run: a Web Lock held for as long as the run is open. The browser lets go of it when the tab dies, however
// it dies. Where there are no locks (plain http, old browsers) every tab gets one.

export interface RunLock {
  release(): void
}

/** Why a second tab may only look. */
export const HELD_ELSEWHERE =
  'Another tab has this run open and may be training it. Here you can look at it and sample from it; to train it here, close it there and open it again.'

/** A page that is reloaded waits this long for the worker of its former self to be gone. */
const PATIENCE_MS = 2000

/** Takes the lock of a run; null where another tab holds it and does not let go. */
export function lockRun(
  id: string,
  locks: LockManager | undefined = globalThis.navigator?.locks,
  patience_ms = PATIENCE_MS,
): Promise<RunLock | null> {
  if (!locks) return Promise.resolve({ release() {} })
  const signal = AbortSignal.timeout(patience_ms)
  return new Promise((resolve, reject) => {
    const hold = () => new Promise<void>((release) => resolve({ release }))
    locks.request(`glasshouse-run-${id}`, { signal }, hold).catch((error: unknown) => {
      if (signal.aborted) resolve(null)
      // Where the browser refuses this address any storage it refuses locks too, and there is nothing that two tabs could share.
      else if (error instanceof Error && error.name === 'SecurityError') resolve({ release() {} })
      else reject(error)
    })
  })
}
