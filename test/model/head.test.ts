// The head by chunks of rows: the same losses and gradients as all rows at once, and no matrix of all the logits.
import { describe, expect, test } from 'vitest'
import type { ModelConfig } from '../../src/config/config'
import { gpt, headRows } from '../../src/model/gpt'
import { planMemory } from '../../src/model/memory'
import { configFor } from '../../src/presets'
import { distance } from '../distance'
import { openProgram, parameterGradients, tinyConfig } from '../cpu/program'

/** 150 rows: two chunks of 64 and one of 22. */
const B = 6
const T = 25
const models: [string, ModelConfig][] = [
  [
    'tied',
    tinyConfig({ position: 'learned', norm: 'layernorm', mlp: 'gelu', bias: true, dropout: 0.2, block_size: T }),
  ],
  ['untied', tinyConfig({ position: 'rope', norm: 'rmsnorm', mlp: 'swiglu', tie: false, block_size: T })],
]

describe.each(models)('%s', (_, config) => {
  test.each(['none', 'layer'] as const)('chunks agree with all rows at once (recompute %s)', async (recompute) => {
    const run = async (head_rows: number) => {
      const program = await openProgram(config, { B, T, head_rows, label_smoothing: 0.1, recompute })
      const loss = await program.loss()
      await program.step()
      await program.step(true)
      return { loss, after: (await program.read('loss_ring'))[0], gradients: await parameterGradients(program) }
    }
    const [whole, chunks] = [await run(B * T), await run(64)]
    expect(chunks.loss).toBe(whole.loss)
    expect(chunks.after).toBe(whole.loss)
    for (const [name, gradient] of chunks.gradients)
      expect(distance(name, gradient, whole.gradients.get(name)!).norm, name).toBeLessThan(1e-13)
  })
})

test('a chunk turns back before the next begins, and before the rest of the model', () => {
  const tape = gpt(models[0]![1], { use: 'train', B, T, label_smoothing: 0, head_rows: 64 })
  const head = tape.timeline.filter(({ node }) => /logits|losses|lnf|mean/.test(node.name))
  expect(head.map(({ node, pass }) => `${node.name} ${pass}`)).toEqual([
    'lnf forward',
    ...[0, 64, 128].flatMap((from) => [
      `rows.${from}.logits forward`,
      `rows.${from}.losses forward`,
      `rows.${from}.losses backward`,
      `rows.${from}.logits backward`,
    ]),
    'mean_loss forward',
    'mean_loss backward',
    'lnf backward',
  ])
})

describe('how many rows at a time', () => {
  test('all, where their logits are small', () => {
    expect(headRows(256 * 64, 65)).toBe(256 * 64)
    expect(headRows(2 ** 10, 2 ** 14)).toBe(2 ** 10)
  })
  test('else a power of two, whose logits take at most 64 MiB, or 64 rows', () => {
    expect(headRows(2048, 50_257)).toBe(256)
    expect(headRows(2 ** 20, 65)).toBe(2 ** 17)
    expect(headRows(128, 2 ** 20)).toBe(64)
  })
})

test('GPT-2’s 50,257 words at 256 × 8: no activation is larger than 49 MiB, where the logits were 393', () => {
  const XL = { n_layer: 12, n_head: 12, n_embd: 768, block_size: 256, batch_size: 8, tie: true, bias: true } as const
  const config = configFor({ ...XL, position: 'learned', norm: 'layernorm', mlp: 'gelu' }, 50_257)
  const largest = (head_rows?: number) => {
    const mode = { B: 8, T: 256, label_smoothing: 0, ...(head_rows !== undefined && { head_rows }) }
    const blocks = planMemory(gpt(config, { use: 'train', ...mode }))
    return {
      bytes: 4 * Math.max(...blocks.map(({ size }) => size)),
      count: blocks.filter((b) => b.size > 2 ** 23).length,
    }
  }
  expect(largest()).toEqual({ bytes: 256 * 50_257 * 4, count: 1 })
  expect(largest(2048)).toEqual({ bytes: 2048 * 50_257 * 4, count: 2 })
})
