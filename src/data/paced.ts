// Long work in short turns: written as a generator that yields the share that is done, it can be run at once, or with pauses in
// which others work and it may be called off.

/** Work takes turns of so long. */
const TURN_MS = 20

/** Runs it to its end. */
export function atOnce<T>(work: Generator<number, T>): T {
  for (;;) {
    const { done, value } = work.next()
    if (done) return value
  }
}

/** Runs it with `pause` awaited every 20 ms, and told the share that is done. What `pause` throws ends it; null where it says false. */
export async function paced<T>(
  work: Generator<number, T>,
  pause: (share: number) => Promise<unknown>,
): Promise<T | null> {
  let since = performance.now()
  for (;;) {
    const { done, value } = work.next()
    if (done) return value
    if (performance.now() - since < TURN_MS) continue
    if ((await pause(value)) === false) return null
    since = performance.now()
  }
}
