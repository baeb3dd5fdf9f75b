// After one visit the page works without its host: visited at a sub-path, the host gone, loaded anew, asked, looked into and trained.
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { extname, join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { m } from '../../src/ui/messages'
import { m as look } from '../../src/ui/look/words'
import { keptFiles } from '../../src/headless/page_files.mjs'
import * as b from './browser'

const TYPES: Record<string, string> = {
  ...{ '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.json': 'application/json' },
  ...{ '.svg': 'image/svg+xml', '.png': 'image/png', '.woff2': 'font/woff2' },
}
const PATH = '/a/deep/folder/'

/** A copy of dist/ that can be changed, on a host that can go away and come back under the same address. */
function host() {
  const folder = mkdtempSync(join(tmpdir(), 'host-'))
  cpSync('dist', folder, { recursive: true })
  const asked: string[] = []
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://host')
    asked.push(pathname)
    const name = pathname.startsWith(PATH) ? pathname.slice(PATH.length) || 'index.html' : null
    try {
      const bytes = readFileSync(join(folder, name ?? '\0'))
      response.writeHead(200, { 'content-type': TYPES[extname(name ?? '')] ?? 'application/octet-stream' }).end(bytes)
    } catch {
      response.writeHead(404).end()
    }
  })
  let port = 0
  const open = () => new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  return {
    folder,
    asked,
    async open() {
      await open()
      port = (server.address() as AddressInfo).port
      return `http://127.0.0.1:${port}${PATH}`
    },
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
    forget: () => rmSync(folder, { recursive: true }),
  }
}

const profile = b.newProfile()
const site = host()
let browser: b.Browser
let page: Page
let address = ''
beforeAll(async () => {
  address = await site.open()
  browser = await b.openBrowser(profile.folder, { webgpu: false })
  page = await b.open(browser, address)
})
afterAll(async () => {
  await browser.close()
  await site.close()
  site.forget()
  profile.forget()
})

const worker = () =>
  page.evaluate(async () => {
    const registration = await navigator.serviceWorker.getRegistration()
    return {
      active: registration?.active?.state,
      waiting: registration?.waiting?.state,
      controlled: navigator.serviceWorker.controller !== null,
    }
  })

test('the first visit keeps every file, and takes over nothing', async () => {
  await expect.poll(async () => (await worker()).active).toBe('activated')
  expect(await worker()).toEqual({ active: 'activated', waiting: undefined, controlled: false })
  const kept = await page.evaluate(async () => {
    const [name] = await caches.keys()
    return (await (await caches.open(name!)).keys()).map(({ url }) => url)
  })
  const files = keptFiles('dist').filter(({ onUse }) => !onUse)
  expect(files.reduce((sum, { gzipped }) => sum + gzipped, 0)).toBeLessThan(5_000_001)
  expect(new Set(kept)).toEqual(
    new Set([...files.map(({ path, hash }) => `${address}${path}?${hash}`), `${address}?kept`]),
  )
  expect(browser.complaints).toEqual([])
})

test('without its host the page opens, its model writes and is looked into, and a new one trains', async () => {
  await site.close()
  site.asked.length = 0
  await page.reload()
  await b.opened(page)
  expect((await worker()).controlled).toBe(true)
  await b.stage(page, 'chat').click()
  await page.getByRole('button', { name: m.chat.generate, exact: true }).click()
  await expect.poll(() => page.locator('main ol span[data-i]').count()).toBeGreaterThan(20)
  await b.stage(page, 'look').click()
  await page.getByText(look.look.panels.attention, { exact: true }).first().click()
  await page.locator('main canvas').first().waitFor()
  await b.prepare(page, { steps: 6 })
  await b.go(page)
  await b.finished(page)
  expect(await b.stepOf(page)).toBe(6)
  await page.reload()
  await b.opened(page)
  await expect.poll(() => b.stepOf(page)).toBe(6)
  expect(site.asked).toEqual([])
  expect(browser.complaints).toEqual([])
})

test('a newer version waits, is told of, and is used when somebody asks for it', async () => {
  const index = join(site.folder, 'index.html')
  const html = readFileSync(index, 'utf8')
  const before = keptFiles(site.folder).find(({ path }) => path === 'index.html')!.hash
  writeFileSync(index, html.replace('<title>Glasshouse', '<title>Newer Glasshouse'))
  const after = keptFiles(site.folder).find(({ path }) => path === 'index.html')!.hash
  const script = join(site.folder, 'service_worker.js')
  writeFileSync(script, readFileSync(script, 'utf8').replace(before, after))
  await site.open()
  await page.reload()
  await b.opened(page)
  const ask = page.getByRole('button', { name: m.update.now })
  await ask.waitFor()
  // The page that is open is the one that was.
  expect(await page.evaluate(() => document.head.innerHTML.includes('Newer'))).toBe(false)
  expect((await worker()).waiting).toBe('installed')
  await page.getByRole('button', { name: m.update.later }).click()
  await ask.waitFor({ state: 'detached' })
  await page.reload()
  await b.opened(page)
  await Promise.all([page.waitForEvent('load'), ask.click()])
  await b.opened(page)
  const response = await page.evaluate(async () => (await fetch('./')).text())
  expect(response).toContain('Newer')
  await expect.poll(() => b.stepOf(page)).toBe(6)
  expect(browser.complaints).toEqual([])
})

test('a host in the middle of an update changes nothing', async () => {
  const script = join(site.folder, 'service_worker.js')
  // A file of the list is not the one that is there.
  writeFileSync(script, readFileSync(script, 'utf8').replace(/(index\.html",")\w{32}/, '$1' + '0'.repeat(32)))
  const waiting = await page.evaluate(async () => {
    const registration = (await navigator.serviceWorker.getRegistration())!
    await registration.update().catch(() => undefined)
    await new Promise<void>((resolve) => {
      const coming = registration.installing
      if (!coming) return resolve()
      coming.addEventListener('statechange', () => {
        if (coming.state === 'redundant' || coming.state === 'installed') resolve()
      })
    })
    return registration.waiting !== null
  })
  expect(waiting).toBe(false)
  await page.reload()
  await b.opened(page)
  await expect.poll(() => b.stepOf(page)).toBe(6)
})
