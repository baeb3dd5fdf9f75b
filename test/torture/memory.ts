// Ten thousand steps of a tiny run in Chromium: what the page and its worker hold, and what lies on the disk, after 2,000 and after
// 10,000. A history keeps its newest 12,000 steps whole, so a few numbers a step may come on top, and nothing else.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { CDPSession, Page } from 'playwright-core'
import { m } from '../../src/ui/messages'
import { PACKED } from '../../src/words/columns'
import * as b from '../e2e/browser'
import { train } from './page'
import { complaintsOf, heartbeat, inspect, reopened } from './profile'
import { Tally, type Finding } from './tally'

const STEPS = [2_000, 10_000] as const
/** What the history has of a step: numbers of 8 bytes; in memory `elapsed_s` too, and up to twice as many, since columns double. */
const KEPT_BYTES = PACKED.length * 8
const HELD_BYTES = (PACKED.length + 1) * 8 * 2
/** What code that runs for longer may leave: compiled code, the chart's picture of the curve. */
const SLACK_BYTES = 1_500_000

interface Usage {
  usedSize: number
  backingStorageSize?: number
}

/** Talks to the page's worker through the page's own session. */
async function workerOf(session: CDPSession): Promise<(method: string) => Promise<unknown>> {
  const attached = new Promise<string>((resolve) =>
    session.on('Target.attachedToTarget', ({ sessionId, targetInfo }) => {
      if (targetInfo.type === 'worker') resolve(sessionId)
    }),
  )
  await session.send('Target.setAutoAttach', { autoAttach: true, waitForDebuggerOnStart: false, flatten: false })
  const sessionId = await attached
  const waiting = new Map<number, (result: unknown) => void>()
  session.on('Target.receivedMessageFromTarget', ({ message }) => {
    const { id, result } = JSON.parse(message) as { id?: number; result?: unknown }
    if (id !== undefined) waiting.get(id)?.(result)
  })
  let last = 0
  return async (method) => {
    const id = ++last
    const answer = new Promise<unknown>((resolve) => waiting.set(id, resolve))
    await session.send('Target.sendMessageToTarget', { sessionId, message: JSON.stringify({ id, method }) })
    return answer
  }
}

const total = (usage: unknown) => {
  const { usedSize, backingStorageSize = 0 } = usage as Usage
  return usedSize + backingStorageSize
}

async function pauseAt(page: Page, step: number): Promise<number> {
  await b.reach(page, step)
  await b.pause(page)
  return b.stepOf(page)
}

export async function memory(log: (line: string) => void): Promise<Finding[]> {
  const folder = mkdtempSync(join(tmpdir(), 'torture-'))
  const site = await b.serveDist()
  const browser = await reopened(folder)
  const measured: { step: number; page: number; worker: number; disk: number }[] = []
  const wrong: string[] = []
  try {
    let page = await b.open(browser, site.address)
    const session = await page.context().newCDPSession(page)
    const worker = await workerOf(session)
    await train(page)
    for (const step of STEPS) {
      if (measured.length > 0) await b.resume(page)
      const at = await pauseAt(page, step)
      await session.send('HeapProfiler.collectGarbage')
      await worker('HeapProfiler.collectGarbage')
      const heaps = { page: await session.send('Runtime.getHeapUsage'), worker: await worker('Runtime.getHeapUsage') }
      // Another page of the address reads the disk, so that this one keeps what it has.
      const reader = await browser.context.newPage()
      const disk = await inspect(reader, site.address)
      await reader.close()
      wrong.push(...disk.wrong)
      measured.push({ step: at, page: total(heaps.page), worker: total(heaps.worker), disk: disk.size_bytes })
      log(`memory at step ${at}: ${JSON.stringify(measured.at(-1))}`)
    }
    if (!Number.isFinite(await heartbeat(page))) wrong.push('the page is frozen')
    wrong.push(...complaintsOf(browser))
    page = await b.open(browser, site.address)
    await b.strip(page).getByText(m.strip.state.paused).waitFor()
  } finally {
    await browser.close()
    site.close()
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  }
  const [early, late] = measured
  if (!early || !late) throw new Error('nothing was measured')
  const line = (what: 'page' | 'worker' | 'disk', a_step: number) => {
    const tally = new Tally(`memory: ${what}, step ${early.step} to ${late.step}`)
    const allowed = (late.step - early.step) * a_step + SLACK_BYTES
    const grown = late[what] - early[what]
    tally.add('growth', grown > allowed ? [`it grew by ${grown} bytes; ${allowed} are kept of the steps`] : [])
    const mb = (bytes: number) => (bytes / 1e6).toFixed(2)
    tally.worst = `${mb(early[what])} → ${mb(late[what])} MB, ${Math.round(grown / (late.step - early.step))} bytes a step`
    return tally.finding
  }
  const whole = new Tally('memory: what is kept')
  whole.add('the end', wrong)
  return [line('page', HELD_BYTES), line('worker', HELD_BYTES), line('disk', KEPT_BYTES), whole.finding]
}
