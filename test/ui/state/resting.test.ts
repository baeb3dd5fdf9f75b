// When training leaves the other cores alone: in a hidden page, and on a battery that runs low.
import { expect, test, vi } from 'vitest'
import { stubBrowser } from '../page_env'

test('a hidden page rests, and so does one on a low battery, where the browser tells of it', async () => {
  stubBrowser()
  const page = new EventTarget()
  const document = { visibilityState: 'visible' }
  const battery = Object.assign(new EventTarget(), { charging: false, level: 0.5 })
  vi.stubGlobal('document', document)
  vi.stubGlobal('addEventListener', page.addEventListener.bind(page))
  vi.stubGlobal('navigator', { getBattery: () => Promise.resolve(battery) })
  const { onResting } = await import('../../../src/ui/state/resting')
  const told: boolean[] = []
  onResting((resting) => told.push(resting))
  const change = (visibilityState: string, level: number, charging: boolean) => {
    Object.assign(battery, { level, charging })
    document.visibilityState = visibilityState
    page.dispatchEvent(new Event('visibilitychange'))
    battery.dispatchEvent(new Event('levelchange'))
    return told.at(-1)
  }
  await Promise.resolve()
  expect(told).toEqual([false])
  expect(change('hidden', 0.5, false)).toBe(true)
  expect(change('visible', 0.5, false)).toBe(false)
  expect(change('visible', 0.15, false)).toBe(true)
  expect(change('visible', 0.15, true)).toBe(false)
  expect(told).toHaveLength(5)
})
