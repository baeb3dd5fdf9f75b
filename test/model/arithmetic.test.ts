// The arithmetic of a timeline against what the dispatches of a step say of themselves.
import { expect, test } from 'vitest'
import { openCpu } from '../../src/cpu/engine'
import { arithmetic } from '../../src/model/arithmetic'
import { gpt } from '../../src/model/gpt'
import { configFor } from '../../src/presets'
import { initWeights } from '../../src/model/init'
import { Trainer } from '../../src/train/trainer'

test.each(['none', 'mlp', 'layer'] as const)('of a small model, to a few percent (recompute %s)', async (recompute) => {
  const engine = openCpu()
  const sizes = { n_layer: 2, n_head: 2, n_embd: 128, block_size: 64, batch_size: 4 }
  const config = configFor({ ...sizes, recompute }, 256)
  const trainer = await Trainer.open(engine, config, initWeights(config, 1))
  const step = trainer.program.filter(({ label }) => !/adamw|grad_norm/.test(label))
  const told = step.reduce((sum, { flops }) => sum + flops, 0)
  const counted = arithmetic(gpt(config, { use: 'train', B: 4, T: 64, label_smoothing: 0, recompute }))
  expect(counted / told).toBeGreaterThan(0.95)
  expect(counted / told).toBeLessThan(1.02)
  engine.destroy()
})

test('computing layers again costs nearly another forward, MLPs less', () => {
  const config = configFor({ n_layer: 6, n_head: 6, n_embd: 384, mlp: 'gelu' }, 65)
  const of = (recompute: 'none' | 'mlp' | 'layer') =>
    arithmetic(gpt(config, { use: 'train', B: 8, T: 256, label_smoothing: 0, recompute }))
  const [mlp, layer] = [of('mlp') / of('none') - 1, of('layer') / of('none') - 1]
  // The last product of an MLP need not be computed again.
  expect(mlp).toBeGreaterThan(0.09)
  expect(mlp).toBeLessThan(0.12)
  expect(layer).toBeGreaterThan(0.2)
  expect(layer).toBeLessThan(1 / 3)
})
