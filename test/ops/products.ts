// Products large enough for every variant, and what one of them leaves, by whichever variant.
import { openGpu } from '../../src/ops/engine'
import { Rng } from '../../src/rng'
import { gpu } from '../gpu_env'
import { cases } from '../op_case'
import { place, type OpResult } from '../op_run'

type Sizes = Parameters<typeof cases.matmul>[1]
/** Large enough for every variant in each of the three products, by fours, and not by tiles. */
export const LARGEST = { N: 132, K: 100, M: 132, bias: true, residual: true } as const
export const LARGE_VALUES: Sizes = { ...LARGEST, transposed: true, fill: (_, z) => 1e4 * z }

// By fours, and large enough for tiles of 32.
export const large: Record<string, Sizes> = {
  'by fours, not by tiles, GELU before': { N: 36, K: 20, M: 44, bias: true, before: 'gelu', residual: true },
  'larger than a tile, transposed, large values': LARGE_VALUES,
  'parts of which the last is short, transposed': { N: 1030, K: 20, M: 24, transposed: true },
  'GELU after': { N: 36, K: 20, M: 44, bias: true, after: 'gelu' },
  'dropped, a residual added': { N: 36, K: 20, M: 44, bias: true, drop: 0.3, residual: true },
}

/** Output and gradients of one call, by a variant wherever it is possible. */
export async function bits(variant: string, transposed: boolean): Promise<OpResult> {
  const engine = await openGpu({ gpu: await gpu(), force: { matmul: variant } })
  const opCase = cases.matmul(1, { ...LARGEST, transposed })
  const runner = await place(engine, opCase, (tensors) => engine.read(tensors))
  const rng = new Rng(1, 79)
  const result = await runner.run({
    noise: 1,
    dout: Float64Array.from({ length: LARGEST.N * LARGEST.M }, () => rng.normal()),
  })
  engine.destroy()
  return result
}
