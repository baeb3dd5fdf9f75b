// Every variant of every op is valid WGSL, also those that this machine's driver cannot run. Dawn's null backend validates a step in each
// variant, with the activations, dropout and residuals that products compute. The numbers are tested with each op.
import { expect, test } from 'vitest'
import { openDevice } from '../../src/gpu/device'
import { GpuEngine } from '../../src/ops/engine'
import { paramTable, sizeOf } from '../../src/params'
import { configFor } from '../../src/presets'
import { Trainer } from '../../src/train/trainer'
import { nullGpu } from '../null_gpu'

/** An adapter with units for small products, and whose subgroups have 32 lanes. */
const WITH_UNITS = {
  subgroupMinSize: 32,
  subgroupMaxSize: 32,
  isFallbackAdapter: false,
  subgroupMatrixConfigs: [{ componentType: 'f16', resultComponentType: 'f32', M: 16, N: 16, K: 16 }],
}
/** One that computes on the CPU, where products go by subgroups. */
const SOFTWARE = { subgroupMinSize: 8, subgroupMaxSize: 8, isFallbackAdapter: true }

/** A model whose products have more than 96 rows and columns, so that every variant can compute one. */
const config = configFor(
  {
    ...{ n_layer: 1, n_head: 4, n_embd: 128, block_size: 128, batch_size: 2, dropout: 0.1, precision: 'fast' },
    ...{ position: 'learned', norm: 'layernorm', mlp: 'gelu', bias: true, tie: true },
  },
  128,
)

test.each([
  ...['plain', 'tile 32×32', 'tile 64×64', 'tile 128×128', 'half 128×128', 'matrix'].map((variant) => ({
    ...{ op: 'matmul', variant, info: WITH_UNITS },
  })),
  { op: 'matmul', variant: 'subgroup', info: SOFTWARE },
  ...['plain', 'tile', 'quad', 'half tile', 'half quad'].map((variant) => ({
    ...{ op: 'flash_attention', variant, info: WITH_UNITS },
  })),
])('$op, $variant', async ({ op, variant, info }) => {
  const gpu = await openDevice({ gpu: nullGpu() })
  const engine = new GpuEngine({ ...gpu, info: info as never }, { force: { [op]: variant } })
  const weights = new Map(paramTable(config).map(({ name, shape }) => [name, new Float32Array(sizeOf(shape))]))
  const trainer = await Trainer.open(engine, config, weights)
  const taken = trainer.program.filter((work) =>
    engine.kernelOf(work as never).name.includes(op === 'matmul' ? `matmul ${variant}` : variant),
  )
  expect(taken.length).toBeGreaterThan(0)
  gpu.check()
  trainer.destroy()
  engine.destroy()
})
