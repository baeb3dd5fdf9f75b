// A step taken apart is the whole step: every dispatch once, in order, with the op's own tensors; and no number of a run moves.
import { expect, test } from 'vitest'
import { defaultConfig } from '../../src/config/fields'
import { openCpu } from '../../src/cpu/engine'
import { batchOf } from '../../src/data/dataset/loader'
import type { Engine, KernelClass } from '../../src/engine'
import { initWeights } from '../../src/model/init'
import { Xray } from '../../src/inspect/xray'
import { watched, type Seen } from '../../src/inspect/watch'
import { openDevice } from '../../src/gpu/device'
import { GpuEngine } from '../../src/ops/engine'
import { nullGpu } from '../null_gpu'
import { costOf } from '../../src/train/benchmark'
import { Trainer } from '../../src/train/trainer'
import { openWasm } from '../../src/wasm/engine'

const [T, V] = [8, 13]
const config = {
  ...defaultConfig(V),
  ...{ n_layer: 1, n_head: 2, n_kv_head: 2, n_embd: 16, n_inner: 24, block_size: T, batch_size: 2, dropout: 0 },
}
const ids = Array.from({ length: 2 * T }, (_, i) => (5 * i) % V)
const batch = batchOf(ids, ids, V)

test('the pieces are the dispatches of a training step, forward, backward, update', async () => {
  const engine = openWasm()
  let turns = 0
  const xray = await Xray.open(engine, config, batch)
  const measured = await xray.measure((use) => {
    turns++
    return use()
  })
  xray.destroy()
  const trainer = await Trainer.open(engine, config, initWeights(config, 1))
  const { pieces } = measured
  expect(pieces.map(({ label }) => label)).toEqual(trainer.program.map(({ label }) => label))
  expect(costOf(pieces)).toEqual(costOf(trainer.program))
  expect([...new Set(pieces.map(({ pass }) => pass))]).toEqual(['forward', 'backward', 'update'])
  expect(pieces.every(({ ms }) => ms > 0)).toBe(true)
  expect(measured.step_ms).toBeGreaterThan(0)
  expect(measured.by).toBe('clock')
  expect(turns).toBeGreaterThan(5)
  const qkv = pieces.find(({ label }) => label.startsWith('h.0.attn.qkv'))!
  expect(qkv.op).toBe('matmul')
  expect(qkv.tensors.find(({ name }) => name === 'x')).toEqual({
    ...{ name: 'x', address: 'h.0.ln1', shape: [2, T, 16], dtype: 'f32' },
  })
})

test('variants are asked for by class, and the engine’s own choice stands outside', () => {
  const asked: (Readonly<Record<string, string>> | null)[] = []
  const real = openCpu()
  const engine = Object.assign(Object.create(real) as Engine, {
    recordAs: <R>(variants: Readonly<Record<string, string>>, record: () => R) => {
      asked.push(variants)
      const classes: KernelClass[] = [{ key: 'gelu small', variant: 'plain', variants: ['plain', 'quick'] }]
      return { recorded: record(), asked: classes }
    },
  })
  const seen: Seen[] = []
  const watching = watched(engine, { 'gelu small': 'quick' }, (one) => seen.push(one))
  const tensor = { label: 'x', shape: [4], dtype: 'f32' as const, data: new Float32Array(4) }
  const works = watching.ops.gelu.forward({ name: 'g', t: { x: tensor, out: tensor }, attrs: {} })
  expect(asked).toEqual([{ 'gelu small': 'quick' }])
  expect(seen[0]!.works).toEqual(works)
  expect(seen[0]!.classes[0]!.variants).toEqual(['plain', 'quick'])
})

test('on a GPU a class takes the kernel that is wanted, for as long as somebody records with it', async () => {
  const device = await openDevice({ gpu: nullGpu() })
  const engine = new GpuEngine(device, { tune: false })
  // Products with more than 64 rows and columns can be computed by tiles.
  const wide = { ...config, n_embd: 128, n_inner: 128, block_size: 64 }
  const record = async (variants: Record<string, string>) => {
    const seen: Seen[] = []
    const watching = watched(engine, variants, (one) => seen.push(one))
    const trainer = await Trainer.open(watching, wide, initWeights(wide, 1))
    trainer.destroy()
    return seen
  }
  const plain = await record({})
  const classes = new Map(plain.flatMap((one) => one.classes.map((each) => [each.key, each])))
  const [key, { variants }] = [...classes].find(([key]) => key.startsWith('matmul'))!
  const wanted = variants.find((name) => name.startsWith('tile'))!
  const other = await record({ [key]: wanted })
  const kernelsOf = ({ works }: Seen) => works.map((work) => engine.kernelOf(work as never).name).join(' ')
  expect(other.length).toBe(plain.length)
  other.forEach((one, i) => {
    const changed = one.classes.some((each) => each.key === key && each.variant === wanted)
    expect(kernelsOf(one).includes(wanted), one.op).toBe(changed)
    if (!one.classes.some((each) => each.key === key)) expect(kernelsOf(one)).toBe(kernelsOf(plain[i]!))
  })
  expect(other.some((one) => kernelsOf(one).includes(wanted))).toBe(true)
  expect((await record({})).map(kernelsOf)).toEqual(plain.map(kernelsOf))
  device.check()
  engine.destroy()
})
