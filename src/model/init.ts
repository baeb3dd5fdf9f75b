// Initial weights: nanoGPT's (model.py, _init_weights). One stream of draws a parameter, so that a parameter's values depend
// on the seed and its place in the table, not on the sizes of the others.
import type { ModelConfig } from '../config/config'
import { paramTable, sizeOf } from '../params'
import { Rng, STREAM } from '../rng'

/** The weights of a new model by name, each flat in row-major order. */
export function initWeights(c: ModelConfig, seed: number): Map<string, Float32Array> {
  return new Map(
    paramTable(c).map(({ name, shape, init }, i) => {
      const values = new Float32Array(sizeOf(shape))
      if ('constant' in init) return [name, values.fill(init.constant)]
      const rng = new Rng(seed, STREAM.init + 65536 * i)
      for (let j = 0; j < values.length; j++) values[j] = init.normal * rng.normal()
      return [name, values]
    }),
  )
}
