// Gates turned while a run goes: at 1 they are not there, at 0 a part is, and training, evaluation and text go on with what is set.
import { describe, expect, test } from 'vitest'
import { openCpu } from '../../src/cpu/engine'
import type { Engine } from '../../src/engine'
import { ConfigError } from '../../src/errors'
import { gateTable } from '../../src/model/gates'
import { initWeights } from '../../src/model/init'
import { openGpu } from '../../src/ops/engine'
import { decodeCheckpoint, encodeCheckpoint } from '../../src/storage/checkpoint'
import { Evaluator } from '../../src/train/evaluator'
import { Session } from '../../src/train/session'
import { Slot } from '../../src/train/slot'
import { Trainer } from '../../src/train/trainer'
import { Weights } from '../../src/train/weights'
import { openWasm } from '../../src/wasm/engine'
import type { Checkpoint, Gates } from '../../src/words/run'
import { gpu } from '../gpu_env'
import { loaderOf, recorder, tinyRun } from './tiny'

const HEAD: Gates = { 'h.1.attn.heads': [1, 0, 1, 1] }
const LEARNED = { position: 'learned' } as const
const engines: [string, () => Promise<Engine>][] = [
  ['wasm', () => Promise.resolve(openWasm())],
  ['cpu', () => Promise.resolve(openCpu())],
  ['gpu', async () => openGpu({ gpu: await gpu() })],
]

const bitsOf = (tensors: ReadonlyMap<string, { data: Float32Array }>) =>
  new Map([...tensors].map(([name, { data }]) => [name, data]))

test.each(engines)('every set at 1 leaves the bits of training as they are, on the %s engine', async (name, open) => {
  // The reference adds micro-batches up in double precision, so that a gate in between rounds once more.
  const micros = name === 'cpu' ? 1 : 2
  const { spec, dataset } = await tinyRun({
    ...LEARNED,
    dropout: 0.1,
    gradient_accumulation_steps: micros,
    n_layer: 1,
  })
  const engine = await open()
  const initial = initWeights(spec.config, 1)
  const gated = new Set(gateTable(spec.config).map(({ label }) => label))
  expect([...gated]).toEqual(['wpe.gate', 'h.0.attn.heads', 'h.0.attn.gate', 'h.0.mlp.neurons', 'h.0.mlp.gate'])
  const batches = loaderOf(dataset, spec.config)
  const run = async (options: Parameters<typeof Trainer.open>[3]) => {
    const trainer = await Trainer.open(engine, spec.config, initial, options)
    for (let step = 0; step < 3; step++) await trainer.train(step, (micro) => batches.batch(micros * step + micro))
    const evaluated = await trainer.updates().then(() => trainer.evaluate(2, (i) => batches.batch(i)))
    return { state: bitsOf(await trainer.state()), evaluated, works: trainer.program.length }
  }
  const plain = await run({})
  const all = await run({ gates: 'turn', gated })
  expect(all.works).toBeGreaterThan(plain.works)
  expect(all.evaluated).toBe(plain.evaluated)
  expect(all.state).toEqual(plain.state)
  engine.destroy()
})

describe('a part that is off is a model without its weights', () => {
  const zeroed = (values: Map<string, Float32Array>, name: string, from: number, to: number) =>
    new Map([...values, [name, values.get(name)!.map((x, i) => (i >= from && i < to ? 0 : x))]])
  test.each([
    ['a head', HEAD, 'transformer.h.1.attn.c_proj.weight', 8 * 32, 16 * 32],
    [
      'a neuron',
      { 'h.0.mlp.neurons': Array.from({ length: 48 }, (_, i) => (i === 5 ? 0 : 1)) },
      'transformer.h.0.mlp.c_proj.weight',
      5 * 32,
      6 * 32,
    ],
    ['the positions', { 'wpe.gate': Array<number>(16).fill(0) }, 'transformer.wpe.weight', 0, 16 * 32],
  ] as const)('%s', async (_, gates, name, from, to) => {
    const { spec, dataset } = await tinyRun(LEARNED)
    const batches = loaderOf(dataset, spec.config)
    // Larger than a model begins with, so that each part matters.
    const values = new Map([...initWeights(spec.config, 1)].map(([n, data]) => [n, data.map((x) => 6 * x)]))
    for (const engine of [openWasm(), openCpu()]) {
      const off = await Weights.open(engine, spec.config, values)
      await off.turn(gates)
      const without = await Weights.open(engine, spec.config, zeroed(values, name, from, to))
      const [a, b, c] = [
        await Evaluator.open(off, { B: 4, T: 16 }),
        await Evaluator.open(without, { B: 4, T: 16 }),
        await Evaluator.open(await Weights.open(engine, spec.config, values), { B: 4, T: 16 }),
      ]
      const loss = (e: Evaluator) => e.loss(2, (i) => batches.batch(i))
      expect(await loss(a)).toBeCloseTo(await loss(b), 6)
      expect(Math.abs((await loss(a)) - (await loss(c)))).toBeGreaterThan(1e-5)
    }
  })
})

test('the gradients of positions and neurons are finite differences', async () => {
  const { spec, dataset } = await tinyRun({ ...LEARNED, mlp: 'swiglu' })
  const engine = openCpu('f64')
  const sets = ['wpe.gate', 'h.1.mlp.neurons']
  const trainer = await Trainer.open(engine, spec.config, initWeights(spec.config, 1), {
    gates: 'measure',
    gated: new Set(sets),
    keep: ['dgates'],
  })
  const batch = loaderOf(dataset, spec.config).batch(0)
  await trainer.train(0, () => batch)
  const [dgates] = await trainer.read(['dgates'])
  const fresh = await Trainer.open(engine, spec.config, initWeights(spec.config, 1), {
    gates: 'turn',
    gated: new Set(sets),
  })
  const loss = async (label: string, count: number, at: number, gate: number) => {
    await fresh.turn({ [label]: Array.from({ length: count }, (_, i) => (i === at ? gate : 1)) })
    return fresh.evaluate(1, () => batch)
  }
  for (const [label, at] of [
    ['wpe.gate', 3],
    ['h.1.mlp.neurons', 7],
  ] as const) {
    const { offset, count } = gateTable(spec.config).find((set) => set.label === label)!
    const slope = (await loss(label, count, at, 1.5)) - (await loss(label, count, at, 0.5))
    expect(slope).not.toBe(0)
    expect(Math.abs(dgates![offset + at]! - slope)).toBeLessThan(0.05 * Math.abs(slope) + 1e-7)
  }
})

/** A run that goes `steps` steps, turning gates before those that `turns` names. */
async function goes(steps: number, turns: Record<number, Gates>, from: Checkpoint | null = null) {
  const { spec, dataset } = await tinyRun({ dropout: 0.1, eval_interval: 4 })
  const { events, listen, losses } = recorder()
  const session = await Session.open(openWasm(), from?.meta.spec ?? spec, dataset, from, listen)
  for (let i = 0; i < steps; i++) {
    const gates = turns[session.step]
    if (gates) await session.turn(gates)
    await session.advance()
  }
  const checkpoint = await session.checkpoint()
  const samples = events.flatMap((e) => (e.type === 'sample' ? [e.sample.tokens.join('')] : []))
  const evals = events.flatMap((e) => (e.type === 'eval' ? [e.metrics.val_loss] : []))
  return { checkpoint, losses: losses(), samples, evals, session, dataset }
}

test('gates that go back to 1 leave the run as if they had never been', async () => {
  const plain = await goes(6, {})
  const turned = await goes(6, { 3: { 'h.0.mlp.gate': [1] } })
  const back = await goes(3, { 2: HEAD, 3: {} })
  expect(turned.checkpoint.meta.spec.gates).toBe(undefined)
  expect(bitsOf(turned.checkpoint.tensors)).toEqual(bitsOf(plain.checkpoint.tensors))
  expect(back.losses.slice(0, 2)).toEqual(plain.losses.slice(0, 2))
  expect(back.losses[2]).not.toBe(plain.losses[2])
})

test('a run with a head off is kept, goes on, is measured and writes with it off', async () => {
  const whole = await goes(8, { 2: HEAD })
  const half = await goes(5, { 2: HEAD })
  expect(half.checkpoint.meta.spec.gates).toEqual(HEAD)
  const file = decodeCheckpoint(encodeCheckpoint(half.checkpoint)).checkpoint
  const rest = await goes(3, {}, file)
  expect(bitsOf(rest.checkpoint.tensors)).toEqual(bitsOf(whole.checkpoint.tensors))
  expect([...half.losses, ...rest.losses]).toEqual(whole.losses)
  // The same weights with the head's rows at 0, and no gate.
  const { spec } = file.meta
  const name = 'transformer.h.1.attn.c_proj.weight'
  const { data, shape } = file.tensors.get(name)!
  const zeroed = { shape, data: data.map((x, i) => (i >= 8 * 32 && i < 16 * 32 ? 0 : x)) }
  const without = {
    meta: { ...file.meta, spec: { ...spec, gates: undefined } },
    tensors: new Map([...file.tensors, [name, zeroed]]),
  }
  const { tokenizer } = whole.dataset
  const engine = openWasm()
  const write = async (slot: Slot) => {
    const options = { prompt: '1 ', max_tokens: 12, temperature: 0, top_k: 0, top_p: 1, seed: 1, stop: [] }
    const text: { text: string; probability: number }[] = []
    for await (const token of slot.generate(options)) text.push(token)
    return text
  }
  const off = await Slot.open(engine, spec, tokenizer, file)
  const other = await Slot.open(engine, without.meta.spec, tokenizer, without)
  const [a, b] = [await write(off), await write(other)]
  expect(a.map(({ text }) => text)).toEqual(b.map(({ text }) => text))
  a.forEach(({ probability }, i) => expect(probability).toBeCloseTo(b[i]!.probability, 5))
  // Turned back between two texts, the next one is the whole model's.
  await off.weights.turn({})
  const whole_model = await write(off)
  await off.weights.turn(HEAD)
  expect(await write(off)).toEqual(a)
  expect(whole_model[0]!.probability).not.toBeCloseTo(a[0]!.probability, 5)
  // And measured: the session's evaluation after step 4 is that of the model without the head.
  const measured = await Evaluator.open(other.weights, { B: 4, T: 16 })
  measured.destroy()
  const loss = await half.session.evaluate()
  const clean = await goes(0, {}, without)
  expect(loss!.val_loss).toBeCloseTo((await clean.session.evaluate())!.val_loss, 5)
})

test('gates that a model lacks are refused in a sentence, and nothing changes', async () => {
  const { session } = await goes(1, {})
  for (const [gates, says] of [
    [{ 'h.7.attn.heads': [0, 1, 1, 1] }, 'it has 2 layers'],
    [{ 'h.0.attn.heads': [0] }, 'has 4 gates in this model, not 1'],
    [{ 'h.0.mlp.gate': [NaN] }, 'not a number'],
  ] as [Gates, string][]) {
    await expect(session.turn(gates)).rejects.toThrow(ConfigError)
    await expect(session.turn(gates)).rejects.toThrow(says)
  }
  expect(session.spec.gates).toBe(undefined)
  const { spec } = await tinyRun()
  const rope = await Weights.open(openCpu(), spec.config, initWeights(spec.config, 1))
  await expect(rope.turn({ 'wpe.gate': Array<number>(16).fill(0) })).rejects.toThrow('rotations (RoPE)')
})
