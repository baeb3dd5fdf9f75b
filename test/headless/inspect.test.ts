// `npm run inspect`: golden cases with their exit status and files, and a kept run.
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runCommand } from '../../src/headless/command'
import { main } from '../../src/headless/inspect'
import { main as train } from '../../src/headless/train'
import { readSafetensors, writeSafetensors } from '../../src/storage/safetensors'

const FOLDER = 'test/fixtures/inspect'
let folder: string
const at = (name: string) => join(folder, name)

async function command(of: typeof main, ...args: string[]) {
  let [out, err] = ['', '']
  const io = { out: (line: string) => (out += `${line}\n`), err: (line: string) => (err += `${line}\n`), write: null }
  return { status: await runCommand(of, args, io), out, err }
}
const inspect = (...args: string[]) => command(main, ...args, '--engine', 'wasm')

beforeAll(async () => {
  process.env['INIT_CWD'] = process.cwd()
  folder = mkdtempSync(join(tmpdir(), 'glasshouse-'))
  writeFileSync(at('text.txt'), 'the quick brown fox jumps over the lazy dog.\n'.repeat(60))
  const config = {
    n_layer: 1,
    n_head: 2,
    n_embd: 16,
    block_size: 16,
    batch_size: 4,
    max_iters: 2,
    warmup_iters: 0,
    eval_iters: 1,
  }
  writeFileSync(at('config.json'), JSON.stringify(config))
  const made = await command(
    train,
    '--text',
    at('text.txt'),
    '--config',
    at('config.json'),
    '--out',
    at('run'),
    '--engine',
    'wasm',
  )
  expect(made.status, made.err).toBe(0)
})
afterAll(() => rmSync(folder, { recursive: true }))

describe('golden cases', () => {
  test('are within tolerance, and what was seen is written under their own names', async () => {
    const { status, out } = await inspect('--golden', FOLDER, '--out', at('got'))
    expect(status).toBe(0)
    expect(out).not.toContain('PAST')
    for (const name of ['inspect-gpt2', 'inspect-llama']) {
      const { tensors: right } = readSafetensors(readFileSync(join(FOLDER, `${name}.safetensors`)))
      const { tensors: got } = readSafetensors(readFileSync(at(`got/${name}.got.safetensors`)))
      expect(got.size).toBe(14)
      for (const [key, { shape }] of got) expect(right.get(key)?.shape, key).toEqual(shape)
    }
  })
  test('one that is a little wrong fails, and so do others that it stands among', async () => {
    cpSync(FOLDER, at('wrong'), { recursive: true })
    const file = at('wrong/inspect-llama.safetensors')
    const { tensors } = readSafetensors(readFileSync(file))
    tensors.get('patch.head')!.data[1]! += 1e-3
    writeFileSync(file, writeSafetensors(tensors))
    const { status, out } = await inspect('--golden', at('wrong'))
    expect(status).toBe(1)
    expect(out).toMatch(/inspect-llama +patch.head.*PAST TOLERANCE/)
    expect(out).toMatch(/inspect-gpt2 .*ok/)
    expect((await inspect('--golden', at('wrong'), '--case', 'inspect-gpt2')).status).toBe(0)
  })
})

describe('a kept run', () => {
  test('is looked into, and its numbers come as a table, as JSON and as a file', async () => {
    const { status, out } = await inspect(at('run'), '--text', 'the lazy', '--out', at('seen.safetensors'))
    expect(status).toBe(0)
    for (const words of ['tokens back', 'entropy', 'nats a token', 'switched off', 'share restored', 'onto the logit'])
      expect(out).toContain(words)
    const { tensors } = readSafetensors(readFileSync(at('seen.safetensors')))
    expect(tensors.get('attention')!.shape).toEqual([1, 2, 8, 8])
    const early = await inspect(at('run'), '--text', 'the lazy', '--json', '--view', 'losses', '--step', '0')
    expect(JSON.parse(early.out)).toMatchObject({ step: 0 })
    const json = await inspect(at('run'), '--text', 'the lazy', '--json', '--view', 'losses', '--step', '2')
    const seen = JSON.parse(json.out) as { loss: number; tensors: Record<string, { shape: number[]; data: number[] }> }
    expect(Object.keys(seen.tensors)).toEqual(['logits', 'token_losses'])
    expect(seen.tensors['token_losses']!.data).toEqual([...tensors.get('token_losses')!.data])
  })
  test.each([
    [['--text', 'the', '--step', '7'], 'Step 7 is not kept in'],
    [['--text', 'the É'], 'no "É"'],
    [['--text', ''], 'empty'],
    [['--text', 'the quick brown fox'], '19 tokens, and this model reads 16'],
    [['--text', 'the', '--view', 'soul'], '--view is one of'],
    [['--text', 'the', '--case', 'x'], '--case is not for a kept run'],
    [[], '--text says'],
  ])('%s is refused', async (flags, says) => {
    const { status, err } = await inspect(at('run'), ...flags)
    expect(status).toBe(2)
    expect(err).toContain(says)
  })
  test('nonsense about golden cases is refused', async () => {
    expect((await inspect('--golden', FOLDER, '--case', 'nope')).status).toBe(2)
    expect((await inspect('--golden', 'test/fixtures/golden')).err).toContain('no golden cases of kind "inspect"')
    expect((await inspect('--golden', FOLDER, '--text', 'x')).err).toContain('--text is not for golden cases')
  })
})
