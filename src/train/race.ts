// How two engines compare on this device: the same small product on both, for a moment. Where nothing else tells whether an adapter is a GPU,
// this does: a program on the processor loses to WebAssembly there.
import type { Engine, Tensor, Work } from '../engine'
import type { Race } from '../words/race'
import { blockOf } from './plan'

/** Of a product n × n × n: 34 million flops, which a small GPU computes in a millisecond or two. */
const SIZE = 256
/** Products in a row. A GPU reports finished work late, in Firefox up to 100 ms, so what a row of them takes beyond one is the measure. */
const ROW = 9
/** Milliseconds of one product after which no row is needed: no report is as late as that. */
const SLOW_MS = 250

/** No product counts as shorter: a row that ends no later than one alone says only that it is fast. */
const SHORTEST_MS = 0.01

/** Times the product on each, in a quarter of a second or little more; compiling is not counted. Throws what an engine throws. */
export async function race(gpu: Engine, processor: Engine): Promise<Race> {
  return { size: SIZE, gpu_ms: await product(gpu), processor_ms: await product(processor) }
}

async function product(engine: Engine): Promise<number> {
  const tensors = ['x', 'weight', 'out'].map((name): Tensor => ({
    label: `race.${name}`,
    shape: [SIZE, SIZE],
    dtype: 'f32',
  }))
  const placed = await engine.allocate(tensors.map(blockOf))
  try {
    const [x, weight, out] = tensors.map(({ label }) => placed.get(label)!) as [Tensor, Tensor, Tensor]
    const values = Float32Array.from({ length: SIZE * SIZE }, (_, i) => (i % 17) / 17 - 0.5)
    engine.write(x, values)
    engine.write(weight, values)
    const program: Work[] = engine.ops.matmul.forward({
      name: 'race',
      t: { x, weight, out },
      attrs: { transposed: false },
    })
    await engine.compile(program)
    await engine.run(program)
    const time = async (times: number) => {
      const from = performance.now()
      await engine.run(program, times)
      return performance.now() - from
    }
    const once = await time(1)
    return once > SLOW_MS ? once : Math.max(SHORTEST_MS, ((await time(ROW)) - once) / (ROW - 1))
  } finally {
    engine.free(placed.values())
  }
}
