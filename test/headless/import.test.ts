// `npm run import`: goldens as Hugging Face and llama.cpp have them become folders that `inspect` and `train --resume` open.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runCommand, type Main } from '../../src/headless/command'
import { main as importModel } from '../../src/headless/import'
import { main as inspect } from '../../src/headless/inspect'
import { main as train } from '../../src/headless/train'
import { readRun } from '../../src/headless/run_folder'
import { file, folder, ggufOf, goldenModel } from '../share/formats/make'
import type { NamedFile } from '../../src/share/formats/file_like'

let at: string
const model = goldenModel('gpt2-tiny')
const characters = Array.from({ length: 65 }, (_, i) => String.fromCharCode(i === 0 ? 10 : i === 1 ? 32 : 62 + i))

async function put(files: readonly NamedFile[]) {
  for (const { name, data } of files) {
    mkdirSync(dirname(join(at, name)), { recursive: true })
    writeFileSync(join(at, name), new Uint8Array(await data.arrayBuffer()))
  }
}
async function command(of: Main, ...args: string[]) {
  let [out, err] = ['', '']
  const io = { out: (line: string) => (out += `${line}\n`), err: (line: string) => (err += `${line}\n`), write: null }
  return { status: await runCommand(of, args, io), out, err }
}

beforeAll(async () => {
  process.env['INIT_CWD'] = process.cwd()
  at = mkdtempSync(join(tmpdir(), 'glasshouse-'))
  const json = {
    decoder: { type: 'Fuse' },
    model: { type: 'BPE', merges: [], vocab: Object.fromEntries(characters.map((c, id) => [c, id])) },
  }
  await put([...folder(model, { more: [file('tiny/tokenizer.json', json)] }), file('a.gguf', ggufOf(model, 'F16'))])
  writeFileSync(join(at, 'fox.txt'), 'the quick brown fox jumps over the lazy dog\n'.repeat(40))
  writeFileSync(
    join(at, 'small.json'),
    '{"block_size": 8, "batch_size": 2, "max_iters": 3, "warmup_iters": 0, "eval_iters": 1}',
  )
  writeFileSync(join(at, 'wide.json'), '{"n_embd": 64}')
})
afterAll(() => rmSync(at, { recursive: true }))

test('a folder becomes a run of weights alone, which writes and is looked into', async () => {
  const { status, out, err } = await command(
    importModel,
    join(at, 'tiny'),
    '--out',
    join(at, 'run'),
    '--prompt',
    'a b',
    '--tokens',
    '9',
    '--engine',
    'wasm',
    '--json',
  )
  expect(status, err).toBe(0)
  const said = JSON.parse(out) as Record<string, unknown>
  expect(said).toMatchObject({ name: 'tiny', family: 'gpt2', n_layer: 2, vocab_size: 65, tokenizer: 'char' })
  expect([...String(said['written'])].length).toBe(9)
  const { checkpoint, text } = readRun(join(at, 'run'))
  expect(checkpoint.meta.version).toBe(3)
  expect(text.length).toBe(0)
  for (const [name, { data }] of checkpoint.tensors) expect(data).toEqual(model.golden.weights.get(name))
  const seen = await command(inspect, join(at, 'run'), '--text', 'a bcd', '--view', 'lens', '--engine', 'wasm')
  expect(seen.status, seen.err).toBe(0)
  expect(seen.out).toContain('tiny, step 0')
})

test('it trains on a text with its own tokenizer, in a folder of its own', async () => {
  await command(importModel, join(at, 'tiny'), '--out', join(at, 'base'))
  const base = join(at, 'base')
  expect((await command(train, '--resume', base)).err).toContain('say which with --text')
  expect(
    (await command(train, '--resume', base, '--text', join(at, 'fox.txt'), '--config', join(at, 'wide.json'))).err,
  ).toContain('n_embd is 32 there')
  const trained = await command(
    train,
    '--resume',
    base,
    '--text',
    join(at, 'fox.txt'),
    '--config',
    join(at, 'small.json'),
    '--out',
    join(at, 'tuned'),
    '--engine',
    'wasm',
  )
  expect(trained.status, trained.err).toBe(0)
  const { checkpoint } = readRun(join(at, 'tuned'))
  expect(checkpoint.meta).toMatchObject({ version: 2, step: 3, spec: { imported: { from: 'tiny' } } })
  expect(checkpoint.meta.spec.config).toMatchObject({ block_size: 8, n_embd: 32 })
  expect(readRun(base).checkpoint.meta.step).toBe(0)
  // From the same bit, as any run.
  const on = await command(train, '--resume', join(at, 'tuned'), '--steps', '5', '--engine', 'wasm')
  expect(on.status, on.err).toBe(0)
})

test('a GGUF is told of without being written; what is wrong is said', async () => {
  const { status, out } = await command(importModel, join(at, 'a.gguf'))
  expect(status).toBe(0)
  expect(out).toContain('GGUF, F16 and F32')
  expect(out).toContain('No tokenizer came with it')
  const failed = await command(importModel, join(at, 'fox.txt'), '--out', join(at, 'never'))
  expect(failed).toMatchObject({ status: 2, out: '' })
  expect(failed.err).toContain('no .safetensors file')
  expect((await command(importModel, join(at, 'nothing'))).err).toContain('There is no')
})
