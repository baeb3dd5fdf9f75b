// How many steps fly, on a device whose time is the test's own: busy all the time, even where finished work is seen late.
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Flight } from '../../src/train/flight'

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }))
afterEach(() => void vi.useRealTimers())

/** A device that takes `ms` a step and a browser that looks for finished steps every `poll` ms, or at once (0). */
function device(ms: number, poll: number) {
  let free = 0
  return {
    step(): Promise<void> {
      free = Math.max(free, performance.now()) + ms
      const seen = poll === 0 ? free : Math.ceil(free / poll) * poll
      return new Promise((resolve) => setTimeout(resolve, seen - performance.now()))
    },
  }
}

/** Steps submitted in `ms`, and how long the rest then takes to land; a step costs this side some microseconds. */
async function fly(flight: Flight, step: () => Promise<void>, ms: number) {
  const end = performance.now() + ms
  let steps = 0
  let done = false
  const flying = (async () => {
    while (performance.now() < end) {
      steps++
      await flight.take(step())
    }
    done = true
  })()
  while (!done) await vi.advanceTimersToNextTimerAsync()
  await flying
  const from = performance.now()
  const landing = flight.end()
  await vi.advanceTimersByTimeAsync(1000)
  let drained = 0
  await landing.then(() => (drained = performance.now()))
  return { steps, from, drained }
}

test('where the end of a step is told at once, three fly', async () => {
  for (const ms of [1, 30, 400]) {
    const flight = new Flight()
    const { steps } = await fly(flight, device(ms, 0).step, 4000)
    expect(flight.most).toBe(3)
    expect(steps).toBeGreaterThanOrEqual(4000 / ms)
  }
})

test('where it is told every 100 ms, enough fly to keep the device busy, and a pause ends soon', async () => {
  const flight = new Flight()
  const { step } = device(1, 100)
  await fly(flight, step, 3000)
  expect(flight.most).toBeGreaterThan(100)
  // Grown to it, the device does what it can: 1,000 steps a second.
  const { steps } = await fly(flight, step, 2000)
  expect(steps).toBeGreaterThan(1900)
  const started = performance.now()
  for (let i = 0; i < flight.most - 1; i++) void flight.take(step())
  const landing = flight.end().then(() => performance.now() - started)
  await vi.advanceTimersByTimeAsync(1000)
  expect(await landing).toBeLessThanOrEqual(250)
})

test('slow steps stay few, however late their end is told', async () => {
  const flight = new Flight()
  const { steps } = await fly(flight, device(120, 100).step, 6000)
  expect(flight.most).toBe(3)
  expect(steps).toBeGreaterThan(45)
})

test('a step that fails is heard of, and nothing is left behind', async () => {
  const flight = new Flight()
  const { step } = device(1, 0)
  void flight.take(step())
  void flight.take(Promise.reject(new Error('lost')))
  const third = flight.take(step())
  const outcome = expect(third.then(() => flight.take(step()))).rejects.toThrow('lost')
  await vi.advanceTimersByTimeAsync(100)
  await outcome
})
