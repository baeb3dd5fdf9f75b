// Parts of the page that are loaded when they are needed: one whose file does not come says so in its place, with a way out.
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Page } from 'playwright-core'
import { m } from '../../src/ui/messages'
import * as b from './browser'

const FILES = /\/assets\/(Model|Keys)-[^/]*\.js$/
const profile = b.newProfile()
let site: Awaited<ReturnType<typeof b.serveDist>>
let browser: b.Browser
let page: Page

beforeAll(async () => {
  site = await b.serveDist()
  browser = await b.openBrowser(profile.folder, { webgpu: false })
  await browser.context.route(FILES, (route) => route.abort())
  page = await b.open(browser, site.address)
})
afterAll(async () => {
  await browser.close()
  site.close()
  profile.forget()
})

const main = () => page.locator('main')
const alert = () => main().getByRole('alert')
const again = () => alert().getByRole('button', { name: m.errors.again })
const heading = () => main().getByRole('heading', { level: 1 })

test('a stage whose file does not come says so, and is shown once it does', async () => {
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
  await browser.context.unroute(FILES)
  await again().click()
  await alert().waitFor({ state: 'detached' })
  await heading().waitFor()
  await page.keyboard.press('?')
  await page.getByRole('dialog', { name: m.keys.title }).waitFor()
})
