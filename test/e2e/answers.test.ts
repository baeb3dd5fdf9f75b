// A generated text on the page: what counting alone makes of it, a model trained on it, and whether its answers are right: asked, marked,
// counted, stopped early. In both themes, at three widths.
import type { Page } from 'playwright-core'
import { beforeAll, describe, expect, test } from 'vitest'
import { m } from '../../src/ui/messages'
import * as b from './browser'
import { lookAt, shoot } from './looks'

const ASKED = 50

const isSum = (line: string) => {
  const [, first, second, sum] = /^(\d+)\+(\d+)=(\d+)$/.exec(line) ?? []
  return sum === String(Number(first) + Number(second))
}
function isBalanced(line: string): boolean {
  const rest = line.replace(/\(\)|\[\]|\{\}/g, '')
  return rest === '' || (rest !== line && isBalanced(rest))
}

// Of brackets a model this small is right about some after so few steps, of sums about none. Without WebGPU all may be
// answered before the click that stops.
describe.each([
  ['light', 'Addition', isSum, { steps: 30, least: 0, webgpu: true }],
  ['dark', 'Brackets', isBalanced, { steps: 300, least: 1, webgpu: false }],
] as const)('%s theme, %s', (theme, corpus, isTrue, { steps, least, webgpu }) => {
  const tab = b.openTab({ webgpu, dark: theme === 'dark' })
  let page: Page
  beforeAll(() => {
    page = tab.page
  })
  const shots = (name: string, region: string) =>
    lookAt(page, name, [theme], { part: page.getByRole('region', { name: region }) })
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
    await page.locator('main').getByRole('slider').first().fill('0')
    await page.getByText(m.model.advanced).click()
    const fields = {
      block_size: 32,
      batch_size: 8,
      warmup_iters: 20,
      eval_interval: steps / 2,
      eval_iters: 1,
      max_iters: steps,
    }
    for (const [name, value] of Object.entries(fields)) {
      await page.locator(`#field-${name}`).fill(String(value))
      await page.locator(`#field-${name}`).press('Tab')
    }
    await b.go(page)
    await b.finished(page)
    await b.stage(page, 'chat').click()
    await answers().getByRole('button', { name: m.answers.check }).click()
    await answers().getByText(m.answers.at(steps)).waitFor()
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

  if (webgpu)
    test('stopped early, it counts what was answered', async () => {
      await answers().getByRole('button', { name: m.answers.again }).click()
      await rows().first().waitFor()
      await shoot(page, 'answers-asking-1440-light')
      await answers().getByRole('button', { name: m.answers.stop }).click()
      await answers().getByRole('button', { name: m.answers.again }).waitFor()
      const count = await rows().count()
      expect(count).toBeLessThan(ASKED)
      await answers()
        .getByText(new RegExp(`^\\d+ of ${count} answers? `))
        .waitFor()
    })

  test('nobody complained', () => expect(tab.browser.complaints).toEqual([]))
})
