// Several cores in the built page, from a plain static host: workers of the worker, under the page's own policy.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Session } from '../../src/train/session'
import { m } from '../../src/ui/messages'
import { openWasm } from '../../src/wasm/engine'
import { datasetOf } from '../../src/worker/run_text'
import * as b from './browser'

const profile = b.newProfile()
let site: Awaited<ReturnType<typeof b.serveDist>>
beforeAll(async () => {
  // One is left for the page.
  site = await b.serveDist(`Object.defineProperty(navigator, 'hardwareConcurrency', { value: 3 })`)
})
afterAll(() => {
  site.close()
  profile.forget()
})

test('two cores share the steps of a large batch, and leave the bits that one core of Node leaves', async () => {
  const browser = await b.openBrowser(profile.folder, { webgpu: false })
  const page = await b.open(browser, site.address)
  const large = { n_layer: 2, n_head: 4, n_kv_head: 4, n_embd: 128, n_inner: 344, block_size: 64, batch_size: 16 }
  await b.prepare(page, { steps: 2000, fields: { ...large, eval_interval: 10_000, eval_iters: 1, warmup_iters: 0 } })
  await b.go(page)
  await page.getByRole('button', { name: m.device.title }).click()
  // Two are tried from the fifth step on, as soon as the other thread is there.
  const cores = page.locator('dl > div', { has: page.locator('dt', { hasText: m.device.cores }) }).locator('dd')
  await b.until('two cores', async () => /^2 of/.test((await cores.textContent()) ?? ''))
  await page.keyboard.press('Escape')
  await b.pause(page)
  const { checkpoint, extra } = await b.exported(page)
  const { spec, step } = checkpoint.meta
  expect(step).toBeGreaterThan(4)
  expect(browser.complaints).toEqual([])
  await browser.close()

  const dataset = await datasetOf(spec, new TextDecoder().decode(extra.text!))
  const session = await Session.open(openWasm(), spec, dataset!, null, () => undefined)
  while (session.step < step) await session.advance()
  expect((await session.checkpoint()).tensors).toEqual(checkpoint.tensors)
})
