// What happens to tabs while a run trains in them: reloaded, left and come back to, frozen, closed beside another, with a worker that
// fails. On the CPU engine, which takes a step in milliseconds.
import type { Page } from 'playwright-core'
import { afterEach, describe, expect, test } from 'vitest'
import { m } from '../../src/ui/messages'
import * as b from './browser'

const tab = b.openTab({ webgpu: false })

const SAVED = /saved at step ([\d,]+), (\d+) (s|min) ago/
/** The step of the newest save, as the strip says it. */
async function savedStep(page: Page): Promise<number> {
  const [, step = '0'] = SAVED.exec(await b.strip(page).innerText()) ?? []
  return Number(step.replaceAll(',', ''))
}
async function savedBeyond(page: Page, step: number): Promise<number> {
  await expect.poll(() => savedStep(page)).toBeGreaterThan(step)
  return savedStep(page)
}
const paused = (page: Page) => b.strip(page).getByText(m.strip.state.paused).waitFor()
const runs = (page: Page) => page.getByRole('main').getByRole('listitem')

/** A run that would train for hours. */
async function train(page: Page) {
  await b.prepare(page, { steps: 100_000, fields: { eval_interval: 100_000 } })
  await b.go(page)
}

describe('one tab', () => {
  afterEach(() => expect(tab.browser.complaints).toEqual([]))

  test('reloaded a few seconds after a run began, it goes on from there', async () => {
    const { page } = tab
    await train(page)
    const saved = await savedBeyond(page, 0)
    await page.reload()
    await b.opened(page)
    await paused(page)
    expect(await b.stepOf(page)).toBeGreaterThanOrEqual(saved)
    expect(await savedStep(page)).toBe(await b.stepOf(page))
  })

  test('left and come back to, it goes on', async () => {
    const { page } = tab
    await b.resume(page)
    const saved = await savedBeyond(page, await b.stepOf(page))
    await page.goto('about:blank')
    await page.goBack({ waitUntil: 'commit' })
    await b.opened(page)
    await paused(page)
    expect(await b.stepOf(page)).toBeGreaterThanOrEqual(saved)
  })

  test('frozen and brought back, it has saved, and trains on', async () => {
    const { page } = tab
    await b.resume(page)
    const saved = await savedBeyond(page, await b.stepOf(page))
    const session = await page.context().newCDPSession(page)
    await session.send('Page.setWebLifecycleState', { state: 'frozen' })
    await session.send('Page.setWebLifecycleState', { state: 'active' })
    await savedBeyond(page, saved)
    await b.reach(page, (await b.stepOf(page)) + 20)
    await b.pause(page)
    expect(await savedStep(page)).toBe(await b.stepOf(page))
  })

  test('its worker fails: the page says so, and opens another with what was saved', async () => {
    const { page } = tab
    await b.resume(page)
    const saved = await savedBeyond(page, await b.stepOf(page))
    await page.workers()[0]!.evaluate('setTimeout(() => { throw new Error("a fault of the test") })')
    await page.getByRole('heading', { name: m.errors.stopped }).waitFor()
    await page.getByText(/The worker stopped \(.*a fault of the test\)/).waitFor()
    await page.getByRole('button', { name: m.errors.openAgain }).click()
    await paused(page)
    expect(await b.stepOf(page)).toBeGreaterThanOrEqual(saved)
    await b.resume(page)
    await b.reach(page, saved + 20)
    await b.pause(page)
    expect(tab.browser.complaints.filter((text) => !text.includes('a fault of the test'))).toEqual([])
    tab.browser.complaints.length = 0
  })
})

test('two tabs: one looks at what the other trains, hears its name, and has it once the other is closed', async () => {
  const { page } = tab
  const step = await b.stepOf(page)
  const second = await tab.browser.context.newPage()
  await second.goto(tab.site.address)
  await b.opened(second)
  // A new tab leaves the run to the tab that has it open.
  await b.strip(second).getByText(m.strip.state.recorded).waitFor()
  await b.stage(second, 'runs').click()
  await second.getByRole('button', { name: m.runs.open, exact: true }).click()
  await b.strip(second).getByText(m.strip.state.readOnly).waitFor()

  await b.stage(page, 'runs').click()
  await page.getByRole('button', { name: m.runs.rename }).click()
  await page.getByRole('textbox').fill('A new name')
  await page.getByRole('button', { name: m.runs.save, exact: true }).click()
  await second.getByRole('heading', { level: 1, name: 'A new name' }).waitFor()
  await page.getByRole('button', { name: m.runs.duplicate }).click()
  await b.stage(second, 'runs').click()
  await expect.poll(() => runs(second).count()).toBe(2)

  // A copy that is opened and reloaded is this tab's own, whatever the other had open last.
  await second.reload()
  await b.opened(second)
  await b.strip(second).getByText(m.strip.state.readOnly).waitFor()
  await page.close()
  await paused(second)
  expect(await b.stepOf(second)).toBe(step)
  await b.resume(second)
  await b.reach(second, step + 5)
  await b.pause(second)
  expect(tab.browser.complaints).toEqual([])
})
