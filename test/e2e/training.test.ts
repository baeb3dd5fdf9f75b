// A person's first minutes on the built page: the button, the falling loss, a sample, a pause, a reload, and on from there;
// then what is kept of a run, in Runs.
import { beforeAll, describe, expect, test } from 'vitest'
import type { Page } from 'playwright-core'
import { m } from '../../src/ui/messages'
import * as b from './browser'
import { shoot } from './looks'

describe('training on the page', () => {
  // Under a sub-path, where the kernels’ and the worker’s files must be found too.
  const tab = b.openTab({ path: b.SUB_PATH })
  let page: Page
  beforeAll(() => {
    page = tab.page
  })

  test('it opens on WebGPU with a recorded run, nothing missing', async () => {
    await page.getByRole('heading', { level: 1, name: m.recorded.title }).waitFor()
    await page.getByText(m.promise).first().waitFor()
    expect(await page.locator('.tools .engine').textContent()).toBe(m.device.gpu)
    expect(tab.site.missing).toEqual([])
    await shoot(page, 'first-1440-light', false)
  })

  test('the button trains: the loss falls and samples appear', async () => {
    await b.prepare(page, { steps: 100_000, fields: { eval_interval: 25 } })
    await b.go(page)
    const first = Number(await b.figure(page, m.strip.loss).textContent())
    expect(first).toBeGreaterThan(2)
    await b.reach(page, 100)
    const later = Number(await b.figure(page, m.strip.loss).textContent())
    expect(later).toBeLessThan(first - 0.3)
    await page.getByRole('heading', { name: m.train.sampleStep(50) }).waitFor()
    await expect.poll(() => page.title()).toMatch(/^\d+ · \d\.\d\d · Glasshouse$/)
    await shoot(page, 'training-1440-light')
  })

  test('pause stops at a step; one step is one step', async () => {
    await b.pause(page)
    const step = await b.stepOf(page)
    await page.waitForTimeout(300)
    expect(await b.stepOf(page)).toBe(step)
    await b.strip(page).getByRole('button', { name: m.strip.step }).click()
    await expect.poll(() => b.stepOf(page)).toBe(step + 1)
    await b
      .strip(page)
      .getByText(m.strip.saved(step + 1, null))
      .waitFor()
  })

  test('a reload loses nothing: same step, same loss, and on it goes', async () => {
    const step = await b.stepOf(page)
    const loss = await b.figure(page, m.strip.loss).textContent()
    await page.reload()
    await b.opened(page)
    await expect.poll(() => b.stepOf(page)).toBe(step)
    expect(await b.figure(page, m.strip.loss).textContent()).toBe(loss)
    await b.resume(page)
    await b.reach(page, step + 3)
    await b.pause(page)
  })

  test('the device may go away in the middle of a run', async () => {
    const step = await b.stepOf(page)
    await b.resume(page)
    await b.reach(page, step + 2)
    await page.getByRole('button', { name: m.device.title }).click()
    await page.locator('summary', { hasText: m.device.lose }).click()
    await page.getByRole('button', { name: m.device.lose }).click()
    await page.keyboard.press('Escape')
    await page
      .getByText(/graphics device was lost|GPU went away/i)
      .first()
      // A new device compiles everything anew.
      .waitFor()
    await b.reach(page, step + 6)
    await b.pause(page)
  })

  test('the model writes on demand, token by token', async () => {
    await b.stage(page, 'chat').click()
    await page.getByLabel(m.chat.prompt).fill('the cat')
    await page.getByLabel(m.chat.max_tokens).fill('40')
    await page.getByRole('button', { name: m.chat.generate }).click()
    await page.getByText(m.chat.ended.length(40)).waitFor()
    await shoot(page, 'chat-1440-light')
  })

  test('keys work where nobody types', async () => {
    await page.locator('main').focus()
    await page.keyboard.press('3')
    await page.getByRole('heading', { level: 1, name: m.model.title }).waitFor()
    await page.goBack()
    await page.getByRole('heading', { level: 1, name: m.chat.title }).waitFor()
    await page.getByLabel(m.chat.prompt).press('3')
    expect(await page.getByLabel(m.chat.prompt).inputValue()).toContain('3')
  })

  test('runs: rename, duplicate, export, delete, undo', async () => {
    await b.stage(page, 'runs').click()
    await page.getByRole('button', { name: m.runs.rename }).first().click()
    await page.getByLabel(m.runs.renameLabel(m.data.pasteName), { exact: false }).fill('Cats and hats')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'Cats and hats' }).waitFor()
    await page.getByRole('button', { name: m.runs.duplicate }).click()
    await expect.poll(() => page.locator('main li h2').count()).toBe(2)
    const { checkpoint, extra } = await b.exported(page)
    expect(checkpoint.meta.spec.config.n_embd).toBe(16)
    expect(new TextDecoder().decode(extra.text ?? new Uint8Array())).toBe(b.TEXT)
    await shoot(page, 'runs-1440-light')
    await page.locator('main li:not(.isOpen)').getByRole('button', { name: m.runs.delete }).click()
    await expect.poll(() => page.locator('main li h2').count()).toBe(1)
    await page.getByRole('button', { name: m.undo, exact: true }).first().click()
    await expect.poll(() => page.locator('main li h2').count()).toBe(2)
    await page.reload()
    await b.opened(page)
    await expect.poll(() => page.locator('main li h2').count()).toBe(2)
  })

  test('a second tab on the run may look, not touch, and says why', async () => {
    await b.stage(tab.page, 'runs').click()
    const name = await tab.page.locator('main li.isOpen h2').innerText()
    const second = await tab.browser.context.newPage()
    await second.goto(`${tab.address}#/runs`)
    await b.opened(second)
    // A new tab leaves the run to the tab that has it open, until it is asked for.
    const run = second.locator('main li', { has: second.getByRole('heading', { name, exact: true }) })
    await run.getByRole('button', { name: m.runs.open, exact: true }).click()
    await second.getByText(`${m.runs.readOnly}.`).first().waitFor()
    const start = b.strip(second).getByRole('button', { name: m.strip.resume })
    expect(await start.isDisabled()).toBe(true)
    await shoot(second, 'read-only-1440-light')
    await second.close()
  })

  test('nobody complained, nothing was missing', () => {
    expect(tab.browser.complaints).toEqual([])
    expect(tab.site.missing).toEqual([])
  })
})
