// One tab trains a run: a Web Lock held for as long as the run is open. The browser lets go of it when the tab dies, however
// it dies. Where there are no locks (plain http, old browsers) every tab gets one.

export interface RunLock {
  release(): void
}

/** Why a second tab may only look. */
export const HELD_ELSEWHERE =
  'Another tab has this run open and may be training it. Here you can look at it and sample from it. Once it is closed there, it can be trained here.'

/** A page that is reloaded waits this long for the worker of its former self to be gone. */
const PATIENCE_MS = 2000
/** A tab that looks at a run leaves it so long to a page that is reloaded, which wants it back. */
const GRACE_MS = 2500

type Locks = LockManager | undefined
const browserLocks = (): Locks => globalThis.navigator?.locks

/** Takes the lock of a run; null where another tab holds it and does not let go. */
export async function lockRun(id: string, locks = browserLocks(), patience_ms = PATIENCE_MS): Promise<RunLock | null> {
  return ask(id, locks, { signal: AbortSignal.timeout(patience_ms) })
}

/** Takes the lock of a run if nobody holds it; else null, at once. */
export function lockFreeRun(id: string, locks = browserLocks()): Promise<RunLock | null> {
  return ask(id, locks, { ifAvailable: true })
}

/** Waits until the tab that has a run open is gone for good, and takes the lock; null once `signal` ends the wait. */
export async function awaitRun(
  id: string,
  signal: AbortSignal,
  locks = browserLocks(),
  grace_ms = GRACE_MS,
): Promise<RunLock | null> {
  for (;;) {
    const left = await ask(id, locks, { signal })
    left?.release()
    if (!left) return null
    await new Promise((resolve) => setTimeout(resolve, grace_ms))
    const lock = await lockFreeRun(id, locks)
    if (!signal.aborted && lock) return lock
    lock?.release()
    if (signal.aborted) return null
  }
}

function ask(id: string, locks: Locks, options: LockOptions): Promise<RunLock | null> {
  if (!locks) return Promise.resolve({ release() {} })
  return new Promise((resolve, reject) => {
    const hold = (lock: Lock | null) =>
      lock ? new Promise<void>((release) => resolve({ release })) : Promise.resolve(resolve(null))
    locks.request(`glasshouse-run-${id}`, options, hold).catch((error: unknown) => {
      if (options.signal?.aborted) resolve(null)
      // Where the browser refuses this address any storage it refuses locks too, and there is nothing that two tabs could share.
      else if (error instanceof Error && error.name === 'SecurityError') resolve({ release() {} })
      else reject(error)
    })
  })
}
