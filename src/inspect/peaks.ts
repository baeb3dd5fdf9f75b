// What a device can do at best: how fast it multiplies, by one large product, and how fast it moves memory, by one large sum of arrays.
// Measured on the engine's own kernels, so the roof is what this page can reach here, not what the vendor says.
import { prepare, type Engine, type Tensor } from '../engine'
import { Product } from '../train/benchmark'
import { blockOf } from '../train/plan'
import type { Peaks } from '../words/kernels'
import type { Turn } from './xray'

/** Elements of each array of the sum: beyond what caches hold. */
const ELEMENTS = { gpu: 2 ** 24, cpu: 2 ** 22 }
/** Measurements of each; the best counts. */
const ROUNDS = 5

/** Measures both. Throws OutOfMemoryError, DeviceLostError. */
export async function measurePeaks(engine: Engine, turn: Turn): Promise<Peaks> {
  const product = await turn(() => Product.open(engine))
  let product_ms = Infinity
  try {
    for (let i = 0; i < ROUNDS; i++) product_ms = Math.min(product_ms, await turn(() => product.time()))
  } finally {
    product.destroy()
  }
  const count = Math.min(engine.maxBlock, ELEMENTS[engine.info.software ? 'cpu' : engine.info.kind])
  const tensors = ['a', 'b', 'out'].map((name): Tensor => ({ label: `sum.${name}`, shape: [1, count], dtype: 'f32' }))
  const placed = await engine.allocate(tensors.map(blockOf))
  let sum_ms = Infinity
  try {
    const t = { a: placed.get('sum.a')!, b: placed.get('sum.b')!, out: placed.get('sum.out')! }
    const record = () => engine.ops.residual.forward({ name: 'sum', t, attrs: {} })
    const program = await prepare(engine, record, (work) => work)
    for (let i = 0; i < ROUNDS; i++)
      sum_ms = Math.min(
        sum_ms,
        await turn(async () => {
          const from = performance.now()
          await engine.run(program, 4)
          return (performance.now() - from) / 4
        }),
      )
  } finally {
    engine.free(placed.values())
  }
  const moved = 12 * count
  return { gflop_per_s: product.flops / product_ms / 1e6, gb_per_s: moved / sum_ms / 1e6, n: product.n, moved }
}
