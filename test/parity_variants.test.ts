// Cases that PyTorch did not make: other shapes and settings, computed by the CPU engine in double precision, written as golden
// files, read back and run on both engines. What is tested is that nothing depends on the four cases' own numbers.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openCpu } from '../src/cpu/engine'
import { batchOf } from '../src/data/dataset/loader'
import type { Engine } from '../src/engine'
import { readCase, toGolden, type GoldenCase, type NamedArray } from '../src/headless/golden'
import { compare, isWithin, runCase } from '../src/headless/parity_case'
import { paramTable, sizeOf } from '../src/params'
import { configFor } from '../src/presets'
import { Rng } from '../src/rng'
import { writeSafetensors, type StoredTensor } from '../src/storage/safetensors'
import { openEngine } from '../src/train/open_engine'
import { gpu } from './gpu_env'

interface Variant {
  model: Record<string, unknown> & {
    arch: 'gpt2' | 'llama'
    n_layer: number
    n_head: number
    n_embd: number
    vocab_size: number
    n_kv_head?: number
    intermediate_size?: number
    block_size?: number
    rope_theta?: number
    tie_word_embeddings?: boolean
  }
  optimizer?: Record<string, number | null>
  B: number
  T: number
  /** Share of targets that do not count. */
  ignored?: number
}

const gpt2 = { arch: 'gpt2', n_layer: 2, n_head: 2, n_embd: 16, vocab_size: 11 } as const
const llama = { arch: 'llama', n_layer: 2, n_head: 4, n_embd: 24, intermediate_size: 40, vocab_size: 13 } as const
const VARIANTS: Record<string, Variant> = {
  'llama, tied, one key head': { model: { ...llama, n_kv_head: 1, tie_word_embeddings: true }, B: 2, T: 8 },
  'llama, base 500, a batch of one': { model: { ...llama, rope_theta: 500, block_size: 12 }, B: 1, T: 9 },
  'llama, heads of two': { model: { ...llama, n_head: 12, n_kv_head: 3 }, B: 3, T: 5 },
  'gpt2, no clipping': { model: gpt2, optimizer: { grad_clip: null }, B: 2, T: 8 },
  'gpt2, hard clipping, no decay': { model: gpt2, optimizer: { grad_clip: 0.01, weight_decay: 0 }, B: 2, T: 8 },
  'gpt2, a narrow MLP': { model: { ...gpt2, intermediate_size: 7 }, B: 2, T: 8 },
  'gpt2, rows shorter than the context': { model: { ...gpt2, block_size: 40 }, B: 2, T: 3, ignored: 0.5 },
  'gpt2, one head, one layer, untied': {
    model: { ...gpt2, n_layer: 1, n_head: 1, n_embd: 5, tie_word_embeddings: false },
    B: 1,
    T: 1,
  },
  'gpt2, wider than a workgroup': { model: { ...gpt2, n_head: 3, n_embd: 273, vocab_size: 300 }, B: 1, T: 70 },
}

const STEPS = 4
let folder: string
let engines: Engine[]
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'variants-'))
  engines = [(await openEngine('gpu', await gpu())).engine, (await openEngine('cpu')).engine]
})
afterAll(() => {
  for (const engine of engines) engine.destroy()
  rmSync(folder, { recursive: true })
})

/** Computes a case in double precision and writes it; optional fields are left out where the variant leaves them out. */
async function write(name: string, { model, optimizer, B, T, ignored = 0 }: Variant): Promise<void> {
  const { arch } = model
  const rng = new Rng(7, 1)
  const schedule = { lr: 3e-3, min_lr: 3e-4, warmup_steps: 2, max_steps: 10, beta1: 0.9, beta2: 0.99, eps: 1e-8 }
  const given: Record<string, number | null> = { ...schedule, weight_decay: 0.1, grad_clip: 1, ...optimizer }
  const config = configFor(
    {
      n_layer: model.n_layer,
      n_head: model.n_head,
      n_kv_head: model.n_kv_head ?? model.n_head,
      n_embd: model.n_embd,
      n_inner: model.intermediate_size ?? 4 * model.n_embd,
      block_size: model.block_size ?? T,
      bias: arch === 'gpt2',
      tie: model.tie_word_embeddings ?? arch === 'gpt2',
      position: arch === 'gpt2' ? 'learned' : 'rope',
      norm: arch === 'gpt2' ? 'layernorm' : 'rmsnorm',
      mlp: arch === 'gpt2' ? 'gelu' : 'swiglu',
      rope_theta: model.rope_theta ?? 10000,
      batch_size: B,
      learning_rate: 3e-3,
      min_lr: 3e-4,
      warmup_iters: 2,
      max_iters: 10,
      weight_decay: given['weight_decay'] ?? 0.01,
      grad_clip: given['grad_clip'] ?? 0,
    },
    model.vocab_size,
  )
  const weights = new Map(
    paramTable(config).map(({ name: param, shape, decay }) => [
      param,
      Float32Array.from(
        { length: sizeOf(shape) },
        () => (decay ? 0.5 / Math.sqrt(config.n_embd) : 0.1) * rng.normal() + (/ln.*weight/.test(param) ? 1 : 0),
      ),
    ]),
  )
  const tokens = Int32Array.from({ length: STEPS * B * T }, () => rng.below(config.vocab_size))
  const targets = tokens.map(() => (rng.uniform() < ignored ? -1 : rng.below(config.vocab_size)))
  targets.forEach((_, i) => i % (B * T) === 0 && (targets[i] = 1))
  const batches = Array.from({ length: STEPS }, (_, i) => {
    const part = <A extends { subarray(from: number, to: number): A }>(array: A) =>
      array.subarray(i * B * T, (i + 1) * B * T)
    return batchOf(part(tokens), part(targets), config.vocab_size)
  })
  const none: NamedArray = { shape: [B, T, config.vocab_size], data: new Float32Array() }
  const unknown = { losses: [], grad_norms: null, loss_after: null, logits: none, grads: new Map(), finals: new Map() }
  const golden: GoldenCase = { name, arch, config, B, T, batches, weights, ...unknown }
  const engine = openCpu('f64')
  const got = await runCase(engine, golden)
  engine.destroy()

  const shape = [STEPS, B, T]
  const stored = new Map<string, StoredTensor>([
    ['tokens', { dtype: 'I32', shape, data: tokens }],
    ['targets', { dtype: 'I32', shape, data: targets }],
    ['logits', { dtype: 'F32', ...got.logits }],
  ])
  const put = (prefix: string, arrays: ReadonlyMap<string, NamedArray>) => {
    for (const [key, array] of arrays) stored.set(`${prefix}.${key}`, { dtype: 'F32', ...array })
  }
  put('init', toGolden(golden, weights))
  put('grad', got.grads)
  put('final', got.finals)
  writeFileSync(join(folder, `${name}.safetensors`), writeSafetensors(stored))
  const { losses, grad_norms } = got
  writeFileSync(join(folder, `${name}.json`), JSON.stringify({ model, optimizer: given, losses, grad_norms }))
}

test.each(Object.entries(VARIANTS))('%s', async (name, variant) => {
  await write(name, variant)
  const golden = readCase(folder, name)
  for (const engine of engines) {
    const { tensors, steps } = compare(golden, await runCase(engine, golden))
    const rows = [...tensors, ...steps.flatMap(({ loss, grad_norm }) => [loss, grad_norm])]
    expect(
      rows.filter((row) => !isWithin(row)),
      engine.info.kind,
    ).toEqual([])
    expect(steps).toHaveLength(STEPS)
  }
})
