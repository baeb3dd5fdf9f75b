// The head on large vocabularies, as chunks of it are computed: logits in rows that are padded to whole tiles, their cross-entropy and its
// gradient in their place, and the products back. Small odd vocabularies go the same way here, by each kernel.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openCpu } from '../../src/cpu/engine'
import type { Engine, Tensor, Work } from '../../src/engine'
import { openGpu, type GpuEngine } from '../../src/ops/engine'
import { sizeOf } from '../../src/params'
import { Rng } from '../../src/rng'
import { partialsOf } from '../../src/splits'
import { distance } from '../distance'
import { gpu } from '../gpu_env'

interface Sizes {
  N: number
  C: number
  V: number
}

/** Losses, dx [N, C] and dweight [V, C] of a head, all numbers before that; rows of logits are padded to a multiple. */
async function head<T extends Tensor, W extends Work>(engine: Engine<T, W>, { N, C, V }: Sizes, multiple: number) {
  const pitch = Math.ceil(V / multiple) * multiple
  const shapes: Record<string, number[]> = {
    ...{ x: [N, C], weight: [V, C], scale: [N], losses: [N], lse: [N], dx: [N, C], dweight: [V, C] },
    partials: [Math.max(1, partialsOf(N, C, V, true))],
  }
  const tensor = (label: string, shape: number[], dtype: 'f32' | 'i32' = 'f32') => ({ label, shape, dtype })
  const alone = [...Object.entries(shapes).map(([label, shape]) => tensor(label, shape)), tensor('targets', [N], 'i32')]
  const windows = ['logits', 'dlogits'].map((label) => ({ tensor: tensor(label, [N, pitch]), offset: 0 }))
  const placed = await engine.allocate([
    ...alone.map((t) => ({ label: t.label, size: sizeOf(t.shape), windows: [{ tensor: t, offset: 0 }] })),
    { label: 'logits', size: N * pitch, windows },
  ])
  const at = (label: string) => placed.get(label)!
  const rng = new Rng(1, 79)
  const normal = (n: number) => Float32Array.from({ length: n }, () => rng.normal())
  for (const label of ['x', 'weight']) engine.write(at(label), normal(sizeOf(at(label).shape)))
  // What padding holds before must not matter.
  engine.write(at('logits'), new Float32Array(N * pitch).fill(NaN))
  engine.write(at('scale'), new Float32Array(N).fill(1 / N))
  engine.write(
    at('targets'),
    Int32Array.from({ length: N }, (_, n) => (n % 5 === 3 ? -1 : (n * 7919) % V)),
  )
  const [product, loss] = [engine.ops.matmul, engine.ops.cross_entropy]
  const t = { x: at('x'), weight: at('weight'), out: at('logits') }
  const layer = { name: 'logits', t, attrs: { transposed: true } }
  const rows = { logits: at('logits'), targets: at('targets'), scale: at('scale') }
  const ce = {
    name: 'losses',
    t: { ...rows, losses: at('losses'), lse: at('lse') },
    attrs: { label_smoothing: 0.1, ...(pitch > V && { V }) },
  }
  const d = { dout: at('dlogits'), dx: at('dx'), dweight: at('dweight'), partials: at('partials') }
  const program = [
    ...product.forward(layer),
    ...loss.forward(ce),
    ...loss.backward({ ...ce, d: { dlogits: at('dlogits') }, adds: new Set() }),
    ...product.backward({ ...layer, d, adds: new Set() }),
  ]
  await engine.compile(program)
  await engine.run(program)
  const names = ['losses', 'dx', 'dweight', 'dlogits'] as const
  const read = await engine.read(names.map(at))
  const labels = program.map(({ label }) => label)
  engine.free(placed.values())
  return { labels, pitch, numbers: new Map(names.map((name, i) => [name, read[i]!])) }
}

const SIZES: Record<string, Sizes> = {
  'fewer words than a vec4': { N: 6, C: 4, V: 3 },
  'one word more than a tile': { N: 70, C: 20, V: 65 },
  'one word less than two tiles': { N: 131, C: 100, V: 127 },
  'C not by fours': { N: 9, C: 6, V: 21 },
  'a few rows': { N: 3, C: 8, V: 13 },
  'a sum in parts, the last one short': { N: 20, C: 12, V: 5003 },
}

describe.each(['plain', 'tile 32×32', 'tile 64×64', 'tile 128×128', 'subgroup'])('%s', (variant) => {
  let engine: GpuEngine
  beforeAll(async () => {
    engine = await openGpu({ gpu: await gpu(), force: { matmul: variant } })
  })
  afterAll(() => engine.destroy())

  // A tile takes a product with more rows and columns than half of it: one case of each is enough, for compilers' sake.
  const cases = Object.entries(SIZES).filter(
    ([, { N, V }]) => variant === 'plain' || variant === 'subgroup' || (N > 96 && V > 96) || V > 5000,
  )
  test.each(cases)('%s', async (_, sizes) => {
    const want = await head(openCpu(), sizes, 1)
    const got = await head(engine, sizes, engine.head.multiple)
    expect(got.pitch % 64).toBe(0)
    for (const name of ['losses', 'dx', 'dweight'] as const) {
      const { norm, element } = distance(
        name,
        ...([got, want].map(({ numbers }) => Float64Array.from(numbers.get(name)!)) as [Float64Array, Float64Array]),
      )
      expect(norm, name).toBeLessThan(2e-6)
      expect(element, name).toBeLessThan(1e-5)
    }
    const [dlogits, { V, N }] = [got.numbers.get('dlogits')!, sizes]
    for (let n = 0; n < N; n++)
      expect(dlogits.subarray(n * got.pitch + V, (n + 1) * got.pitch).every((x) => x === 0)).toBe(true)
    const parts = got.labels.filter((label) => label === 'logits.matmul.dx.finish')
    expect(parts).toHaveLength(V > 4096 ? 1 : 0)
  })
})

test('padding changes no bit of losses and gradients', async () => {
  const engine = await openGpu({ gpu: await gpu(), force: { matmul: 'plain' } })
  for (const sizes of Object.values(SIZES).filter(({ C }) => C % 4 === 0)) {
    const [plain, padded] = [await head(engine, sizes, 1), await head(engine, sizes, 64)]
    for (const name of ['losses', 'dx', 'dweight'] as const)
      expect(padded.numbers.get(name), `${name} of ${sizes.V}`).toEqual(plain.numbers.get(name))
  }
  engine.destroy()
})
