// A model without a trainer: its weights alone take no gradients, moments or step program, and write, evaluate and export what
// the trainer's would.
import { expect, test, vi } from 'vitest'
import type { Config } from '../../src/config/config'
import { openCpu } from '../../src/cpu/engine'
import type { Engine } from '../../src/engine'
import { ConfigError, OutOfMemoryError } from '../../src/errors'
import { initWeights } from '../../src/model/init'
import { gradientLabel } from '../../src/model/tape'
import { openGpu } from '../../src/ops/engine'
import { paramTable } from '../../src/params'
import { decodeCheckpoint, encodeCheckpoint } from '../../src/storage/checkpoint'
import { Evaluator } from '../../src/train/evaluator'
import { predictMemory } from '../../src/train/plan'
import { Session } from '../../src/train/session'
import { Slot, type Model } from '../../src/train/slot'
import { Trainer } from '../../src/train/trainer'
import { Weights } from '../../src/train/weights'
import type { Checkpoint, SampleOptions } from '../../src/words/run'
import { gpu } from '../gpu_env'
import { loaderOf, tinyRun } from './tiny'

const ENGINES = ['gpu', 'cpu'] as const
const openEngine = async (kind: 'gpu' | 'cpu'): Promise<Engine> =>
  kind === 'cpu' ? openCpu() : openGpu({ gpu: await gpu(), tune: false })
const quiet = () => undefined
const shapes: [string, Partial<Config>][] = [
  ['a Llama', { position: 'rope', norm: 'rmsnorm', mlp: 'swiglu', tie: false }],
  ['a GPT-2', { position: 'learned', norm: 'layernorm', mlp: 'gelu', bias: true, n_kv_head: 4 }],
]

/** Everything that an engine was asked to allocate, and the bytes of it. */
function allocations(engine: Engine) {
  const allocate = vi.spyOn(engine, 'allocate')
  const blocks = () => allocate.mock.calls.flatMap(([asked]) => asked)
  return {
    addresses: () => blocks().flatMap(({ label, windows }) => [label, ...windows.map(({ tensor }) => tensor.label)]),
    bytes: () => blocks().reduce((sum, { size }) => sum + 4 * size, 0),
  }
}

async function trained(change: Partial<Config>): Promise<{ session: Session; checkpoint: Checkpoint }> {
  const { spec, dataset } = await tinyRun(change)
  const session = await Session.open(openCpu(), spec, dataset, null, quiet)
  for (let i = 0; i < 20; i++) await session.advance()
  return { session, checkpoint: await session.checkpoint() }
}

const OPTIONS: SampleOptions = {
  prompt: '1 men went',
  max_tokens: 40,
  temperature: 0.8,
  top_k: 0,
  top_p: 0.95,
  seed: 5,
  stop: [],
}
async function write(model: Model) {
  const tokens = []
  for await (const token of model.generate(OPTIONS)) tokens.push(token)
  return tokens
}

test.each(ENGINES)('weights come back as they were written, and can be replaced (%s)', async (kind) => {
  const { spec } = await tinyRun()
  const values = initWeights(spec.config, 7)
  const weights = await Weights.open(await openEngine(kind), spec.config, values)
  const state = await weights.state()
  expect([...state.keys()]).toEqual(paramTable(spec.config).map(({ name }) => name))
  for (const [name, { shape, data }] of state) {
    expect(data).toEqual(values.get(name))
    expect(weights.param(name)).toMatchObject({ label: name, shape })
  }
  const name = 'transformer.ln_f.weight'
  const other = new Float32Array(spec.config.n_embd).map((_, i) => i)
  weights.write(name, other)
  expect((await weights.state()).get(name)!.data).toEqual(other)
  expect(() => weights.write(name, new Float32Array(3))).toThrow(`${name} [32] got 3 numbers`)
  expect(() => weights.param('transformer.dwte.weight')).toThrow('no parameter transformer.dwte.weight')
  weights.destroy()
})

test('weights that are incomplete are refused, and their memory is given back', async () => {
  const { spec } = await tinyRun()
  const engine = openCpu()
  const free = vi.spyOn(engine, 'free')
  const values = initWeights(spec.config, 7)
  values.delete('transformer.wte.weight')
  await expect(Weights.open(engine, spec.config, values)).rejects.toThrow(
    /transformer\.wte\.weight \[.*\] got 0 numbers/,
  )
  expect(free).toHaveBeenCalledOnce()
})

test.each(shapes)(
  'a checkpoint that is looked at takes weights and, once it writes, a decoder: %s',
  async (_, change) => {
    const { session, checkpoint } = await trained(change)
    const { config } = session.spec
    const { dataset } = await tinyRun(change)
    const engine = openCpu()
    const { addresses, bytes } = allocations(engine)
    const { memory } = predictMemory(config, { maxBlock: engine.maxBlock })

    // As it comes out of a file.
    const file = encodeCheckpoint(checkpoint, { text: null, history: null, notes: '' })
    const slot = await Slot.open(engine, session.spec, dataset.tokenizer, decodeCheckpoint(file).checkpoint)
    expect(bytes()).toBe(memory.weights)
    expect(slot.memory_bytes).toBe(memory.weights)
    expect(await write(slot)).toEqual(await write(session))
    expect(bytes()).toBe(memory.weights + memory.decoder)
    expect(slot.memory_bytes).toBe(bytes())
    expect(bytes()).toBeLessThan(memory.total / 2)

    const learned = new Set(paramTable(config).flatMap(({ name }) => [gradientLabel(name), `m.${name}`, `v.${name}`]))
    expect(addresses().filter((label) => learned.has(label) || /^(grads|m|v)\./.test(label))).toEqual([])
    expect(addresses()).toEqual(expect.arrayContaining(['weights.0', 'transformer.wte.weight']))
    for (const [name, { data }] of await slot.weights.state()) expect(data).toEqual(checkpoint.tensors.get(name)!.data)
  },
)

test('a checkpoint whose config makes no model is refused; so is one that does not fit', async () => {
  const { session, checkpoint } = await trained({ n_layer: 1 })
  const { spec } = session
  const { tokenizer } = (await tinyRun()).dataset
  const engine = openCpu()
  const odd = { ...spec, config: { ...spec.config, n_embd: 30 } }
  await expect(Slot.open(engine, odd, tokenizer, checkpoint)).rejects.toThrow(ConfigError)
  const recall = vi.spyOn(engine, 'recall')
  vi.spyOn(engine, 'allocate').mockRejectedValueOnce(new OutOfMemoryError('no room'))
  await expect(Slot.open(engine, spec, tokenizer, checkpoint)).rejects.toThrow(OutOfMemoryError)
  // The kernels that trained it are the kernels that read it.
  expect(recall).toHaveBeenCalledExactlyOnceWith(checkpoint.meta.kernels!.choices)
})

test.each(ENGINES.flatMap((kind) => [0, 0.2].map((dropout) => [kind, dropout] as const)))(
  'the loss of batches and the logits of a text need no trainer, and are its own to the bit (%s, dropout %s)',
  async (kind, dropout) => {
    const { spec, dataset } = await tinyRun({ dropout })
    const { config } = spec
    const { batch_size: B, block_size: T, vocab_size: V } = config
    const trainer = await Trainer.open(await openEngine(kind), config, initWeights(config, 3), { keep: ['logits'] })
    const loader = loaderOf(dataset, config)
    for (let step = 0; step < 3; step++) await trainer.train(step, () => loader.batch(step))
    await trainer.updates()
    const weights = await Weights.open(
      await openEngine(kind),
      config,
      new Map([...(await trainer.weights.state())].map(([name, { data }]) => [name, data])),
    )
    const evaluator = await Evaluator.open(weights, { B, T })
    expect(await evaluator.loss(5, (i) => loader.batch(i))).toBe(await trainer.evaluate(5, (i) => loader.batch(i)))

    const tokens = [...loader.batch(0).tokens.slice(0, T)]
    const one = await Evaluator.open(weights, { B: 1, T }, ['logits'])
    const logits = await one.logits(tokens)
    expect(logits).toHaveLength(T * V)
    expect(await one.logits(tokens.slice(0, 3))).toEqual(logits.slice(0, 3 * V))
    await expect(one.logits([...tokens, 1])).rejects.toThrow(`${T + 1} tokens in 1 rows of ${T}`)
    if (dropout === 0) {
      await trainer.evaluate(1, (i) => loader.batch(i))
      expect((await trainer.read(['logits']))[0]!.slice(0, T * V)).toEqual(logits)
    }
  },
)
