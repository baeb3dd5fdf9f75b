// What all parts do on the page: a run that would train for hours, the newest step that the strip says is saved, a run's line among the runs.
import type { Page } from 'playwright-core'
import { m } from '../../src/ui/messages'
import * as b from '../e2e/browser'

const SAVED = /saved at step ([\d,]+)/

/** The newest save, as the strip says it; 0 where it says none. */
export async function savedStep(page: Page): Promise<number> {
  const [, step = '0'] = SAVED.exec(await b.strip(page).innerText()) ?? []
  return Number(step.replaceAll(',', ''))
}

export async function savedBeyond(page: Page, step: number): Promise<number> {
  await b.until(`a save beyond step ${step}`, async () => (await savedStep(page)) > step)
  return savedStep(page)
}

/** Starts a run of a million steps. */
export async function train(page: Page, eval_interval = 100_000): Promise<void> {
  await b.prepare(page, { steps: 1_000_000, fields: { eval_interval, min_lr: 0.0001 } })
  await b.go(page)
}

/** A run's line on Runs, where the page is taken. */
export async function lineOf(page: Page, name: RegExp) {
  await b.stage(page, 'runs').click()
  return page
    .getByRole('main')
    .getByRole('listitem')
    .filter({ has: page.getByRole('heading', { level: 2, name }) })
}

/** Opens a run by its name, whatever the page had open last. */
export async function openRun(page: Page, name: RegExp): Promise<void> {
  const line = await lineOf(page, name)
  const open = line.getByRole('button', { name: m.runs.open, exact: true })
  await open
    .or(line.getByRole('button', { name: m.runs.look }))
    .first()
    .click()
  await b.strip(page).getByText(m.strip.state.paused).waitFor()
}
