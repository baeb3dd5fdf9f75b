// Steps in shards: the same bits whoever computes them, nearly the numbers of the whole batch, and no step lost with a thread.
import { afterEach, expect, test, vi } from 'vitest'
import type { Config } from '../../src/config/config'
import { defaultConfig } from '../../src/config/fields'
import { batchOf, type Batch } from '../../src/data/dataset/loader'
import type { Threads } from '../../src/threads'
import { initWeights } from '../../src/model/init'
import { hash } from '../../src/rng'
import { CoreCount } from '../../src/train/core_count'
import { predictMemory } from '../../src/train/plan'
import { sharesOf } from '../../src/train/shared_step'
import { shardsOf } from '../../src/train/shards'
import { Trainer } from '../../src/train/trainer'
import { openWasm } from '../../src/wasm/engine'
import type { ThreadEvent } from '../../src/words/run'
import { distance } from '../distance'
import { realThreads } from './shard_threads'

const V = 53
/** Just large enough to be cut, into four. */
const CUT: Config = {
  ...defaultConfig(V),
  ...{ n_layer: 3, n_head: 4, n_kv_head: 2, n_embd: 128, n_inner: 350, block_size: 48, batch_size: 16 },
  ...{ dropout: 0.2, label_smoothing: 0.1 },
}

afterEach(() => void vi.restoreAllMocks())

/** As if measurement had found that so many cores are fastest. */
const coresHelp = (cores: number) =>
  vi.spyOn(CoreCount.prototype, 'next').mockImplementation((most) => Math.min(most, cores))

function made({ batch_size: B, block_size: T }: Config, index: number): Batch {
  const ids = (stream: number) => Uint32Array.from({ length: B * T }, (_, i) => hash(index, stream, i) % V)
  const weights = Float32Array.from(ids(3), (id) => (id % 3 ? 1 : 0))
  const targets = Int32Array.from(ids(2), (id) => (id % 11 ? id : -1))
  return batchOf(ids(1), targets, V, weights)
}

/** What three steps leave: losses, norms, weights, moments, and the loss of an evaluation. */
async function trained(config: Config, threads?: Threads & { ready?: () => Promise<unknown> }) {
  const told: ThreadEvent[] = []
  const engine = openWasm(undefined, threads)
  const trainer = await Trainer.open(engine, config, initWeights(config, 1), {
    told: (event) => told.push(event),
  })
  for (let step = 0; step < 3; step++) {
    await trainer.train(step, (micro) => made(config, 10 * step + micro))
    await threads?.ready?.()
  }
  const updates = await trainer.updates()
  const state = await trainer.state()
  const loss = await trainer.evaluate(2, (i) => made(config, 100 + i))
  const { memory_bytes } = trainer
  trainer.destroy()
  const sentences = told.flatMap((event) => (event.type === 'thread_lost' ? event.text : []))
  const cores = told.flatMap((event) => (event.type === 'cores' ? event.cores : []))
  return { told: sentences, cores, memory_bytes, bits: { updates, state, loss } }
}

test('one, two and four cores leave the same bits, accumulated or not', async () => {
  for (const gradient_accumulation_steps of [1, 2]) {
    const config = { ...CUT, gradient_accumulation_steps }
    const { bits: alone } = await trained(config)
    expect(alone.updates.at(-1)!.loss).toBeLessThan(alone.updates[0]!.loss + 1)
    for (const cores of [2, 4]) {
      coresHelp(cores)
      const threads = await realThreads(3)
      const { bits, told, cores: at } = await trained(config, threads)
      expect(at).toEqual([1, cores])
      expect(bits).toEqual(alone)
      expect(told).toEqual([])
      // In two steps, since the threads open during the first.
      const share = { 2: 2, 4: 3 }[cores]!
      expect([threads.asked, threads.answered]).toEqual(Array(2).fill(2 * share * gradient_accumulation_steps))
      expect(threads.running).toBe(0)
    }
  }
})

test('a batch in shards has the losses and gradients of the whole, dropout and masked targets among them', async () => {
  const batch = () => made(CUT, 1)
  const whole = Object.assign(openWasm(), { threads: undefined })
  const [a, b] = await Promise.all(
    [whole, openWasm()].map(async (engine) => {
      const trainer = await Trainer.open(engine, CUT, initWeights(CUT, 1))
      await trainer.train(3, batch)
      const [update] = await trainer.updates()
      return { update: update!, gradients: await trainer.gradients(), dispatches: trainer.program.length }
    }),
  )
  expect(b!.dispatches).toBeGreaterThan(3 * a!.dispatches)
  expect(Math.abs(a!.update.loss - b!.update.loss)).toBeLessThan(2e-6)
  for (const [name, want] of a!.gradients) {
    const { norm } = distance(name, Float64Array.from(b!.gradients.get(name)!), Float64Array.from(want))
    expect(norm, name).toBeLessThan(2e-6)
  }
})

test('a thread that is killed in the middle of a step loses nothing: the step is done again, and a sentence is told', async () => {
  const { bits: alone } = await trained(CUT)
  coresHelp(2)
  let kills = 0
  const threads = await realThreads(1, (thread) => {
    if (kills++ === 0) thread.terminate()
  })
  const { bits, told } = await trained(CUT, threads)
  expect(bits).toEqual(alone)
  expect([threads.asked, threads.answered, kills]).toEqual([2, 0, 1])
  expect(told).toEqual([
    expect.stringMatching(/^A thread .* stopped \(it ended with status 1\)\. Its part was done again here/),
  ])
})

test('so does one that does not answer, and one that could not begin; where none can be had, one core computes', async () => {
  const { bits: alone } = await trained(CUT)
  coresHelp(2)
  const fake = (answer: (message: object) => object | null): Threads => ({
    most: 1,
    start() {
      let tell: (message: unknown) => void = () => undefined
      return {
        postMessage: (message) => {
          const answered = answer(message as object)
          if (answered) queueMicrotask(() => tell(answered))
        },
        listen: (heard) => (tell = heard),
        terminate: () => undefined,
      }
    },
  })
  const timeout = vi
    .spyOn(globalThis, 'setTimeout')
    .mockImplementation(((late: () => void) => setImmediate(late)) as never)
  const silent = await trained(
    CUT,
    fake((message) => ('config' in message ? { ready: true } : null)),
  )
  timeout.mockRestore()
  expect(silent.told).toEqual([expect.stringContaining('(it did not answer)')])
  const full = await trained(
    CUT,
    fake(() => ({ failed: 'No memory for weights.' })),
  )
  expect(full.told).toEqual([expect.stringContaining('(No memory for weights)')])
  const start = () => expect.unreachable('no workers here')
  const none = await trained(CUT, { most: 3, start })
  expect(none.told).toEqual([])
  for (const { bits } of [silent, full, none]) expect(bits).toEqual(alone)
})

test('which batches are cut, and into how many, depends on batch and model alone', () => {
  expect(shardsOf(CUT)).toBe(4)
  const sizes: [Partial<Config>, number][] = [
    [{ batch_size: 15 }, 3],
    [{ batch_size: 13 }, 1],
    [{ batch_size: 1 }, 1],
    [{ batch_size: 64 }, 8],
    [{ n_layer: 1 }, 1],
    [{ gradient_accumulation_steps: 256 }, 2],
  ]
  for (const [change, shards] of sizes) expect(shardsOf({ ...CUT, ...change }), JSON.stringify(change)).toBe(shards)
})

test('what is predicted of memory is what is taken, with the threads that could be started', async () => {
  const { memory_bytes } = await trained(CUT)
  const { memory } = predictMemory(CUT, { maxBlock: 2 ** 28, threads: 0 })
  expect(memory.total - memory.decoder).toBe(memory_bytes)
  const { memory: more } = predictMemory(CUT, { maxBlock: 2 ** 28, threads: 7 })
  expect(more.threads).toBeGreaterThan(3 * (memory.weights + memory.gradients / 2))
  expect(more.total).toBe(memory.total + more.threads)
  // No thread has more than it can do, nor all of them more than their share of memory.
  expect(predictMemory(CUT, { maxBlock: 2 ** 28, threads: 3 }).memory.threads).toBe(more.threads)
  const large = { ...CUT, n_layer: 12, n_embd: 1024, n_inner: 4096, batch_size: 64 }
  expect(predictMemory(large, { maxBlock: 2 ** 28, threads: 7 }).memory.threads).toBeLessThanOrEqual(2 ** 30)
})

test('shares are neighbours, as even as can be', () => {
  expect(sharesOf([1, 2, 3, 4], 3)).toEqual([[1, 2], [3], [4]])
  expect(sharesOf([1, 2, 3, 4], 2)).toEqual([
    [1, 2],
    [3, 4],
  ])
  expect(sharesOf([1, 2, 3, 4, 5, 6, 7, 8], 1)).toEqual([[1, 2, 3, 4, 5, 6, 7, 8]])
})
