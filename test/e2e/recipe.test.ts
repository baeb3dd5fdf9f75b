// The recipe on the page: switched on, counted and shown before it is applied; personal data masked but for one hit that was refused;
// split by documents; checked for leaks; trained on; and kept with the run over a reload. In both themes, at three widths.
import type { Page } from 'playwright-core'
import { beforeAll, describe, expect, test } from 'vitest'
import { m } from '../../src/ui/messages'
import * as b from './browser'
import { BOTH, inBoth, lookAt, lookInBoth, serious, shoot } from './looks'

const TEXT =
  '“It’s here,” said <b>Aisha</b>.\nWrite to jane@example.org or call (202) 555-0143.\nHer name is Mary Jones, jane@example.org.\n' +
  'A plain line that stands more than once.\n'.repeat(6) +
  Array.from({ length: 60 }, (_, i) => `Line ${i} tells of the sea and of ship number ${i * 7}.\n`).join('')

describe('the recipe', () => {
  const tab = b.openTab({ webgpu: false })
  let page: Page
  beforeAll(() => {
    page = tab.page
  })
  const area = () => page.getByRole('region', { name: m.recipe.title, exact: true })
  const step = (name: string) => area().getByRole('listitem').filter({ hasText: name }).first()
  const apply = () => area().getByRole('button', { name: m.recipe.apply, exact: true })
  const shots = (name: string) => {
    const parts = [m.recipe.clean, m.recipe.anonymise, m.recipe.split]
    const region = (part: string) => area().getByRole('region', { name: part, exact: true })
    return lookAt(page, `recipe-${name}`, BOTH, Object.fromEntries(parts.map((part) => [part, region(part)])))
  }

  test('steps show what they would do, then do it', async () => {
    await b.stage(page, 'data').click()
    await page.getByPlaceholder(m.data.paste).fill(TEXT)
    await page.getByRole('button', { name: m.data.usePasted }).click()
    await page.getByRole('status').filter({ hasText: m.data.pasteName }).waitFor()
    for (const kind of ['quotes', 'html', 'duplicate_lines'] as const)
      await area().getByRole('checkbox', { name: m.recipe.steps[kind].name, exact: true }).check()
    await step(m.recipe.steps.duplicate_lines.name).getByText(m.recipe.would(5)).waitFor()
    await step(m.recipe.steps.html.name).getByText(m.recipe.would(2)).waitFor()
    await step(m.recipe.steps.quotes.name).getByText(m.recipe.places(1, 1)).click()
    expect(await step(m.recipe.steps.quotes.name).locator('ins').allTextContents()).toEqual(['"', "'", '"'])
    await shots('steps')
    // What is not applied keeps its button in sight, above the run strip.
    for (const size of [
      { width: 1440, height: 900 },
      { width: 390, height: 844 },
    ]) {
      await page.setViewportSize(size)
      await area()
        .getByRole('heading', { name: m.recipe.clean, exact: true })
        .evaluate((node) => node.scrollIntoView())
      await page.waitForTimeout(200)
      const button = await apply().boundingBox()
      const strip = await b.strip(page).boundingBox()
      expect(button!.y + button!.height, `at ${size.width} px`).toBeLessThanOrEqual(strip!.y)
      expect(button!.y).toBeGreaterThan(size.height / 2)
      await inBoth(page, (theme) => shoot(page, `recipe-bar-${size.width}-${theme}`, false))
    }
    await page.setViewportSize({ width: 1440, height: 900 })
    await apply().click()
    await step(m.recipe.steps.html.name).getByText(m.recipe.did(2)).waitFor()
    await area().getByText(m.recipe.upToDate).waitFor()
  })

  test('the licence of one’s own text is named, and stays when the text is prepared', async () => {
    const summary = page.getByRole('region', { name: m.data.summary })
    await summary.getByRole('button', { name: m.card.name }).click()
    const field = summary.getByLabel(m.card.name)
    await field.fill('   ')
    await summary.getByRole('button', { name: m.card.save, exact: true }).click()
    await page.getByText(/A licence has 1 to/).waitFor()
    await page.getByRole('button', { name: m.errors.close }).click()
    await field.fill('CC BY 4.0, <b>Aisha</b>')
    await summary.getByRole('button', { name: m.card.save, exact: true }).click()
    await summary.getByText('CC BY 4.0, <b>Aisha</b>').waitFor()
    await inBoth(page, async () => expect(await serious(page)).toEqual([]))
  })

  test('a recipe that was copied is pasted, and one that is none is refused by its place', async () => {
    await area().getByRole('button', { name: m.recipe.paste, exact: true }).click()
    const dialog = page.getByRole('dialog', { name: m.recipe.pasted.title })
    const use = async (text: string) => {
      await dialog.getByRole('textbox').fill(text)
      await dialog.getByRole('button', { name: m.recipe.pasted.use }).click()
    }
    expect(await dialog.getByRole('textbox').evaluate((node) => node === document.activeElement)).toBe(true)
    await use('{"clean": [{"kind": "polish"}]}')
    await dialog.getByText(/^Step 1 of clean, kind is “polish”; it must be one of html,/).waitFor()
    await inBoth(page, async () => expect(await serious(page)).toEqual([]))
    for (const width of [390, 1440]) {
      await page.setViewportSize({ width, height: width === 390 ? 844 : 900 })
      await inBoth(page, (theme) => shoot(page, `recipe-paste-${width}-${theme}`, false))
    }
    await use('{"clean": [{"kind": "quotes"}, {"kind": "html"}, {"kind": "words", "drop": ["once"]}]}')
    await dialog.waitFor({ state: 'detached' })
    await step(m.recipe.steps.words.name).getByText(m.recipe.would(6)).waitFor()
    await apply().click()
    const summary = page.getByRole('region', { name: m.data.summary })
    await summary.getByText('CC BY 4.0, <b>Aisha</b>').waitFor()
    await area().getByText(m.recipe.upToDate).waitFor()
    await area().getByRole('checkbox', { name: m.recipe.steps.words.name, exact: true }).uncheck()
    await area().getByRole('checkbox', { name: m.recipe.steps.duplicate_lines.name, exact: true }).check()
    await apply().click()
    await step(m.recipe.steps.duplicate_lines.name).getByText(m.recipe.did(5)).waitFor()
  })

  test('personal data is found, one hit is refused, the rest is masked, and the card says what went through', async () => {
    await area().getByRole('checkbox', { name: m.recipe.looks }).check()
    await area().getByRole('button', { name: m.recipe.find }).click()
    await area().getByText(m.recipe.review).waitFor()
    const jane = m.recipe.refuseLabel('jane@example.org')
    await area().getByRole('button', { name: jane }).first().focus()
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('ArrowUp')
    await page.keyboard.press('Enter')
    await expect.poll(() => area().getByRole('button', { name: jane }).count()).toBe(0)
    expect(
      await area()
        .getByRole('button', { name: m.recipe.acceptLabel('jane@example.org') })
        .count(),
    ).toBe(2)
    await shots('hits')
    await apply().click()
    const summary = page.getByRole('region', { name: m.data.summary })
    await summary
      .getByText(/\d found, 2 went through/)
      .first()
      .waitFor()
    expect(await summary.locator('pre').textContent()).toContain('jane@example.org or call [PHONE]')
    await area().getByText(m.recipe.upToDate).waitFor()
  })

  test('is trained on, and kept with the run over a reload', async () => {
    await b.stage(page, 'model').click()
    await page.locator('main').getByRole('slider').first().fill('0')
    await page.getByText(m.model.advanced).click()
    const fields = { block_size: 16, batch_size: 4, warmup_iters: 0, eval_interval: 1, eval_iters: 1, max_iters: 1 }
    for (const [name, value] of Object.entries(fields)) {
      await page.locator(`#field-${name}`).fill(String(value))
      await page.locator(`#field-${name}`).press('Tab')
    }
    await b.go(page)
    await b.finished(page)
    await page.reload()
    await b.opened(page)
    await b.stage(page, 'runs').click()
    await page.getByText(m.runs.card, { exact: false }).first().click()
    await page
      .getByText(/\d found, 2 went through/)
      .first()
      .waitFor()
    await lookInBoth(page, 'recipe-runs-1440')
    await b.stage(page, 'data').click()
    await area().getByText(m.recipe.readOnly).waitFor()
    await inBoth(page, (theme) => shoot(page, `recipe-readonly-1440-${theme}`))
  })

  test('the recipe of a run is a proposal for another text, whose documents are drawn by lot and checked for leaks', async () => {
    const chats = page.getByRole('listitem').filter({ hasText: 'Support chats' })
    await chats.getByRole('button').first().click()
    await page.getByRole('status').filter({ hasText: 'Support chats' }).waitFor()
    await area().getByLabel(m.recipe.ofRun).selectOption({ index: 1 })
    await area()
      .getByText(/^\s*Applying will clean in 3 steps and treat personal data/)
      .waitFor()
    await area().getByText(m.recipe.splits.document).click()
    await apply().click()
    await area().getByText(m.recipe.upToDate).waitFor()
    await area().getByRole('button', { name: m.recipe.leakCheck }).click()
    await area()
      .getByText(/in the held-out part stand/)
      .waitFor()
    await area().getByText(m.recipe.leakPlaces).click()
    await shots('leaks')
    await area().getByRole('button', { name: m.recipe.undo }).click()
    await area().getByText(m.recipe.untouched).waitFor()
    expect(tab.browser.complaints).toEqual([])
  })
})
