// The page's side against the worker's, with a message channel between them instead of a thread: every call arrives, every
// answer comes back, and so does the class of every error.
import 'fake-indexeddb/auto'
import { expose } from 'comlink'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { ConfigError, CorpusError } from '../../src/errors'
import { RunStore } from '../../src/storage/runs'
import { openLab } from '../../src/worker/client'
import { LocalLab } from '../../src/worker/lab'
import type { Lab, LabEvent } from '../../src/worker/protocol'
import { disk, TEXT, tiny } from './lab_env'

let ports: MessagePort[] = []
let made: { url: URL; options: WorkerOptions | undefined; worker: EventTarget }[] = []
const persist = vi.fn(() => Promise.resolve(true))
const estimate = () => Promise.resolve({ usage: 1, quota: 2 })

beforeEach(() => {
  made = []
  ports = []
  vi.stubGlobal('document', { baseURI: 'https://example.org/sub/path/' })
  vi.stubGlobal('navigator', { storage: { persist, estimate } })
  vi.stubGlobal(
    'Worker',
    class extends EventTarget {
      readonly #port: MessagePort
      constructor(url: URL, options?: WorkerOptions) {
        super()
        const { port1, port2 } = new MessageChannel()
        ports.push(port1, port2)
        this.#port = port1
        port1.onmessage = ({ data }) => this.dispatchEvent(new MessageEvent('message', { data }))
        const fetchText = () => Promise.reject(new Error('no network'))
        expose(new LocalLab({ gpu: undefined, fetchText, store: new RunStore(disk()) }), port2)
        made.push({ url, options, worker: this })
      }
      postMessage(message: unknown, transfer: Transferable[] = []) {
        this.#port.postMessage(message, transfer)
      }
    },
  )
})
afterEach(() => {
  for (const port of ports) port.close()
  vi.unstubAllGlobals()
})

test('the worker is told where the page is', () => {
  openLab()
  expect(made).toMatchObject([{ options: { type: 'module', name: 'https://example.org/sub/path/' } }])
  expect(made[0]?.url.pathname).toMatch(/\/src\/worker\/worker\.ts$/)
})

test('a run from the first call to the last', async () => {
  const lab = openLab()
  const events: LabEvent[] = []
  const { engine, runs, corpora } = await lab.open('cpu', (more) => events.push(...more))
  expect(engine.kind).toBe('cpu')
  expect(runs).toEqual([])
  expect(corpora.length).toBeGreaterThan(2)
  const { vocab_size } = await lab.loadFiles([{ name: 'fox', file: new Blob([TEXT]) }])
  const config = { ...tiny, vocab_size }
  expect(await lab.check({ ...config, n_layer: 0 })).toMatchObject([{ field: 'n_layer' }])
  expect(persist).not.toHaveBeenCalled()
  const { run } = await lab.createRun({ name: 'fox', config, prompt: 'the ' })
  expect(persist).toHaveBeenCalledTimes(1)
  await lab.step()
  expect((await lab.checkpointMeta())?.step).toBe(1)
  await lab.setPrompt('fox ')
  await lab.change({ learning_rate: 5e-3 })
  await lab.renameRun(run.id, 'renamed')
  await lab.noteRun(run.id, 'noted')
  const copy = await lab.duplicateRun(run.id)
  const tokens: string[] = []
  const options = { prompt: 'the ', max_tokens: 5, temperature: 1, top_k: 0, top_p: 1, seed: 3, stop: [] }
  await lab.generate(options, (more) => tokens.push(...more.map(({ text }) => text)))
  expect(tokens).toHaveLength(5)
  await lab.stopGenerating()
  await lab.start()
  await lab.pause()
  const file = await lab.exportRun(run.id)
  const imported = await lab.importRun(file.bytes.buffer)
  expect(imported.name).toBe('renamed')
  await lab.deleteRun(copy.id)
  await lab.restoreRun(copy.id)
  const again = await lab.restart({ weights: 'same', config, name: 'again' })
  expect(again.run).toMatchObject({ prompt: 'fox ', step: 0 })
  expect((await lab.measure(config)).params).toBe(run.params)
  expect(await lab.profile()).toEqual([])
  await lab.loseDevice()
  await lab.stop()
  await lab.closeRun()
  await lab.openRun(copy.id)
  expect(await lab.loadRunCorpus(copy.id)).toMatchObject({ vocab_size })
  await lab.closeRun()
  expect(persist).toHaveBeenCalledTimes(1)
  expect(events.some((e) => 'run' in e && e.event.type === 'step')).toBe(true)
})

test('what is told of a run comes after the answer that gives the page the run', async () => {
  const lab = openLab()
  const order: string[] = []
  await lab.open('cpu', (events) => {
    for (const e of events) if ('run' in e && e.event.type !== 'compile') order.push(e.event.type)
  })
  const { vocab_size } = await lab.loadText('fox', TEXT)
  await lab.createRun({ name: 'fox', config: { ...tiny, vocab_size }, prompt: '' })
  order.push('answer')
  await vi.waitFor(() => expect(order).toContain('checkpoint'), 300_000)
  expect(order[0]).toBe('answer')
  await lab.step()
  await vi.waitFor(() => expect(order.filter((type) => type === 'status')).toHaveLength(2), 300_000)
})

test('errors come back as what they were', async () => {
  const lab = openLab()
  await lab.open('cpu', () => undefined)
  await expect(lab.loadText('x', '')).rejects.toBeInstanceOf(CorpusError)
  await expect(lab.loadCorpus('nothing')).rejects.toBeInstanceOf(CorpusError)
  await lab.loadText('fox', TEXT)
  await expect(lab.createRun({ name: 'x', config: { ...tiny, vocab_size: 5 }, prompt: '' })).rejects.toBeInstanceOf(
    ConfigError,
  )
  await expect(lab.start()).rejects.toThrow(/No run is open/)
})

test('a worker that cannot be loaded refuses every call instead of never answering', async () => {
  const lab = openLab()
  const opening = lab.open('cpu', () => undefined)
  made[0]?.worker.dispatchEvent(new Event('error'))
  await expect(opening).rejects.toThrow(/The worker stopped.*Reload the page: saved runs are kept/)
  await expect(lab.pause()).rejects.toThrow(/The worker stopped/)
})

test('nothing of the protocol is missing', () => {
  const methods = Object.getOwnPropertyNames(LocalLab.prototype).filter((name) => name !== 'constructor')
  const client: Lab = openLab()
  expect(Object.keys(client).sort()).toEqual(methods.sort())
})
