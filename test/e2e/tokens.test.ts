// A run that was trained on byte pairs outside the page: imported, gone on with, written from, and its text looked at.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { m } from '../../src/ui/messages'
import * as b from './browser'
import { shoot } from './looks'

const profile = b.newProfile()
const folder = mkdtempSync(join(tmpdir(), 'glasshouse-'))
let site: Awaited<ReturnType<typeof b.serveDist>>
let browser: b.Browser
beforeAll(async () => {
  const small = { n_layer: 1, n_head: 2, n_embd: 16, block_size: 16, batch_size: 4, warmup_iters: 4 }
  const config = { ...small, max_iters: 45, eval_interval: 20, eval_iters: 2 }
  writeFileSync(join(folder, 'text.txt'), b.TEXT)
  writeFileSync(join(folder, 'config.json'), JSON.stringify(config))
  const flags = ['--engine', 'cpu', '--steps', '25', '--tokenizer', 'bpe', '--vocab', '280', '--out', folder]
  const files = ['--text', join(folder, 'text.txt'), '--config', join(folder, 'config.json')]
  execFileSync(process.execPath, ['src/headless/launch.mjs', 'train', ...files, ...flags])
  site = await b.serveDist()
  browser = await b.openBrowser(profile.folder, { webgpu: false })
})
afterAll(async () => {
  await browser.close()
  site.close()
  profile.forget()
  rmSync(folder, { recursive: true })
})

test('a run on byte pairs opens, goes on, writes, and says what its tokens are', async () => {
  const page = await b.open(browser, site.address)
  await b.stage(page, 'runs').click()
  await page.locator('main header input[type=file]').setInputFiles(join(folder, 'checkpoint.safetensors'))
  await page.getByRole('button', { name: m.runs.open }).first().click()
  await page.getByText(m.reads.bpe).waitFor()
  await b.stage(page, 'train').click()
  await expect.poll(() => b.stepOf(page)).toBe(25)
  await b.resume(page)
  await b.finished(page)
  // Nats are for each token, which is no letter; in bits a byte the run compares with others.
  const axis = page.locator('.axis')
  expect(await axis.textContent()).toContain(m.train.axis('nats', 'bpe'))
  await page.getByText(/^Step 45: validation [\d.]+ nats a token, [\d.]+ bits a byte /).waitFor()
  const nats = Number(/validation ([\d.]+)/.exec((await page.locator('.sentence').textContent()) ?? '')?.[1])
  await page.getByText(m.train.y.bits, { exact: true }).click()
  expect(await axis.textContent()).toContain(m.train.axis('bits', 'bpe'))
  const bits = Number(
    await page.locator('.legend li', { hasText: m.train.series.validation }).locator('.num').textContent(),
  )
  expect(bits).toBeLessThan(nats / Math.LN2 / 1.2)
  for (const width of [390, 1024, 1440]) {
    await page.setViewportSize({ width, height: width === 390 ? 844 : 900 })
    await page.waitForTimeout(200)
    expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth')).toBeLessThanOrEqual(0)
    await shoot(page, `byte-pairs-${width}-light`)
  }
  await b.stage(page, 'runs').click()
  await page
    .locator('dl > div', { hasText: m.runs.bits })
    .getByText(/^\d\.\d{3}/)
    .waitFor()
  await shoot(page, 'byte-pairs-runs-1440-light')
  // A reload brings the run back, and with it its text.
  await b.stage(page, 'data').click()
  await page.reload()
  await b.opened(page)
  await page.getByRole('status').filter({ hasText: 'text.txt' }).waitFor()
  await page.getByText(m.data.tokenList).waitFor()
  await shoot(page, 'byte-pairs-data-1440-light')
  await b.stage(page, 'train').click()
  // The unit stays chosen.
  await expect.poll(() => axis.textContent()).toContain(m.train.axis('bits', 'bpe'))
  await b.stage(page, 'chat').click()
  await page.getByLabel(m.chat.prompt).fill('the cat')
  await page.getByLabel(m.chat.max_tokens).fill('20')
  await page.getByRole('button', { name: m.chat.generate }).click()
  await page.getByText(m.chat.ended.length(20, 'bpe')).waitFor()
  expect(browser.complaints).toEqual([])
})
