// A model of another program in the built page: its folder chosen, looked at, opened as weights alone, asked for text, looked into, and
// trained on a text; one of the Hub, for which the test answers; and a zip of texts, which stays a text.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { zipSync } from 'fflate'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { m } from '../../src/ui/messages'
import { importing } from '../../src/ui/runs/messages_import'
import { tuning } from '../../src/ui/train/messages_tune'
import { file, folder, ggufOf, goldenModel } from '../share/formats/make'
import * as b from './browser'

const model = goldenModel('llama-tiny')
const gpt2 = goldenModel('gpt2-tiny')
const characters = Array.from({ length: 65 }, (_, i) => String.fromCharCode(i === 0 ? 10 : i === 1 ? 32 : 62 + i))
const json = {
  decoder: { type: 'Fuse' },
  model: { type: 'BPE', merges: [], vocab: Object.fromEntries(characters.map((c, id) => [c, id])) },
}
const FILES = folder(model, { more: [file('tiny/tokenizer.json', json), file('tiny/README.md', '# A card')] })

const tab = b.openTab({ webgpu: false })
let page: Page
let at: string
const asked: string[] = []

beforeAll(async () => {
  page = tab.page
  at = mkdtempSync(join(tmpdir(), 'glasshouse-'))
  const write = (name: string, bytes: Uint8Array) => {
    mkdirSync(dirname(join(at, name)), { recursive: true })
    writeFileSync(join(at, name), bytes)
  }
  for (const { name, data } of FILES) write(name, new Uint8Array(await data.arrayBuffer()))
  write('texts.zip', zipSync({ 'a.txt': new TextEncoder().encode(b.TEXT) }))
  const served = new Map<string, Uint8Array>()
  const gpt2Files = [...folder(gpt2), file('x/a.gguf', ggufOf(gpt2, 'Q8_0'))]
  for (const { name, data } of gpt2Files)
    served.set(`/some/one/resolve/main/${name.split('/').at(-1)}`, new Uint8Array(await data.arrayBuffer()))
  await page.context().route('https://huggingface.co/**', async (route) => {
    const { pathname } = new URL(route.request().url())
    asked.push(pathname)
    const bytes = served.get(pathname)
    const headers = { 'access-control-allow-origin': '*', 'content-length': String(bytes?.length ?? 0) }
    await route.fulfill(bytes ? { body: Buffer.from(bytes), headers } : { status: 404, headers })
  })
  await b.opened(page)
})
afterAll(() => rmSync(at, { recursive: true }))

const choose = async (label: string, path: string | string[]) =>
  page.locator('label', { hasText: label }).locator('input[type=file]').first().setInputFiles(path)
const found = () => page.getByRole('region', { name: importing.found })

test('a folder is told of, opened, and writes', async () => {
  await b.stage(page, 'runs').click()
  await choose(importing.folder, join(at, 'tiny'))
  await found().waitFor()
  const told = await found().textContent()
  expect(told).toContain('Llama: 2 layers, 4 heads (2 for keys and values), 32 wide, context 16')
  expect(told).toContain('65 tokens, characters')
  expect(await page.getByRole('heading', { name: m.runs.none }).count()).toBe(0)
  await found().getByLabel(importing.name).fill('My llama')
  await found()
    .getByRole('button', { name: importing.open(0) })
    .click()
  await page.getByRole('heading', { name: m.chat.title }).waitFor()
  await page.getByLabel(m.chat.prompt).fill('a b')
  await page.getByRole('button', { name: m.chat.generate }).click()
  await page.getByText(m.chat.ended.length(300, 'char')).first().waitFor()
  expect(asked).toEqual([])
})

test('it can be looked into, and is still there after a reload', async () => {
  await b.stage(page, 'look').click()
  await expect.poll(() => page.locator('main').textContent()).toContain('My llama')
  await page.reload()
  await b.opened(page)
  await b.stage(page, 'runs').click()
  await page.getByRole('heading', { name: 'My llama' }).waitFor()
  expect(await page.locator('main').textContent()).toContain(m.runs.importedFrom('tiny'))
})

test('it trains on a text once that is asked for; a zip of texts is one', async () => {
  await b.stage(page, 'train').click()
  await page.getByRole('heading', { name: tuning.title }).waitFor()
  await b.stage(page, 'runs').click()
  await choose(m.runs.import, join(at, 'texts.zip'))
  await page.getByRole('status').filter({ hasText: 'texts' }).first().waitFor()
  await b.stage(page, 'train').click()
  await page.getByRole('spinbutton', { name: tuning.fields.max_iters }).fill('6')
  await page.getByRole('spinbutton', { name: tuning.fields.batch_size }).fill('2')
  await page.getByText(/tokens to train on/).waitFor()
  await page.getByRole('button', { name: tuning.go }).click()
  await b.strip(page).getByText(m.strip.state.finished).waitFor()
  expect(await b.stepOf(page)).toBe(6)
  await page.getByRole('heading', { name: /My llama on/ }).waitFor()
})

test('of the Hub: asked when the button is pressed, its weights when it is opened', async () => {
  await b.stage(page, 'runs').click()
  await page.locator('summary', { hasText: importing.title }).click()
  expect(asked).toEqual([])
  await page.getByLabel(importing.hub).fill('some/one')
  await page.getByRole('button', { name: importing.look }).click()
  await found().waitFor()
  expect(await found().textContent()).toContain('GPT-2: 2 layers')
  expect(await found().textContent()).toContain('No tokenizer came with it')
  await found()
    .getByRole('button', { name: /Fetch .* and open/ })
    .click()
  await page.getByRole('heading', { name: m.chat.title }).waitFor()
  await page.getByLabel(m.chat.prompt).fill(' 1 2')
  await page.getByRole('button', { name: m.chat.generate }).click()
  await page.getByText(m.chat.ended.length(300, 'word')).first().waitFor()
})

test('what cannot be opened is said, and nothing complains', async () => {
  await b.stage(page, 'runs').click()
  await page.locator('summary', { hasText: importing.title }).click()
  await page.getByLabel(importing.hub).fill('https://example.org/x')
  await page.getByRole('button', { name: importing.look }).click()
  await page.getByRole('alert').filter({ hasText: 'Only models of huggingface.co' }).waitFor()
  await page.getByLabel(importing.hub).fill('nobody/nothing')
  await page.getByRole('button', { name: importing.look }).click()
  await page.getByRole('alert').filter({ hasText: 'no config.json' }).waitFor()
  // A 404 of the Hub is one: the model has no such file.
  expect(tab.browser.complaints.filter((text) => !text.includes('404'))).toEqual([])
})
