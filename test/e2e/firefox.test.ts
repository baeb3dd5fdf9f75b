// The page in Firefox, whole: every stage, a run that is paused, reloaded and resumed, and the bits of its weights, which are those that
// Node's WebAssembly computes from the same settings.
import { build } from 'esbuild'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeDataset } from '../../src/data/dataset/dataset'
import { decodeCheckpoint } from '../../src/storage/checkpoint'
import { Session } from '../../src/train/session'
import { m } from '../../src/ui/messages'
import { openWasm } from '../../src/wasm/engine'
import { BITS } from '../wasm/bits'
import { serveDist, TEXT, until } from './browser'
import * as f from './firefox'
import { shoot } from './looks'

/** Enough steps, long enough, that some are left when it is told to stop. */
const FIELDS = { block_size: 64, batch_size: 16, warmup_iters: 4, eval_interval: 100, eval_iters: 2, dropout: 0.1 }
const STEPS = 600
const STAGES = ['data', 'tokens', 'model', 'train', 'look', 'chat', 'share', 'runs'] as const

let site: Awaited<ReturnType<typeof serveDist>>
let firefox: f.Firefox
let page: f.Firefox['page']
beforeAll(async () => {
  site = await serveDist()
  firefox = await f.openFirefox()
  page = firefox.page
  await page.goto(site.address)
  await f.opened(page)
})
afterAll(async () => {
  await firefox.close()
  site.close()
})

test('WebAssembly gives the bits that it gives everywhere', async () => {
  const { outputFiles } = await build({
    stdin: { contents: "export { trainedBits } from './test/wasm/bits'", resolveDir: '.' },
    bundle: true,
    write: false,
    format: 'iife',
    globalName: 'bundle',
    loader: { '.wgsl': 'text' },
  })
  expect(await page.evaluate(`${outputFiles[0]!.text}; bundle.trainedBits()`)).toBe(BITS)
})

test('a text is pasted, cut into tokens and given a model', async () => {
  await f.goTo(page, 'data')
  await page.locator('#paste').fill(TEXT)
  await f.press(page, m.data.usePasted)
  await f.says(page, '[role="status"]', m.data.pasteName)
  await f.goTo(page, 'tokens')
  await page.locator(`[role="slider"][aria-label="${m.tokens.curve.label}"]`).wait()
  await f.goTo(page, 'model')
  await f.fill(page, 'input[type="range"]', '0')
  await page.locator(`summary ::-p-text(${m.model.advanced})`).click()
  for (const [name, value] of Object.entries({ ...FIELDS, max_iters: STEPS }))
    await f.fill(page, `#field-${name}`, String(value))
})

test('a run that is paused, reloaded and resumed ends with the bits of one that is not', async () => {
  await f.goTo(page, 'train')
  await f.press(page, m.go.now)
  await until('a run', () => f.hasButton(page, m.train.newRun))
  await until('step 20', async () => (await f.stepOf(page)) >= 20)
  await f.press(page, m.strip.pause)
  await f.stateIs(page, m.strip.state.paused)
  const paused = await f.stepOf(page)
  expect(paused).toBeLessThan(STEPS)
  await page.reload()
  await f.opened(page)
  await until('the run as it was', async () => (await f.stepOf(page)) === paused)
  await f.press(page, m.strip.resume)
  await f.stateIs(page, m.strip.state.finished)

  await f.goTo(page, 'runs')
  await f.press(page, m.runs.export)
  const { checkpoint } = decodeCheckpoint(await firefox.downloaded())
  const { spec, step } = checkpoint.meta
  expect([step, spec.config]).toMatchObject([STEPS, FIELDS])
  const { dataset } = await makeDataset(TEXT, spec.corpus, spec.config.val_fraction, spec.tokenizer)
  expect(dataset.corpus.fingerprint).toBe(spec.corpus.fingerprint)
  const session = await Session.open(openWasm(), spec, dataset, null, () => undefined)
  while (!session.finished) await session.advance()
  await session.settle()
  expect(checkpoint.tensors).toEqual((await session.checkpoint()).tensors)
})

test('Chat writes', async () => {
  await f.goTo(page, 'chat')
  await f.press(page, m.chat.generate)
  await until('ten tokens', async () => (await page.$$('main ol span[data-i]')).length > 10)
})

test('every stage on a desk and on a phone, in both themes: nothing too wide, nothing over anything else', async () => {
  for (const [width, height] of [
    [1440, 900],
    [390, 844],
  ] as const) {
    await page.setViewport({ width, height })
    for (const theme of ['light', 'dark'] as const) {
      await page.select('.theme select', theme)
      for (const name of STAGES) {
        await f.goTo(page, name)
        expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth'), name).toBeLessThanOrEqual(0)
        expect(await page.evaluate(HIDDEN_SEEN), `captions of hidden tables on ${name}, ${width} px`).toEqual([])
        await page.evaluate('scrollTo(0, 0)')
        await shoot(page, `firefox-${name}-${width}-${theme}`)
      }
    }
  }
  expect(site.missing).toEqual([])
  expect(firefox.complaints).toEqual([])
})

/** The captions of hidden tables that a pointer hits all the same. */
const HIDDEN_SEEN = `[...document.querySelectorAll('.hidden caption, caption.hidden')].filter((caption) => {
  caption.scrollIntoView({ block: 'center' })
  const { left, top, width, height } = caption.getBoundingClientRect()
  return caption.contains(document.elementFromPoint(left + width / 2, top + height / 2))
}).map((caption) => caption.textContent)`
