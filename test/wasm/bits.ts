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
  const arrays: Float32Array[] = []
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
    arrays.push(...(await trainer.read(trainer.params.map(({ name }) => name))))
    trainer.destroy()
  }
  return hashOf(arrays)
}

/** All bits of these numbers as eight hexadecimal digits: FNV-1a (Fowler, Noll, Vo) over 32-bit words. */
export function hashOf(arrays: readonly Float32Array[]): string {
  let code = 2166136261
  for (const { buffer, byteOffset, length } of arrays)
    for (const word of new Uint32Array(buffer, byteOffset, length)) code = Math.imul(code ^ word, 16777619) >>> 0
  return code.toString(16).padStart(8, '0')
}
