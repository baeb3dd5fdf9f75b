// The page's Content-Security-Policy (index.html), under which every stage is driven from a sub-path: nothing is refused, nobody
// complains, and nothing is asked of another origin over the whole session, a text from an address aside. Then what it is for.
import { createServer, type Server } from 'node:http'
import { readFileSync } from 'node:fs'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { m } from '../../src/ui/messages'
import { linesOf, pdfOf, zipOf } from '../data/collect/made_files'
import * as b from './browser'

const LINE = 'Call me Ishmael. Some years ago, never mind how long precisely.\n'
const PDF = pdfOf(Array.from({ length: 6 }, (_, i) => linesOf([`Page ${i} of a book that came as a PDF.`, 0])))
const SITE = zipOf({
  'one.html': `<html><body><p style="color: red" onclick="alert(1)">${LINE.repeat(9)}</p><script>boom()</script></body></html>`,
})

const tab = b.openTab({ webgpu: false })
let page: Page
/** Where texts of another origin are, which other pages may read. */
let other: { address: string; server: Server }
/** Every address that the page and its worker asked for. */
const asked: string[] = []
/** Every refusal of the policy: what, and by which part of it. */
const refused: string[] = []

beforeAll(async () => {
  page = tab.page
  page.context().on('request', (request) => asked.push(request.url()))
  await page.exposeFunction('tellRefused', (what: string) => refused.push(what))
  await page.addInitScript(() =>
    document.addEventListener('securitypolicyviolation', ({ effectiveDirective, blockedURI, sourceFile }) => {
      const tell = Reflect.get(window, 'tellRefused') as (what: string) => void
      tell(`${effectiveDirective} ${blockedURI} ${sourceFile}`)
    }),
  )
  const server = createServer((_, response) => {
    response.writeHead(200, { 'access-control-allow-origin': '*', 'content-type': 'text/plain' }).end(LINE.repeat(40))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the server has no port')
  other = { address: `http://127.0.0.1:${address.port}/`, server }
  await page.goto(tab.site.address + b.SUB_PATH.slice(1))
  await b.opened(page)
})
afterAll(() => other.server.close())

const elsewhere = () =>
  asked.filter((url) => !url.startsWith(`blob:${tab.site.address}`) && !url.startsWith(tab.site.address))
function nobodyComplained() {
  expect(refused).toEqual([])
  expect(tab.browser.complaints).toEqual([])
  expect(tab.site.missing).toEqual([])
  expect(elsewhere()).toEqual([])
}
const inUse = (name: string) => page.getByRole('status').filter({ hasText: name }).first().waitFor()
const widthOf = (selector: string) =>
  page
    .locator(selector)
    .first()
    .evaluate((element) => element.getBoundingClientRect().width)

test('the theme is there before the page is', async () => {
  for (const [colorScheme, theme] of [
    ['dark', 'dark'],
    ['light', 'light'],
  ] as const) {
    await page.emulateMedia({ colorScheme })
    // Nothing of the page itself has run when its head ends.
    await page.goto(tab.site.address + b.SUB_PATH.slice(1), { waitUntil: 'commit' })
    await page.waitForFunction(() => document.body !== null)
    expect(await page.evaluate(() => document.documentElement.dataset.theme)).toBe(theme)
    await b.opened(page)
  }
  const fonts = await page.evaluate(async () => {
    await document.fonts.ready
    return [...document.fonts].filter(({ status }) => status === 'loaded').length
  })
  expect(fonts).toBeGreaterThan(0)
  nobodyComplained()
})

test('texts: one that is here, pages of a site, a PDF, a pasted one', async () => {
  await b.stage(page, 'data').click()
  const builtIn = page.locator('details', { has: page.locator('#built-in') })
  if ((await builtIn.getAttribute('open')) === null) await builtIn.locator('summary').first().click()
  await builtIn.getByRole('button', { name: `${m.data.use} First names` }).click()
  await builtIn.getByRole('button', { name: `${m.data.using} First names` }).waitFor()
  const files = page.locator('main input[type=file]:not([webkitdirectory])')
  await files.setInputFiles({ name: 'site.zip', mimeType: 'application/zip', buffer: Buffer.from(SITE) })
  await inUse('site.zip')
  await files.setInputFiles({ name: 'paper.pdf', mimeType: 'application/pdf', buffer: Buffer.from(PDF) })
  await inUse('paper.pdf')
  await b.prepare(page, { steps: 2_000, fields: { eval_interval: 10 } })
  expect(await widthOf('.bar span.mlp')).toBeGreaterThan(20)
  nobodyComplained()
})

test('tokens: two tokenizers, merges and the curve', async () => {
  await b.stage(page, 'tokens').click()
  await page.getByRole('radio', { name: m.tokens.kinds.bpe.name }).check()
  await page.getByRole('slider', { name: m.tokens.curve.label }).waitFor()
  await page.getByRole('radio', { name: m.tokens.kinds.char.name }).check()
  nobodyComplained()
})

test('training, its chart and its samples, and the question before its end', async () => {
  await b.go(page)
  await b.reach(page, 30)
  await page.locator('.chart canvas').waitFor()
  await page.locator('.strip .progress div[style*="scaleX"]').waitFor()
  await b.pause(page)
  await b.strip(page).getByRole('button', { name: m.strip.stop, exact: true }).click()
  await page.getByRole('dialog').getByRole('button', { name: m.cancel }).click()
  await page.getByRole('dialog').waitFor({ state: 'detached' })
  await page.getByRole('slider', { name: m.train.cursor }).hover()
  await page.locator('.chart .line').waitFor()
  // The samples stand on the colours of their chances.
  await expect.poll(() => page.locator('ol span[data-i][style*="background"]').count()).toBeGreaterThan(0)
  nobodyComplained()
})

test('chat writes; a run is exported and imported', async () => {
  await b.stage(page, 'chat').click()
  await page.getByRole('button', { name: m.chat.generate, exact: true }).click()
  await page.getByText(m.chat.writing, { exact: false }).waitFor({ state: 'hidden' })
  await expect.poll(() => page.locator('main ol span[data-i]').count()).toBeGreaterThan(10)
  await b.stage(page, 'runs').click()
  const download = page.waitForEvent('download')
  await page.getByRole('button', { name: m.runs.export }).first().click()
  const file = await download
  const bytes = readFileSync(await file.path())
  await page.locator('main header input[type=file]').setInputFiles({
    name: file.suggestedFilename(),
    mimeType: 'application/octet-stream',
    buffer: bytes,
  })
  await expect.poll(() => page.getByRole('button', { name: m.runs.export }).count()).toBe(2)
  nobodyComplained()
})

test('the device, the bench, the keys, the commands and the theme', async () => {
  await page.getByRole('button', { name: m.device.title }).click()
  await page.getByRole('dialog').getByRole('heading', { name: m.device.title, exact: true }).waitFor()
  await page.keyboard.press('Escape')
  // Its close is an event of its own; until then keys belong to it.
  await expect.poll(() => page.locator('.sheet').count()).toBe(0)
  for (const key of ['?', 'Control+k']) {
    await page.locator('main').focus()
    await page.keyboard.press(key)
    await page.getByRole('dialog').waitFor()
    await page.keyboard.press('Escape')
    await expect.poll(() => page.locator('.sheet').count()).toBe(0)
  }
  await page.keyboard.press('Control+k')
  await page.getByRole('combobox', { name: m.palette.find }).fill(m.palette.commands.theme(m.theme.dark))
  await page.keyboard.press('Enter')
  await expect.poll(() => page.evaluate(() => document.documentElement.dataset.theme)).toBe('dark')
  await page.reload()
  await b.opened(page)
  expect(await page.evaluate(() => document.documentElement.dataset.theme)).toBe('dark')
  nobodyComplained()
})

test('a text from an address is all that another origin is asked for', async () => {
  await b.stage(page, 'data').click()
  await page.getByLabel(m.collect.addressLabel).fill(`${other.address}open.txt`)
  await page.getByRole('button', { name: m.collect.fetch, exact: true }).first().click()
  await inUse('open.txt')
  // The worker asked for it: what it asks for is heard.
  expect(elsewhere()).toEqual([`${other.address}open.txt`])
  expect([refused, tab.browser.complaints]).toEqual([[], []])
})

test('a script, a style and a handler in the page’s text, a request and a form to elsewhere are refused', async () => {
  const reached = await page.evaluate(async (address) => {
    const script = document.createElement('script')
    script.textContent = 'globalThis.ran = "a script"'
    const style = document.createElement('style')
    style.textContent = 'body { outline: 7px solid red }'
    const holder = document.createElement('div')
    holder.innerHTML = '<i style="position: fixed" onclick="globalThis.ran = 1"></i>'
    document.body.append(script, style, holder)
    holder.querySelector('i')?.click()
    const fetched = await fetch(address).then(
      () => true,
      () => false,
    )
    const form = document.createElement('form')
    form.action = address
    document.body.append(form)
    form.requestSubmit()
    const outline = getComputedStyle(document.body).outlineWidth
    const position = getComputedStyle(holder.firstElementChild!).position
    return [Reflect.get(globalThis, 'ran'), outline === '7px', position, fetched]
  }, other.address)
  expect(reached).toEqual([undefined, false, 'static', false])
  const parts = ['script-src-elem', 'script-src-attr', 'style-src-elem', 'style-src-attr', 'connect-src', 'form-action']
  const told = () => new Set(refused.map((what) => what.split(' ')[0]))
  await expect.poll(() => parts.filter((part) => !told().has(part))).toEqual([])
})
