// Models of other programs in the worker: looked at, opened as weights alone, asked for text, looked into, kept, exported, and trained on a
// text once that is asked for; from the Hub too, where a server of the test stands in for it.
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { zipSync } from 'fflate'
import { WasmEngine } from '../../src/wasm/engine'
import { CancelledError, CheckpointError, ImportError } from '../../src/errors'
import { paramTable } from '../../src/params'
import { gradientLabel } from '../../src/model/tape'
import { LocalLab } from '../../src/worker/lab'
import { decodeCheckpoint } from '../../src/storage/checkpoint'
import { RunStore } from '../../src/storage/runs'
import type { LabEvent, OpenRun } from '../../src/worker/protocol'
import { disk, noFile, openRun, progressOf, tab, TEXT } from './lab_env'
import { file, folder, ggufOf, goldenModel, sharded, TOKENS_KEYS } from '../share/formats/make'

const gpt2 = goldenModel('gpt2-tiny')
const llama = goldenModel('llama-tiny')

/** Characters for the golden's 65 tokens. */
const characters = Array.from({ length: 65 }, (_, i) => String.fromCharCode(i === 0 ? 10 : i === 1 ? 32 : 62 + i))
const charJson = {
  added_tokens: [],
  decoder: { type: 'Fuse' },
  model: { type: 'BPE', merges: [], vocab: Object.fromEntries(characters.map((c, id) => [c, id])) },
}
const withCharacters = [file('tiny/tokenizer.json', charJson)]
type Given = { name: string; data: Blob }[]
const given = (files: ReturnType<typeof folder>) => files as Given

const options = { prompt: 'a b', max_tokens: 12, temperature: 0, top_k: 0, top_p: 1, seed: 3, stop: [] }
async function textOf(lab: LocalLab, prompt = options.prompt) {
  const ids: number[] = []
  await lab.chat.generate({ ...options, prompt }, (tokens) => ids.push(...tokens.map(({ id }) => id)))
  return ids
}

test('a folder is told of before it is opened, opens as weights alone, and writes what its weights write', async () => {
  const name = disk()
  const { lab, events, store } = await tab(name)
  const files = given(folder(gpt2, { more: withCharacters }))
  expect(await lab.imports.kinds(files)).toEqual(['other', 'model', 'other'])
  const summary = await lab.imports.read(files)
  expect(summary).toMatchObject({
    name: 'tiny',
    from: 'tiny',
    format: 'safetensors',
    family: 'gpt2',
    reads: 'char',
    numbers: null,
    problem: null,
    to_fetch: 0,
  })
  expect(summary.params).toBe([...gpt2.golden.weights.values()].reduce((sum, { length }) => sum + length, 0))
  expect(summary.memory.train).toBeGreaterThan(2 * summary.memory.open)
  expect((await store.list()).runs).toEqual([])

  const allocate = vi.spyOn(WasmEngine.prototype, 'allocate')
  await lab.imports.open('My model')
  const addresses = allocate.mock.calls.flatMap(([blocks]) =>
    blocks.flatMap(({ windows }) => windows.map(({ tensor }) => tensor.label)),
  )
  allocate.mockRestore()
  const { config } = gpt2.golden
  for (const { name } of paramTable(config)) {
    expect(addresses).toContain(name)
    expect(addresses).not.toContain(gradientLabel(name))
    expect(addresses).not.toContain(`m.${name}`)
  }
  lab.flush()
  const open = events.findLast((event): event is Extract<LabEvent, { type: 'open' }> => event.type === 'open')!.open!
  expect(open.run).toMatchObject({
    name: 'My model',
    step: 0,
    imported: { from: 'tiny', format: 'safetensors' },
    without_text: true,
  })
  expect(open.broken).toContain('weights alone')

  const ids = await textOf(lab)
  expect(ids.length).toBe(12)
  const info = await lab.look.fill('A', { of: 'run', run: open.run.id, step: null })
  expect(info).toMatchObject({ name: 'My model', hasText: false })
  await expect(lab.run.start()).rejects.toThrow(CheckpointError)

  // Another tab, another day.
  const second = await tab(name)
  expect((await second.store.list()).unreadable).toEqual([])
  await openRun(second.lab, open.run.id).catch(() => undefined)
  const { bytes } = await lab.kept.export(open.run.id)
  const { checkpoint, extra } = decodeCheckpoint(bytes)
  expect(checkpoint.meta.version).toBe(3)
  expect(extra.text).toBeNull()
  expect([...checkpoint.tensors.keys()]).toEqual(paramTable(config).map((param) => param.name))
  for (const [param, { data }] of checkpoint.tensors) expect(data).toEqual(gpt2.golden.weights.get(param))
  // It comes back as what it was.
  const again = await lab.kept.import(bytes.slice().buffer)
  expect((await openRun(lab, again.id)).run.without_text).toBe(true)
  expect(await textOf(lab)).toEqual(ids)
})

test('trained on a text once that is asked for: its own tokenizer, fresh moments, a shorter context', async () => {
  const { lab, events } = await tab(disk())
  await lab.imports.read(given(folder(gpt2, { more: withCharacters })))
  await lab.imports.open('tiny')
  await expect(lab.run.planTuning({ block_size: 8, batch_size: 2, max_iters: 4, learning_rate: 1e-3 })).rejects.toThrow(
    'There is no text yet',
  )
  await lab.data.loadText('fox', TEXT.replaceAll('.', '@'))
  const choice = { block_size: 8, batch_size: 2, max_iters: 4, learning_rate: 1e-3 }
  const plan = await lab.run.planTuning(choice)
  expect(plan).toMatchObject({ text: 'fox', problems: [] })
  expect(plan.train_tokens).toBeGreaterThan(1000)
  const larger = await lab.run.planTuning({ ...choice, block_size: 16, batch_size: 8 })
  expect(larger.memory).toBeGreaterThan(plan.memory)
  expect((await lab.run.planTuning({ ...choice, block_size: 32 })).problems.map(({ field }) => field)).toContain(
    'block_size',
  )
  await lab.run.tune(choice, 'tiny on fox')
  for (let i = 0; i < 4; i++) await lab.run.step()
  lab.flush()
  const open = events.findLast((event): event is Extract<LabEvent, { type: 'open' }> => event.type === 'open')!
    .open as OpenRun
  expect(open.broken).toBeNull()
  expect(open.run).toMatchObject({ name: 'tiny on fox', without_text: false, imported: { from: 'tiny' } })
  expect(open.run.config).toMatchObject({ block_size: 8, batch_size: 2, max_iters: 4, learning_rate: 1e-3 })
  const { checkpoint } = decodeCheckpoint((await lab.kept.export(open.run.id)).bytes)
  expect(checkpoint.meta).toMatchObject({ version: 2, step: 4 })
  expect(checkpoint.tensors.get('transformer.wpe.weight')!.shape).toEqual([8, 32])
  expect(checkpoint.meta.spec.tokenizer.vocab).toEqual(characters)
  const moved = checkpoint.tensors.get('transformer.ln_f.weight')!.data
  expect(moved).not.toEqual(gpt2.golden.weights.get('transformer.ln_f.weight'))
})

test('GGUF, zip, two parts, and without a tokenizer', async () => {
  const { lab } = await tab(disk())
  const spelled = characters.map((c) => (c === ' ' ? 'Ġ' : c === '\n' ? 'Ċ' : c))
  const q8 = file('llama.gguf', ggufOf(llama, 'Q8_0', TOKENS_KEYS(spelled)))
  expect(await lab.imports.read(given([q8]))).toMatchObject({
    name: 'golden',
    format: 'GGUF, F32 and Q8_0',
    family: 'llama',
    reads: 'char',
  })
  await lab.imports.open('')
  expect((await textOf(lab)).length).toBe(12)
  const parts = await lab.imports.read(given(sharded(llama)))
  expect(parts).toMatchObject({ name: 'tiny', reads: 'word' })
  expect(parts.numbers).toContain('No tokenizer came')
  await lab.imports.open('numbers')
  expect((await textOf(lab, ' 5 17')).length).toBe(12)
})

test('runs that were exported here are told from models, in a zip too; a zip of texts is a text', async () => {
  const { lab } = await tab(disk())
  await lab.imports.read(given(folder(gpt2, { more: withCharacters })))
  await lab.imports.open('exported')
  const opened = await lab.kept.export((await tabRuns(lab))[0]!.id)
  const run = { name: opened.name, data: new Blob([opened.bytes.slice()]) }
  const zipped = {
    name: 'bundle.zip',
    data: new Blob([
      zipSync({
        'a/metrics.csv': new Uint8Array(3),
        [`a/${opened.name}`]: opened.bytes.slice(),
      }),
    ]),
  }
  const texts = {
    name: 'texts.zip',
    data: new Blob([zipSync({ 'a.txt': new TextEncoder().encode(TEXT) })]),
  }
  const gguf = { name: 'm.gguf', data: new Blob(['GGUF']) }
  expect(await lab.imports.kinds([run, zipped, texts, gguf])).toEqual(['run', 'run', 'other', 'model'])
  expect(await lab.imports.runs(zipped)).toEqual(['exported'])
  await expect(lab.imports.read([gguf])).rejects.toThrow(CheckpointError)
  await expect(lab.imports.open('x')).rejects.toThrow(ImportError)
})
async function tabRuns(lab: LocalLab) {
  const { runs } = await lab.open('cpu')
  return runs
}

// -- the Hub

let server: Server
let base: string
const asked: string[] = []
const there = new Map<string, Uint8Array>()
/** The weights' last bytes do not come. */
let slow = false
beforeAll(async () => {
  const put = async (repo: string, files: ReturnType<typeof folder>) => {
    for (const { name, data } of files)
      there.set(`/${repo}/resolve/main/${name.split('/').at(-1)}`, new Uint8Array(await data.arrayBuffer()))
  }
  await put('owner/tiny', folder(gpt2, { more: withCharacters }))
  await put('owner/parts', sharded(llama))
  await put('owner/gguf', [file('a.Q8_0.gguf', ggufOf(llama, 'Q8_0'))])
  await put('owner/odd', folder(llama, { change: { model_type: 'mamba' } }))
  server = createServer((request, response) => {
    const path = new URL(request.url!, 'http://x').pathname
    asked.push(path)
    const bytes = there.get(path)
    if (!bytes) {
      response.writeHead(404).end('Entry not found')
      return
    }
    response.writeHead(200, { 'content-length': bytes.length })
    if (slow && path.endsWith('.safetensors')) response.write(bytes.subarray(0, bytes.length - 100))
    else response.end(bytes)
  }).listen(0)
  await new Promise((resolve) => server.once('listening', resolve))
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => void server.close())

async function hubTab() {
  const events: LabEvent[] = []
  const lab = new LocalLab({
    gpu: undefined,
    store: new RunStore(disk()),
    fetchFile: noFile,
    listen: (more) => events.push(...more),
    hub: { base },
  })
  await lab.open('cpu')
  return lab
}

test('a Hub address is fetched when it is asked for, its weights when it is opened', async () => {
  const lab = await hubTab()
  expect(asked).toEqual([])
  const summary = await lab.imports.look('owner/tiny')
  expect(summary).toMatchObject({ name: 'tiny', from: `${base}/owner/tiny`, reads: 'char' })
  expect(summary.to_fetch).toBe(there.get('/owner/tiny/resolve/main/model.safetensors')!.length)
  await lab.imports.open('from afar')
  expect((await textOf(lab)).length).toBe(12)
  expect(await lab.imports.look(`${base}/owner/parts/tree/main`)).toMatchObject({ family: 'llama', name: 'parts' })
  await lab.imports.open('parts')
  expect((await textOf(lab, ' 1 2')).length).toBe(12)
  const gguf = await lab.imports.look(`${base}/owner/gguf/blob/main/a.Q8_0.gguf`)
  expect(gguf).toMatchObject({ format: 'GGUF, F32 and Q8_0', from: `${base}/owner/gguf/resolve/main/a.Q8_0.gguf` })
  await lab.imports.open('gguf')
  expect((await textOf(lab, ' 1 2')).length).toBe(12)
})

test('what is no model there is said, and nothing else is asked', async () => {
  const lab = await hubTab()
  asked.length = 0
  for (const address of [
    'nobody',
    'https://example.org/a/b',
    'owner/../x',
    'owner/tiny/resolve/main/../../x.gguf',
    'owner/tiny/blob/main/a.bin',
    '',
  ])
    await expect(lab.imports.look(address), address).rejects.toThrow(ImportError)
  expect(asked).toEqual([])
  await expect(lab.imports.look('owner/none')).rejects.toThrow(/no config\.json/)
  await expect(lab.imports.look('owner/odd')).rejects.toThrow(/model_type “mamba”/)
})

test('fetching can be called off, and what is in hand stays', async () => {
  const lab = await hubTab()
  await lab.imports.look('owner/tiny')
  slow = true
  const opening = lab.imports.open('never')
  const ended = expect(opening).rejects.toThrow(CancelledError)
  await expect.poll(() => progressOf(lab, 'importing').length + asked.length).toBeGreaterThan(0)
  await lab.cancel('importing')
  await ended
  slow = false
  await lab.imports.open('now')
  expect((await textOf(lab)).length).toBe(12)
})
