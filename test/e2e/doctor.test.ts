// The loss doctor on the page: a run that is far too hot is told so, with its numbers, and cooled by a click; a card that is waved
// away stays away; one that blew up is told of once, and begins again with a warm-up by a click.
import type { Page } from 'playwright-core'
import { beforeAll, expect, test } from 'vitest'
import { m } from '../../src/ui/messages'
import * as b from './browser'
import { serious, shoot } from './looks'

// Weights decay as fast as they grow, so that the updates stay too long for as long as the run goes on.
const HOT = { learning_rate: 0.5, min_lr: 0.5, warmup_iters: 0, weight_decay: 1, eval_interval: 10 }

const tab = b.openTab({ webgpu: false })
let page: Page
beforeAll(() => {
  page = tab.page
})
const cards = () => page.getByRole('region', { name: m.doctor.title })
const TOO_LONG = m.doctor.describe(
  {
    rule: 'update_ratio',
    step: 0,
    side: 'large',
    ratio: 1,
    learning_rate: 1,
    fix: null,
  },
  { reads: 'char', loss: m.hundredths, unit: '' },
).title

/** Looks at the page, as it stands, at two widths and in both themes. */
async function look(name: string): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const)
    for (const width of [1440, 390]) {
      await page.emulateMedia({ colorScheme })
      await page.setViewportSize({ width, height: width === 390 ? 844 : 900 })
      await page.waitForTimeout(200)
      expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth')).toBeLessThanOrEqual(0)
      expect(await serious(page)).toEqual([])
      await shoot(page, `${name}-${width}-${colorScheme}`)
    }
  await page.emulateMedia({ colorScheme: 'light' })
  await page.setViewportSize({ width: 1440, height: 900 })
}

test('of the run that the page opens with nothing is said', async () => {
  expect(await cards().count()).toBe(0)
})

test('a rate far too high is told of, with its numbers', async () => {
  await b.prepare(page, { steps: 100_000, fields: HOT })
  await b.go(page)
  await cards().getByRole('heading', { name: TOO_LONG }).waitFor()
  await b.pause(page)
  expect(await cards().textContent()).toMatch(/The last update moved the weights by 0\.\d+ of their length/)
  await look('doctor')
})

test('and a click cools it', async () => {
  const card = cards().getByRole('listitem').filter({ hasText: TOO_LONG })
  await card.getByRole('button', { name: 'Set learning rate 0.2 now' }).click()
  await card.waitFor({ state: 'detached' })
  await page
    .getByText(/learning_rate 0\.5 → 0\.2/)
    .first()
    .waitFor()
  await b.stage(page, 'model').click()
  expect(await page.locator('#field-learning_rate').inputValue()).toBe('0.2')
  await b.stage(page, 'train').click()
})

test('what is waved away stays away for this run', async () => {
  await b.resume(page)
  await cards().getByRole('listitem').first().waitFor()
  await b.pause(page)
  while ((await cards().count()) > 0)
    await cards()
      .getByRole('button', { name: m.doctor.dismissLabel('') })
      .first()
      .click()
  await b.stage(page, 'runs').click()
  await b.stage(page, 'train').click()
  expect(await cards().count()).toBe(0)
})

test('a run that blew up is told of once, and begins again with a warm-up by a click', async () => {
  // Each step makes the weights nine times as large.
  await page.getByRole('button', { name: m.train.newRun }).click()
  await b.prepare(page, {
    steps: 1000,
    fields: { ...HOT, learning_rate: 1, min_lr: 1, weight_decay: 10, grad_clip: 0 },
  })
  await b.go(page)
  const failure = page.getByRole('alert').filter({ hasText: m.train.failed })
  await failure.waitFor()
  expect(await cards().count()).toBe(0)
  await look('blown-up')
  await failure.getByRole('button', { name: 'Restart with learning rate 0.3 and warm-up 100' }).click()
  await b.stage(page, 'model').click()
  await expect.poll(() => page.locator('#field-warmup_iters').inputValue()).toBe('100')
  await b.reach(page, 1)
})

test('nobody complained', () => expect(tab.browser.complaints).toEqual([]))
