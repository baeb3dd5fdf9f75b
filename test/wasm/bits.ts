// The weights of two small models after a few steps on the WebAssembly engine, as one number. It is the same wherever the engine runs: nothing
// here but Node's or a browser's own WebAssembly computes, and the initial weights are made of integers.
import type { Config } from '../../src/config/config'
import { defaultConfig } from '../../src/config/fields'
import { batchOf } from '../../src/data/dataset/loader'
import { paramTable, sizeOf } from '../../src/params'
import { hash } from '../../src/rng'
import { Trainer } from '../../src/train/trainer'
import { openWasm } from '../../src/wasm/engine'

/** What `trainedBits` gives everywhere. It changes with the order of a sum, a constant of a polynomial, or a rounding. */
export const BITS = '20492fa5'

const SIZES = { n_layer: 2, n_head: 2, n_kv_head: 2, n_embd: 24, n_inner: 40, block_size: 30, batch_size: 3 }
const [V, STEPS] = [37, 4]
const MODELS: Partial<Config>[] = [
  { ...SIZES, dropout: 0.1, bias: true },
  { ...SIZES, n_kv_head: 1, mlp: 'swiglu', norm: 'rmsnorm', position: 'rope', bias: false, tie: false },
]

export async function trainedBits(): Promise<string> {
  const words: number[] = []
  for (const model of MODELS) {
    const config: Config = { ...defaultConfig(V), ...model, max_iters: STEPS }
    const weights = new Map(
      paramTable(config).map(({ name, shape }, p) => [
        name,
        Float32Array.from({ length: sizeOf(shape) }, (_, i) => (hash(p, 1, i) / 2 ** 32 - 0.5) / 4),
      ]),
    )
    const trainer = await Trainer.open(openWasm(), config, weights)
    const { batch_size: B, block_size: T } = config
    const ids = (stream: number) => Uint32Array.from({ length: B * T }, (_, i) => hash(7, stream, i) % V)
    for (let step = 0; step < STEPS; step++)
      await trainer.train(step, () => batchOf(ids(2 * step), Int32Array.from(ids(2 * step + 1)), V))
    for (const trained of await trainer.read(trainer.params.map(({ name }) => name)))
      words.push(...new Uint32Array(trained.buffer, trained.byteOffset, trained.length))
    trainer.destroy()
  }
  // FNV-1a (Fowler, Noll, Vo) over 32-bit words.
  const code = words.reduce((sum, word) => Math.imul(sum ^ word, 16777619) >>> 0, 2166136261)
  return code.toString(16).padStart(8, '0')
}
