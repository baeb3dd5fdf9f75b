// A kept run as a link, by command: the same link each time, which holds the run's own model.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runCommand } from '../../src/headless/command'
import { exportLink } from '../../src/headless/export_link'
import { readRun } from '../../src/headless/run_folder'
import { main as train } from '../../src/headless/train'
import { readLink } from '../../src/share/link/link'
import { openEngine } from '../../src/train/open_engine'

let folder: string
const silent = { out: () => undefined, err: () => undefined, write: null }
beforeAll(async () => {
  process.env['INIT_CWD'] = process.cwd()
  folder = mkdtempSync(join(tmpdir(), 'glasshouse-'))
  writeFileSync(join(folder, 'text.txt'), 'the quick brown fox jumps over the lazy dog.\n'.repeat(60))
  const config = { n_layer: 1, n_head: 2, n_embd: 16, block_size: 16, batch_size: 4, max_iters: 20, warmup_iters: 0 }
  writeFileSync(join(folder, 'config.json'), JSON.stringify(config))
  const flags = [
    '--text',
    join(folder, 'text.txt'),
    '--config',
    join(folder, 'config.json'),
    '--out',
    join(folder, 'run'),
  ]
  expect(await runCommand(train, [...flags, '--engine', 'wasm'], silent)).toBe(0)
})
afterAll(() => rmSync(folder, { recursive: true }))

test('on standard output and in a file', async () => {
  const { engine } = await openEngine('cpu', undefined)
  const run = readRun(join(folder, 'run'))
  let [out, err] = ['', '']
  const io = { out: (line: string) => (out += line), err: (line: string) => (err += `${line}\n`), write: null }
  expect(await exportLink(run, { bits: 8, out: null }, engine, io)).toBe(0)
  expect(err).toMatch(/^Loss on \d+ tokens \(held out\): [\d.]+ as trained, [\d.]+ at 8 bits/)
  expect(err).toMatch(/characters: opens in browsers and most chats/)
  const { contents, head } = await readLink(out)
  expect(head).toEqual({ bits: 8, step: 20 })
  expect(contents.settings?.config).toEqual(run.checkpoint.meta.spec.config)
  expect(contents.card?.step).toBe(20)
  const file = join(folder, 'link.txt')
  await exportLink(run, { bits: 8, out: file }, engine, io)
  expect(readFileSync(file, 'utf8').trim()).toBe(out)
  engine.destroy()
})
