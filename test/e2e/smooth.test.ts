// While a run trains the page stays free: no task of the main thread keeps it from a person for more than 50 ms. The model is the
// smallest, whose steps are the quickest: the more steps a second, the more the page has to show. What is asserted is each task's
// own CPU time, from Chromium's trace. By the clock (PerformanceObserver 'longtask') a task on a shared machine is as long as
// others let it be, and these others are the very kernels that SwiftShader runs on the same cores.
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Page } from 'playwright-core'
import * as b from './browser'

const LONGEST_MS = 50
const WATCHED_MS = 8000

const profile = b.newProfile()
let site: Awaited<ReturnType<typeof b.serveDist>>
let browser: b.Browser
let page: Page
beforeAll(async () => {
  site = await b.serveDist()
  browser = await b.openBrowser(profile.folder)
  page = await b.open(browser, site.address)
})
afterAll(async () => {
  await browser.close()
  site.close()
  profile.forget()
})

/** What is used of an event of the trace; times in microseconds, `tdur` by the thread’s own clock. */
interface TraceEvent {
  name: string
  pid: number
  tid: number
  tdur?: number
  dur?: number
  args: { name?: string }
}

/** The tasks of the page's main thread while `during` lasts: CPU and wall time, longest first, in ms. */
async function tasks(during: () => Promise<void>): Promise<{ cpu: number; wall: number }[]> {
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
  return events
    .filter(({ name, pid, tid }) => name === 'RunTask' && pid === main?.pid && tid === main.tid)
    .map(({ tdur = 0, dur = 0 }) => ({ cpu: tdur / 1000, wall: dur / 1000 }))
    .sort((x, y) => y.cpu - x.cpu)
}

test('no task of the main thread takes 50 ms while a run trains', async () => {
  await b.prepare(page, { steps: 100_000, fields: { eval_interval: 50 } })
  await b.go(page)
  await b.reach(page, 20)
  const before = await b.stepOf(page)
  const seen = await tasks(() => page.waitForTimeout(WATCHED_MS))
  const steps = (await b.stepOf(page)) - before
  expect(steps).toBeGreaterThan(10)
  // Ten times a second something is drawn: a trace without work would prove nothing.
  expect(seen.filter(({ cpu }) => cpu > 0.5).length).toBeGreaterThan(WATCHED_MS / 500)
  expect(seen[0]?.cpu).toBeLessThan(LONGEST_MS)
})
