// Storage buffers: a baseline device binds 8 a dispatch. The kernels of a step bind at most 7, by every variant and by whatever is made
// part of a product, so that one seat is left in each for what reads a small buffer more, such as gates fused into it.
import { expect, test } from 'vitest'
import { defaultConfig } from '../../src/config/fields'
import type { Config } from '../../src/config/config'
import type { Dispatch } from '../../src/gpu/kernel'
import { openGpu } from '../../src/ops/engine'
import { paramTable, sizeOf } from '../../src/params'
import type { TapeOptions } from '../../src/train/plan'
import { Trainer } from '../../src/train/trainer'
import { nullGpu } from '../null_gpu'

const gpt2 = { norm: 'layernorm', mlp: 'gelu', position: 'learned', bias: true } as const
const llama = { norm: 'rmsnorm', mlp: 'swiglu', position: 'rope', bias: false, tie: false, n_kv_head: 2 } as const

/** Storage buffers that each kernel of a step binds, by label without the layer. */
async function seats(change: Partial<Config>, force: Record<string, string> = {}, options: TapeOptions = {}) {
  const sizes = { n_layer: 1, n_head: 4, n_kv_head: 4, n_embd: 256, n_inner: 512, block_size: 128, batch_size: 4 }
  const config = { ...defaultConfig(300), ...sizes, ...change }
  const params = paramTable(config)
  const weights = new Map(params.map(({ name, shape }) => [name, new Float32Array(sizeOf(shape))]))
  const engine = await openGpu({ gpu: nullGpu(), baseline: true, tune: false, force })
  const trainer = await Trainer.open(engine, config, weights, options)
  return new Map(
    (trainer.program as readonly Dispatch[]).map(({ label, kernel }) => [
      label.replace('h.0.', ''),
      kernel.bindings.filter(({ access }) => access !== 'uniform').length,
    ]),
  )
}

test.each([
  ['GPT-2', gpt2, {}],
  ['GPT-2 with dropout', { ...gpt2, dropout: 0.1 }, {}],
  ['Llama', llama, {}],
  ['a width that fours do not divide', { ...gpt2, n_embd: 12, n_inner: 30, mlp: 'relu2' } as const, {}],
  ['tiles', { ...gpt2, dropout: 0.1 }, { matmul: 'tile 64×64', flash_attention: 'tile' }],
  ['blocks', { ...gpt2, dropout: 0.1 }, { matmul: 'tile 128×128', flash_attention: 'tile' }],
])('%s: a seat is left in every kernel of a step', async (_, change, force) => {
  for (const options of [{}, { fuse: false }, { gates: 'measure' }] as const) {
    const found = await seats(change, force, options)
    expect([...found].filter(([, count]) => count > 7)).toEqual([])
    expect([...found.keys()].some((label) => label.endsWith('.gate.dgate'))).toBe('gates' in options)
  }
})

test('and in those of attention that keeps its matrix', async () => {
  expect([...(await seats({ ...gpt2, dropout: 0.1 }, {}, { att: true })).values()].every((count) => count <= 7)).toBe(
    true,
  )
})

test('these have just the one', async () => {
  const full = [...(await seats({ ...gpt2, dropout: 0.1 }))].filter(([, count]) => count === 7).map(([label]) => label)
  expect(full).toEqual([
    'residual2.matmul',
    'mlp.fch.matmul',
    'residual3.matmul',
    'lnf.layernorm.dx',
    'ln2.layernorm.dx',
    'attn.atty.flash_attention.dq',
    'ln1.layernorm.dx',
  ])
})
