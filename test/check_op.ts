// One helper that checks an op forward and backward in one line a case: the engine under test against the CPU engine in f64,
// itself proved by central differences (test/cpu). Every output and every gradient by relative norm and by its worst element,
// with gradients written (`=`), added to (`+=`), and some of each; `=` twice over different noise must give the same bits.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openCpu } from '../src/cpu/engine'
import type { Engine, Tensor, Work } from '../src/engine'
import { openGpu, type GpuEngine } from '../src/ops/engine'
import { Rng } from '../src/rng'
import { openWasm } from '../src/wasm/engine'
import { distance, type Distance } from './distance'
import { gpu } from './gpu_env'
import type { MakeCase, OpCase } from './op_case'
import { place } from './op_run'

export interface Tolerance {
  /** Largest ‖got − want‖ / ‖want‖. */
  norm: number
  /** Largest |got − want| of one element, in units of the largest |want|. */
  element: number
}

/** float32 rounds at 6e-8; sums of a few hundred terms and a device's exp and tanh cost the rest. */
const TOLERANCE: Tolerance = { norm: 2e-6, element: 1e-5 }

function expectWithin(distances: Distance[], tolerance: Tolerance): void {
  const beyond = distances.filter(({ norm, element }) => !(norm <= tolerance.norm && element <= tolerance.element))
  expect(beyond, `past ${JSON.stringify(tolerance)}`).toEqual([])
}

const rms = (values: Float64Array) => Math.sqrt(values.reduce((sum, x) => sum + x * x, 0) / values.length) || 1

/** Noise of the size of `like`, so that adding to it and writing over it differ by as much as the gradient itself. */
function noiseLike(like: Float64Array, rng: Rng): Float64Array {
  const size = rms(like)
  return Float64Array.from(like, () => Math.fround(size * rng.normal()))
}

/** Compares an engine with the CPU engine in f64 on one case. Returns the distances; asserts that they are within tolerance. */
export async function checkOp<S, T extends Tensor, W extends Work>(
  engine: Engine<T, W>,
  make: MakeCase<S>,
  sizes: S,
  { seed = 1, tolerance = TOLERANCE }: { seed?: number; tolerance?: Tolerance } = {},
): Promise<Distance[]> {
  const opCase: OpCase = make(seed, sizes)
  const rng = new Rng(seed, 79)
  const exact = openCpu('f64')
  const reference = await place(exact, opCase, (tensors) => exact.readExact(tensors), true)
  const tested = await place(engine, opCase, (tensors) => engine.read(tensors))
  const out = opCase.made['out'] ?? []
  const dout = Float64Array.from({ length: out.reduce((a, b) => a * b, 1) }, () => Math.fround(rng.normal()))
  const want = await reference.run({ noise: 1, dout })
  const before = Object.fromEntries(
    Object.entries(want.gradients).map(([name, values]) => [name, noiseLike(values, rng)]),
  )
  const all = Object.keys(before)
  const distances: Distance[] = []
  const mixtures = all.length > 1 ? [all.slice(0, 1), all.slice(1)] : []
  for (const adds of [[], ...(all.length > 0 ? [all] : []), ...mixtures]) {
    const got = await tested.run({ noise: 2, dout, before, adds })
    if (adds.length === 0) {
      const again = await tested.run({ noise: 3, dout, adds })
      expect(again, 'the same call over different noise gives different bits').toEqual(got)
      for (const name of opCase.compare) distances.push(distance(name, got.outputs[name]!, want.outputs[name]!))
    }
    for (const name of all) {
      const [gradient, noise] = [want.gradients[name]!, before[name]!]
      if (!adds.includes(name)) distances.push(distance(`${name} =`, got.gradients[name]!, gradient))
      else {
        // The two may cancel: the sum's error is measured by its terms.
        const sum = gradient.map((g, i) => g + noise[i]!)
        const scale = gradient.map((g, i) => Math.abs(g) + Math.abs(noise[i]!))
        distances.push(distance(`${name} +=`, got.gradients[name]!, sum, scale))
      }
    }
  }
  reference.free()
  tested.free()
  expectWithin(distances, tolerance)
  return distances
}

/** The tests of one op: every case on the GPU, by each of these variants where it is possible, on the CPU engine in f32, and on WebAssembly. */
export function testOp<S>(
  op: string,
  make: MakeCase<S>,
  table: Record<string, S>,
  tolerance: Tolerance = TOLERANCE,
  variants: readonly string[] = ['plain'],
): void {
  describe.each(variants)(`${op}, %s`, (variant) => {
    let engine: GpuEngine
    beforeAll(async () => {
      engine = await openGpu({ gpu: await gpu(), force: { [op]: variant } })
    })
    afterAll(() => engine.destroy())
    test.each(Object.entries(table))('%s', async (_, sizes) => {
      await checkOp(engine, make, sizes, { tolerance })
    })
  })
  test.each(Object.entries(table))(`${op}, CPU in f32, %s`, async (_, sizes) => {
    await checkOp(openCpu(), make, sizes, { tolerance })
  })
  test.each(Object.entries(table))(`${op}, WebAssembly, %s`, async (_, sizes) => {
    await checkOp(openWasm(), make, sizes, { tolerance })
  })
}
