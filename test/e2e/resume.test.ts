// A run is a pause, a power cut, and the rest: bit for bit, losses and weights, in a browser that was killed.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { m } from '../../src/ui/messages'
import * as b from './browser'

/**
 * Dropout, so that the dice must be resumed too; enough steps, long enough, that a slow machine still has some left when it is told to stop.
 * Without WebGPU, since SwiftShader would compile a step's kernels four times; tests of units resume on a GPU.
 */
const STEPS = 400
const SETTINGS: b.Settings = {
  steps: STEPS,
  fields: { block_size: 64, batch_size: 16, eval_interval: 100, dropout: 0.1 },
}
const profiles = [b.newProfile(), b.newProfile()]
let site: Awaited<ReturnType<typeof b.serveDist>>
beforeAll(async () => {
  site = await b.serveDist()
})
afterAll(() => {
  site.close()
  for (const { forget } of profiles) forget()
})

test('a killed run ends as an uninterrupted one does, bit for bit', async () => {
  const [calm, cut] = profiles.map(({ folder }) => folder) as [string, string]

  let browser = await b.openBrowser(calm, { webgpu: false })
  let page = await b.open(browser, site.address)
  await b.prepare(page, SETTINGS)
  await b.go(page)
  await b.finished(page)
  const whole = await b.exported(page)
  await browser.close()

  browser = await b.openBrowser(cut, { webgpu: false })
  page = await b.open(browser, site.address)
  await b.prepare(page, SETTINGS)
  await b.go(page)
  await b.reach(page, 20)
  await b.pause(page)
  const paused = await b.stepOf(page)
  expect(paused).toBeLessThan(STEPS - 5)
  await b.resume(page)
  await b.reach(page, paused + 2)
  await browser.kill()

  browser = await b.openBrowser(cut, { webgpu: false })
  page = await b.open(browser, site.address)
  // Which run was open last is only a setting, and the browser may not have written it yet.
  await b.stage(page, 'runs').click()
  await page
    .getByRole('button', { name: m.runs.open, exact: true })
    .or(page.getByRole('button', { name: m.runs.look }))
    .click()
  await b.strip(page).getByText(m.strip.state.paused).waitFor()
  await b.reach(page, paused)
  const found = await b.stepOf(page)
  expect(found).toBeLessThan(STEPS)
  await b.resume(page)
  await b.finished(page)
  const pieces = await b.exported(page)
  await browser.close()

  expect(pieces.checkpoint.meta.step).toBe(STEPS)
  expect(pieces.checkpoint.tensors).toEqual(whole.checkpoint.tensors)
  const losses = (run: typeof whole) =>
    Array.from(run.extra.history!.steps.rows(), ({ step, loss, grad_norm }) => [step, loss, grad_norm])
  expect(losses(pieces)).toHaveLength(STEPS)
  expect(losses(pieces)).toEqual(losses(whole))
  expect(browser.complaints).toEqual([])
})
