// What a run is said to take against what it takes: small runs on real engines, buffer by buffer; large ones on an engine that
// only counts.
import { expect, test, vi } from 'vitest'
import type { Config } from '../../src/config/config'
import { openCpu } from '../../src/cpu/engine'
import type { Block, Engine, Tensor } from '../../src/engine'
import { paramTable, sizeOf } from '../../src/params'
import { configFor } from '../../src/presets'
import { openGpu } from '../../src/ops/engine'
import { Decoder } from '../../src/train/decoder'
import { predictMemory } from '../../src/train/plan'
import { Trainer } from '../../src/train/trainer'
import { gpu } from '../gpu_env'

const GPT2 = { position: 'learned', norm: 'layernorm', mlp: 'gelu', bias: true, tie: true } as const
const LLAMA = { position: 'rope', norm: 'rmsnorm', mlp: 'swiglu', bias: false, tie: false } as const
const shape = ([n_layer, n_head, n_embd]: number[], [block_size, batch_size]: number[]) =>
  ({ n_layer, n_head, n_embd, block_size, batch_size }) as Partial<Config>
const S = shape([2, 4, 64], [64, 8])
const M = shape([4, 4, 128], [64, 12])
const L = shape([6, 6, 384], [256, 64])
const XL = shape([12, 12, 768], [256, 8])

const small: [string, Config][] = [
  ['S', configFor({ ...S, ...GPT2 }, 65)],
  ['S, a Llama with dropout, two micro-batches', configFor({ ...S, ...LLAMA, dropout: 0.1, gradient_accumulation_steps: 2 }, 65)], // prettier-ignore
  ['heads of 6 and label smoothing', configFor({ ...S, ...LLAMA, n_embd: 24, label_smoothing: 0.1 }, 65)],
  ['M', configFor({ ...M, ...LLAMA, n_kv_head: 2 }, 65)],
]
const large: [string, Config][] = [
  ['L', configFor({ ...L, ...GPT2, dropout: 0.2 }, 65)],
  ['XL, GPT-2', configFor({ ...XL, ...GPT2 }, 50_257)],
  ['XL, a Llama', configFor({ ...XL, ...LLAMA, gradient_accumulation_steps: 4 }, 32_000)],
]

/** Weights of a config without holding them all at once. */
const zeros = (config: Config) => {
  const sizes = new Map(paramTable(config).map(({ name, shape: s }) => [name, sizeOf(s)]))
  return { get: (name: string) => new Float32Array(sizes.get(name) ?? 0) } as ReadonlyMap<string, Float32Array>
}

async function openBoth(engine: Engine, config: Config) {
  const trainer = await Trainer.open(engine, config, zeros(config))
  const decoder = await Decoder.open(trainer.weights)
  return { trainer, said: trainer.memory_bytes + decoder.memory_bytes }
}

/** An engine that gives no memory, only counts the bytes it was asked for, by what they are for. */
function countingEngine(): { engine: Engine; bytes: () => number; largest: () => Block } {
  const blocks: Block[] = []
  const nothing = { forward: () => [], backward: () => [] }
  const engine = {
    tune: () => Promise.resolve(false),
    free: () => undefined,
    stage: () => ({ arrays: new Map(), write: () => undefined }),
    ops: new Proxy({}, { get: () => nothing }),
    maxBlock: 2 ** 29,
    allocate: (asked: readonly Block[]) => {
      blocks.push(...asked)
      const windows = asked.flatMap((block) =>
        block.windows.map(({ tensor }): [string, Tensor] => [tensor.label, tensor]),
      )
      return Promise.resolve(new Map(windows))
    },
    window: (_: Tensor, tensor: Tensor) => tensor,
    compile: () => Promise.resolve(),
    write: () => undefined,
  } as unknown as Engine
  return {
    engine,
    bytes: () => 4 * blocks.reduce((sum, { size }) => sum + size, 0),
    largest: () => blocks.reduce((a, b) => (b.size > a.size ? b : a)),
  }
}

test.each(small)('on a GPU the buffers of a run take what was predicted: %s', async (_, config) => {
  const engine = await openGpu({ gpu: await gpu(), tune: false })
  const made = vi.spyOn(GPUDevice.prototype, 'createBuffer')
  await openBoth(engine, config)
  // The others are for copies on their way up or down.
  const storage = made.mock.calls.filter(([{ usage }]) => (usage & GPUBufferUsage.STORAGE) !== 0)
  made.mockRestore()
  expect(predictMemory(config, { maxBlock: engine.maxBlock }).memory.total).toBe(
    storage.reduce((sum, [{ size }]) => sum + size, 0),
  )
  engine.destroy()
})

test.each(small)('on the CPU: %s', async (_, config) => {
  const engine = openCpu()
  const allocate = vi.spyOn(engine, 'allocate')
  const { said } = await openBoth(engine, config)
  const bytes = allocate.mock.calls.flatMap(([blocks]) => blocks).reduce((sum, { size }) => sum + 4 * size, 0)
  expect(predictMemory(config, { maxBlock: engine.maxBlock }).memory.total).toBe(bytes)
  expect(said).toBe(bytes)
})

test.each([...small, ...large])('block by block: %s', async (_, config) => {
  const { engine, bytes, largest } = countingEngine()
  await openBoth(engine, config)
  const { memory, largest: block } = predictMemory(config, { maxBlock: engine.maxBlock })
  const { total, ...parts } = memory
  expect(total).toBe(bytes())
  expect(block.size).toBe(largest().size)
  expect(Object.values(parts).reduce((a, b) => a + b)).toBe(total)
})

test('arenas are predicted as the device splits them', async () => {
  const config = configFor({ ...M, ...LLAMA }, 65)
  const { engine, bytes } = countingEngine()
  Object.assign(engine, { maxBlock: 100_000 })
  await openBoth(engine, config)
  expect(predictMemory(config, { maxBlock: engine.maxBlock }).memory.total).toBe(bytes())
  expect(predictMemory(config, { maxBlock: engine.maxBlock }).memory.total).not.toBe(
    predictMemory(config, { maxBlock: 2 ** 29 }).memory.total,
  )
})
