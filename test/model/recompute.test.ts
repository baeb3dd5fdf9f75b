// Computing again instead of keeping: the same bits, and the memory falls by what need no longer be kept.
import { describe, expect, test } from 'vitest'
import type { ModelConfig, TrainConfig } from '../../src/config/config'
import { gpt } from '../../src/model/gpt'
import { planMemory } from '../../src/model/memory'
import { openProgram, parameterGradients, tinyConfig } from '../cpu/program'

type Recompute = TrainConfig['recompute']

const models: [string, ModelConfig][] = [
  ['GPT-2', tinyConfig({ position: 'learned', norm: 'layernorm', mlp: 'gelu', bias: true, dropout: 0.2, n_layer: 3 })],
  ['Llama', tinyConfig({ position: 'rope', norm: 'rmsnorm', mlp: 'swiglu', tie: false, n_kv_head: 1, n_layer: 3 })],
  ['ReLU²', tinyConfig({ position: 'none', mlp: 'relu2', dropout: 0.1 })],
]

describe.each(models)('%s', (_, config) => {
  test.each(['mlp', 'layer'] as const)('%s: the loss and every gradient have the same bits', async (recompute) => {
    for (const plain of [true, false]) {
      const run = async (how: Recompute) => {
        const program = await openProgram(config, { precision: 'f32', label_smoothing: 0.1, plain, recompute: how })
        await program.step()
        // Gradients of a second micro-batch are added.
        await program.step(true)
        return { loss: await program.read('loss_ring'), gradients: await parameterGradients(program) }
      }
      const [kept, again] = [await run('none'), await run(recompute)]
      expect(again.loss[0]).toBe(kept.loss[0])
      expect(again.gradients).toEqual(kept.gradients)
    }
  })
})

/** Elements of activation memory that one more layer costs. */
function perLayer(config: ModelConfig, recompute: Recompute): number {
  const planned = (n_layer: number) =>
    planMemory(gpt({ ...config, n_layer }, { use: 'train', B: 4, T: 64, label_smoothing: 0, recompute })).reduce(
      (sum, { size }) => sum + size,
      0,
    )
  return planned(9) - planned(8)
}

describe('one more layer keeps', () => {
  const [N, C, F] = [4 * 64, 64, 192]
  const sizes = { n_head: 4, n_kv_head: 4, n_embd: C, n_inner: F, block_size: 64 }
  // Norm, queries keys and values, what attention gives, its log-sum-exps, and the sum after it.
  const attention = 2 * N + N * C + 3 * N * C + N * C + 4 * N + N * C
  const mlp = 2 * N + N * C + N * F + N * F + N * C

  test.each([
    ['none', attention + mlp],
    ['mlp', attention + N * C],
    ['layer', N * C],
  ] as const)('%s', (recompute, elements) => {
    const config = tinyConfig({ position: 'learned', norm: 'layernorm', mlp: 'gelu', bias: true, ...sizes })
    expect(perLayer(config, recompute)).toBe(elements)
  })
})
