// The page's side against the worker's, with a message channel between them instead of a thread: calls of every group arrive, every
// answer comes back in its place among the events, and so does the class of every error.
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { CancelledError, ConfigError, CorpusError } from '../../src/errors'
import { openLab } from '../../src/worker/client'
import type { LabEvent } from '../../src/worker/protocol'
import { TEXT, tiny } from './lab_env'
import { shortTurns } from './short_turns'
import { closeThreads, stubWorker, type Thread } from './thread_env'

let made: Thread[] = []
const estimate = () => Promise.resolve({ usage: 1, quota: 2 })

beforeEach(() => {
  vi.stubGlobal('document', { baseURI: 'https://example.org/sub/path/' })
  vi.stubGlobal('navigator', { storage: { estimate } })
  made = stubWorker()
})
afterEach(() => {
  closeThreads()
  vi.unstubAllGlobals()
})

const deaf = () => undefined

test('the worker is told where the page is', () => {
  openLab(deaf)
  expect(made).toMatchObject([{ options: { type: 'module', name: 'https://example.org/sub/path/' } }])
  expect(made[0]?.url.pathname).toMatch(/\/src\/worker\/worker\.ts$/)
})

test('a run from the first call to the last', async () => {
  const events: LabEvent[] = []
  const lab = openLab((more) => events.push(...more))
  const openRun = () => events.findLast((event) => event.type === 'open')?.open?.run
  const { engine, runs, corpora } = await lab.open('cpu')
  expect(engine.kind).toBe('cpu')
  expect(runs).toEqual([])
  expect(corpora.length).toBeGreaterThan(2)
  const { vocab_size } = await lab.data.loadFiles([{ name: 'fox', data: new Blob([TEXT]) }])
  const config = { ...tiny, vocab_size }
  expect(await lab.run.check({ ...config, n_layer: 0 })).toMatchObject([{ field: 'n_layer' }])
  await lab.run.create({ name: 'fox', config, prompt: 'the ' })
  const run = openRun()!
  await lab.run.step()
  expect(events.findLast((e) => e.type === 'kept')).toMatchObject({ run: { id: run.id, step: 1, status: 'paused' } })
  await lab.run.setPrompt('fox ')
  await lab.run.change({ learning_rate: 5e-3 })
  await lab.kept.rename(run.id, 'renamed')
  await lab.kept.note(run.id, 'noted')
  const copy = await lab.kept.duplicate(run.id)
  const tokens: string[] = []
  const options = { prompt: 'the ', max_tokens: 5, temperature: 1, top_k: 0, top_p: 1, seed: 3, stop: [] }
  await lab.chat.generate(options, (more) => tokens.push(...more.map(({ text }) => text)))
  expect(tokens).toHaveLength(5)
  await lab.cancel('writing')
  await lab.run.start()
  await lab.run.pause()
  const file = await lab.kept.export(run.id)
  const { buffer } = file.bytes
  const imported = await lab.kept.import(buffer)
  expect(imported.name).toBe('renamed')
  // It went over, and was not copied.
  expect(buffer.byteLength).toBe(0)
  await lab.kept.delete(copy.id)
  await lab.kept.restore(copy.id)
  await lab.run.restart({ weights: 'same', config, name: 'again' })
  expect(openRun()).toMatchObject({ name: 'again', prompt: 'fox ', step: 0 })
  expect((await lab.run.measure(config)).params).toBe(run.params)
  await lab.device.lose()
  await lab.run.stop()
  await lab.run.close()
  expect(openRun()).toBeUndefined()
  await lab.run.open(copy.id)
  expect(await lab.data.loadOfRun(copy.id)).toMatchObject({ vocab_size })
  await lab.run.close()
  expect(events.some((e) => e.type === 'run' && e.event.type === 'step')).toBe(true)
})

test('events and answers arrive in the order in which the worker gave them', async () => {
  const order: string[] = []
  const lab = openLab((events) => {
    for (const e of events) order.push(e.type === 'run' ? `run ${e.event.type}` : e.type)
  })
  await lab.open('cpu')
  order.push('opened')
  const { vocab_size } = await lab.data.loadText('fox', TEXT)
  order.push('loaded')
  await lab.run.create({ name: 'fox', config: { ...tiny, vocab_size }, prompt: '' })
  order.push('created')
  await lab.run.step()
  order.push('stepped')
  await new Promise((resolve) => setTimeout(resolve, 100))
  const between = (from: string, to: string) => order.slice(order.indexOf(from) + 1, order.indexOf(to))
  // The bar is gone before the text is there.
  expect(between('opened', 'loaded').at(-1)).toBe('progress')
  // The page knows the run before it hears of it, and hears all of it before the answer.
  const creating = between('loaded', 'created').filter((type) => type !== 'run compile' && type !== 'storage')
  expect(creating).toEqual(['open', 'run checkpoint', 'kept'])
  const stepping = between('created', 'stepped').filter((type) => type.startsWith('run '))
  expect(stepping).toContain('run step')
  expect(stepping.filter((type) => type === 'run status')).toHaveLength(2)
  // What comes late is what the worker itself is late with: the browser's estimate of its disk.
  expect(order.slice(order.indexOf('stepped') + 1).filter((type) => type !== 'storage')).toEqual([])
})

test('callbacks are called before the answer, and long work is cancelled from here', async () => {
  const progress: unknown[] = []
  const lab = openLab((events) => {
    for (const e of events) if (e.type === 'progress') progress.push(e.at)
  })
  await lab.open('cpu')
  const { vocab_size } = await lab.data.loadBuiltIn('arithmetic')
  await lab.run.create({ name: 'sums', config: { ...tiny, vocab_size, block_size: 16 }, prompt: '' })
  let heard = 0
  const answers = await lab.chat.checkAnswers(5, (_, done, total) => {
    heard = done
    expect(total).toBe(5)
  })
  expect(heard).toBe(5)
  expect(answers?.answers).toHaveLength(5)
  shortTurns()
  const curve = expect(lab.tokens.compressionCurve()).rejects.toBeInstanceOf(CancelledError)
  await lab.cancel('learning')
  await curve
  expect(progress.at(-1)).toBeNull()
})

test('errors come back as what they were', async () => {
  const lab = openLab(deaf)
  await lab.open('cpu')
  await expect(lab.data.loadText('x', '')).rejects.toBeInstanceOf(CorpusError)
  await expect(lab.data.loadBuiltIn('nothing')).rejects.toBeInstanceOf(CorpusError)
  await lab.data.loadText('fox', TEXT)
  await expect(lab.run.create({ name: 'x', config: { ...tiny, vocab_size: 5 }, prompt: '' })).rejects.toBeInstanceOf(
    ConfigError,
  )
  await expect(lab.run.start()).rejects.toThrow(/No run is open/)
})

test('a worker that cannot be loaded refuses every call instead of never answering', async () => {
  const lab = openLab(deaf)
  const opening = lab.open('cpu')
  made[0]?.worker.dispatchEvent(new Event('error'))
  await expect(opening).rejects.toThrow(/The worker stopped.*Saved runs are kept/)
  await expect(lab.run.pause()).rejects.toThrow(/The worker stopped/)
})

test('neither the page’s side nor a group of it is taken for a promise', async () => {
  const lab = openLab(deaf)
  expect(await Promise.resolve(lab)).toBe(lab)
  expect(await Promise.resolve(lab.data)).toBeTypeOf('function')
})
