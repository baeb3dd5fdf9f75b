// A run from its first step to its last: resumed bit for bit, stopped by a number that is none, surviving its device, writing text
// between its steps.
import { expect, test, vi } from 'vitest'
import { openCpu } from '../../src/cpu/engine'
import type { Engine } from '../../src/engine'
import { ConfigError, DeviceLostError, NotFiniteError, OutOfMemoryError } from '../../src/errors'
import { openGpu } from '../../src/ops/engine'
import type { Checkpoint, SampleOptions } from '../../src/words/run'
import { Session } from '../../src/train/session'
import { openWasm } from '../../src/wasm/engine'
import { gpu } from '../gpu_env'
import { recorder, tinyRun } from './tiny'

const ENGINES = ['gpu', 'wasm'] as const
const openEngine = async (kind: 'gpu' | 'wasm'): Promise<Engine> =>
  kind === 'wasm' ? openWasm() : openGpu({ gpu: await gpu() })
const bits = ({ tensors }: Checkpoint) =>
  [...tensors].map(([name, { data }]) => [name, [...new Uint32Array(data.buffer, data.byteOffset, data.length)]])
const quiet = () => undefined

async function advance(session: Session, steps: number) {
  for (let i = 0; i < steps; i++) await session.advance()
  await session.settle()
}

test.each(ENGINES)('40 steps are 20 steps, a checkpoint, and 20 steps (%s)', async (kind) => {
  const { spec, dataset } = await tinyRun({ dropout: 0.1, gradient_accumulation_steps: 2 })
  const whole = recorder()
  const first = recorder()
  const second = recorder()
  const a = await Session.open(await openEngine(kind), spec, dataset, null, whole.listen)
  await advance(a, 40)
  const b = await Session.open(await openEngine(kind), spec, dataset, null, first.listen)
  await advance(b, 20)
  const half = await b.checkpoint()
  b.engine.destroy()
  const c = await Session.open(await openEngine(kind), half.meta.spec, dataset, half, second.listen)
  expect(c.step).toBe(20)
  await advance(c, 20)
  expect([...first.losses(), ...second.losses()]).toEqual(whole.losses())
  expect(whole.steps().map((m) => m.step)).toEqual(Array.from({ length: 40 }, (_, i) => i + 1))
  expect(bits(await c.checkpoint())).toEqual(bits(await a.checkpoint()))
  expect((await c.checkpoint()).meta.tokens).toBe((await a.checkpoint()).meta.tokens)
})

test('a run falls, is measured and sampled at its intervals and at its end, and then is finished', async () => {
  const { spec, dataset } = await tinyRun()
  const heard = recorder()
  const session = await Session.open(await openEngine('wasm'), spec, dataset, null, heard.listen)
  while (!session.finished) await session.advance()
  await session.settle()
  const evals = heard.events.flatMap((e) => (e.type === 'eval' ? [e.metrics] : []))
  const samples = heard.events.flatMap((e) => (e.type === 'sample' ? [e.sample] : []))
  expect(evals.map((e) => e.step)).toEqual([0, 20, 40, 60])
  expect(samples.map((s) => s.step)).toEqual([0, 20, 40, 60])
  expect(Math.abs(evals[0]!.val_loss - Math.log(spec.config.vocab_size))).toBeLessThan(0.1)
  expect(evals[3]!.val_loss).toBeLessThan(evals[0]!.val_loss - 1)
  expect(session.best_val_loss).toBe(Math.min(...evals.map((e) => e.val_loss)))
  expect(heard.steps().at(-1)!.tokens).toBe(session.tokens)
})

test('stops at the step whose loss is no number', async () => {
  const { spec, dataset } = await tinyRun({
    learning_rate: 1,
    min_lr: 1,
    warmup_iters: 0,
    schedule: 'constant',
    grad_clip: 0,
  })
  const engine = openCpu()
  const good = await Session.open(engine, spec, dataset, null, quiet)
  await advance(good, 1)
  const checkpoint = await good.checkpoint()
  checkpoint.tensors.get('transformer.ln_f.weight')!.data.fill(3e38)
  const heard = recorder()
  const session = await Session.open(engine, spec, dataset, checkpoint, heard.listen)
  await expect(advance(session, 50)).rejects.toThrow(NotFiniteError)
  // Steps submitted before the number was read have been computed since: nothing is told of them.
  await expect(session.settle()).rejects.toThrow(NotFiniteError)
  expect(heard.losses()).toEqual([NaN])
  await expect(session.advance()).rejects.toThrow(/step 2/)
})

test('a lost device is a named error, and the run goes on from its checkpoint on a new one', async () => {
  const { spec, dataset } = await tinyRun()
  const session = await Session.open(await openEngine('gpu'), spec, dataset, null, quiet)
  await advance(session, 6)
  const checkpoint = await session.checkpoint()
  session.engine.destroy()
  await expect(advance(session, 10)).rejects.toThrow(DeviceLostError)
  const again = await Session.open(await openEngine('gpu'), spec, dataset, checkpoint, quiet)
  await advance(again, 4)
  expect(again.step).toBe(10)
})

test('fields change in the middle of a run; nonsense is refused and changes nothing', async () => {
  const { spec, dataset } = await tinyRun()
  const heard = recorder()
  const session = await Session.open(await openEngine('wasm'), spec, dataset, null, heard.listen)
  await advance(session, 6)
  await session.change({ learning_rate: 1e-3, schedule: 'constant', dropout: 0.2 })
  await advance(session, 2)
  expect(heard.steps().at(-1)!.learning_rate).toBe(1e-3)
  await expect(session.change({ learning_rate: -1 })).rejects.toThrow(ConfigError)
  expect(session.spec.config.learning_rate).toBe(1e-3)
  expect((await session.checkpoint()).meta.spec.config.dropout).toBe(0.2)
})

test('a profile names every dispatch and does not move the run', async () => {
  const { spec, dataset } = await tinyRun()
  const a = await Session.open(await openEngine('gpu'), spec, dataset, null, quiet)
  await advance(a, 3)
  const before = bits(await a.checkpoint())
  expect((await a.profile()).length).toBeGreaterThan(50)
  expect(bits(await a.checkpoint())).toEqual(before)
})

test('text is streamed with its probabilities, repeats with its seed, stops where told and can be cancelled', async () => {
  const { spec, dataset } = await tinyRun()
  const session = await Session.open(await openEngine('wasm'), spec, dataset, null, quiet)
  await advance(session, 60)
  const options: SampleOptions = {
    prompt: '1 men went',
    max_tokens: 60,
    temperature: 0.8,
    top_k: 0,
    top_p: 1,
    seed: 5,
    stop: [],
  }
  const write = async (o: Partial<SampleOptions>, signal?: AbortSignal) => {
    const tokens = []
    const stream = session.generate({ ...options, ...o }, signal)
    let next = await stream.next()
    for (; !next.done; next = await stream.next()) tokens.push(next.value)
    return { text: tokens.map((t) => t.text).join(''), tokens, reason: next.value }
  }
  const free = await write({})
  expect(free.reason).toBe('length')
  expect(free.tokens).toHaveLength(60)
  expect(free.tokens.every((t) => t.probability > 0 && t.probability <= 1)).toBe(true)
  expect((await write({})).text).toBe(free.text)
  expect((await write({ seed: 6 })).text).not.toBe(free.text)
  const stop = free.text.slice(20, 23)
  const stopped = await write({ stop: ['never there', stop] })
  expect(stopped.reason).toBe('stop')
  expect(stopped.text).toBe(free.text.slice(0, free.text.indexOf(stop)))
  expect((await write({}, AbortSignal.abort())).reason).toBe('cancelled')
  expect((await write({ prompt: '', max_tokens: 5 })).tokens).toHaveLength(5)
})

const GREEDY: SampleOptions = { prompt: '1 men', max_tokens: 3, temperature: 0, top_k: 0, top_p: 1, seed: 1, stop: [] }

test.each(ENGINES)(
  'steps between two tokens: each has the chance that the weights of its moment give (%s)',
  async (kind) => {
    const { spec, dataset } = await tinyRun()
    const session = await Session.open(await openEngine(kind), spec, dataset, null, quiet)
    const text = session.generate(GREEDY)
    const first = await text.next()
    await advance(session, 40)
    const second = await text.next()
    const later = await Session.open(await openEngine(kind), spec, dataset, await session.checkpoint(), quiet)
    const read = GREEDY.prompt + (first.done ? '' : first.value.text)
    expect(second).toEqual(await later.generate({ ...GREEDY, prompt: read }).next())
  },
)

test('a token that could not be computed is an error, not a guess', async () => {
  const { spec, dataset } = await tinyRun()
  const engine = openCpu()
  const session = await Session.open(engine, spec, dataset, null, quiet)
  const run = vi.spyOn(engine, 'run').mockRejectedValueOnce(new Error('a binding is too small'))
  await expect(session.generate(GREEDY).next()).rejects.toThrow('a binding is too small')
  run.mockRestore()
  expect((await session.generate(GREEDY).next()).done).toBe(false)
})

test('a changed dropout that does not fit is refused, and the run goes on without it', async () => {
  const { spec, dataset } = await tinyRun()
  const engine = openCpu()
  const session = await Session.open(engine, spec, dataset, null, quiet)
  await advance(session, 2)
  vi.spyOn(engine, 'allocate').mockRejectedValueOnce(new OutOfMemoryError('no room'))
  await expect(session.change({ dropout: 0.2 })).rejects.toThrow(OutOfMemoryError)
  await advance(session, 2)
  expect([session.step, session.spec.config.dropout]).toEqual([4, 0])
})

test('a config that cannot be trained is refused by name', async () => {
  const { spec, dataset } = await tinyRun({ n_embd: 30 })
  await expect(Session.open(openCpu(), spec, dataset, null, quiet)).rejects.toThrow(
    /n_embd 30 is not a multiple of n_head 4/,
  )
})

test.each(ENGINES)('the first step is timed from opening, the wait for the start not counted (%s)', async (kind) => {
  const { spec, dataset } = await tinyRun()
  const heard = recorder()
  const engine = await openEngine(kind)
  const began = performance.now()
  const session = await Session.open(engine, spec, dataset, null, heard.listen)
  const opened = performance.now()
  await new Promise((resolve) => setTimeout(resolve, 300))
  const started = performance.now()
  await advance(session, 3)
  const most = opened - began + performance.now() - started
  const first = heard.events.filter((e) => e.type === 'first_step')
  expect(first).toHaveLength(1)
  expect(first[0]!.ms).toBeLessThanOrEqual(most)
  expect(first[0]!.ms).toBeGreaterThan(first[0]!.compile_ms)
  const compile = heard.events.flatMap((e) => (e.type === 'compile' ? [e] : []))
  if (kind === 'gpu') {
    expect(first[0]!.compile_ms).toBeGreaterThan(0)
    expect(compile[0]!.done).toBe(0)
    expect(compile.at(-1)!.done).toBe(compile[0]!.total)
    expect(compile.map(({ done }) => done)).toEqual(compile.map((_, i) => i))
  }
})

test('training waits for no reading, lets three be under way, and tells the steps in order', async () => {
  const { spec, dataset } = await tinyRun({ n_layer: 1, eval_interval: 100_000, max_iters: 100_000 })
  const engine = openCpu()
  const heard = recorder()
  const session = await Session.open(engine, spec, dataset, null, heard.listen)
  await advance(session, 1)
  const read = engine.read.bind(engine)
  let [reading, most, slow] = [0, 0, 700]
  vi.spyOn(engine, 'read').mockImplementation(async (tensors) => {
    most = Math.max(most, ++reading)
    const numbers = await read(tensors)
    // Each comes back before the one asked for earlier.
    await new Promise((resolve) => setTimeout(resolve, (slow -= 200)))
    reading--
    return numbers
  })
  while (most < 3) await session.advance()
  const told = heard.steps().length
  expect(session.step).toBeGreaterThan(told + 1)
  await session.settle()
  // One more when the run comes to rest.
  expect(most).toBeLessThanOrEqual(4)
  expect(heard.steps().map(({ step }) => step)).toEqual(Array.from({ length: session.step }, (_, i) => i + 1))
})
