// GGUF in llama.cpp, as WebAssembly in Chromium: models of every architecture and tokenizer write the same tokens there as here, and hold
// them as likely. llama.cpp's GELU is a table of 16 bits, so models with GELU differ by more.
import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { chromium, type Browser, type Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { tokenizerOf } from '../../src/data/tokenize/tokenizers'
import { writeGguf } from '../../src/share/formats/gguf'
import type { NumberType } from '../../src/words/exports'
import { argmax, MODELS, TOKENIZERS, trained, type Trained } from '../consumers/trained'
import { findChromium } from '../machine.mjs'
import { FLAGS } from './browser'

const WLLAMA = 'test/consumers/node_modules/@wllama/wllama/esm'
const FILES: Record<string, [string, string]> = {
  '/': ['text/html', 'test/consumers/llama_cpp.html'],
  '/index.js': ['text/javascript', `${WLLAMA}/index.js`],
  '/wllama.wasm': ['application/wasm', `${WLLAMA}/wasm/wllama.wasm`],
}
/** What is served as the model. */
let model = new Uint8Array()
let server: Server
let browser: Browser
let page: Page

beforeAll(async () => {
  server = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://host').pathname
    const file = FILES[path]
    if (path === '/model.gguf') response.writeHead(200, { 'content-type': 'application/octet-stream' }).end(model)
    else if (!file) response.writeHead(404).end()
    else response.writeHead(200, { 'content-type': file[0] }).end(readFileSync(file[1]))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address() as { port: number }
  browser = await chromium.launch({ executablePath: findChromium() ?? '', args: [...FLAGS, '--disable-gpu'] })
  page = await browser.newPage()
  await page.goto(`http://127.0.0.1:${address.port}/`)
})
afterAll(async () => {
  await browser.close()
  server.close()
})

interface Likely {
  id: number
  logprob: number
}
interface Answer {
  usage: { prompt_tokens: number }
  choices: [{ finish_reason: string; logprobs: { content: (Likely & { top_logprobs: Likely[] })[] } }]
}

/** What llama.cpp writes after a prompt, greedily. */
async function write(prompt: string, count: number, logprobs: number): Promise<Answer> {
  await page.waitForFunction('globalThis.write')
  return page.evaluate(
    ([prompt, count, logprobs]) =>
      (globalThis as unknown as { write: (...asked: unknown[]) => Promise<Answer> }).write(prompt, count, logprobs),
    [prompt, count, logprobs] as const,
  )
}

/** Tokens that are written after a prompt. */
const COUNT = 24

/** Tokens written there and here, step by step, and the largest difference of log p among tokens of at least e⁻¹⁰. */
async function compare({ spec, end, logits, dataset, ...run }: Trained, type: NumberType = 'f32') {
  model = writeGguf({ spec, ...run }, type, end)
  const reader = tokenizerOf(spec.tokenizer)
  const V = spec.config.vocab_size
  const isOfBytes = spec.tokenizer.kind !== 'char'
  const prompt = (isOfBytes ? 'é—東🐋' : '') + reader.decode(dataset.val.subarray(0, 12))
  const ids = [...reader.encode(prompt).ids]
  // It cannot tell of tokens that are no whole characters, so it is asked for the likeliest alone, which are.
  const { usage, choices } = await write(prompt, COUNT, isOfBytes ? 3 : V + 1)
  expect(usage.prompt_tokens).toBe(ids.length)
  const there = choices[0].logprobs.content
  let most = 0
  const here: number[] = []
  for (const { top_logprobs } of there) {
    const row = (await logits(ids)).slice(-V)
    const largest = row.reduce((a, x) => Math.max(a, x), -Infinity)
    const sum = largest + Math.log(row.reduce((a, x) => a + Math.exp(x - largest), 0))
    for (const { id, logprob } of top_logprobs)
      if (logprob > -10 && id < V) most = Math.max(most, Math.abs(logprob - (row[id]! - sum)))
    here.push(argmax(row))
    ids.push(argmax(row))
  }
  expect(there.length).toBeGreaterThan(choices[0].finish_reason === 'length' ? COUNT - 1 : 1)
  return { most, there: there.map(({ id }) => id), here }
}

/** llama.cpp computes GELU by a table of 16-bit numbers. */
const bound = (run: Trained) => (run.spec.config.mlp === 'gelu' ? 1e-3 : 1e-4)

test.each(Object.entries(MODELS))('%s', async (_, change) => {
  const run = await trained(change)
  const { most, there, here } = await compare(run)
  expect(there).toEqual(here)
  expect(most).toBeLessThan(bound(run))
})

test.each([
  ['bytes', TOKENIZERS.byte, false],
  ['byte pairs', TOKENIZERS.bpe, false],
  ['characters of chats', TOKENIZERS.char, true],
  ['byte pairs of chats', TOKENIZERS.bpe, true],
] as const)('a tokenizer of %s', async (_, choice, chats) => {
  const run = await trained(MODELS['llama']!, choice, chats, true)
  const { most, there, here } = await compare(run)
  expect(there).toEqual(here)
  expect(most).toBeLessThan(1e-4)
})

test.each([
  ['f16', 5e-3],
  ['q8_0', 0.2],
] as const)('numbers of type %s', async (type, most) => {
  const got = await compare(await trained(MODELS['llama']!), type)
  expect(got.most).toBeLessThan(most)
  expect(got.most).toBeGreaterThan(1e-5)
})
