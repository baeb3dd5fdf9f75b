// What goes wrong around the page never takes it: a disk that refuses the first save is told once, and training goes on in sight.
import { expect, test } from 'vitest'
import { m } from '../../src/ui/messages'
import * as b from './browser'

const tab = b.openTab({ webgpu: false })

test('a disk that refuses the first save is told once, and the page goes on', async () => {
  const { page, site } = tab
  const session = await page.context().newCDPSession(page)
  const origin = new URL(site.address).origin
  await session.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: 20_000 })
  await b.prepare(page, { steps: 100_000 })
  await b.go(page)
  const at = await b.stepOf(page)
  await b.reach(page, at + 20)
  const told = page.getByRole('list', { name: m.train.events }).getByText(/could not be saved/)
  await expect.poll(() => told.count()).toBe(1)
  expect(await page.getByRole('log').getByText(/could not be saved/).count()).toBe(1)
  await b.pause(page)
  const errors = tab.browser.complaints
  expect(errors).toEqual([])
})
