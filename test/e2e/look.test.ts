// Looking inside in the page: every view of the model that comes with it, before anything is trained, and of a run while it trains.
import { readFileSync } from 'node:fs'
import type { Page } from 'playwright-core'
import { beforeAll, describe, expect, test } from 'vitest'
import { PANELS } from '../../src/ui/look/panels'
import { m } from '../../src/ui/look/words'
import * as b from './browser'
import { serious, shoot, widerThanPage } from './looks'

const open = async (page: Page, panel: (typeof PANELS)[number]) => {
  await page.getByText(m.look.panels[panel], { exact: true }).first().click()
  await page.getByText(m.look.loading).waitFor({ state: 'hidden' })
  await page.getByText(m.look.asking).first().waitFor({ state: 'hidden' })
}

describe('the model that comes with the page', () => {
  const tab = b.openTab({ webgpu: false })
  let page: Page
  beforeAll(async () => {
    page = tab.page
    await b.stage(page, 'look').click()
    await page.getByLabel(m.look.text).waitFor()
  })

  test.each(PANELS)('%s: says something, has nothing serious for axe, and fits a phone', async (panel) => {
    await open(page, panel)
    expect(await page.locator('.note.error').count()).toBe(0)
    expect(await serious(page)).toEqual([])
    await shoot(page, `look-${panel}-1440-light`)
    await page.setViewportSize({ width: 390, height: 844 })
    expect(await widerThanPage(page)).toBeLessThanOrEqual(0)
    await shoot(page, `look-${panel}-390-light`)
    await page.setViewportSize({ width: 1440, height: 900 })
  })

  test('a view is saved as a picture, named after model, step and view', async () => {
    await open(page, 'off')
    const saved = page.waitForEvent('download')
    await page.getByRole('button', { name: m.look.picture }).click()
    const download = await saved
    expect(download.suggestedFilename()).toMatch(/-step-\d+-off\.png$/)
    const png = readFileSync(await download.path())
    const [width, height] = [png.readUInt32BE(16), png.readUInt32BE(20)]
    expect(png.toString('latin1', 1, 4)).toBe('PNG')
    expect(width).toBeGreaterThan(1000)
    expect(height).toBeGreaterThan(1000)
    // Words and figures, not an empty sheet of its one colour.
    expect(png.length).toBeGreaterThan(40_000)
    // Its fonts were had, and the page's policy refused nothing.
    expect(tab.browser.complaints).toEqual([])
  })

  test('a kept step stands beside it, and what a text lacks is said', async () => {
    await open(page, 'attention')
    await page.getByLabel(m.strip.scrub).focus()
    await page.keyboard.press('ArrowLeft')
    await page.getByRole('radio', { name: m.look.slots.showNames.difference }).waitFor({ state: 'attached' })
    await page.getByLabel(m.look.text).fill('')
    await page.getByText('There is no text to look at').first().waitFor()
    await page.getByLabel(m.look.text).fill('The whale')
    await page.getByText('There is no text to look at').first().waitFor({ state: 'hidden' })
  })

  test('keys walk through layers, heads and kept steps, and not while somebody types', async () => {
    const head = (layer: number, at: number) => page.getByRole('heading', { name: m.look.attention.focus(layer, at) })
    await page.locator('main').focus()
    for (const key of [']', '}']) await page.keyboard.press(key)
    await head(1, 1).waitFor()
    for (const key of ['[', '{']) await page.keyboard.press(key)
    await head(0, 0).waitFor()
    const step = await page.getByLabel(m.look.slots.scrub('A')).getAttribute('aria-valuetext')
    await page.keyboard.press(',')
    await expect.poll(() => page.getByLabel(m.look.slots.scrub('A')).getAttribute('aria-valuetext')).not.toBe(step)
    await page.getByLabel(m.look.text).press(']')
    await head(0, 0).waitFor()
  })

  test('it writes in Chat', async () => {
    await b.stage(page, 'chat').click()
    await page.getByRole('button', { name: m.chat.generate, exact: true }).click()
    await page.getByText(m.chat.writing, { exact: false }).waitFor({ state: 'hidden' })
    await page.getByText(m.chat.ended.length(300)).waitFor()
  })
})

describe('a run', () => {
  const tab = b.openTab({ webgpu: false, dark: true })

  test('is looked into while it trains, and at its kept steps after a reload', async () => {
    const { page } = tab
    await b.prepare(page, { steps: 400 })
    await b.go(page)
    await b.stage(page, 'look').click()
    await page.getByLabel(m.look.text).waitFor()
    await page.getByRole('slider', { name: m.look.attention.alt(0, 0) }).waitFor()
    await shoot(page, 'look-training-1440-dark')
    await b.finished(page)
    await page.reload()
    await page.getByLabel(m.look.slots.scrub('A')).focus()
    await page.keyboard.press('Home')
    await page.getByText(m.look.slots.step(0), { exact: true }).first().waitFor()
    await page.getByRole('button', { name: m.look.slots.fork(0) }).click()
    await page.getByRole('heading', { level: 1, name: /from step 0/ }).waitFor()
  })
})
