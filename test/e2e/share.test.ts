// A trained model in a link: made in one profile, opened in fresh ones, with WebGPU and without. It waits for a click, writes, trains again
// to the same bits; and nothing is asked of another origin, nor told of the link.
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { raceWords } from '../../src/ui/train/messages_race'
import { m as looking } from '../../src/ui/look/words'
import { m as sharing } from '../../src/ui/share/words'
import * as b from './browser'
import { inBoth, serious, shoot, widerThanPage } from './looks'

const m = { ...looking, ...sharing }
const said = m.share.open
const dialog = (page: Page) => page.getByRole('dialog')

/** A small model that has learned some names, and its link with everything but the text. */
let fragment = ''
/** The same without the model. */
let short = ''
/** The model for a class: Look inside, and nothing else. */
let lesson = ''
/** The model in a page of somebody else's. */
let frame = ''

const first = b.openTab({ webgpu: false })

describe('the sharer', () => {
  let page: Page
  beforeAll(async () => {
    page = first.page
    // The system's sheet cannot be seen from here: what it is given is.
    await page.context().addInitScript(() => {
      const sent: unknown[] = []
      Reflect.set(globalThis, 'sent', sent)
      Object.defineProperty(navigator, 'share', { value: (data: unknown) => Promise.resolve(void sent.push(data)) })
    })
    await page.reload()
    await b.opened(page)
    await b.stage(page, 'data').click()
    const names = page.getByRole('listitem').filter({ has: page.getByRole('heading', { name: 'First names' }) })
    await names.getByRole('button').first().click()
    await names.getByRole('button', { name: m.data.using }).waitFor()
    await b.stage(page, 'model').click()
    await page.locator('main').getByRole('slider').fill('0')
    await page.getByText(m.model.advanced).click()
    for (const [name, value] of Object.entries({ max_iters: 150, eval_interval: 50, warmup_iters: 10 })) {
      await page.locator(`#field-${name}`).fill(String(value))
      await page.locator(`#field-${name}`).press('Tab')
    }
    await b.go(page)
    await b.finished(page)
  })

  test('sees what the link carries, how long it is, and what rounding costs', async () => {
    await page.locator('main').focus()
    await page.keyboard.press('l')
    await page.getByText(m.share.at(4)).last().waitFor()
    const text = page.getByRole('textbox', { name: m.share.copy })
    await text.waitFor()
    const long = await text.inputValue()
    fragment = long.slice(long.indexOf('#'))
    expect(fragment).toMatch(/^#g1\.[\w-]{1000,}$/)
    const meter = page.getByRole('meter', { name: m.share.meter })
    expect(await meter.getAttribute('aria-valuenow')).toBe(String(long.length))
    for (const width of [1440, 1024, 390]) {
      await page.setViewportSize({ width, height: 900 })
      await inBoth(page, async (theme) => {
        expect(await widerThanPage(page), `${width} px`).toBeLessThanOrEqual(0)
        expect(await serious(page)).toEqual([])
        await shoot(page, `share-link-${width}-${theme}`)
      })
    }
    await page.setViewportSize({ width: 1440, height: 900 })
  })

  test('copies the link and the frame, and gives the link to the system', async () => {
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
    const address = await page.getByRole('textbox', { name: m.share.copy }).inputValue()
    const clipboard = () => page.evaluate(() => navigator.clipboard.readText())
    await page.getByRole('button', { name: m.share.copy, exact: true }).click()
    await page.getByRole('button', { name: m.copied, exact: true }).waitFor()
    expect(await clipboard()).toBe(address)
    await page.getByRole('button', { name: m.share.frame }).click()
    await page.getByRole('button', { name: m.share.copy, exact: true }).waitFor()
    frame = await clipboard()
    expect(frame).toContain(`src="${address}"`)
    expect(frame).toMatch(/^<iframe [^<>]*><\/iframe>$/)
    await page.getByRole('button', { name: m.share.send }).click()
    expect(await page.evaluate(() => Reflect.get(globalThis, 'sent') as unknown)).toEqual([
      { title: 'First names', url: address },
    ])
  })

  test('can be made to open on one stage, for a class', async () => {
    const text = page.getByRole('textbox', { name: m.share.copy })
    await page.getByLabel(m.share.sections.view).check()
    await page.getByLabel(m.share.stage).selectOption('look')
    await page.getByLabel(m.share.slots.B, { exact: true }).selectOption('shipped')
    await page.getByLabel(m.share.slotStep('B')).selectOption('400')
    await page.getByLabel(m.share.slotShows, { exact: true }).selectOption('A')
    await page.getByLabel(m.share.panel).selectOption('lens')
    await page.getByLabel(m.share.probe, { exact: true }).fill('Mar')
    await page.getByLabel(m.share.only).check()
    await page.getByLabel(m.share.control.settings, { exact: true }).selectOption('hidden')
    await page.getByLabel(m.share.control.training, { exact: true }).selectOption('locked')
    await page.getByLabel(m.share.control.probe, { exact: true }).selectOption('locked')
    await expect.poll(async () => (await text.isVisible()) && (await text.inputValue()).endsWith(fragment)).toBe(false)
    await page.getByRole('status').filter({ hasText: m.share.making }).waitFor({ state: 'hidden' })
    const address = await text.inputValue()
    lesson = address.slice(address.indexOf('#'))
    for (const width of [1440, 390]) {
      await page.setViewportSize({ width, height: 900 })
      await inBoth(page, async (theme) => {
        expect(await widerThanPage(page), `${width} px`).toBeLessThanOrEqual(0)
        expect(await serious(page)).toEqual([])
        await shoot(page, `share-view-${width}-${theme}`)
      })
    }
    await page.setViewportSize({ width: 1440, height: 900 })
    await page.getByLabel(m.share.sections.view).uncheck()
  })

  test('without the model it is short enough for a QR code', async () => {
    await page.getByLabel(m.share.sections.weights).uncheck()
    await page.getByRole('img', { name: m.share.qr }).waitFor()
    const address = await page.getByRole('textbox', { name: m.share.copy }).inputValue()
    short = address.slice(address.indexOf('#'))
    expect(short.length).toBeLessThan(2000)
    await shoot(page, 'share-qr-1440-light')
  })
})

describe.each([
  ['without WebGPU', false],
  ['with WebGPU', true],
])('a friend, %s', (_, webgpu) => {
  const profile = b.newProfile()
  let site: Awaited<ReturnType<typeof b.serveDist>>
  let browser: b.Browser
  let page: Page
  const asked: string[] = []
  beforeAll(async () => {
    site = await b.serveDist()
    browser = await b.openBrowser(profile.folder, { webgpu })
    browser.context.on('request', (request) => asked.push(request.url()))
    page = browser.context.pages()[0] ?? (await browser.context.newPage())
  })
  afterAll(async () => {
    await browser.close()
    site.close()
    profile.forget()
  })
  const isOurs = (url: string) => url.startsWith(site.address) || url.startsWith('data:') || url.startsWith('blob:')
  const nothingElse = () => {
    expect(asked.filter((url) => !isOurs(url))).toEqual([])
    expect(asked.filter((url) => url.includes('g1.'))).toEqual([])
    expect(browser.complaints).toEqual([])
  }

  test('is shown what it is, and nothing happens before a click', async () => {
    await page.goto(site.address + fragment)
    await dialog(page).getByRole('button', { name: said.openModel }).waitFor()
    await dialog(page).getByText('First names').first().waitFor()
    expect(await b.strip(page).getByText(m.strip.state.recorded).count()).toBe(1)
    if (!webgpu)
      for (const width of [1440, 390]) {
        await page.setViewportSize({ width, height: 844 })
        await inBoth(page, async (theme) => {
          expect(await widerThanPage(page)).toBeLessThanOrEqual(0)
          expect(await serious(page)).toEqual([])
          await shoot(page, `share-open-${width}-${theme}`, false)
        })
      }
    await page.setViewportSize({ width: 1440, height: 900 })
    nothingElse()
  })

  test('opens the model, and it writes', async () => {
    await dialog(page).getByRole('button', { name: said.openModel }).click()
    await page.getByRole('button', { name: m.chat.generate, exact: true }).click()
    await page.locator('main ol li').first().locator('.body').getByText(/\w/).first().waitFor()
    await page.getByText(m.chat.ended.length(300)).waitFor()
    expect(new URL(page.url()).hash).toBe('#/chat')
    nothingElse()
  })

  test('it is there after a reload, and can be looked into', async () => {
    await page.reload()
    await b.opened(page)
    await b.stage(page, 'look').click()
    await page.getByLabel(m.look.text).waitFor()
    await page.getByRole('slider', { name: m.look.attention.alt(0, 0) }).waitFor()
    expect(await page.locator('.note.error').count()).toBe(0)
  })

  if (webgpu) return

  test('trains it again beside its curve, to the same bits', async () => {
    await page.goto(`${site.address}${short}`)
    await page.getByRole('button', { name: said.train }).click()
    const [question = ''] = m.go.anyway(0).split(',')
    const anyway = page.getByRole('button', { name: question })
    const same = page.getByText(raceWords.same(150))
    await anyway.or(same).first().waitFor()
    if (await anyway.isVisible()) await anyway.click()
    await same.waitFor()
    await page.getByText(m.train.series.ghost, { exact: true }).waitFor()
    await shoot(page, 'share-race-1440-light')
    await page.setViewportSize({ width: 390, height: 844 })
    await shoot(page, 'share-race-390-light')
    await page.setViewportSize({ width: 1440, height: 900 })
    nothingElse()
  })

  test('one made for a class opens where it says, and shows all stages when asked', async () => {
    await page.goto('about:blank')
    await page.goto(site.address + lesson)
    await dialog(page).getByText(said.view(m.stages.look)).waitFor()
    await page.getByRole('button', { name: said.openModel }).click()
    await expect.poll(() => page.getByLabel(m.look.text).inputValue()).toBe('Mar')
    await page.getByRole('radio', { name: m.look.panels.lens }).waitFor({ state: 'attached' })
    expect(await page.getByRole('radio', { name: m.look.panels.lens }).isChecked()).toBe(true)
    await expect.poll(() => page.getByLabel(m.look.slots.name.B, { exact: true }).inputValue()).toBe('shipped')
    await page.getByText(m.look.slots.step(400), { exact: true }).waitFor()
    expect(await page.getByLabel(m.look.text).isDisabled()).toBe(true)
    const step = b.strip(page).getByRole('button', { name: m.strip.stop })
    expect(await step.isDisabled()).toBe(true)
    await page.keyboard.press('Control+k')
    await page.getByRole('option', { name: m.palette.commands.generate }).waitFor()
    expect(await page.getByRole('option', { name: m.strip.resume }).count()).toBe(0)
    await page.keyboard.press('Escape')
    await page.locator('main').focus()
    await page.keyboard.press('Space')
    expect(await b.strip(page).getByText(m.strip.state.running).count()).toBe(0)
    const stages = page.getByRole('navigation').getByRole('link')
    expect(await stages.count()).toBe(1)
    const { settings, training, probe } = m.controls
    await page.getByText(m.partial.sentence([m.partial.stages, settings], [training, probe])).waitFor()
    for (const width of [1440, 390]) {
      await page.setViewportSize({ width, height: 844 })
      await inBoth(page, async (theme) => {
        expect(await widerThanPage(page)).toBeLessThanOrEqual(0)
        expect(await serious(page)).toEqual([])
        await shoot(page, `share-class-${width}-${theme}`, false)
      })
    }
    await page.setViewportSize({ width: 1440, height: 900 })
    await page.evaluate(() => (location.hash = '#/train'))
    expect(await page.getByRole('button', { name: m.train.newRun }).isDisabled()).toBe(true)
    await page.evaluate(() => (location.hash = '#/model'))
    await page.getByRole('heading', { name: m.model.picture }).waitFor()
    expect(await page.getByText(m.model.advanced).count()).toBe(0)
    await page.getByRole('button', { name: m.stages.all }).click()
    await page.getByText(m.model.advanced).waitFor()
    expect(await stages.count()).toBe(8)
    expect(await page.getByRole('button', { name: m.stages.all }).count()).toBe(0)
    nothingElse()
  })

  test('shown in a frame of another page, the model opens and writes', async () => {
    const { origin } = new URL(/src="([^"]*)"/.exec(frame)![1]!)
    await page.route(`${site.address}blog`, (route) =>
      route.fulfill({
        contentType: 'text/html',
        body: `<!doctype html><title>A blog</title>${frame.replace(`${origin}/`, site.address)}`,
      }),
    )
    await page.goto(`${site.address}blog`)
    const inside = page.frameLocator('iframe')
    await inside.getByRole('button', { name: said.openModel }).click()
    await inside.getByRole('button', { name: m.chat.generate, exact: true }).click()
    await inside.locator('main ol li').first().locator('.body').getByText(/\w/).first().waitFor()
    nothingElse()
  })

  test('a damaged link and one of a later page say so, and change nothing', async () => {
    const before = await page.evaluate(() => indexedDB.databases().then((all) => all.length))
    for (const [hash, words] of [
      [`${fragment.slice(0, -9)}`, /damaged|cut short/],
      ['#g7.AAAA', /version 7/],
    ] as const) {
      await page.goto('about:blank')
      await page.goto(site.address + hash)
      await dialog(page).getByRole('alert').getByText(words).waitFor()
      await page.keyboard.press('Escape')
      await dialog(page).waitFor({ state: 'hidden' })
      expect(new URL(page.url()).hash).toBe('#/train')
    }
    expect(await page.evaluate(() => indexedDB.databases().then((all) => all.length))).toBe(before)
    nothingElse()
  })
})
