// The Tokens stage on the page: tokenizers compared on a passage, merges played, a size taken from the curve and put to use, trained
// on; a tokenizer.json saved, dropped and used; conversations. In both themes, at three widths.
import { readFileSync } from 'node:fs'
import type { Page } from 'playwright-core'
import { beforeAll, describe, expect, test } from 'vitest'
import { learningBpe } from '../../src/data/tokenize/bpe'
import { atOnce } from '../../src/paced'
import { BYTE_SYMBOLS } from '../../src/data/tokenize/byte_alphabet'
import { readTokenizerJson, writeTokenizerJson } from '../../src/data/tokenize/tokenizer_json'
import { m } from '../../src/ui/messages'
import * as b from './browser'
import { BOTH, lookAt } from './looks'

const t = m.tokens

describe('the Tokens stage', () => {
  const tab = b.openTab({ webgpu: false })
  let page: Page
  beforeAll(() => {
    page = tab.page
  })
  const pane = (name: keyof typeof t.panes) => page.getByRole('region', { name: t.panes[name], exact: true })
  const tokensIn = async (name: keyof typeof t.panes) => pane(name).locator('.token[role=option]').count()
  const player = () => page.getByRole('region', { name: t.merges.title })
  const curve = () => page.getByRole('region', { name: t.curve.title })
  const shots = (name: string) => lookAt(page, `tokens-${name}`, BOTH)

  test('two tokenizers cut the same passage, and each token tells its id and bytes', async () => {
    await b.stage(page, 'data').click()
    await page.getByPlaceholder(m.data.paste).fill(b.TEXT)
    await page.getByRole('button', { name: m.data.usePasted }).click()
    await page.getByRole('status').filter({ hasText: m.data.pasteName }).waitFor()
    await page.locator('main').focus()
    await page.keyboard.press('2')
    await page.getByRole('heading', { name: t.title, exact: true }).waitFor()
    await page.getByRole('radio', { name: t.kinds.bpe.name }).check()
    await pane('second').getByRole('combobox').selectOption({ label: t.kinds.char.name })
    await page.getByLabel(t.passage, { exact: true }).fill('the cat sat\non a naïve mat')
    await expect.poll(() => tokensIn('second')).toBe(26)
    await expect.poll(() => tokensIn('first')).toBeLessThan(20)
    // The text has no ï: characters lack it, byte pairs spell it.
    expect(await pane('second').locator('.unknown').first().getAttribute('aria-label')).toContain(t.unknown)
    const first = pane('first').locator('.token[role=option]').first()
    await first.focus()
    await page.keyboard.press('ArrowRight')
    const told = await pane('first').locator('.told').textContent()
    expect(told).toMatch(/^\s*“ cat”, id \d+, bytes 20 63 61 74, 2 of \d+/)
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Home')
    expect(await first.evaluate((e) => e === document.activeElement)).toBe(true)
    await pane('second').locator('.token[role=option]').nth(1).hover()
    expect(await pane('second').locator('.told').textContent()).toMatch(/“h”, id \d+, byte 68, 2 of 26/)
    // A size that cannot be stands beside its field, with a way out.
    const size = page.getByLabel(t.sizeOf(t.kinds.bpe.name), { exact: true })
    await size.fill('100')
    await size.press('Tab')
    await page
      .getByRole('button', { name: t.fix(256) })
      .first()
      .click()
    await expect.poll(() => size.inputValue()).toBe('256')
    await page.getByRole('button', { name: `${t.sizeOf(t.kinds.bpe.name)}: ${t.more}`, exact: true }).click()
    await expect.poll(() => size.inputValue()).toBe('512')
    await expect.poll(() => tokensIn('first')).toBeLessThan(20)
    await shots('panes')
  })

  test('merges are played on the passage', async () => {
    const slider = player().getByRole('slider')
    await expect.poll(() => slider.getAttribute('aria-valuetext')).toBe(t.merges.nothing)
    const pieces = () => player().locator('.pieces span').count()
    const bytes = await pieces()
    await player().getByRole('button', { name: t.merges.step, exact: true }).click()
    await player()
      .getByRole('status')
      .filter({ hasText: /^\s*Merge 1: “.+” and “.+” become “.+”; they stood together [\d,]+ times/ })
      .waitFor()
    await player().getByRole('button', { name: t.merges.next }).click()
    expect(await player().locator('.pieces .fresh').count()).toBeGreaterThan(0)
    await player().getByRole('button', { name: t.merges.play }).click()
    await expect.poll(pieces).toBeLessThan(bytes - 5)
    await player().getByRole('button', { name: t.merges.pause }).click()
    const value = await slider.inputValue()
    await page.waitForTimeout(400)
    expect(await slider.inputValue()).toBe(value)
    await shots('merges')
    await slider.fill((await slider.getAttribute('max')) ?? '')
    expect(await pieces()).toBe(await tokensIn('first'))
  })

  test('a size is taken from the curve, put to use and trained on', async () => {
    const chart = curve().getByRole('slider')
    await chart.focus()
    await page.keyboard.press('Home')
    expect(await chart.getAttribute('aria-valuetext')).toContain('256 tokens: 1.00 bytes a token')
    expect(await curve().getByRole('row').count()).toBeGreaterThan(1)
    await curve()
      .getByRole('button', { name: t.curve.take(256) })
      .click()
    await page.getByRole('radio', { name: t.kinds.bpe.name }).and(page.locator(':checked')).waitFor()
    await page.getByLabel(t.sizeOf(t.kinds.bpe.name), { exact: true }).fill('280')
    await page.getByLabel(t.sizeOf(t.kinds.bpe.name), { exact: true }).press('Tab')
    await page.getByRole('button', { name: t.use, exact: true }).click()
    await page.getByRole('button', { name: t.inUse, exact: true }).waitFor()
    const saving = page.waitForEvent('download')
    await page.getByRole('button', { name: t.save }).click()
    const saved = readTokenizerJson(readFileSync(await (await saving).path(), 'utf8'))
    expect(saved).toEqual(atOnce(learningBpe(b.TEXT, 280)).state)
    await shots('used')
    await b.stage(page, 'model').click()
    await page.locator('main').getByRole('slider').first().fill('0')
    await page.getByText(m.model.advanced).click()
    await page
      .getByText(/chance to each of 280/)
      .first()
      .waitFor()
    const fields = { block_size: 16, batch_size: 4, warmup_iters: 4, eval_interval: 10, eval_iters: 2, max_iters: 20 }
    for (const [name, value] of Object.entries(fields)) {
      await page.locator(`#field-${name}`).fill(String(value))
      await page.locator(`#field-${name}`).press('Tab')
    }
    await b.go(page)
    await b.finished(page)
    await page.getByText(m.reads.bpe).waitFor()
  })

  test('another tokenizer than the open run’s asks for a new run, and undo takes it back', async () => {
    await b.stage(page, 'tokens').click()
    await page.getByRole('radio', { name: t.kinds.char.name }).check()
    await page.getByRole('button', { name: t.use, exact: true }).click()
    await page.getByRole('button', { name: t.inUse, exact: true }).waitFor()
    await b.stage(page, 'model').click()
    await page.getByText(m.model.forNew(m.data.pasteName)).waitFor()
    // The notice of the use before may still stand above this one's.
    await page.getByRole('button', { name: m.undo }).last().click()
    await page.getByText(/You are looking at the settings of/).waitFor()
    await b.stage(page, 'tokens').click()
    await page.getByRole('radio', { name: t.kinds.bpe.name }).and(page.locator(':checked')).waitFor()
    // A run's own text stays as the run reads it, and can be looked at.
    await page.reload()
    await b.opened(page)
    await page.getByText(t.readOnly).waitFor()
    expect(await page.getByRole('button', { name: t.use, exact: true }).count()).toBe(0)
    await expect.poll(() => tokensIn('first')).toBeGreaterThan(3)
    await shots('readonly')
  })

  test('a dropped tokenizer.json is used; another file of that name is refused', async () => {
    await b.stage(page, 'data').click()
    await page.getByPlaceholder(m.data.paste).fill(b.TEXT)
    await page.getByRole('button', { name: m.data.usePasted }).click()
    await page.getByRole('status').filter({ hasText: m.data.pasteName }).waitFor()
    const drop = async (name: string, text: string) => {
      const transfer = await page.evaluateHandle(
        ([fileName = '', content = '']) => {
          const data = new DataTransfer()
          data.items.add(new File([content], fileName, { type: 'application/json' }))
          return data
        },
        [name, text],
      )
      await page.dispatchEvent('body', 'drop', { dataTransfer: transfer })
    }
    await drop('tokenizer.json', '{"messages": []}')
    await page.getByRole('heading', { name: t.fileRefused('tokenizer.json') }).waitFor()
    await shots('refused')
    await drop('mine.json', writeTokenizerJson(atOnce(learningBpe('the rat ate that hat '.repeat(99), 262)).state))
    await page.getByRole('radio', { name: t.kinds.given.name }).and(page.locator(':checked')).waitFor()
    expect(await page.getByRole('alert').count()).toBe(0)
    await page.getByRole('button', { name: t.use, exact: true }).click()
    await page.getByRole('button', { name: t.inUse, exact: true }).waitFor()
    await player().getByText(t.merges.noCounts).waitFor()
    await shots('given')
    // One as large as GPT-2's: 50,000 merges, of any byte with any other, and the end of a text.
    const merges = Array.from({ length: 50_000 }, (_, i): [string, string] => [
      BYTE_SYMBOLS[255 - (i >> 8)]!,
      BYTE_SYMBOLS[255 - (i & 255)]!,
    ])
    const vocab = [...BYTE_SYMBOLS, ...merges.map(([left, right]) => left + right), '<|endoftext|>']
    await drop('gpt2.json', writeTokenizerJson({ kind: 'bpe', vocab, merges, special: ['<|endoftext|>'] }))
    await page.getByText(t.vocabSize(50_257)).waitFor()
    await page.getByRole('button', { name: t.use, exact: true }).click()
    await page.getByRole('button', { name: t.inUse, exact: true }).waitFor()
    await player().getByText(t.merges.progress(0, 50_000)).waitFor()
    await shots('gpt2')
  })

  test('conversations show their template, role tokens and what the assistant says', async () => {
    await b.stage(page, 'data').click()
    const chats = page.getByRole('listitem').filter({ hasText: 'Support chats' })
    await chats.getByRole('button').first().click()
    await page.getByRole('status').filter({ hasText: 'Support chats' }).waitFor()
    await b.stage(page, 'tokens').click()
    await page.getByRole('heading', { name: t.chat.title }).waitFor()
    await page.getByRole('button', { name: t.another }).click()
    await page.getByRole('radio', { name: t.kinds.bpe.name }).check()
    await pane('first').locator('.assistant').first().waitFor()
    await pane('first').locator('.special').first().waitFor()
    await page.getByText(t.noTokens).waitFor({ state: 'detached' })
    await shots('chats')
    expect(tab.browser.complaints).toEqual([])
  })
})
