// `npm run export -- DIR --to html|embed` as a person runs it, on a run that `train` kept.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readRun } from '../../src/headless/run_folder'
import { unpack } from '../../src/share/demo/packed'
import type * as Told from '../../src/share/demo/model'
import { greedy } from '../share/demo/greedy'

const folder = mkdtempSync(join(tmpdir(), 'export-'))
const at = (name: string) => join(folder, name)
const launch = (...args: string[]) =>
  execFileSync(process.execPath, ['src/headless/launch.mjs', ...args], {
    encoding: 'utf8',
    env: { ...process.env, INIT_CWD: process.cwd() },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
beforeAll(() => {
  writeFileSync(at('text.txt'), 'the quick brown fox jumps over the lazy dog, and the dog sleeps on.\n'.repeat(60))
  const config = { n_layer: 1, n_head: 2, n_embd: 16, block_size: 16, batch_size: 4, max_iters: 12, eval_interval: 6 }
  writeFileSync(at('config.json'), JSON.stringify({ ...config, eval_iters: 2, warmup_iters: 2 }))
  launch('train', '--text', at('text.txt'), '--config', at('config.json'), '--engine', 'wasm', '--out', at('run'))
})
afterAll(() => rmSync(folder, { recursive: true }))

test('one HTML file, twice the same, with what was told', () => {
  const told = ['--title', 'A <fox>', '--author', 'Me', '--prompt', 'the dog']
  const out = launch('export', at('run'), '--to', 'html', '--out', at('a/fox.html'), ...told)
  expect(out).toContain('fox.html')
  launch('export', at('run'), '--to', 'html', '--out', at('b.html'), ...told)
  const html = readFileSync(at('a/fox.html'), 'utf8')
  expect(readFileSync(at('b.html'), 'utf8') === html).toBe(true)
  expect(html).toContain('<h1>A &lt;fox&gt;</h1>')
  expect(html).toMatch(/<dt>Validation loss<\/dt><dd>\d\.\d{3}/)
  expect(unpack(/id="model">([^<]*)</.exec(html)![1]!)).toMatchObject({
    title: 'A <fox>',
    author: 'Me',
    prompt: 'the dog',
  })
})

test('a module that Node imports, which writes what the run would', async () => {
  launch('export', at('run'), '--to', 'embed', '--weights', 'int8', '--out', at('embed'))
  writeFileSync(at('package.json'), '{ "type": "module" }')
  const { open } = (await import(/* @vite-ignore */ pathToFileURL(at('embed/model.js')).href)) as typeof Told
  const model = await open()
  let text = ''
  for await (const token of model.write('the ', { temperature: 0, max_tokens: 40 })) text += token
  const { checkpoint } = readRun(at('run'))
  const { config, tokenizer } = checkpoint.meta.spec
  const weights = new Map([...checkpoint.tensors].map(([name, { data }]) => [name, data]))
  expect(text).toBe((await greedy({ config, tokenizer, gates: {}, weights }, 'int8', 'the ', 40)).join(''))
  expect(readFileSync(at('embed/model.d.ts'), 'utf8')).toBe(readFileSync('src/share/demo/model.d.ts', 'utf8'))
})

test('what is asked wrongly is said', () => {
  expect(() => launch('export', at('run'), '--to', 'paper')).toThrow(/is one of/)
  expect(() => launch('export', at('nobody'), '--to', 'html')).toThrow(/There is no/)
})
