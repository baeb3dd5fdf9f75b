// A browser that looks for finished work by a clock is found out and made to look; one that tells at once is left alone.
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Nudge } from '../../src/gpu/nudge'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** A queue whose work is done at once; who waits for it hears when the browser looks: by a clock and at each submit, or at once (0). */
function browser(clock: number) {
  let waiting: (() => void)[] = []
  const look = () => {
    for (const resolve of waiting) resolve()
    waiting = []
  }
  if (clock > 0) setInterval(look, clock)
  const queue = {
    submit: vi.fn(look),
    onSubmittedWorkDone: () => new Promise<void>((resolve) => (clock > 0 ? waiting.push(resolve) : resolve())),
  }
  return { queue, nudge: new Nudge(() => queue.submit()) }
}

/** Milliseconds until an answer is heard. */
async function heard({ queue, nudge }: ReturnType<typeof browser>): Promise<number> {
  const from = performance.now()
  let at = NaN
  void nudge.wait(queue.onSubmittedWorkDone()).then(() => (at = performance.now() - from))
  await vi.advanceTimersByTimeAsync(200)
  return at
}

test('where answers come by a clock, nothing is submitted until they come, and no longer', async () => {
  const b = browser(100)
  void b.nudge.probe(b.queue.onSubmittedWorkDone)
  expect(await heard(b)).toBe(100)
  await vi.advanceTimersByTimeAsync(300)
  expect(await heard(b)).toBeLessThanOrEqual(4)
  const { length } = b.queue.submit.mock.calls
  await vi.advanceTimersByTimeAsync(1000)
  expect(b.queue.submit.mock.calls).toHaveLength(length)
})

test('where answers come at once, also after a late one, nothing is submitted', async () => {
  const b = browser(0)
  const probing = b.nudge.probe(b.queue.onSubmittedWorkDone)
  // A busy thread: the first answer is heard late.
  vi.setSystemTime(Date.now() + 500)
  await probing
  await heard(b)
  expect(b.queue.submit).not.toHaveBeenCalled()
})
