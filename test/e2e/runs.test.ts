// The Runs stage with several runs: sorted, starred, laid side by side, and what of it a reload keeps. On the CPU engine.
import { readFileSync } from 'node:fs'
import { afterEach, beforeAll, expect, test } from 'vitest'
import { m } from '../../src/ui/runs/words'
import * as b from './browser'
import { BOTH, lookAt, serious } from './looks'

const tab = b.openTab({ webgpu: false })
const main = () => tab.page.getByRole('main')
const names = () => main().locator('li h2').allInnerTexts()
const row = (name: string) => main().locator('li', { has: tab.page.getByRole('heading', { name, exact: true }) })
/** Segments look like words; their radio buttons lie behind them. */
const view = (name: string) => main().getByRole('radio', { name, exact: true }).check({ force: true })

afterEach(() => expect(tab.browser.complaints).toEqual([]))

beforeAll(async () => {
  const { page } = tab
  for (const [steps, n_layer] of [
    [12, 1],
    [24, 2],
  ] as const) {
    if (steps > 12) await page.getByRole('button', { name: m.train.newRun }).click()
    await b.prepare(page, { steps, fields: { n_layer, eval_interval: 4 } })
    await b.go(page)
    await b.finished(page)
    // The numbers of a single run have headings too.
    await b.stage(page, 'runs').click()
    await main()
      .getByRole('button', { name: m.beside.sortBy('best') })
      .waitFor()
    await b.stage(page, 'train').click()
  }
  await b.stage(page, 'runs').click()
  await b.until('two runs', async () => (await names()).length === 2)
  for (const [at, name] of [
    [0, 'Deep'],
    [1, 'Shallow'],
  ] as const) {
    await main().locator('li').nth(at).getByRole('button', { name: m.runs.rename }).click()
    await main().getByRole('textbox').fill(name)
    await page.keyboard.press('Enter')
    await main().getByRole('heading', { name, exact: true }).waitFor()
    // What was renamed last stands first.
    if (at === 0) await b.until('Deep first', async () => (await names())[0] === 'Deep')
  }
})

test('sorts by each column, both ways, and says what differs from the oldest', async () => {
  const head = (column: keyof typeof m.beside.columns) => main().getByRole('button', { name: m.beside.sortBy(column) })
  await head('step').click()
  expect(await names()).toEqual(['Deep', 'Shallow'])
  await head('step').click()
  expect(await names()).toEqual(['Shallow', 'Deep'])
  await head('name').click()
  expect(await names()).toEqual(['Deep', 'Shallow'])
  expect(await row('Deep').locator('.differs').innerText()).toContain('1 → 2 layers')
  await row('Shallow').getByText(m.beside.isBaseline).waitFor()
  expect(await row('Deep').locator('dl').first().innerText()).toMatch(/24 of 24/)
})

test('a star and a chosen baseline outlast a reload', async () => {
  const { page } = tab
  const star = () => row('Deep').getByRole('button', { name: m.beside.star('Deep') })
  await star().click()
  await expect.poll(() => star().getAttribute('aria-pressed')).toBe('true')
  await row('Shallow').getByText('2 → 1 layers').waitFor()
  await row('Shallow').getByRole('button', { name: m.beside.makeBaseline }).click()
  await row('Deep').getByText('1 → 2 layers').waitFor()
  await page.reload()
  await b.opened(page)
  await expect.poll(() => star().getAttribute('aria-pressed')).toBe('true')
  await row('Deep').getByText('1 → 2 layers').waitFor()
})

test('curves lie on one chart with one cursor, by keys too', async () => {
  await view(m.beside.views.curves)
  const chart = main().getByRole('slider', { name: m.beside.cursor })
  await expect.poll(() => chart.getAttribute('aria-valuetext')).toMatch(/Deep \d\.\d{3}/)
  await main().locator('canvas').first().waitFor()
  await chart.focus()
  await chart.press('Home')
  expect(await chart.getAttribute('aria-valuetext')).toMatch(/At step 0: .*Deep \d\.\d{3}/)
  await chart.press('End')
  expect(await chart.getAttribute('aria-valuetext')).toMatch(new RegExp(`Shallow ${m.beside.beyond}`))
  expect(await main().locator('.part table tbody tr').count()).toBe(12)
  await lookAt(tab.page, 'runs-curves', BOTH)
})

test('differences are shown alone, and saved as CSV', async () => {
  await view(m.beside.views.differences)
  const labels = () => main().locator('.part tbody th[scope=row]').allInnerTexts()
  await expect.poll(labels).toContain('Layers')
  expect(await labels()).not.toContain('Heads')
  const download = tab.page.waitForEvent('download')
  await main().getByRole('button', { name: m.beside.csv }).click()
  const csv = readFileSync(await (await download).path(), 'utf8')
  expect(csv.split('\r\n')[0]?.split(',').sort()).toEqual(['Deep', 'Shallow', m.beside.field].sort())
  expect(csv).toMatch(/\r\nLayers,[12],[12]\r\n/)
  await lookAt(tab.page, 'runs-differences', BOTH)
})

test('groups have the mean of what their runs reached', async () => {
  await view(m.beside.views.groups)
  await main().getByLabel(m.beside.groupBy).selectOption('n_layer')
  const rows = main().locator('.part tbody tr')
  expect(await rows.count()).toBe(2)
  expect(await rows.first().innerText()).toMatch(/^1\s+1\s+\d\.\d{3}/)
  await lookAt(tab.page, 'runs-groups', BOTH)
})

test('a copy stands under its original in the tree, which keys walk', async () => {
  const { page } = tab
  await view(m.beside.views.family)
  await main().getByText(m.beside.familyNone).waitFor()
  await row('Deep').getByRole('button', { name: m.runs.duplicate }).click()
  const items = main().getByRole('treeitem')
  await expect.poll(() => items.count()).toBe(2)
  expect(await items.nth(1).innerText()).toContain(m.beside.cameFrom({ how: 'copy', step: 24 }))
  expect(await items.nth(1).getAttribute('aria-level')).toBe('2')
  await items.first().focus()
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('Enter')
  const focused = () => page.evaluate('document.activeElement?.getAttribute("aria-label")')
  await expect.poll(focused).toBe(m.beside.star('Deep (copy)'))
  await lookAt(page, 'runs-lineage', BOTH)
})

test('what takes space is told by run, with what deleting it frees', async () => {
  const { page } = tab
  await main().getByText(m.runs.space).click()
  const table = main().getByRole('region', { name: m.runs.space })
  await expect.poll(() => table.locator('tbody tr').count()).toBe(4)
  await page.locator('#space-budget').selectOption(String(50e6))
  await main()
    .getByText(/ of 50 MB\.$/)
    .waitFor()
  expect(await serious(page)).toEqual([])
})
