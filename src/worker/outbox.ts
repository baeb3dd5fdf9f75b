// What goes up to the page, in order: at most one message a frame, however fast a run reports. A training loop never rests long
// enough for timers to be relied on, so it also ticks the outbox itself.
import type { LabEvent } from './protocol'

/** One frame at 60 a second. */
const FRAME_MS = 16

export class Outbox {
  readonly #send: (events: LabEvent[]) => void
  readonly #now: () => number
  #events: LabEvent[] = []
  #sent = -Infinity
  #timer: ReturnType<typeof setTimeout> | null = null

  constructor(send: (events: LabEvent[]) => void, now = () => performance.now()) {
    this.#send = send
    this.#now = now
  }

  push(event: LabEvent): void {
    this.#events.push(event)
    this.tick()
    if (this.#events.length > 0) this.#timer ??= setTimeout(() => this.flush(), FRAME_MS)
  }

  /** Sends what is there, if the last message is a frame ago. */
  tick(): void {
    if (this.#now() - this.#sent >= FRAME_MS) this.flush()
  }

  flush(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    if (this.#events.length === 0) return
    const events = this.#events
    this.#events = []
    this.#sent = this.#now()
    this.#send(events)
  }
}
