// The bench as a page: its address opens it, it measures the smallest size on this browser's device, and gives a table to copy.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { m } from '../../src/ui/messages'
import * as b from './browser'
import { shoot } from './looks'

const profile = b.newProfile()
let site: Awaited<ReturnType<typeof b.serveDist>>
let browser: b.Browser
beforeAll(async () => {
  site = await b.serveDist()
  browser = await b.openBrowser(profile.folder, { webgpu: false })
})
afterAll(async () => {
  await browser.close()
  site.close()
  profile.forget()
})

test('/#bench measures S and copies its table', async () => {
  await browser.context.grantPermissions(['clipboard-read', 'clipboard-write'])
  const page = await b.open(browser, `${site.address}#bench`)
  const dialog = page.getByRole('dialog', { name: m.bench.title })
  await dialog.getByRole('button', { name: m.bench.run }).click()
  await dialog.getByRole('table').waitFor()
  await expect(dialog.getByRole('alert').count()).resolves.toBe(0)
  const step = await dialog.getByRole('row', { name: /ms a step/ }).textContent()
  expect(step).toMatch(/\d/)
  await shoot(page, 'bench', false)
  await page.setViewportSize({ width: 390, height: 844 })
  await shoot(page, 'bench-390', false)
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390)
  await dialog.getByRole('button', { name: m.bench.copy }).click()
  await dialog.getByText(m.bench.copied).waitFor()
  const copied = await page.evaluate(() => navigator.clipboard.readText())
  expect(copied).toContain('| ms a step')
  expect(copied).toContain('| parameters')
  await page.keyboard.press('Escape')
  await dialog.waitFor({ state: 'hidden' })
  expect(browser.complaints).toEqual([])
})
