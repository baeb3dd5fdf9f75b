// A model with GPT-2's 50,257 words, as narrow as can be: logits by chunks, in padded rows on the GPU, and the same step on each engine.
import { afterAll, expect, test } from 'vitest'
import { openCpu } from '../../src/cpu/engine'
import type { Engine } from '../../src/engine'
import { TOLERANCE } from '../../src/headless/parity_case'
import { openGpu } from '../../src/ops/engine'
import { configFor } from '../../src/presets'
import { benchInput } from '../../src/train/benchmark'
import { meansOf, predictMemory } from '../../src/train/plan'
import { Trainer } from '../../src/train/trainer'
import { openWasm } from '../../src/wasm/engine'
import { distance } from '../distance'
import { gpu } from '../gpu_env'

const V = 50_257
const config = configFor(
  {
    ...{ n_layer: 1, n_head: 1, n_embd: 8, block_size: 64, batch_size: 6, dropout: 0, label_smoothing: 0.1 },
    ...{ position: 'learned', norm: 'layernorm', mlp: 'gelu', bias: false, tie: true },
  },
  V,
)
const { weights, batches } = benchInput(config)
const opened: Engine[] = []
afterAll(() => opened.forEach((engine) => engine.destroy()))

/** Loss, gradients and shapes of a step; how many chunks the head took, and how it stored them. */
async function step(engine: Engine) {
  opened.push(engine)
  const trainer = await Trainer.open(engine, config, weights)
  await trainer.train(0, () => batches[0]!)
  const [update] = await trainer.updates()
  const gradients = await trainer.gradients()
  const state = await trainer.state()
  const chunks = trainer.program.filter(({ label }) => /^rows\.\d+\.logits\.matmul$/.test(label)).length
  const { memory } = predictMemory(config, meansOf(engine))
  const sizes = { allocated: trainer.memory_bytes, predicted: memory.total - memory.decoder }
  const evaluated = await trainer.evaluate(1, () => batches[0]!)
  trainer.destroy()
  return { loss: update!.loss, evaluated, gradients, shape: state.get('transformer.wte.weight')!.shape, chunks, sizes }
}

test('a step is the same on every engine, whatever the chunks', async () => {
  const want = await step(openCpu('f64'))
  expect(want.chunks).toBe(2)
  const few = await openGpu({ gpu: await gpu() })
  const many = Object.assign(await openGpu({ gpu: await gpu() }), { head: { most: 2 ** 23, multiple: 64 } })
  for (const [engine, chunks] of [
    [openWasm(), 2],
    [few, 1],
    [many, 3],
  ] as const) {
    const got = await step(engine)
    expect(got.chunks).toBe(chunks)
    expect(got.shape).toEqual([V, 8])
    expect(got.loss).toBeCloseTo(want.loss, 5)
    expect(got.evaluated).toBeCloseTo(want.evaluated, 5)
    expect(got.sizes.allocated).toBe(got.sizes.predicted)
    for (const [name, gradient] of got.gradients) {
      const exact = Float64Array.from(want.gradients.get(name)!)
      expect(distance(name, Float64Array.from(gradient), exact).norm, `${name}, ${engine.info.name}`).toBeLessThan(
        TOLERANCE.gradient,
      )
    }
  }
})
