// What a page does when it is about to go: one save at the first sign, and, where it goes for good, a moment for its worker.
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { onLeaving } from '../../../src/ui/state/leaving'

let page: EventTarget
beforeEach(() => {
  page = new EventTarget()
  vi.stubGlobal('addEventListener', page.addEventListener.bind(page))
})
afterEach(() => {
  vi.unstubAllGlobals()
  vi.restoreAllMocks()
})

const say = (type: string, more: object = {}) => page.dispatchEvent(Object.assign(new Event(type), more))
const visible = (visibilityState: string) => vi.stubGlobal('document', { visibilityState })

test('hidden, frozen or left, it saves, and once for signs that come together', async () => {
  let end = () => {}
  const save = vi.fn(() => new Promise<void>((resolve) => (end = resolve)))
  onLeaving(save, () => false)
  visible('visible')
  say('visibilitychange')
  expect(save).not.toHaveBeenCalled()
  visible('hidden')
  say('visibilitychange')
  say('freeze')
  say('pagehide', { persisted: false })
  expect(save).toHaveBeenCalledTimes(1)
  end()
  await new Promise((resolve) => setTimeout(resolve))
  say('freeze')
  expect(save).toHaveBeenCalledTimes(2)
})

test('only a page that goes for good while a run is ahead of its disk holds on', () => {
  let now = 0
  vi.spyOn(performance, 'now').mockImplementation(() => (now += 10))
  let behind = false
  onLeaving(
    () => Promise.reject(new Error('the worker is gone')),
    () => behind,
  )
  say('pagehide', { persisted: false })
  expect(now).toBe(0)
  behind = true
  say('pagehide', { persisted: true })
  expect(now).toBe(0)
  say('pagehide', { persisted: false })
  expect(now).toBeGreaterThanOrEqual(250)
})
