// Long work in short turns. It is written as a generator that yields the share that is done. It can be run at once, or with pauses
// in which others work and it may be called off.

/** Work takes turns of so long. */
const TURN_MS = 20

/** The work as a part of more: its share runs from `from` to `to`. */
export function* within<T>(work: Generator<number, T>, from: number, to: number): Generator<number, T> {
  for (;;) {
    const { done, value } = work.next()
    if (done) return value
    yield from + (to - from) * value
  }
}

/** UTF-16 units of a text that are worked on before the clock is looked at. */
const SLICE = 1 << 16

/** Does the work on a text slice by slice; no slice ends within a surrogate pair. */
export function* slices(text: string, work: (slice: string) => void): Generator<number, void> {
  for (let from = 0; from < text.length;) {
    let to = Math.min(text.length, from + SLICE)
    if (to < text.length && isLowSurrogate(text.charCodeAt(to))) to++
    work(text.slice(from, to))
    from = to
    yield from / text.length
  }
}

const isLowSurrogate = (unit: number) => (unit & 0xfc00) === 0xdc00

/** Runs it to its end. */
export function atOnce<T>(work: Generator<number, T>): T {
  for (;;) {
    const { done, value } = work.next()
    if (done) return value
  }
}

/** Lets messages and timers through. A timer would do, but browsers hold nested timers back by 4 ms, and in a hidden tab by a second. */
export function macrotask(): Promise<void> {
  const { port1, port2 } = new MessageChannel()
  return new Promise((resolve) => {
    port1.onmessage = () => {
      port1.close()
      resolve()
    }
    port2.postMessage(null)
  })
}

/** Runs it with `pause` awaited every 20 ms, and told the share that is done. What `pause` throws ends the work. */
export async function paced<T>(work: Generator<number, T>, pause: (share: number) => Promise<unknown>): Promise<T> {
  let since = performance.now()
  for (;;) {
    const { done, value } = work.next()
    if (done) return value
    if (performance.now() - since < TURN_MS) continue
    await pause(value)
    since = performance.now()
  }
}
