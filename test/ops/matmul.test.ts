// Which of the kernel's forms takes a product depends on which sizes vec4s divide; the cases walk through all of them. A software driver
// compiles each combination of form, epilogue and `+=` anew, tiles for seconds: one case of a variant covers as many as it can. The variant by
// subgroups is in matmul_subgroup.test.ts, since it needs wider vectors.
import { expect, test } from 'vitest'
import { create } from 'webgpu'
import { openCpu } from '../../src/cpu/engine'
import { openGpu } from '../../src/ops/engine'
import { testOp } from '../check_op'
import { gpu } from '../gpu_env'
import { cases } from '../op_case'
import { place } from '../op_run'
import { bits, large, LARGE_VALUES, LARGEST } from './products'

const VARIANTS = ['tile 32×32', 'tile 64×64', 'tile 128×128']

testOp('matmul', cases.matmul, {
  'one number': { N: 1, K: 1, M: 1, bias: true },
  'odd sizes, bias': { N: 5, K: 7, M: 3, bias: true },
  'odd sizes, transposed': { N: 5, K: 7, M: 3, transposed: true },
  'one row, as in decoding': { N: 1, K: 64, M: 132, bias: true },
  'one column, and a row more than a tile': { N: 33, K: 12, M: 1, transposed: true },
  'one row of fewer than four numbers, into eight': { N: 1, K: 2, M: 8, bias: true },
  'one row of three, into four, transposed': { N: 1, K: 3, M: 4, transposed: true },
  'M alone not by fours': { N: 8, K: 8, M: 6, transposed: true, bias: true },
  'N and K not by fours, zeros': { N: 6, K: 10, M: 8, fill: (i) => (i % 3 === 0 ? 0 : i) },
  'larger than a tile, odd': { N: 130, K: 70, M: 97, bias: true },
  'a gradient summed over many rows, in parts': { N: 5000, K: 8, M: 12, bias: true },
  'a residual added': { N: 36, K: 20, M: 44, bias: true, residual: true },
  'a residual added, odd sizes': { N: 5, K: 7, M: 3, residual: true },
  'dropped, a residual added, odd sizes': { N: 5, K: 7, M: 3, drop: 0.3, residual: true },
  'ReLU² after, odd sizes': { N: 5, K: 7, M: 3, after: 'relu2' },
  'ReLU² before, odd sizes': { N: 5, K: 7, M: 3, before: 'relu2' },
})

testOp('matmul', cases.matmul, large, undefined, ['plain', 'tile 32×32'])

// What follows the sum is one text for all tiles, and their other forms are held to the bits of the plain kernel below.
testOp('matmul', cases.matmul, { 'larger than a tile, transposed, large values': LARGE_VALUES }, undefined, [
  'tile 64×64',
  'tile 128×128',
])

// Factors of 11 bits: 2⁻¹² off on average. Gradients of a mean over many rows are scaled up first, or they would be zeros in 16 bits.
testOp(
  'matmul',
  cases.matmul,
  {
    'by tiles of 128 in 16 bits, GELU before': { ...LARGEST, before: 'gelu', fast: true },
    'transposed, in 16 bits': { N: 132, K: 100, M: 140, transposed: true, fast: true },
  },
  { norm: 5e-4, element: 2e-3 },
  ['half 128×128'],
)

test('gradients too small for 16 bits are not lost in them', async () => {
  const engine = await openGpu({ gpu: await gpu(), force: { matmul: 'half 128×128' } })
  const opCase = cases.matmul(1, { N: 256, K: 100, M: 132, transposed: true, fast: true })
  const runner = await place(engine, opCase, (tensors) => engine.read(tensors))
  // Below 6e-8 a number of 16 bits is zero.
  const dout = Float64Array.from({ length: 256 * 132 }, (_, i) => (i % 7 === 0 ? 1e-8 : -1e-8))
  const { gradients } = await runner.run({ noise: 1, dout })
  engine.destroy()
  const exact = openCpu('f64')
  const reference = await place(exact, opCase, (tensors) => exact.readExact(tensors), true)
  const want = await reference.run({ noise: 1, dout })
  for (const name of ['dx', 'dweight']) {
    const [got, right] = [gradients[name]!, want.gradients[name]!]
    const off = Math.hypot(...got.map((g, i) => g - right[i]!)) / Math.hypot(...right)
    expect(off, name).toBeLessThan(2e-2)
  }
})

test('the variant for small products by subgroups compiles, where a device has such products', async () => {
  // Dawn's null backend has every feature and computes nothing; it names no sizes of products: NVIDIA's.
  const device = create(['backend=null', 'enable-dawn-features=allow_unsafe_apis'])
  const adapter = (await device.requestAdapter())!
  const sizes = { componentType: 'f16', resultComponentType: 'f32', M: 16, N: 16, K: 16 }
  const info = { ...described(adapter.info), subgroupMinSize: 32, subgroupMaxSize: 32, subgroupMatrixConfigs: [sizes] }
  const stand = new Proxy(adapter, {
    get: (target, key) => {
      if (key === 'info') return info
      const value: unknown = Reflect.get(target, key)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
  const engine = await openGpu({
    gpu: { requestAdapter: () => Promise.resolve(stand) } as unknown as GPU,
    force: { matmul: 'matrix' },
  })
  for (const transposed of [false, true]) {
    const runner = await place(
      engine,
      cases.matmul(1, { N: 200, K: 100, M: 132, transposed, bias: true, fast: true }),
      (tensors) => engine.read(tensors),
    )
    await runner.run({ noise: 1, dout: new Float64Array(200 * 132) })
  }
  engine.destroy()
})

/** An adapter's description as an object of its own: the native one's properties cannot be spread. */
const described = ({ vendor, architecture, device, description }: GPUAdapterInfo) => ({
  vendor,
  architecture,
  device,
  description,
})

test.each([
  ['nn, nt and tn', false],
  ['nt, nn and tn', true],
])('every variant adds in the same order: the same bits, %s', async (_, transposed) => {
  const plain = await bits('plain', transposed)
  for (const variant of VARIANTS) expect(await bits(variant, transposed), variant).toEqual(plain)
})
