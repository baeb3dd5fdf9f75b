// What goes wrong never takes the page: the same is told twice at one step, the disk refuses the first save, a part of the page throws
// and stands again, an error comes where nobody catches it. The run goes on, in sight.
import { expect, test } from 'vitest'
import { m } from '../../src/ui/messages'
import * as b from './browser'

const tab = b.openTab({ webgpu: false })
const RATES = ['0.002', '0.003', '0.002', '0.003']

const marks = () => tab.page.getByRole('list', { name: m.train.events })
const toasts = () => tab.page.getByRole('log')
const failed = () => tab.page.getByRole('alert')

/** The strip counts on. */
async function counts() {
  await b.reach(tab.page, (await b.stepOf(tab.page)) + 20)
}

test('a disk that refuses the first save is told once, and training goes on in sight', async () => {
  const { page, site } = tab
  const session = await page.context().newCDPSession(page)
  const quota = (size?: object) =>
    session.send('Storage.overrideQuotaForOrigin', { origin: new URL(site.address).origin, ...size })
  await quota({ quotaSize: 20_000 })
  await b.prepare(page, { steps: 1_000_000, fields: { eval_interval: 100_000, min_lr: 0.0001 } })
  await b.go(page)
  await counts()
  await expect
    .poll(() =>
      marks()
        .getByText(/could not be saved/)
        .count(),
    )
    .toBe(1)
  expect(
    await toasts()
      .getByText(/could not be saved/)
      .count(),
  ).toBe(1)
  await b.pause(page)
  await quota()
})

test('marks that say the same at one step all stand on the curve, and the page goes on', async () => {
  const { page } = tab
  await b.stage(page, 'model').click()
  if (!(await page.locator('#field-learning_rate').isVisible())) await page.getByText(m.model.advanced).click()
  for (const rate of RATES) {
    await page.locator('#field-learning_rate').fill(rate)
    await page.locator('#field-learning_rate').press('Tab')
    await page.getByRole('button', { name: m.model.applyNow(['Learning rate']) }).click()
    await page.getByRole('button', { name: m.model.applyNow(['Learning rate']) }).waitFor({ state: 'detached' })
  }
  await b.stage(page, 'train').click()
  await expect.poll(() => marks().getByText('learning_rate 0.002 → 0.003').count()).toBe(2)
  await b.resume(page)
  await counts()
  expect(tab.browser.complaints).toEqual([])
})

test('a part that throws says so in its place, the strip counts on, and it stands again', async () => {
  const { page } = tab
  const chart = page.getByRole('slider', { name: m.train.cursor })
  await chart.waitFor()
  // The chart waits for the page's fonts.
  await page.evaluate(() =>
    Object.defineProperty(document, 'fonts', {
      configurable: true,
      get() {
        throw new Error('no fonts here')
      },
    }),
  )
  await b.stage(page, 'data').click()
  await b.stage(page, 'train').click()
  await failed().getByText(m.errors.part(m.errors.parts.chart)).waitFor()
  await failed().getByText(m.errors.partWhy('no fonts here')).waitFor()
  expect(await chart.count()).toBe(0)
  await counts()
  const download = page.waitForEvent('download')
  await failed().getByRole('button', { name: m.errors.exportRun }).click()
  expect((await download).suggestedFilename()).toMatch(/\.safetensors$/)
  // Still broken, it says so again.
  await failed().getByRole('button', { name: m.errors.again }).click()
  await failed().getByText(m.errors.partWhy('no fonts here')).waitFor()
  await page.evaluate(() => Reflect.deleteProperty(document, 'fonts'))
  await failed().getByRole('button', { name: m.errors.again }).click()
  await chart.waitFor()
  expect(await failed().count()).toBe(0)
  await counts()
  expect(tab.browser.complaints.filter((text) => !text.includes('no fonts here'))).toEqual([])
  expect(
    await toasts()
      .getByText(/no fonts here/)
      .count(),
  ).toBe(0)
  tab.browser.complaints.length = 0
})

test('an error that nobody catches is told once, however often it comes', async () => {
  const { page } = tab
  const fail = () =>
    page.evaluate(async () => {
      const wait = () => new Promise((resolve) => setTimeout(resolve))
      for (let i = 0; i < 8; i++) {
        setTimeout(() => {
          throw new Error(`a handler fell over ${i} times`)
        })
        setTimeout(() => void Promise.reject(new RangeError(`a promise was broken ${i} times`)))
        await wait()
      }
    })
  await fail()
  const told = [toasts().getByText(/a handler fell over/), toasts().getByText(/a promise was broken/)]
  for (const one of told) await expect.poll(() => one.count()).toBe(1)
  await toasts().evaluate((log, name) => {
    for (const close of log.querySelectorAll<HTMLElement>(`button[aria-label="${name}"]`)) close.click()
  }, m.errors.close)
  await expect.poll(() => toasts().getByRole('button').count()).toBe(0)
  await fail()
  await counts()
  expect(
    await toasts()
      .getByText(/fell over|broken/)
      .count(),
  ).toBe(0)
  expect(tab.browser.complaints.length).toBeGreaterThanOrEqual(32)
})
