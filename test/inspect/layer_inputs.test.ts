// Second moments of the inputs of every matrix: of a model whose inputs can be had from the probe one by one.
import { expect, test } from 'vitest'
import { inputAddresses, inputMoments } from '../../src/inspect/layer_inputs'
import { Probe } from '../../src/inspect/probe'
import { initWeights } from '../../src/model/init'
import { paramTable } from '../../src/params'
import { configFor } from '../../src/presets'
import { openEngine } from '../../src/train/open_engine'
import { Weights } from '../../src/train/weights'

test.each([
  ['llama', {}, undefined],
  [
    'GPT-2 with a gate',
    { position: 'learned', norm: 'layernorm', mlp: 'gelu', bias: true, tie: false },
    { 'h.0.attn.heads': [0.5, 1] },
  ],
] as const)('%s', async (_, changes, gates) => {
  const config = configFor({ n_layer: 1, n_head: 2, n_embd: 8, n_inner: 12, block_size: 6, ...changes }, 9)
  const { engine } = await openEngine('cpu', undefined)
  const weights = await Weights.open(engine, config, initWeights(config, 3))
  if (gates) await weights.turn(gates)
  const probe = new Probe(weights)
  const windows = [
    [1, 2, 3, 4, 5, 6],
    [8, 7, 0],
  ]
  const moments = await inputMoments(probe, windows)
  const matrices = paramTable(config).filter(({ shape, name }) => shape.length === 2 && !name.includes('wpe'))
  const expected = matrices.filter(({ name }) => config.tie || !name.includes('wte')).map(({ name }) => name)
  expect([...moments.keys()].sort()).toEqual(expected.sort())
  for (const [name, address] of inputAddresses(config, weights.turned)) {
    const n = Math.sqrt(moments.get(name)!.length)
    const sum = new Float64Array(n * n)
    for (const tokens of windows) {
      const x = (await probe.ask({ tokens, keep: [address] })).tensors.get(address)!.data
      expect(x).toHaveLength(tokens.length * n)
      for (let t = 0; t < tokens.length; t++)
        for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) sum[i * n + j]! += x[t * n + i]! * x[t * n + j]!
    }
    moments.get(name)!.forEach((value, i) => expect(value).toBeCloseTo(sum[i]!, 6))
  }
  probe.destroy()
  weights.destroy()
  engine.destroy()
})
