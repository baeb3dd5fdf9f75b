// A generated text on the page: what counting alone makes of it, a model trained on it, and whether its answers are right: asked, marked,
// counted, stopped early. In both themes, at three widths.
import { readFileSync } from 'node:fs'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { m } from '../../src/ui/messages'
import * as b from './browser'

const AXE = readFileSync('node_modules/axe-core/axe.min.js', 'utf8')
const ASKED = 50

async function serious(page: Page): Promise<string[]> {
  await page.evaluate(AXE)
  const { violations } = await page.evaluate<{
    violations: { id: string; impact: string; nodes: { target: string[]; failureSummary: string }[] }[]
  }>('axe.run(document, { resultTypes: ["violations"] })')
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map((n) => `${n.target.join(' ')} ${n.failureSummary}`).join('; ')}`)
}

const isSum = (line: string) => {
  const [, first, second, sum] = /^(\d+)\+(\d+)=(\d+)$/.exec(line) ?? []
  return sum === String(Number(first) + Number(second))
}
function isBalanced(line: string): boolean {
  const rest = line.replace(/\(\)|\[\]|\{\}/g, '')
  return rest === '' || (rest !== line && isBalanced(rest))
}

// Of brackets a model this small is right about some after so few steps, of sums about none.
describe.each([
  ['light', 'Addition', isSum, 0],
  ['dark', 'Brackets', isBalanced, 1],
] as const)('%s theme, %s', (theme, corpus, isTrue, least) => {
  const profile = b.newProfile()
  let site: Awaited<ReturnType<typeof b.serveDist>>
  let browser: b.Browser
  let page: Page
  beforeAll(async () => {
    site = await b.serveDist()
    browser = await b.openBrowser(profile.folder, { dark: theme === 'dark' })
    page = await b.open(browser, site.address)
  })
  afterAll(async () => {
    await browser.close()
    site.close()
    profile.forget()
  })
  const shots = async (name: string, region: string) => {
    for (const width of [1440, 1024, 390]) {
      await page.setViewportSize({ width, height: width === 390 ? 844 : 900 })
      await page.waitForTimeout(200)
      expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth')).toBeLessThanOrEqual(0)
      if (width !== 1024) expect(await serious(page), `${name} at ${width} px`).toEqual([])
      await b.shoot(page, `${name}-${width}-${theme}`)
      await page
        .getByRole('region', { name: region })
        .screenshot({ path: `test/e2e/screenshots/${name}-part-${width}-${theme}.png` })
    }
    await page.setViewportSize({ width: 1440, height: 900 })
  }
  const answers = () => page.getByRole('region', { name: m.answers.title })
  const rows = () => answers().locator('tbody tr')

  test('Data says how far counting gets', async () => {
    await b.stage(page, 'data').click()
    await page.getByRole('button', { name: new RegExp(`Use\\s+${corpus}`) }).click()
    await page.getByRole('status').filter({ hasText: corpus }).waitFor()
    const ladder = page.getByRole('region', { name: m.ladder.title })
    await ladder.getByRole('row').nth(6).waitFor()
    // A text of one byte a character: bits a byte are the nats, in bits.
    for (const row of await ladder.locator('tbody tr').all()) {
      const [nats = NaN, , bits = NaN] = (await row.locator('td').allTextContents()).map(Number)
      expect(bits).toBeCloseTo(nats / Math.LN2, 1)
    }
    await shots('ladder', m.ladder.title)
  })

  test('each answer is marked as arithmetic has it, and the score counts them', async () => {
    await b.stage(page, 'model').click()
    await page.getByRole('slider').first().fill('0')
    await page.getByText(m.model.advanced).click()
    const fields = {
      block_size: 32,
      batch_size: 8,
      warmup_iters: 20,
      eval_interval: 150,
      eval_iters: 1,
      max_iters: 300,
    }
    for (const [name, value] of Object.entries(fields)) {
      await page.locator(`#field-${name}`).fill(String(value))
      await page.locator(`#field-${name}`).press('Tab')
    }
    await b.go(page)
    await b.finished(page)
    await b.stage(page, 'chat').click()
    await answers().getByRole('button', { name: m.answers.check }).click()
    await answers().getByText(m.answers.at(300)).waitFor({ timeout: 120_000 })
    expect(await rows().count()).toBe(ASKED)
    let right = 0
    for (const row of await rows().all()) {
      const [verdict, question = '', written = '', expected = ''] = await row.locator('td').allTextContents()
      const correct = isTrue(question + written)
      expect(verdict, question + written).toBe(correct ? m.answers.right : m.answers.wrong)
      if (correct) expect(expected).toBe('')
      else expect(isTrue(question + expected)).toBe(true)
      if (correct) right++
    }
    expect(right).toBeGreaterThanOrEqual(least)
    await answers().getByText(m.answers.score(right, ASKED), { exact: true }).waitFor()
    if (theme === 'dark') await rows().last().scrollIntoViewIfNeeded()
    await shots('answers', m.answers.title)
  })

  test('stopped early, it counts what was answered', async () => {
    await answers().getByRole('button', { name: m.answers.again }).click()
    await rows().first().waitFor()
    if (theme === 'light') await b.shoot(page, 'answers-asking-1440-light')
    await answers().getByRole('button', { name: m.answers.stop }).click()
    await answers().getByRole('button', { name: m.answers.again }).waitFor()
    const count = await rows().count()
    expect(count).toBeLessThan(ASKED)
    await answers()
      .getByText(new RegExp(`^\\d+ of ${count} answers? `))
      .waitFor()
    expect(browser.complaints).toEqual([])
  })
})
