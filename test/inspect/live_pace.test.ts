// How often a run that trains is asked: the clock is a number here.
import { expect, test, vi } from 'vitest'
import { LivePace } from '../../src/inspect/live_pace'

test('four times a second at most, and a twentieth of the time', async () => {
  let now = 1000
  const clock = vi.spyOn(performance, 'now').mockImplementation(() => now)
  const pace = new LivePace()
  expect(pace.wait_ms).toBe(0)
  const taking = (ms: number) => () => {
    now += ms
    return Promise.resolve(ms)
  }
  expect(await pace.ask(taking(2))).toBe(2)
  expect(pace.wait_ms).toBe(248)
  now += 248
  expect(pace.wait_ms).toBe(0)
  await pace.ask(taking(40))
  // 40 ms are a twentieth of 800.
  expect(pace.wait_ms).toBe(760)
  now += 5000
  expect(pace.wait_ms).toBe(0)
  clock.mockRestore()
})
