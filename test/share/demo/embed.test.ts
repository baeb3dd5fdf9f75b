// The module that a program imports, made and then imported as a file of its own: it writes what the engine here writes with the same weights.
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, describe, expect, test } from 'vitest'
import { gateTable } from '../../../src/model/gates'
import { demoModule } from '../../../src/share/demo/html'
import type * as Told from '../../../src/share/demo/model'
import { DEMO_FORMS, type DemoForm } from '../../../src/words/demo'
import { greedy } from './greedy'
import { bundled, CHAT, KINDS, madeModel, TEXT } from './made'
import { writeDemoBundle } from '../../../src/headless/demo_bundle.mjs'

const folder = mkdtempSync(join(tmpdir(), 'embed-'))
afterAll(() => rmSync(folder, { recursive: true }))
let count = 0
async function imported(model: ReturnType<typeof madeModel>, form: DemoForm): Promise<typeof Told> {
  const path = join(folder, `model${count++}.mjs`)
  writeFileSync(path, demoModule(model, TEXT, form, (await bundled()).embed))
  return (await import(/* @vite-ignore */ pathToFileURL(path).href)) as typeof Told
}

async function all(text: AsyncGenerator<string>) {
  const tokens: string[] = []
  for await (const token of text) tokens.push(token)
  return tokens
}
const GREEDY = { temperature: 0, top_p: 1, max_tokens: 60 }

describe.each(Object.keys(KINDS))('%s', (kind) => {
  test.each(DEMO_FORMS)('in %s writes the engine’s greedy tokens, past its context too', async (form) => {
    const made = madeModel(KINDS[kind]!)
    const { open } = await imported(made, form)
    const model = await open({ engine: 'cpu' })
    const tokens = await all(model.write('once upon', GREEDY))
    expect(tokens).toHaveLength(60)
    expect(new Set(tokens).size).toBeGreaterThan(2)
    expect(tokens).toEqual(await greedy(made, form, 'once upon', 60))
    const plain = await open({ engine: 'javascript' })
    expect(await all(plain.write('once upon', GREEDY))).toEqual(tokens)
    model.close()
    plain.close()
  })
})

test('gates that are not 1 go along', async () => {
  const made = madeModel(KINDS['GPT-2']!)
  const [label] = gateTable(made.config).flatMap(({ label, count }) => (count === 1 ? [label] : []))
  const turned = { ...made, gates: { [label!]: [0] } }
  const { open } = await imported(turned, 'f16')
  const tokens = await all((await open()).write('once upon', GREEDY))
  expect(tokens).toEqual(await greedy(turned, 'f16', 'once upon', 60))
  expect(tokens).not.toEqual(await greedy(made, 'f16', 'once upon', 60))
})

test('says what it is, what it cannot read, and repeats itself by seed', async () => {
  const { open } = await imported(madeModel(KINDS['Llama']!), 'f16')
  const model = await open()
  expect(model).toMatchObject({ ...TEXT, chats: false, context: 24, engine: 'WebAssembly SIMD' })
  expect(model.unknown('once — Ω')).toEqual(['—', 'Ω'])
  const text = async (seed: number) => (await all(model.write('a', { seed, max_tokens: 30, top_k: 5 }))).join('')
  expect(await text(3)).toBe(await text(3))
  expect(await text(3)).not.toBe(await text(4))
  expect(() => model.reply([{ role: 'user', content: 'hi' }])).toThrow('not trained on conversations')
})

test('two texts at once are those that each would be alone; a signal ends one', async () => {
  const { open } = await imported(madeModel(KINDS['GPT-2']!), 'f16')
  const model = await open()
  const alone = [await all(model.write('once', GREEDY)), await all(model.write('the sea', GREEDY))]
  expect(await Promise.all([all(model.write('once', GREEDY)), all(model.write('the sea', GREEDY))])).toEqual(alone)
  const stopping = new AbortController()
  const text = model.write('once', { ...GREEDY, max_tokens: 10_000, signal: stopping.signal })
  await text.next()
  stopping.abort()
  let next = await text.next()
  while (!next.done) next = await text.next()
  expect(next.value).toBe('cancelled')
})

test('a model of conversations answers, and stops where its turn ends', async () => {
  const made = madeModel(KINDS['Llama']!, CHAT)
  const { open } = await imported(made, 'f16')
  const model = await open()
  expect(model.chats).toBe(true)
  const tokens = await all(model.reply([{ role: 'user', content: 'hello' }], GREEDY))
  const free = await greedy(made, 'f16', '<|user|>hello<|end|><|assistant|>', 60)
  const end = free.findIndex((token) => token === '<|end|>' || token === '<|endoftext|>')
  expect(tokens).toEqual(end < 0 ? free : free.slice(0, end))
})

test('the bundle lies beside a program as two files', async () => {
  await writeDemoBundle(join(folder, 'bundle'))
  expect(readdirSync(join(folder, 'bundle')).sort()).toEqual(['embed.json', 'page.json'])
})
