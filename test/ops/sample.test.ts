// The kernel and the reference agree on a token wherever the draw, or the share that top-p asks for, is further than 1e-5 from the
// edge of one: float32 sums cannot promise more. What top-k keeps, and the order of equals, is exact.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openCpu } from '../../src/cpu/engine'
import { DRAWS, type Engine, type SamplingOptions, type Tensor, type Work } from '../../src/engine'
import { openGpu, type GpuEngine } from '../../src/ops/engine'
import { hash, STREAM } from '../../src/rng'
import { openWasm } from '../../src/wasm/engine'
import { testOp } from '../check_op'
import { gpu } from '../gpu_env'
import { cases } from '../op_case'

testOp('sample', cases.sample, {
  'one token to choose from': { V: 1 },
  'two, the likelier': { V: 2, temperature: 0 },
  characters: { V: 65, temperature: 0.8, top_p: 0.95 },
  'the last of three rows': { V: 65, T: 3, top_k: 5, slot: 200 },
  'all at once': { V: 300, temperature: 1.3, top_k: 40, top_p: 0.9 },
})

const EDGE = 1e-5
const KINDS = ['gpu', 'cpu', 'wasm'] as const
const SEED = 12

/** An engine with a `sample` over one row of V logits: draws `n` tokens in one program. */
async function openSample<T extends Tensor, W extends Work>(engine: Engine<T, W>, V: number) {
  const { given } = cases.sample(1, { V })
  const blocks = Object.entries(given).map(([label, { shape, dtype }]) => ({
    label,
    size: 64 * Math.ceil(shape.reduce((a, b) => a * b, 1) / 64),
    windows: [{ tensor: { label, shape, dtype }, offset: 0 }],
  }))
  const t = await engine.allocate(blocks)
  const at = (name: string) => t.get(name)!
  const work = engine.ops.sample.forward({ name: 'sample', t: Object.fromEntries(t) as never, attrs: {} })
  await engine.compile(work)
  return {
    at,
    work,
    async draw(logits: Float32Array, { temperature, top_k, top_p }: SamplingOptions, n: number, seed = SEED) {
      engine.write(at('logits'), logits)
      engine.write(at('sampling'), Float32Array.of(temperature, top_k, top_p, 0))
      engine.write(at('dice'), Uint32Array.of(seed, 0, 0, 0))
      await engine.run(work, n)
      const [drawn] = await engine.read([at('drawn')])
      return Array.from({ length: n }, (_, i) => ({ id: drawn![2 * i]!, probability: drawn![2 * i + 1]! }))
    },
    free: () => engine.free(t.values()),
  }
}

/** The tokens, the likeliest first. */
const sorted = (logits: Float32Array) => [...logits.keys()].toSorted((a, b) => logits[b]! - logits[a]! || a - b)

/** What is left of the sorted tokens, in double precision. `sure`: top-p's share is far from an edge. */
function cuts(logits: Float32Array, tokens: number[], { temperature, top_k, top_p }: SamplingOptions) {
  const most = logits.reduce((a, b) => Math.max(a, b), -Infinity)
  const divisor = Math.fround(temperature > 0 ? temperature : 1)
  const weights = Float64Array.from(logits, (logit) => Math.exp((logit - most) / divisor))
  let order = tokens
  if (temperature === 0) order = order.slice(0, 1)
  else if (top_k > 0) order = order.slice(0, top_k)
  let ends = running(order.map((id) => weights[id]!))
  let sure = true
  if (top_p < 1) {
    const total = ends.at(-1)!
    const share = Math.fround(top_p) * total
    sure = !ends.some((end) => Math.abs(end - share) < EDGE * total)
    order = order.slice(0, 1 + ends.findIndex((end) => end >= share))
    ends = ends.slice(0, order.length)
  }
  return { weights, order, ends, sure, all: weights.reduce((a, b) => a + b, 0) }
}
function running(values: number[]): number[] {
  let sum = 0
  return values.map((value) => (sum += value))
}

type Row = (i: number, z: number) => number
const rows: Record<string, Row> = {
  'as a model has them': (_, z) => 3 * z,
  flat: () => -2.5,
  peaked: (i, z) => (i === 41 ? 25 : z),
  'full of equals': (_, z) => Math.round(2 * z) / 2,
  'plus and minus nothing': (i) => (i % 2 ? 0 : -0),
  'far down': (i, z) => (i % 3 ? -1e30 : z),
  'half of it impossible': (i, z) => (i % 2 ? -Infinity : z),
  huge: (_, z) => 1e4 * z,
}
const options: SamplingOptions[] = [
  { temperature: 0, top_k: 0, top_p: 1 },
  { temperature: 1, top_k: 0, top_p: 1 },
  { temperature: 0.7, top_k: 0, top_p: 0.937 },
  { temperature: 1.9, top_k: 7, top_p: 1 },
  { temperature: 1.2, top_k: 50, top_p: 0.613 },
  { temperature: 1, top_k: 0, top_p: 0 },
]

describe('the token that the kernel draws', () => {
  let engine: GpuEngine
  beforeAll(async () => {
    engine = await openGpu({ gpu: await gpu() })
  })
  afterAll(() => engine.destroy())

  test.each([1, 2, 65, 300, 50257, 65536])('of %i', async (V) => {
    const sample = await openSample(engine, V)
    let checked = 0
    for (const [name, row] of Object.entries(rows)) {
      const { data } = cases.sample(3, { V, fill: row }).given['logits']!
      const logits = Float32Array.from(data)
      const tokens = sorted(logits)
      for (const option of options) {
        const { weights, order, ends, sure, all } = cuts(logits, tokens, option)
        if (!sure) continue
        const drawn = await sample.draw(logits, option, V > 1000 ? 3 : 40)
        drawn.forEach(({ id, probability }, i) => {
          const what = `${name} ${JSON.stringify(option)} draw ${i}`
          const u = (hash(SEED, STREAM.sample, i) / 2 ** 32) * ends.at(-1)!
          const place = order.indexOf(id)
          const slack = EDGE * ends.at(-1)!
          expect(place, what).toBeGreaterThanOrEqual(0)
          expect(u, what).toBeGreaterThan((ends[place - 1] ?? 0) - slack - 1e-300)
          expect(u, what).toBeLessThan(ends[place]! + slack)
          expect(Math.abs(probability / (weights[id]! / all) - 1), what).toBeLessThan(2e-5)
          checked++
        })
      }
    }
    // Hardly any case may be too near an edge to be judged.
    expect(checked).toBeGreaterThan((V > 1000 ? 3 : 40) * 0.7 * Object.keys(rows).length * options.length)
    sample.free()
  })

  test('is one of them even where the logits are no numbers', async () => {
    const sample = await openSample(engine, 65)
    for (const logits of [
      new Float32Array(65).fill(NaN),
      Float32Array.from({ length: 65 }, (_, i) => (i % 2 ? NaN : i)),
    ])
      for (const option of options)
        for (const { id } of await sample.draw(logits, option, 5)) expect(id).toBeLessThan(65)
    sample.free()
  })

  test('is the next input, at the next position, and the draw after it is another', async () => {
    const V = 9
    const sample = await openSample(engine, V)
    const names = { order: [1], starts: [V + 1], wte: [V, 1], wpe: [50, 1], out: [1, 1, 1] }
    const t = await engine.allocate(
      Object.entries(names).map(([label, shape]) => ({
        label,
        size: 64,
        windows: [{ tensor: { label, shape, dtype: label[1] === 'o' ? 'u32' : 'f32' }, offset: 0 }],
      })),
    )
    // What an embedding of both would read: token + 100 · position.
    engine.write(
      t.get('wte')!,
      Float32Array.from({ length: V }, (_, id) => id),
    )
    engine.write(
      t.get('wpe')!,
      Float32Array.from({ length: 50 }, (_, pos) => 100 * pos),
    )
    engine.write(sample.at('pos'), Uint32Array.of(11))
    const read = engine.ops.embedding.forward({
      name: 'read',
      t: { ...Object.fromEntries(t), tokens: sample.at('tokens'), pos: sample.at('pos') } as never,
      attrs: {},
    })
    await engine.compile(read)
    const drawn = await sample.draw(new Float32Array(V), { temperature: 1, top_k: 0, top_p: 1 }, 30)
    await engine.run(read)
    const [out] = await engine.read([t.get('out')!])
    expect(out![0]).toBe(drawn.at(-1)!.id + 100 * (11 + 30))
    expect(new Set(drawn.map(({ id }) => id)).size).toBe(V)
    // Three more in a program of their own go on where these stopped.
    engine.write(sample.at('dice'), Uint32Array.of(SEED, 27, 5, 0))
    await engine.run(sample.work, 3)
    const [again] = await engine.read([sample.at('drawn')])
    expect([0, 1, 2].map((i) => again![2 * (5 + i)])).toEqual(drawn.slice(27).map(({ id }) => id))
    engine.free(t.values())
    sample.free()
  })

  test.each(KINDS)('falls as often as its chance says, over many seeds (%s)', async (kind) => {
    const V = 12
    const sample = await openSample<Tensor, Work>({ gpu: engine, cpu: openCpu(), wasm: openWasm() }[kind], V)
    const logits = Float32Array.from({ length: V }, (_, i) => 0.4 * i)
    const option = { temperature: 1.5, top_k: 10, top_p: 0.95 }
    const { order, ends, weights } = cuts(logits, sorted(logits), option)
    const counts = new Map<number, number>()
    const seeds = 40
    for (let seed = 0; seed < seeds; seed++)
      for (const { id } of await sample.draw(logits, option, DRAWS, seed)) counts.set(id, (counts.get(id) ?? 0) + 1)
    expect(order).toHaveLength(9)
    expect(counts.size).toBe(order.length)
    const chi2 = order.reduce((sum, id) => {
      const expected = (seeds * DRAWS * weights[id]!) / ends.at(-1)!
      return sum + (counts.get(id)! - expected) ** 2 / expected
    }, 0)
    // Eight degrees of freedom: beyond 35 lies a chance of 3 in 100,000.
    expect(chi2).toBeLessThan(35)
    sample.free()
  })
})
