// Parts of the page that are loaded when they are needed: one whose file does not come says so in its place, with a way out.
import { expect, test } from 'vitest'
import { m } from '../../src/ui/messages'
import * as b from './browser'

const tab = b.openTab({ webgpu: false })
const alert = () => tab.page.locator('main').getByRole('alert')
const again = () => alert().getByRole('button', { name: m.errors.again })
const heading = () => tab.page.locator('main').getByRole('heading', { level: 1 })

test('a stage whose file does not come says so, and is shown once it does', async () => {
  const { page } = tab
  const address = /\/assets\/(Model|Keys)-[^/]*\.js$/
  await page.route(address, (route) => route.abort())
  await page.reload()
  await b.stage(page, 'model').click()
  await alert().waitFor()
  expect(await alert().textContent()).toContain('could not be loaded')
  expect(await alert().getByRole('button', { name: m.errors.reload }).count()).toBe(1)
  await page.keyboard.press('?')
  const sheet = page.locator('.sheet').getByRole('alert')
  await sheet.getByRole('button', { name: m.close }).click()
  await sheet.waitFor({ state: 'detached' })
  // Any other stage goes on.
  await b.stage(page, 'tokens').click()
  await heading().waitFor()
  await b.stage(page, 'model').click()
  await again().waitFor()
  await page.unroute(address)
  await again().click()
  await alert().waitFor({ state: 'detached' })
  await heading().waitFor()
  expect(await page.evaluate(() => document.activeElement?.tagName)).not.toBe(undefined)
})
