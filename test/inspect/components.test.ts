// Principal components of tables made by hand, turned to a frame before, and neighbours; what a neuron says, by closed form.
import { expect, test } from 'vitest'
import { openCpu } from '../../src/cpu/engine'
import { components as inTurns, neighbours } from '../../src/inspect/components'
import { activations, moves, speaks, Strongest } from '../../src/inspect/neurons'
import { logits } from '../../src/inspect/predictions'
import { Probe } from '../../src/inspect/probe'
import { initWeights } from '../../src/model/init'
import { atOnce } from '../../src/paced'
import { hash } from '../../src/rng'
import { Weights } from '../../src/train/weights'
import { tinyRun } from '../train/tiny'

const components = (...of: Parameters<typeof inTurns>) => atOnce(inTurns(...of))
const noise = (seed: number, i: number) => hash(seed, 0, i) / 2 ** 31 - 1

test('two directions of different spread are found, whatever they lie along', () => {
  const [rows, C] = [400, 6]
  const [along, across] = [
    [0.6, 0, 0.8, 0, 0, 0],
    [0, 1, 0, 0, 0, 0],
  ]
  const table = Float32Array.from({ length: rows * C }, (_, n) => {
    const [r, c] = [Math.floor(n / C), n % C]
    return 7 + 5 * noise(1, r) * along[c]! + 2 * noise(2, r) * across[c]! + 0.01 * noise(3, n)
  })
  const { points, shares } = components(table, C)
  expect(shares[0]).toBeCloseTo(25 / 29, 1)
  expect(shares[0] + shares[1]).toBeGreaterThan(0.99)
  const side = Math.sign(points[0]! * noise(1, 0))
  for (let r = 0; r < rows; r++) expect(Math.abs(points[2 * r]! * side - 5 * noise(1, r))).toBeLessThan(0.6)
})

test('a frame is turned to the one before it, mirrored or not', () => {
  const [rows, C] = [60, 4]
  const table = Float32Array.from({ length: rows * C }, (_, n) => [3, 2, 0.1, 0.1][n % C]! * noise(4, n))
  const { points, shares: plain } = components(table, C)
  for (const mirror of [1, -1]) {
    const [cos, sin] = [Math.cos(2), Math.sin(2)]
    const before = points.map((_, i) => {
      const [x, y] = [points[i - (i % 2)]!, mirror * points[i - (i % 2) + 1]!]
      return i % 2 === 0 ? cos * x - sin * y : sin * x + cos * y
    })
    const again = components(table, C, before).points
    again.forEach((x, i) => expect(x).toBeCloseTo(before[i]!, 4))
    // What each axis has of the variance is told of the axes as they lie now.
    const { shares } = components(table, C, before)
    const square = (axis: number) => again.reduce((sum, x, i) => sum + (i % 2 === axis ? x * x : 0), 0)
    expect(shares[0] / shares[1]).toBeCloseTo(square(0) / square(1), 4)
    expect(shares[0] + shares[1]).toBeCloseTo(plain[0] + plain[1], 5)
  }
})

test('neighbours are nearest by angle, not by length', () => {
  const table = Float32Array.of(1, 0, 9, 1, 0.1, 0.1, -1, 0, 0, 0)
  expect(neighbours(table, 2, 0, 3).map(({ row }) => row)).toEqual([1, 2, 4])
  expect(neighbours(table, 2, 0, 1)[0]!.cosine).toBeCloseTo(9 / Math.sqrt(82), 6)
})

test('a neuron speaks for the token that its row points at, and is strongest where it is', async () => {
  const { spec } = await tinyRun()
  const c = { ...spec.config, tie: false }
  const values = initWeights(c, 1)
  const head = values.get('lm_head.weight')!
  const C = c.n_embd
  const name = 'transformer.h.1.mlp.c_proj.weight'
  const row = values.get(name)!.map((x, i) => (Math.floor(i / C) === 5 ? 100 * head[4 * C + (i % C)]! : x))
  const probe = new Probe(await Weights.open(openCpu(), c, new Map([...values, [name, row]])))
  const { raises, lowers } = await speaks(probe, { layer: 1, neuron: 5, k: 3 })
  expect(raises[0]!.id).toBe(4)
  expect(raises[0]!.by).toBeGreaterThan(raises[1]!.by)
  expect(lowers[0]!.by).toBeLessThan(0)
  const texts = [
    [1, 2, 3],
    [4, 5, 6, 7],
    [8, 9],
  ]
  const strongest = new Strongest(c.n_inner, 2)
  const all = await Promise.all(texts.map((tokens) => activations(probe, { tokens }, 0)))
  for (const own of all) strongest.add(own)
  const alongOf = (text: number, neuron: number) => [...all[text]!].filter((_, i) => i % c.n_inner === neuron)
  expect([strongest.k, strongest.tokens]).toEqual([2, 9])
  for (const neuron of [0, 3, c.n_inner - 1]) {
    const most = texts.map((_, text) => Math.max(...alongOf(text, neuron)))
    const order = [0, 1, 2].toSorted((a, b) => most[b]! - most[a]!).slice(0, 2)
    const { text, position } = strongest.places('up')
    expect([...text.subarray(2 * neuron, 2 * neuron + 2)]).toEqual(order)
    expect([...position.subarray(2 * neuron, 2 * neuron + 2)]).toEqual(
      order.map((at) => alongOf(at, neuron).indexOf(most[at]!)),
    )
    expect(strongest.most[neuron]).toBe(Math.max(...most))
    const least = texts.map((_, text) => Math.min(...alongOf(text, neuron)))
    expect(strongest.least[neuron]).toBe(Math.min(...least))
    expect(strongest.places('down').text[2 * neuron]).toBe(least.indexOf(Math.min(...least)))
    const flat = texts.flatMap((_, text) => alongOf(text, neuron))
    expect(strongest.mean[neuron]).toBeCloseTo(flat.reduce((a, b) => a + Math.abs(b), 0) / 9, 5)
  }
})

test.each(['layernorm', 'rmsnorm'] as const)(
  'who moves a token, and what a neuron moves, are one number: %s',
  async (norm) => {
    const { spec } = await tinyRun()
    const c = { ...spec.config, norm }
    const values = initWeights(c, 1)
    const gain = Float32Array.from({ length: c.n_embd }, (_, i) => 1 + 0.5 * noise(7, i))
    const probe = new Probe(await Weights.open(openCpu(), c, new Map([...values, ['transformer.ln_f.weight', gain]])))
    const all = await moves(probe, { layer: 1, token: 6 })
    for (const neuron of [0, 17, c.n_inner - 1]) {
      const { raises } = await speaks(probe, { layer: 1, neuron, k: c.vocab_size })
      expect(all[neuron]).toBeCloseTo(raises.find(({ id }) => id === 6)!.by, 6)
    }
  },
)

test('what a neuron moves is the change of the logit for a unit more of it, but for the final scale', async () => {
  const { spec } = await tinyRun()
  const c = spec.config
  const probe = new Probe(await Weights.open(openCpu(), c, initWeights(c, 1)))
  const [layer, neuron] = [c.n_layer - 1, 9]
  const tokens = [1, 5, 2]
  const V = c.vocab_size
  const address = `h.${layer}.mlp.fch_${c.mlp}`
  const at = async (more: number) => {
    const data = await activations(probe, { tokens }, layer)
    data[2 * c.n_inner + neuron]! += more
    return (await logits(probe, { tokens, replace: [{ address, data }] })).subarray(2 * V)
  }
  // The final scale turns what is along the stream down; it moves all tokens alike in the limit of a small step but for that.
  const [more, less] = [await at(0.01), await at(-0.01)]
  const slope = more.map((x, v) => (x - less[v]!) / 0.02)
  const { raises } = await speaks(probe, { layer, neuron, k: V })
  const by = Float64Array.from({ length: V }, (_, v) => raises.find(({ id }) => id === v)!.by)
  const own = (await at(0)).slice()
  // slope = scale · by − share · logits: two numbers explain all V of them.
  const [aa, ab, bb] = [sum(by, by), sum(by, own), sum(own, own)]
  const [ay, by_] = [sum(by, slope), sum(own, slope)]
  const scale = (ay * bb - by_ * ab) / (aa * bb - ab * ab)
  const share = (by_ * aa - ay * ab) / (aa * bb - ab * ab)
  expect(scale).toBeGreaterThan(0)
  const largest = Math.max(...slope.map(Math.abs))
  slope.forEach((x, v) => expect(Math.abs(x - scale * by[v]! - share * own[v]!)).toBeLessThan(0.01 * largest))
})

const sum = (a: ArrayLike<number>, b: ArrayLike<number>) => Array.from(a).reduce((all, x, i) => all + x * b[i]!, 0)
