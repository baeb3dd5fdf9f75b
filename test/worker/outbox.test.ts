// What goes up: in order, at most one message a frame, and without timers when the loop ticks.
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Outbox } from '../../src/worker/outbox'
import type { LabEvent } from '../../src/worker/protocol'

const event = (step: number): LabEvent => ({
  type: 'run',
  run: 'a',
  event: { type: 'checkpoint', step, size_bytes: 0 },
})
const steps = (messages: LabEvent[][]) =>
  messages.map((events) => events.map((e) => (e.type === 'run' && e.event.type === 'checkpoint' ? e.event.step : -1)))

let sent: LabEvent[][]
let outbox: Outbox
beforeEach(() => {
  vi.useFakeTimers()
  sent = []
  outbox = new Outbox((events) => sent.push(events), Date.now)
})
afterEach(() => vi.useRealTimers())

test('the first goes at once, those of one frame together, in order', () => {
  for (let i = 0; i < 5; i++) outbox.push(event(i))
  expect(steps(sent)).toEqual([[0]])
  vi.advanceTimersByTime(16)
  expect(steps(sent)).toEqual([[0], [1, 2, 3, 4]])
})

test('a second of a thousand events is at most 64 messages, and nothing is lost', () => {
  for (let i = 0; i < 1000; i++) {
    outbox.push(event(i))
    vi.advanceTimersByTime(1)
  }
  vi.advanceTimersByTime(100)
  // One at once, one a frame, and the rest.
  expect(sent.length).toBeLessThanOrEqual(2 + 1000 / 16)
  expect(steps(sent).flat()).toEqual(Array.from({ length: 1000 }, (_, i) => i))
})

test('where timers do not run, ticks send', () => {
  outbox.push(event(0))
  outbox.push(event(1))
  vi.setSystemTime(Date.now() + 10)
  outbox.tick()
  expect(steps(sent)).toEqual([[0]])
  vi.setSystemTime(Date.now() + 10)
  outbox.tick()
  expect(steps(sent)).toEqual([[0], [1]])
  // The timer that was set has nothing left to send.
  vi.advanceTimersByTime(100)
  expect(sent).toHaveLength(2)
})
