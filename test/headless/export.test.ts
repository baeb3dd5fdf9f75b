// `npm run export`: a run that `train` kept, as other programs open it; twice the same bytes.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { unzipSync } from 'fflate'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runCommand } from '../../src/headless/command'
import { main as exportMain } from '../../src/headless/export'
import { keyframesOf } from '../../src/headless/run_folder'
import { main as train } from '../../src/headless/train'

let folder: string
const at = (name: string) => join(folder, name)

async function command(main: typeof exportMain, ...args: string[]) {
  let [out, err] = ['', '']
  const io = { out: (line: string) => (out += `${line}\n`), err: (line: string) => (err += `${line}\n`), write: null }
  return { status: await runCommand(main, args, io), out, err }
}

beforeAll(async () => {
  process.env['INIT_CWD'] = process.cwd()
  folder = mkdtempSync(join(tmpdir(), 'export-'))
  writeFileSync(at('text.txt'), 'the quick brown fox jumps over the lazy dog, and the dog sleeps on.\n'.repeat(60))
  const config = {
    n_layer: 1,
    n_head: 2,
    n_embd: 16,
    block_size: 16,
    batch_size: 4,
    max_iters: 20,
    warmup_iters: 2,
    eval_interval: 10,
    eval_iters: 1,
  }
  writeFileSync(at('config.json'), JSON.stringify(config))
  const { status } = await command(
    train,
    '--text',
    at('text.txt'),
    '--config',
    at('config.json'),
    '--engine',
    'wasm',
    '--out',
    at('run'),
  )
  expect(status).toBe(0)
})
afterAll(() => rmSync(folder, { recursive: true }))

test('a folder, with its text or without, twice the same', async () => {
  const { status, err } = await command(exportMain, at('run'), '--to', 'folder', '--out', at('a.zip'))
  expect(status).toBe(0)
  expect(err).toMatch(/train\.py is not there/)
  const files = unzipSync(readFileSync(at('a.zip')))
  expect(Object.keys(files)).toContain('text-txt/model.gguf')
  expect(Object.keys(files)).not.toContain('text-txt/train.py')
  await command(exportMain, at('run'), '--to', 'folder', '--out', at('b.zip'))
  expect(readFileSync(at('b.zip'))).toEqual(readFileSync(at('a.zip')))
  await command(exportMain, at('run'), '--to', 'folder', '--text', '--out', at('c.zip'))
  const { 'text-txt/training/tokens.bin': tokens } = unzipSync(readFileSync(at('c.zip')))
  expect(tokens!.length).toBe(2 * 60 * 68)
})

test('one file for each of the others', async () => {
  for (const [to, type, begins] of [
    ['gguf', 'q8_0', 'GGUF'],
    ['onnx', 'f32', '\b\b\x12'],
    ['bundle', 'f32', 'PK'],
  ] as const) {
    const { status, out } = await command(exportMain, at('run'), '--to', to, '--dtype', type, '--out', at(`out.${to}`))
    expect(status).toBe(0)
    expect(out).toMatch(/MB → /)
    expect(
      readFileSync(at(`out.${to}`))
        .toString('latin1')
        .startsWith(begins),
    ).toBe(true)
  }
})

test('a kept step', async () => {
  const { step } = keyframesOf(at('run')).find((frame) => frame.step > 0)!
  await command(exportMain, at('run'), '--to', 'onnx', '--step', String(step), '--out', at('early.onnx'))
  await command(exportMain, at('run'), '--to', 'onnx', '--out', at('last.onnx'))
  expect(readFileSync(at('early.onnx'))).not.toEqual(readFileSync(at('last.onnx')))
})

test.each([
  [['--to', 'folder'], /One folder of a kept run/],
  [['RUN'], /--to must say/],
  [['RUN', '--to', 'pdf'], /--to is one of folder/],
  [['RUN', '--to', 'gguf', '--dtype', 'int4'], /--dtype is one of/],
  [['RUN', '--to', 'gguf', '--step', '1234'], /Step 1234 is not kept/],
  [['RUN', '--to', 'bundle', '--step', '10'], /leave --step out/],
])('%j is refused', async (args, message) => {
  const { status, err } = await command(exportMain, ...args.map((arg) => (arg === 'RUN' ? at('run') : arg)))
  expect(status).toBe(2)
  expect(err).toMatch(message)
})
