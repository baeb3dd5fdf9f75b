// nanoGPT's initialisation, and that it depends on the seed and on nothing else.
import { expect, test } from 'vitest'
import { initWeights } from '../../src/model/init'
import { tinyConfig } from '../cpu/program'

const config = tinyConfig({ position: 'learned', norm: 'layernorm', mlp: 'gelu', bias: true, n_embd: 64, n_inner: 256 })

function spread(values: Float32Array): { mean: number; std: number } {
  const mean = values.reduce((sum, x) => sum + x, 0) / values.length
  return { mean, std: Math.sqrt(values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / values.length) }
}

test('matrices are normal with 0.02, residual projections with 0.02/√(2L), norms ones and biases zeros', () => {
  for (const [name, values] of initWeights(config, 1)) {
    const { mean, std } = spread(values)
    if (name.endsWith('.bias')) expect([mean, std], name).toEqual([0, 0])
    else if (name.includes('ln_')) expect([mean, std], name).toEqual([1, 0])
    else {
      const want = name.includes('c_proj') ? 0.02 / Math.sqrt(2 * config.n_layer) : 0.02
      // Five standard errors of a mean and of a standard deviation.
      expect(Math.abs(mean), name).toBeLessThan((5 * want) / Math.sqrt(values.length))
      expect(Math.abs(std - want), name).toBeLessThan((5 * want) / Math.sqrt(2 * values.length))
    }
  }
})

test('the same seed gives the same bits, another seed others, and no two matrices are alike', () => {
  const [one, again, other] = [initWeights(config, 1), initWeights(config, 1), initWeights(config, 2)]
  expect(one).toEqual(again)
  expect(one.get('transformer.wte.weight')).not.toEqual(other.get('transformer.wte.weight'))
  const matrix = (l: number) => one.get(`transformer.h.${l}.attn.c_attn.weight`)
  expect(matrix(0)).not.toEqual(matrix(1))
})
