// While a run trains, while a text of 20 MB is read, cleaned, counted, compared and learned from, and in every view of the inside, the page stays free: no task of
// the main thread keeps it from a person for more than 50 ms. The model is the smallest, whose steps are the quickest: the more
// steps a second, the more the page has to show. What is asserted is each task's
// own CPU time, from Chromium's trace. By the clock (PerformanceObserver 'longtask') a task on a shared machine is as long as
// others let it be. Without WebGPU, whose kernels SwiftShader would run on the same cores.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, expect, onTestFinished, test } from 'vitest'
import type { Page } from 'playwright-core'
import { PANELS } from '../../src/ui/look/panels'
import { m } from '../../src/ui/look/words'
import * as b from './browser'

const LONGEST_MS = 50
const WATCHED_MS = 8000
/** For each view of the inside: it is drawn, and asked again several times while the run trains. */
const VIEWED_MS = 2500

const tab = b.openTab({ webgpu: false })
let page: Page
beforeAll(() => {
  page = tab.page
})

test('no task of the main thread takes 50 ms while a run trains', async () => {
  await b.prepare(page, { steps: 1_000_000, fields: { eval_interval: 50 } })
  await b.go(page)
  await b.reach(page, 20)
  const before = await b.stepOf(page)
  const seen = await b.mainThreadTasks(page, () => page.waitForTimeout(WATCHED_MS))
  const steps = (await b.stepOf(page)) - before
  expect(steps).toBeGreaterThan(10)
  // Ten times a second something is drawn: a trace without work would prove nothing.
  expect(seen.filter(({ cpu }) => cpu > 0.5).length).toBeGreaterThan(WATCHED_MS / 500)
  expect(seen[0]?.cpu, seen[0]?.inside).toBeLessThan(LONGEST_MS)
})

test('nor while 20 MB are read beside it', async () => {
  await b.stage(page, 'data').click()
  await page.getByRole('region', { name: m.recipe.title, exact: true }).waitFor()
  // On the disk, as a person's is: one made in the page would leave its lines to the page's garbage collector.
  const folder = mkdtempSync(join(tmpdir(), 'big-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'big.txt')
  const line = (_: unknown, i: number) =>
    `Line ${i} tells of the sea, of ships and of what stands in line ${i} again.\n`
  writeFileSync(file, Array.from({ length: 250_000 }, line).join(''))
  const seen = await b.mainThreadTasks(page, async () => {
    await page.locator('main input[type=file]:not([webkitdirectory])').setInputFiles(file)
    await page.getByRole('status').filter({ hasText: 'big.txt' }).waitFor()
    const recipe = page.getByRole('region', { name: m.recipe.title, exact: true })
    await recipe.getByRole('checkbox', { name: m.recipe.steps.duplicate_lines.name, exact: true }).check()
    await recipe.getByRole('button', { name: m.recipe.apply, exact: true }).click()
    await recipe.getByText(m.recipe.upToDate).waitFor()
  })
  expect(seen[0]?.cpu, seen[0]?.inside).toBeLessThan(LONGEST_MS)
})

test('nor while they are compared and a tokenizer learns from them: both can be called off, and the run goes on', async () => {
  const recipe = page.getByRole('region', { name: m.recipe.title, exact: true })
  const cancel = page.getByRole('button', { name: m.collect.cancel, exact: true })
  const learning = page.getByRole('progressbar', { name: m.tokens.learning })
  const before = await b.stepOf(page)
  const seen = await b.mainThreadTasks(page, async () => {
    await recipe.getByRole('button', { name: m.recipe.leakCheck }).click()
    await cancel.click()
    await recipe.getByRole('button', { name: m.recipe.leakCheck }).click()
    await recipe.getByText(/in the held-out part/).waitFor()
    await b.stage(page, 'tokens').click()
    await learning.waitFor()
    await cancel.click()
    await learning.waitFor({ state: 'detached' })
    await page.getByRole('button', { name: m.tokens.again }).first().click()
    await learning.waitFor()
    await learning.waitFor({ state: 'detached' })
    await page.getByText(m.tokens.curve.across).waitFor()
  })
  expect(seen[0]?.cpu, seen[0]?.inside).toBeLessThan(LONGEST_MS)
  expect(await b.stepOf(page)).toBeGreaterThan(before)
})

test('nor while its inside is looked at, view by view', async () => {
  await b.stage(page, 'look').click()
  await page.getByLabel(m.look.text).waitFor()
  const before = await b.stepOf(page)
  const slow: string[] = []
  for (const panel of PANELS) {
    const seen = await b.mainThreadTasks(page, async () => {
      await page.getByText(m.look.panels[panel], { exact: true }).first().click()
      await page.getByText(m.look.loading).waitFor({ state: 'hidden' })
      await page.waitForTimeout(VIEWED_MS)
    })
    if (seen[0]!.cpu >= LONGEST_MS) slow.push(`${panel}: ${seen[0]!.cpu} ms, ${seen[0]!.inside}`)
  }
  expect(slow).toEqual([])
  expect(await b.stepOf(page)).toBeGreaterThan(before)
})
