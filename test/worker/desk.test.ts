// Long work: the newest goes on, what is cancelled ends and is waited for, and how far it is is told, but not too often.
import { expect, onTestFinished, test, vi } from 'vitest'
import { macrotask } from '../../src/paced'
import { CancelledError, SupersededError } from '../../src/errors'
import { Desk, type Job } from '../../src/worker/desk'

/** A clock of the test's own until the test ends: on a busy machine a tenth of a second may pass between any two lines. */
function ownClock(): { ms: number } {
  const clock = { ms: 0 }
  const spy = vi.spyOn(performance, 'now').mockImplementation(() => clock.ms)
  onTestFinished(() => spy.mockRestore())
  return clock
}

/** Works until it is ended. */
const forever = async ({ pause }: Pick<Job<never>, 'pause'>): Promise<never> => {
  for (;;) await pause()
}

test('newer work ends the older, which it may wait for', async () => {
  const desk = new Desk()
  const order: string[] = []
  const older = desk.begin(async (job) => {
    await forever(job).catch(() => undefined)
    await macrotask()
    order.push('older ended')
    return 'what there is'
  })
  const newer = desk.begin(async ({ before }) => {
    await before
    order.push('newer began')
  })
  expect(await older).toBe('what there is')
  await newer
  expect(order).toEqual(['older ended', 'newer began'])
})

test('whoever waits for older work hears that something newer came, whatever became of it', async () => {
  const desk = new Desk()
  const failing = desk.begin(async ({ signal }) => {
    await macrotask()
    expect(signal.aborted).toBe(true)
    throw new Error('its own trouble')
  })
  const ended = expect(failing).rejects.toThrow(SupersededError)
  expect(await desk.begin(async () => 1)).toBe(1)
  await ended
})

test('work side by side ends together, and cancelling waits for its end', async () => {
  const desk = new Desk('It was called off.')
  let ended = 0
  const work = () => desk.join((job) => forever(job).finally(() => ended++))
  const asked = Promise.allSettled([work(), work()])
  await desk.cancel()
  expect(ended).toBe(2)
  for (const answer of await asked) {
    expect(answer).toMatchObject({ reason: { message: 'It was called off.' } })
    expect(answer).toMatchObject({ reason: expect.any(CancelledError) as unknown })
    expect(answer).not.toMatchObject({ reason: expect.any(SupersededError) as unknown })
  }
  // What is cancelled before it has begun does not begin later.
  expect(await desk.join(async () => 'anew')).toBe('anew')
})

test('an error is the work’s own where nobody ended it, and an idle desk can be cancelled', async () => {
  const desk = new Desk()
  await desk.cancel()
  await expect(
    desk.begin(() => {
      throw new RangeError('mine')
    }),
  ).rejects.toThrow(RangeError)
})

test('is told ten times a second at most, and each phase once at least', async () => {
  const clock = ownClock()
  const heard: (string | null)[] = []
  const desk = new Desk<{ phase: string; done: number }>(undefined, (at) => heard.push(at && `${at.phase} ${at.done}`))
  await desk.begin(async ({ tell }) => {
    for (let done = 0; done < 300; done++, clock.ms++) tell({ phase: 'read', done })
    tell({ phase: 'tokenize', done: 0 })
  })
  expect(heard).toEqual(['read 0', 'read 100', 'read 200', 'tokenize 0', null])
})

test('work without phases that is done at once is not told of, but for its end', async () => {
  ownClock()
  const heard: (number | null)[] = []
  const desk = new Desk<number>(undefined, (at) => heard.push(at))
  await desk.join(async ({ tell }) => {
    for (let i = 0; i < 1000; i++) tell(i / 1000)
  })
  expect(heard).toEqual([null])
})

test('the end is told once nothing of its kind is under way', async () => {
  const heard: (string | null)[] = []
  const desk = new Desk<{ phase: string }>(undefined, (at) => heard.push(at?.phase ?? null))
  let go = () => {}
  const gate = new Promise<void>((resolve) => (go = resolve))
  const stuck = desk.begin(async ({ tell }) => {
    tell({ phase: 'old' })
    await gate
  })
  await desk.begin(async ({ tell }) => tell({ phase: 'new' }))
  // The older one still hangs, but nobody looks at it.
  expect(heard).toEqual(['old', 'new', null])
  go()
  await stuck
  expect(heard).toEqual(['old', 'new', null])
})
