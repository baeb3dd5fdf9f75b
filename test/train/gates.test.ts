// Gates and addresses for whoever looks inside: derivatives and losses against PyTorch's (kind `inspect` of the golden cases), and
// activations that fusion swallows.
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { openCpu } from '../../src/cpu/engine'
import { batchOf } from '../../src/data/dataset/loader'
import type { Engine } from '../../src/engine'
import { gatesSize, gateTable } from '../../src/model/gates'
import { initWeights } from '../../src/model/init'
import { openGpu } from '../../src/ops/engine'
import { configFor } from '../../src/presets'
import { readSafetensors } from '../../src/storage/safetensors'
import { Trainer } from '../../src/train/trainer'
import { gpu } from '../gpu_env'
import { loaderOf, tinyRun } from './tiny'

const CASE = 'test/fixtures/inspect/inspect-gpt2'
const { tensors } = readSafetensors(readFileSync(`${CASE}.safetensors`))
const { model, loss, seq_len } = JSON.parse(readFileSync(`${CASE}.json`, 'utf8')) as {
  model: { n_layer: number; n_head: number; n_embd: number; block_size: number; vocab_size: number }
  loss: number
  seq_len: number
}
const { n_layer, n_head, n_embd, block_size } = model
const V = model.vocab_size
const config = configFor(
  {
    ...{ n_layer, n_head, n_kv_head: n_head, n_embd, n_inner: 4 * n_embd, block_size, batch_size: 1, dropout: 0 },
    ...{ position: 'learned', norm: 'layernorm', norm_eps: 1e-5, mlp: 'gelu', bias: true, tie: true },
  },
  V,
)
const golden = (name: string) => [...tensors.get(name)!.data] as number[]
const weights = new Map(
  [...tensors]
    .filter(([name]) => name.startsWith('init.'))
    .map(([name, { data }]) => [name.slice(5), data as Float32Array]),
)
const batch = batchOf(golden('tokens'), golden('targets'), V)
/** A set of gates by the kind that the golden case calls it, in the order of the layers. */
const sets = { head: /heads$/, attn: /attn\.gate$/, mlp: /mlp\.gate$/ } as const

async function open(engine: Engine, options: Parameters<typeof Trainer.open>[3] = {}) {
  return Trainer.open(engine, config, weights, { T: seq_len, ...options })
}
const engines: [string, () => Promise<Engine>][] = [
  ['gpu', async () => openGpu({ gpu: await gpu() })],
  ['cpu', () => Promise.resolve(openCpu())],
]

describe.each(engines)('gates on the %s engine', (_, make) => {
  test('all at 1 they leave the loss as it is, and their gradients are PyTorch’s', async () => {
    const engine = await make()
    const trainer = await open(engine, { gates: 'measure', keep: ['dgates'] })
    await trainer.train(0, () => batch)
    const [update] = await trainer.updates()
    expect(update!.loss).toBeCloseTo(loss, 5)
    const [dgates] = await trainer.read(['dgates'])
    for (const [kind, pattern] of Object.entries(sets)) {
      const of = gateTable(config).filter(({ label }) => pattern.test(label))
      const got = of.flatMap(({ offset, count }) => [...dgates!.subarray(offset, offset + count)])
      const want = golden(`gate_grad.${kind}`)
      expect(got.length).toBe(want.length)
      got.forEach((g, i) => expect(Math.abs(g - want[i]!), `${kind} ${i}`).toBeLessThan(2e-6))
    }
    engine.destroy()
  })
  test('one at 0 costs what PyTorch says', async () => {
    const engine = await make()
    const trainer = await open(engine, { gates: 'turn' })
    const clean = await trainer.evaluate(1, () => batch)
    for (const [kind, pattern] of Object.entries(sets)) {
      const want = golden(`ablate.${kind}`)
      const places = gateTable(config)
        .filter(({ label }) => pattern.test(label))
        .flatMap(({ offset, count }) => Array.from({ length: count }, (_, i) => offset + i))
      expect(places.length).toBe(want.length)
      for (const [i, place] of places.entries()) {
        trainer.write('gates', new Float32Array(gatesSize(config)).fill(1).fill(0, place, place + 1))
        const cost = (await trainer.evaluate(1, () => batch)) - clean
        expect(Math.abs(cost - want[i]!), `${kind} ${i}`).toBeLessThan(5e-6)
      }
    }
    expect(trainer.program.some(({ label }) => label.endsWith('dgate'))).toBe(false)
    engine.destroy()
  })
})

test('a tape without fusion has what attention and the MLP add, and the matrix where it is asked for', async () => {
  const { spec, dataset } = await tinyRun()
  const engine = openCpu()
  const keep = ['encoded', 'h.0.attn.att', 'h.0.attn.attproj', 'h.0.residual2', 'h.0.mlp.fcproj', 'h.0.residual3']
  const initial = initWeights(spec.config, 1)
  const plain = await Trainer.open(engine, spec.config, initial, { fuse: false, att: true, keep })
  const fused = await Trainer.open(engine, spec.config, initial, { keep })
  for (const trainer of [plain, fused]) await trainer.train(0, () => loaderOf(dataset, spec.config).batch(0))
  const [encoded, att, attproj, residual2, fcproj, residual3] = (await plain.read(keep)) as [
    Float32Array,
    Float32Array,
    Float32Array,
    Float32Array,
    Float32Array,
    Float32Array,
  ]
  expect(residual2).toEqual(encoded.map((x, i) => x + attproj[i]!))
  expect(residual3).toEqual(residual2.map((x, i) => x + fcproj[i]!))
  expect(attproj.some((x) => x !== 0) && fcproj.some((x) => x !== 0)).toBe(true)
  const T = spec.config.block_size
  expect(att.subarray(T, T + 2).reduce((a, b) => a + b)).toBeCloseTo(1, 6)
  const [[a], [b]] = [await plain.updates(), await fused.updates()]
  expect(a!.loss).toBeCloseTo(b!.loss, 6)
  expect(() => fused.read(['h.0.attn.attproj'])).toThrow('no tensor at the address')
  expect(fused.program.length).toBeLessThan(plain.program.length)
})
