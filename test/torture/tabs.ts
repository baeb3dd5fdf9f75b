// Two tabs on one run: one trains, the other looks. One of them dies as a tab dies whose process is gone, with no goodbye. The other goes
// on: the one that looked has the run at its newest save, the one that trained does not notice.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import type { Page } from 'playwright-core'
import { Rng } from '../../src/rng'
import { m } from '../../src/ui/messages'
import * as b from '../e2e/browser'
import { savedBeyond, savedStep, train } from './page'
import { complaintsOf, heartbeat, inspect, reopened, type Inside } from './profile'
import { Tally, Worst, type Finding } from './tally'

/** A tab dies within so long. */
const WITHIN_MS = 4_500

async function crash(page: Page): Promise<void> {
  const session = await page.context().newCDPSession(page)
  const crashed = page.waitForEvent('crash')
  // Its answer dies with it.
  session.send('Page.crash').catch(() => {})
  await crashed
  await page.close()
}

const looks = async (page: Page) => {
  await b.stage(page, 'runs').click()
  await page.getByRole('button', { name: m.runs.open, exact: true }).click()
  await b.strip(page).getByText(m.strip.state.readOnly).waitFor()
}

/** Starts to train, where it is paused, and dies at any instant; the newest step that it showed as saved. */
async function trainUntilDeath(page: Page, dies: Page, after_ms: number): Promise<number> {
  const end = performance.now() + after_ms
  let bound = await savedStep(page)
  while (performance.now() < end) {
    bound = Math.max(bound, await savedStep(page))
    await setTimeout(5)
  }
  await crash(dies)
  return bound
}

export async function tabs(seed: number, rounds: number, log: (line: string) => void): Promise<Finding[]> {
  const [trainer, looker] = [new Tally('the tab that trains dies'), new Tally('the tab that looks dies')]
  const frozen = new Worst()
  const rng = new Rng(seed, 9200)
  const folder = mkdtempSync(join(tmpdir(), 'torture-'))
  const site = await b.serveDist()
  const browser = await reopened(folder)
  try {
    let first = await b.open(browser, site.address)
    await train(first)
    await savedBeyond(first, 1)
    for (let round = 0; round < rounds; round++) {
      const tab = async () => {
        const page = await browser.context.newPage()
        await page.goto(site.address)
        await b.opened(page)
        await looks(page)
        return page
      }
      // The one that looks.
      const other = await tab()
      await trainUntilDeath(first, other, rng.below(WITHIN_MS))
      frozen.see(await heartbeat(first), `round ${round}`)
      const step = await b.stepOf(first)
      await b.reach(first, step + 20)
      await savedBeyond(first, step)
      looker.add(`round ${round}`, [])

      // The one that trains.
      const heir = await tab()
      const bound = await trainUntilDeath(first, first, rng.below(WITHIN_MS))
      await b.strip(heir).getByText(m.strip.state.paused).waitFor()
      frozen.see(await heartbeat(heir), `round ${round}`)
      const has = await b.stepOf(heir)
      const wrong = has < bound ? [`the other tab has it at step ${has}, and ${bound} was shown as saved`] : []
      await b.resume(heir)
      await b.reach(heir, has + 20)
      log(`tabs, round ${round}: shown as saved ${bound}, handed over at ${has}`)
      trainer.add(`round ${round}`, wrong)
      first = heir
    }
    await b.pause(first)
    const step = await b.stepOf(first)
    const inside: Inside = await inspect(first, site.address)
    const [run] = inside.runs.values()
    trainer.add('what is kept', [
      ...inside.wrong,
      ...(run?.step === step ? [] : [`step ${run?.step ?? '–'}, not ${step}`]),
    ])
    looker.add('what the pages complain of', complaintsOf(browser))
  } finally {
    await browser.close()
    site.close()
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  }
  if (!Number.isFinite(frozen.value)) trainer.add('the last', ['a page was frozen'])
  trainer.worst = looker.worst = `frames within ${Math.round(frozen.value)} ms`
  return [trainer.finding, looker.finding]
}
