// The model of the page taken home as files: each format offered or refused with its reason, saved, and opened again.
import { readFileSync } from 'node:fs'
import { unzipSync } from 'fflate'
import type { Page } from 'playwright-core'
import { beforeAll, expect, test } from 'vitest'
import { openGguf } from '../../src/share/formats/read_gguf'
import { readSafetensors } from '../../src/storage/safetensors'
import { m } from '../../src/ui/messages'
import { importing } from '../../src/ui/runs/messages_import'
import { files } from '../../src/ui/share/messages_files'
import { m as words } from '../../src/ui/share/words'
import * as b from './browser'
import { inBoth, serious, widerThanPage } from './looks'

const tab = b.openTab({ webgpu: false })
let page: Page
beforeAll(async () => {
  page = tab.page
  await b.opened(page)
  await b.stage(page, 'share').click()
  await page.getByText(words.share.panels.files, { exact: true }).click()
  await page.getByRole('heading', { name: files.formats.folder.name }).waitFor()
})

const save = (format: keyof typeof files.formats) => page.getByRole('button', { name: files.saveWhat(format) })

/** Saves a format: the file's name and its bytes. */
async function saved(format: keyof typeof files.formats) {
  const download = page.waitForEvent('download')
  await save(format).click()
  const file = await download
  const bytes = new Uint8Array(readFileSync(await file.path()))
  await page.getByText(files.saved(file.suggestedFilename(), bytes.length)).waitFor()
  return { name: file.suggestedFilename(), bytes }
}

test('each format is offered with its size, or refused with its reason', async () => {
  const listed = await page.locator('main').textContent()
  for (const { name, about, opens } of Object.values(files.formats))
    for (const words of [name, about, opens]) expect(listed).toContain(words)
  // The model of the page is no run of this browser.
  expect(await save('bundle').isDisabled()).toBe(true)
  expect(
    await page
      .getByRole('listitem')
      .filter({ has: save('bundle') })
      .locator('.warning')
      .count(),
  ).toBe(1)
  for (const width of [1440, 390]) {
    await page.setViewportSize({ width, height: 900 })
    await inBoth(page, async () => {
      expect(await widerThanPage(page), `${width} px`).toBeLessThanOrEqual(0)
      expect(await serious(page)).toEqual([])
    })
  }
  await page.setViewportSize({ width: 1440, height: 900 })
})

test('GGUF in 16 bits is half as large, and is the model', async () => {
  const whole = await saved('gguf')
  await page.getByText(files.types.f16, { exact: true }).click()
  await page.getByText(files.size(whole.bytes.length), { exact: true }).first().waitFor({ state: 'hidden' })
  const half = await saved('gguf')
  expect(half.bytes.length / whole.bytes.length).toBeLessThan(0.6)
  const { config } = await openGguf(new Blob([half.bytes]))
  expect([config.n_layer, config.n_embd, config.block_size]).toEqual([4, 64, 64])
  await page.getByText(files.types.f32, { exact: true }).click()
})

test('the folder holds every form, and the page opens it as the same model', async () => {
  const { name, bytes } = await saved('folder')
  const entries = unzipSync(bytes)
  const names = Object.keys(entries).map((path) => path.slice(path.indexOf('/') + 1))
  for (const file of [
    'model.safetensors',
    'config.json',
    'generation_config.json',
    'tokenizer.json',
    'tokenizer_config.json',
  ])
    expect(names).toContain(file)
  for (const file of ['onnx/model.onnx', 'model.gguf', 'README.md', 'model.py', 'Modelfile'])
    expect(names).toContain(file)
  const weights = Object.entries(entries).find(([path]) => path.endsWith('model.safetensors'))![1]
  expect(readSafetensors(weights).tensors.size).toBeGreaterThan(10)
  await b.stage(page, 'runs').click()
  await page
    .locator('label', { hasText: importing.files })
    .locator('input[type=file]')
    .first()
    .setInputFiles({
      name,
      mimeType: 'application/zip',
      buffer: Buffer.from(bytes),
    })
  const found = page.getByRole('region', { name: importing.found })
  await found.waitFor()
  expect(await found.textContent()).toContain(importing.params(206_464))
  await found.getByRole('button', { name: importing.open(0) }).click()
  await page.getByRole('heading', { name: m.chat.title }).waitFor()
  await page.getByLabel(m.chat.prompt).fill('The whale')
  await page.getByRole('button', { name: m.chat.generate }).click()
  await page.getByText(m.chat.ended.length(300, 'char')).first().waitFor()
})
