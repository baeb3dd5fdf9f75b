// A browser that allows less than is needed: at the first save of a run, and in the middle of training, at several sizes. The page says
// that it cannot save, trains on in sight, and saves again once there is room; what was kept before stays whole.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { m } from '../../src/ui/messages'
import * as b from '../e2e/browser'
import { savedBeyond, train } from './page'
import { complaintsOf, heartbeat, inspect, reopened } from './profile'
import { Tally, Worst, type Finding } from './tally'

/** Steps that a run must take with nowhere to save. */
const STEPS_ON = 50

async function goesOn(page: Page, frozen: Worst, when: string): Promise<void> {
  frozen.see(await heartbeat(page), when)
  await b.reach(page, (await b.stepOf(page)) + STEPS_ON)
}
const saidSo = (page: Page) => b.strip(page).getByText(m.strip.unsaved.full()).waitFor()

/** One profile and one size in bytes, allowed from the first save on or while a run trains. */
async function trial(size: number, isFirst: boolean, site: string, frozen: Worst): Promise<string[]> {
  const wrong: string[] = []
  const folder = mkdtempSync(join(tmpdir(), 'torture-'))
  const browser = await reopened(folder)
  try {
    const page = await b.open(browser, site)
    const session = await page.context().newCDPSession(page)
    const quota = (allowed?: object) =>
      session.send('Storage.overrideQuotaForOrigin', { origin: new URL(site).origin, ...allowed })
    if (isFirst) await quota({ quotaSize: size })
    await train(page)
    let saved = 0
    if (!isFirst) {
      saved = await savedBeyond(page, 1)
      await quota({ quotaSize: size })
    }
    await saidSo(page)
    await goesOn(page, frozen, `${size} bytes`)
    await saidSo(page)
    await quota()
    const again = await savedBeyond(page, saved)
    await b.pause(page)
    await b.until(
      'the pause is saved',
      async () => (await b.strip(page).getByText(m.strip.unsaved.full()).count()) === 0,
    )
    const step = await b.stepOf(page)
    await savedBeyond(page, step - 1)
    const inside = await inspect(page, site)
    wrong.push(...inside.wrong)
    const [run] = inside.runs.values()
    if (run?.step !== step) wrong.push(`it is kept at step ${run?.step ?? '–'}, not ${step}, after a save at ${again}`)
    wrong.push(...complaintsOf(browser).filter((text) => !/quota/i.test(text)))
  } catch (error) {
    wrong.push(error instanceof Error ? error.message : String(error))
  } finally {
    await browser.close()
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  }
  return wrong
}

export async function quota(sizes: readonly number[], log: (line: string) => void): Promise<Finding[]> {
  const site = await b.serveDist()
  const findings: Finding[] = []
  try {
    for (const isFirst of [true, false]) {
      const tally = new Tally(`disk full ${isFirst ? 'at the first save' : 'in training'}`)
      const frozen = new Worst()
      for (const size of sizes) {
        tally.add(`${size} bytes`, await trial(size, isFirst, site.address, frozen))
        log(`${tally.what}: ${size} bytes`)
      }
      tally.worst = `frames within ${Math.round(frozen.value)} ms`
      if (!Number.isFinite(frozen.value)) tally.add('the last', ['a page was frozen'])
      findings.push(tally.finding)
    }
  } finally {
    site.close()
  }
  return findings
}
