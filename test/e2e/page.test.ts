// The page itself, in every state and size: nothing serious for axe in either theme, nothing wider than a phone, at home under
// a sub-path, and never dead where there is no WebGPU. Leaves screenshots for people to look at.
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { m } from '../../src/ui/messages'
import * as b from './browser'
import { inBoth, lookInBoth, serious, shoot } from './looks'

const STAGES = ['data', 'tokens', 'model', 'train', 'look', 'chat', 'share', 'runs'] as const

describe('in both themes', () => {
  const tab = b.openTab({ webgpu: false })
  let page: Page
  beforeAll(() => {
    page = tab.page
  })

  test('before anything is trained', async () => {
    for (const name of STAGES) {
      await b.stage(page, name).click()
      await lookInBoth(page, `idle-${name}-1440`)
    }
  })

  test('with a run, at three widths', async () => {
    await b.prepare(page, { steps: 60 })
    await b.go(page)
    await b.finished(page)
    for (const width of [1440, 1024, 390]) {
      await page.setViewportSize({ width, height: width === 390 ? 844 : 900 })
      for (const name of STAGES) {
        await b.stage(page, name).click()
        await inBoth(page, async (theme) => {
          const overflow = await page.evaluate('document.documentElement.scrollWidth - innerWidth')
          expect(overflow, `${name} at ${width} px, ${theme}`).toBeLessThanOrEqual(0)
          if (width !== 1024) expect(await serious(page), `${name} at ${width} px, ${theme}`).toEqual([])
          await shoot(page, `run-${name}-${width}-${theme}`)
        })
      }
    }
    await page.setViewportSize({ width: 1440, height: 900 })
  })

  test('the device panel, the keys and the palette', async () => {
    for (const [name, key] of [
      ['keys', '?'],
      ['palette', 'Control+k'],
    ] as const) {
      await page.locator('main').focus()
      await page.keyboard.press(key)
      await page.getByRole('dialog').waitFor()
      await lookInBoth(page, `${name}-1440`, false)
      await page.keyboard.press('Escape')
    }
    await page.getByRole('button', { name: m.device.title }).click()
    await page.getByRole('dialog').waitFor()
    await lookInBoth(page, 'device-1440', false)
    await page.keyboard.press('Escape')
  })

  test('a problem stands beside its field, with a way out', async () => {
    await b.stage(page, 'model').click()
    const field = page.locator('#field-n_embd')
    if (!(await field.isVisible())) await page.getByText(m.model.advanced).click()
    await field.fill('15')
    await field.press('Tab')
    const fix = page.locator('#field-n_embd-problems').getByRole('button')
    await fix.waitFor()
    await lookInBoth(page, 'problem-1440')
    await fix.click()
    await expect.poll(() => page.locator('#field-n_embd-problems').textContent()).toMatch(/^\s*$/)
  })

  test('memory is said without a press, falls by a switch, and what is too much shrinks by a click', async () => {
    await b.stage(page, 'model').click()
    const cost = page.locator('dl')
    const memory = async () => (await cost.getByText(/^[\d.]+ [kMG]B$/).textContent()) ?? ''
    const before = await memory()
    await page.getByText(m.model.recomputeNames.layer, { exact: true }).click()
    await page.getByText(/^Saves .* for \d+% more arithmetic/).waitFor()
    expect(await memory()).not.toBe(before)
    await inBoth(page, async () => expect(await serious(page)).toEqual([]))
    await page.getByText(m.model.recomputeNames.none, { exact: true }).click()
    const width = page.locator('#field-n_embd')
    const was = await width.inputValue()
    await width.fill('2048')
    await page.locator('#field-n_inner').fill('16384')
    await page.locator('#field-n_layer').fill('48')
    await page.locator('#field-n_layer').press('Tab')
    const problem = page.getByRole('alert').getByText(/The largest width that fits is/)
    await problem.waitFor()
    await inBoth(page, (theme) => shoot(page, `too-large-1440-${theme}`))
    await problem.getByRole('button').click()
    await problem.waitFor({ state: 'detached' })
    expect(Number(await width.inputValue())).toBeGreaterThan(Number(was))
  })

  test('nobody complained, nothing was missing', () => {
    expect(tab.browser.complaints).toEqual([])
    expect(tab.site.missing).toEqual([])
  })
})

describe('elsewhere', () => {
  const profiles = [b.newProfile(), b.newProfile()]
  let site: Awaited<ReturnType<typeof b.serveDist>>
  beforeAll(async () => {
    site = await b.serveDist()
  })
  afterAll(() => {
    site.close()
    for (const { forget } of profiles) forget()
  })

  test('the page is at home under a sub-path', async () => {
    const browser = await b.openBrowser(profiles[0]!.folder, { webgpu: false })
    const asked: string[] = []
    browser.context.on('request', (request) => asked.push(request.url()))
    const page = await b.open(browser, site.address + b.SUB_PATH.slice(1))
    await b.prepare(page, { steps: 5 })
    await b.go(page)
    await b.finished(page)
    await browser.close()
    expect(asked.length).toBeGreaterThan(3)
    // Nothing leaves the page's own folder, let alone its host.
    expect(
      asked.filter((url) => !url.startsWith(site.address + b.SUB_PATH.slice(1)) && !/^(blob|data):/.test(url)),
    ).toEqual([])
    expect(site.missing).toEqual([])
    expect(browser.complaints).toEqual([])
  })

  test('without WebGPU the CPU engine trains, and the page says so and how to get it', async () => {
    const browser = await b.openBrowser(profiles[1]!.folder, { webgpu: false })
    const page = await b.open(browser, site.address)
    expect(await page.locator('.tools .engine').textContent()).toBe(m.device.cpuShort)
    await page.getByText(m.train.cpu).waitFor()
    await page.getByRole('button', { name: m.train.cpuHow }).click()
    await page.getByRole('heading', { name: m.device.get }).waitFor()
    await page.getByText('WebAssembly SIMD', { exact: true }).waitFor()
    expect(await serious(page)).toEqual([])
    await shoot(page, 'no-webgpu-1440-light', false)
    await page.keyboard.press('Escape')
    // Enough that the run is still seen to run.
    await b.prepare(page, { steps: 600 })
    await b.go(page)
    await b.finished(page)
    expect(Number(await b.figure(page, m.strip.loss).textContent())).toBeLessThan(3)
    await browser.close()
    expect(browser.complaints).toEqual([])
  })

  test('a text that cannot be trained on is refused with a reason', async () => {
    const texts: [string, string | Uint8Array][] = [
      ['empty', ''],
      ['one letter', 'a'.repeat(100)],
      ['binary', Uint8Array.from({ length: 4000 }, (_, i) => (i * 97) % 256)],
    ]
    const browser = await b.openBrowser(profiles[1]!.folder, { webgpu: false })
    const page = await b.open(browser, site.address)
    const { title } = m.errors.describe(Object.assign(new Error(), { name: 'CorpusError' }))
    for (const [name, content] of texts) {
      await b.stage(page, 'data').click()
      const input = page.locator('main input[type=file]:not([webkitdirectory])')
      await input.setInputFiles({ name: `${name}.txt`, mimeType: 'text/plain', buffer: Buffer.from(content) })
      const problem = page.locator('main').filter({ hasText: title })
      await problem.getByText(`${name}.txt`).first().waitFor()
      expect(await serious(page), name).toEqual([])
    }
    await shoot(page, 'refused-1440-light')
    await browser.close()
    expect(browser.complaints).toEqual([])
  })
})
