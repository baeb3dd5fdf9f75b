// Frozen parameters: no gradient, no moments, no work for them, and the others learn as if nothing had been frozen.
import { expect, test } from 'vitest'
import { openCpu } from '../../src/cpu/engine'
import type { Config } from '../../src/config/config'
import type { Engine } from '../../src/engine'
import { initWeights } from '../../src/model/init'
import { gradientLabel } from '../../src/model/tape'
import { openGpu } from '../../src/ops/engine'
import { paramTable, sizeOf, type Trains } from '../../src/params'
import { Trainer } from '../../src/train/trainer'
import { openWasm } from '../../src/wasm/engine'
import { gpu } from '../gpu_env'
import { loaderOf, tinyRun } from './tiny'

const gpt2 = { norm: 'layernorm', mlp: 'gelu', position: 'learned', bias: true, n_kv_head: 4, dropout: 0.1 } as const
const llama = { norm: 'rmsnorm', mlp: 'swiglu', position: 'rope', bias: false, tie: false } as const

/** One step of two micro-batches, then a second one. */
async function twoSteps(engine: Engine, change: Partial<Config>, trains?: Trains) {
  const { spec, dataset } = await tinyRun({ gradient_accumulation_steps: 2, ...change })
  const weights = initWeights(spec.config, 1)
  const trainer = await Trainer.open(engine, spec.config, weights, trains && { trains })
  const loader = loaderOf(dataset, spec.config)
  const batch = (step: number) => (micro: number) => loader.batch(2 * step + micro)
  await trainer.train(0, batch(0))
  const gradients = await trainer.gradients()
  await trainer.train(1, batch(1))
  const [first] = await trainer.updates()
  const { memory_bytes, program } = trainer
  const state = await trainer.state()
  trainer.destroy()
  return { weights, config: spec.config, loss: first!.loss, gradients, state, memory_bytes, work: program.length }
}

const cases: [string, Partial<Config>, Trains, 'gpu' | 'wasm'][] = [
  [
    'all but a product and the biases of the last layer',
    gpt2,
    (name) => /h\.1\.(attn.c_attn.w|.*bias)/.test(name),
    'gpu',
  ],
  ['all but the products of attention', llama, (name) => name.endsWith('c_attn.weight'), 'gpu'],
  ['the embeddings and the first layer', gpt2, (name) => !/wte|wpe|h\.0\./.test(name), 'wasm'],
  ['all but biases', { ...gpt2, dropout: 0 }, (name) => name.endsWith('.bias'), 'wasm'],
  ['all but the gains of norms', { ...gpt2, recompute: 'layer' }, (name) => /ln_.*weight/.test(name), 'wasm'],
  ['the head and the last norm', llama, (name) => !/lm_head|ln_f/.test(name), 'wasm'],
]

test.each(cases)('frozen: %s', async (_, change, trains, kind) => {
  const engine: Engine = kind === 'gpu' ? await openGpu({ gpu: await gpu() }) : openWasm()
  const all = await twoSteps(engine, change)
  const some = await twoSteps(engine, change, trains)
  const params = paramTable(all.config, trains)
  expect(some.loss).toBe(all.loss)
  expect([...some.gradients.keys()]).toEqual(params.filter((p) => p.trains).map(({ name }) => name))
  for (const [name, gradient] of some.gradients) expect(gradient, name).toEqual(all.gradients.get(name))
  for (const { name, trains: moves } of params) {
    expect(some.state.has(`m.${name}`), name).toBe(moves)
    expect(some.state.has(`v.${name}`), name).toBe(moves)
    const before = some.weights.get(name)!
    if (moves) expect(some.state.get(name)!.data, name).not.toEqual(before)
    else expect(some.state.get(name)!.data, name).toEqual(before)
  }
  expect(some.work).toBeLessThan(all.work)
  // A frozen number needs no gradient and no two moments.
  const frozen = params.filter((p) => !p.trains).reduce((sum, { shape }) => sum + sizeOf(shape), 0)
  expect(all.memory_bytes - some.memory_bytes).toBeGreaterThan(0.9 * 3 * 4 * frozen)
  engine.destroy()
})

test('no gradient is computed further down than something trains', async () => {
  const engine = openCpu()
  const { spec } = await tinyRun(gpt2)
  const trains = (name: string) => /h\.1\.|ln_f/.test(name)
  const trainer = await Trainer.open(engine, spec.config, initWeights(spec.config, 1), { trains })
  const backward = trainer.program.map(({ label }) => label).filter((label) => /\.d(?!ropout$)\w+$/.test(label))
  expect(backward.some((label) => label.startsWith('h.1.'))).toBe(true)
  expect(backward.filter((label) => /^(h\.0\.|encoded)/.test(label))).toEqual([])
  expect(() => trainer.read([gradientLabel('transformer.wte.weight')])).toThrow('no tensor')
  trainer.destroy()
})

test('a model of which nothing trains has no trainer', async () => {
  const { spec } = await tinyRun()
  const weights = initWeights(spec.config, 1)
  await expect(Trainer.open(openCpu(), spec.config, weights, { trains: () => false })).rejects.toThrow(
    'nothing to train',
  )
})
