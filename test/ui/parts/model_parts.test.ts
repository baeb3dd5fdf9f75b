// The parts of the map take every parameter and every kernel call of a step, once.
import { expect, test } from 'vitest'
import { defaultConfig } from '../../../src/config/fields'
import { countParams } from '../../../src/params'
import { programs } from '../../../src/train/plan'
import { paramsByPart, partOfCall, partOfParam } from '../../../src/ui/parts/model_parts'

const configs = [
  { ...defaultConfig(70), n_layer: 11, mlp: 'swiglu' as const, position: 'rope' as const },
  {
    ...defaultConfig(70),
    n_layer: 2,
    position: 'learned' as const,
    norm: 'layernorm' as const,
    bias: true,
    tie: false,
  },
]

test.each(configs)('parameters of model %#', (config) => {
  const parts = paramsByPart(config)
  expect([...parts.values()].reduce((a, b) => a + b)).toBe(countParams(config))
  expect(parts.has(`attn ${config.n_layer - 1}`)).toBe(true)
  expect(parts.has('positions')).toBe(config.position === 'learned')
  expect(parts.has('head')).toBe(!config.tie)
})

test.each(configs)('kernel calls of model %#', (config) => {
  const { train } = programs(config, config.block_size, new Set())
  const lost = train.tape.nodes.map(({ name }) => name).filter((name) => partOfCall(name) === null)
  expect(lost).toEqual([])
  expect(partOfCall('h.10.attn.qkv.matmul.dx')).toBe('attn 10')
  expect(partOfCall('h.1.residual3')).toBe('mlp 1')
  expect(partOfCall('weights.0.adamw')).toBeNull()
  expect(partOfParam('transformer.h.3.ln_1.weight')).toBe('attn 3')
  expect(partOfParam('transformer.h.3.ln_2.bias')).toBe('mlp 3')
})
