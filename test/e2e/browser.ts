// The built page in Debian's Chromium: a static server for dist/, a browser whose profile outlives it, and the few things that
// every test does on the page. WebGPU is SwiftShader's, so models here are tiny.
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { extname, join, normalize } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { chromium, type BrowserContext, type Page } from 'playwright-core'
import { afterAll, beforeAll, expect } from 'vitest'
import { decodeCheckpoint } from '../../src/storage/checkpoint'
import { m } from '../../src/ui/messages'
import { findChromium } from '../machine.mjs'

const DIST = 'dist'
export const FLAGS = [
  '--no-sandbox',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  // V8 gives memory back in one go where a page has been quiet: 40 to 110 ms of the main thread in which no code of the page runs.
  '--js-flags=--no-memory-reducer',
  '--no-first-run',
]
export const WEBGPU = ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader', '--enable-features=Vulkan']
const TYPES: Record<string, string> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain',
  '.woff2': 'font/woff2',
  '.png': 'image/png',
}
/** Longest wait for one thing: only what hangs takes so long, however busy the machine is. */
export const PATIENCE_MS = 300_000
/** Where a deep static host would put the page. */
export const SUB_PATH = '/some/where/deep/'

/**
 * Serves dist/ at `/` and at SUB_PATH as any static host would: no headers beyond the type. `inWorker` is run in the worker before its own
 * script: what a computer has cannot be set from outside there.
 */
export async function serveDist(inWorker = ''): Promise<{ address: string; missing: string[]; close: () => void }> {
  if (!existsSync(join(DIST, 'index.html'))) throw new Error('There is no dist/index.html: run `npm run build` first.')
  /** What was asked for and is not there. */
  const missing: string[] = []
  const server: Server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url ?? '/', 'http://host').pathname)
    const inside = path.startsWith(SUB_PATH) ? path.slice(SUB_PATH.length - 1) : path
    const file = join(DIST, normalize(inside.endsWith('/') ? `${inside}index.html` : inside))
    if (!existsSync(file) || !statSync(file).isFile()) {
      missing.push(path)
      response.writeHead(404).end()
      return
    }
    response
      .writeHead(200, { 'content-type': TYPES[extname(file)] ?? 'application/octet-stream' })
      .end(/\bworker-[^/]*\.js$/.test(file) ? `${inWorker}\n${readFileSync(file, 'utf8')}` : readFileSync(file))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the server has no port')
  return { address: `http://127.0.0.1:${address.port}/`, missing, close: () => server.close() }
}

export interface Browser {
  context: BrowserContext
  /** Everything that a page or its worker complained of. */
  complaints: string[]
  /** As the power cut would: no goodbye to anybody. */
  kill(): Promise<void>
  close(): Promise<void>
}

/** A folder for a profile; gone when `forget` is called. */
export function newProfile(): { folder: string; forget: () => void } {
  const folder = mkdtempSync(join(tmpdir(), 'profile-'))
  return { folder, forget: () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }) }
}

export function chromiumPath(): string {
  const path = findChromium()
  if (!path) throw new Error('No Chromium. On Debian: apt install chromium; or name one in CHROMIUM=/path/to/it.')
  return path
}

export async function openBrowser(
  profile: string,
  options: { webgpu?: boolean; dark?: boolean } = {},
): Promise<Browser> {
  const executablePath = chromiumPath()
  const webgpu = options.webgpu ?? true
  const context = await chromium.launchPersistentContext(profile, {
    executablePath,
    args: [...FLAGS, ...(webgpu ? WEBGPU : ['--disable-features=WebGPU,Vulkan', '--disable-gpu'])],
    viewport: { width: 1440, height: 900 },
    colorScheme: options.dark ? 'dark' : 'light',
    acceptDownloads: true,
  })
  context.setDefaultTimeout(PATIENCE_MS)
  // SwiftShader is software, which the page takes only where it is told to.
  if (webgpu)
    await context.addInitScript(() => {
      // An empty tab has no storage of its own.
      if (location.protocol !== 'http:') return
      localStorage.setItem('glasshouse.settings', localStorage.getItem('glasshouse.settings') ?? '{"engine":"gpu"}')
    })
  const complaints: string[] = []
  context.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text())
  })
  context.on('weberror', (error) => complaints.push(String(error.error())))
  const session = await context.browser()?.newBrowserCDPSession()
  const pid = (await session?.send('SystemInfo.getProcessInfo'))?.processInfo.find(({ type }) => type === 'browser')?.id
  return {
    context,
    complaints,
    async kill() {
      if (pid === undefined) throw new Error('the browser has no process')
      const closed = new Promise((resolve) => context.on('close', resolve))
      process.kill(pid, 'SIGKILL')
      await closed
    },
    close: () => context.close(),
  }
}

/** A text of which a tiny model learns something in a few dozen steps. */
export const TEXT =
  'the cat sat on the mat. the rat sat on the hat. a fat cat ate the rat, and that was that.\n'.repeat(40)

export interface Settings {
  steps: number
  /** Fields by name, as Advanced has them. */
  fields?: Record<string, number>
}

/** The step that the run strip shows. */
export async function stepOf(page: Page): Promise<number> {
  return Number(await page.getByRole('progressbar').getAttribute('aria-valuenow'))
}
/** One of the run strip's numbers by its label, as text. */
export function figure(page: Page, label: string) {
  return page
    .getByRole('region', { name: m.strip.label })
    .locator('dl > div', { has: page.locator('dt', { hasText: label }) })
    .locator('dd')
}
export function strip(page: Page) {
  return page.getByRole('region', { name: m.strip.label })
}
export function stage(page: Page, name: keyof typeof m.stages.hints) {
  return page.getByRole('navigation').getByRole('link', { name: m.stages[name] })
}

export async function open(browser: Browser, address: string): Promise<Page> {
  const page = browser.context.pages()[0] ?? (await browser.context.newPage())
  await page.goto(address)
  await opened(page)
  return page
}
/** Until the worker has opened its engine. */
export async function opened(page: Page): Promise<void> {
  await page.locator('.tools .dot.gpu, .tools .dot.cpu').waitFor()
  await strip(page).getByText(m.strip.state.opening).waitFor({ state: 'hidden' })
}

/** Pastes TEXT, takes the smallest model, sets fields, and leaves the page on Model. */
export async function prepare(page: Page, { steps, fields = {} }: Settings): Promise<void> {
  await stage(page, 'data').click()
  await page.getByPlaceholder(m.data.paste).fill(TEXT)
  await page.getByRole('button', { name: m.data.usePasted }).click()
  await page.getByRole('status').filter({ hasText: m.data.pasteName }).waitFor()
  await stage(page, 'model').click()
  await page.locator('main').getByRole('slider').fill('0')
  await page.getByText(m.model.advanced).click()
  // Few rows: SwiftShader takes a tenth of a millisecond for each workgroup that waits at a barrier.
  const small = { block_size: 16, batch_size: 4, warmup_iters: 4, eval_interval: 20, eval_iters: 2 }
  const all = { ...small, max_iters: steps, ...fields }
  for (const [name, value] of Object.entries(all)) {
    await page.locator(`#field-${name}`).fill(String(value))
    await page.locator(`#field-${name}`).press('Tab')
  }
}

/** Presses the one big button, says yes where it asks whether to take that long, and waits for the first step. */
export async function go(page: Page): Promise<void> {
  await stage(page, 'train').click()
  await page.getByRole('button', { name: m.go.now }).click()
  const [question = ''] = m.go.anyway(0).split(',')
  const anyway = page.getByRole('button', { name: question })
  // There once a run is open: until then the strip shows the recorded run, and its last step.
  const newRun = page.getByRole('button', { name: m.train.newRun })
  await anyway.or(newRun).first().waitFor()
  if (await anyway.isVisible()) await anyway.click()
  await newRun.waitFor()
  // A short run may have ended before anybody has seen it run.
  const { running, finished, failed } = m.strip.state
  const begun = strip(page).getByText(running).or(strip(page).getByText(finished)).or(strip(page).getByText(failed))
  await begun.first().waitFor()
  await reach(page, 1)
}

export async function reach(page: Page, step: number): Promise<void> {
  await until(`step ${step}`, async () => (await stepOf(page)) >= step)
}
/** Asks until it is so; outside of a test too. */
export async function until(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  const end = Date.now() + PATIENCE_MS
  while (!(await isSo())) {
    if (Date.now() > end) throw new Error(`Waited for ${PATIENCE_MS / 1000} seconds, and still not: ${what}.`)
    await setTimeout(50)
  }
}
export async function pause(page: Page): Promise<void> {
  await strip(page).getByRole('button', { name: m.strip.pause }).click()
  await strip(page).getByText(m.strip.state.paused).waitFor()
}
export async function resume(page: Page): Promise<void> {
  await strip(page).getByRole('button', { name: m.strip.resume }).click()
}
export async function finished(page: Page): Promise<void> {
  await strip(page).getByText(m.strip.state.finished).waitFor()
}

/** The one kept run, exported and read. */
export async function exported(page: Page) {
  await stage(page, 'runs').click()
  const download = page.waitForEvent('download')
  await page.getByRole('button', { name: m.runs.export }).first().click()
  return decodeCheckpoint(readFileSync(await (await download).path()))
}

/** Of the longest task, as many of its parts are told. */
const LARGEST_PARTS = 8

/** What is used of an event of the trace; times in microseconds, `tdur` by the thread’s own clock. */
interface TraceEvent {
  name: string
  pid: number
  tid: number
  ts: number
  tdur?: number
  dur?: number
  args: { name?: string }
}

/** The tasks of the page's main thread while `during` lasts, longest first: CPU time in ms, and what took most of it. */
export async function mainThreadTasks(
  page: Page,
  during: () => Promise<void>,
): Promise<{ cpu: number; inside: string }[]> {
  const session = await page.context().newCDPSession(page)
  const events: TraceEvent[] = []
  session.on('Tracing.dataCollected', ({ value }) => events.push(...(value as unknown as TraceEvent[])))
  const complete = new Promise((resolve) => session.once('Tracing.tracingComplete', resolve))
  const includedCategories = ['disabled-by-default-devtools.timeline', 'devtools.timeline']
  await session.send('Tracing.start', { transferMode: 'ReportEvents', traceConfig: { includedCategories } })
  await during()
  await session.send('Tracing.end')
  await complete
  const threads = events.filter(({ name, args }) => name === 'thread_name' && args.name === 'CrRendererMain')
  const work = events.filter(({ name }) => name === 'FunctionCall')
  const main = threads.find(({ pid, tid }) => work.some((event) => event.pid === pid && event.tid === tid))
  expect(main, 'the trace has the main thread of the page').toBeDefined()
  const mine = events.filter(({ pid, tid }) => pid === main?.pid && tid === main.tid)
  const byCpu = (x: TraceEvent, y: TraceEvent) => (y.tdur ?? 0) - (x.tdur ?? 0)
  const ms = ({ tdur = 0 }: TraceEvent) => tdur / 1000
  return mine
    .filter(({ name }) => name === 'RunTask')
    .sort(byCpu)
    .map((task, rank) => {
      const within = (e: TraceEvent) => e.ts > task.ts && e.ts + (e.dur ?? 0) <= task.ts + (task.dur ?? 0)
      const parts = rank === 0 ? mine.filter(within).sort(byCpu).slice(0, LARGEST_PARTS) : []
      return { cpu: ms(task), inside: parts.map((part) => `${part.name} ${ms(part).toFixed(1)} ms`).join(', ') }
    })
}

/** The page, opened before the tests of a file or a group, and closed after them. */
export interface Tab {
  site: Awaited<ReturnType<typeof serveDist>>
  /** Where the page is. */
  address: string
  browser: Browser
  page: Page
}

/** Opens the page in a profile of its own, at `path` of its host. What it gives is filled in by the time that tests run. */
export function openTab({ path = '', ...options }: { webgpu?: boolean; dark?: boolean; path?: string } = {}): Tab {
  const profile = newProfile()
  const tab = {} as Tab
  beforeAll(async () => {
    tab.site = await serveDist()
    tab.browser = await openBrowser(profile.folder, options)
    tab.address = tab.site.address + path.slice(1)
    tab.page = await open(tab.browser, tab.address)
  })
  afterAll(async () => {
    await tab.browser.close()
    tab.site.close()
    profile.forget()
  })
  return tab
}
