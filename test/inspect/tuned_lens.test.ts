// The tuned lens against closed forms: an affine map is found again, readers that change nothing are the plain lens, and what is told of a
// depth is what its reader says.
import { beforeAll, describe, expect, test } from 'vitest'
import { lens, lensApart, lensView, streamOf } from '../../src/inspect/lens'
import { divergence, logSumExp } from '../../src/inspect/numbers'
import { apart } from '../../src/inspect/predictions'
import { Probe } from '../../src/inspect/probe'
import { fitReader, StreamRows, TunedLens } from '../../src/inspect/tuned_lens'
import { initWeights } from '../../src/model/init'
import { atOnce } from '../../src/paced'
import { hash } from '../../src/rng'
import { Weights } from '../../src/train/weights'
import { openWasm } from '../../src/wasm/engine'
import { loaderOf, tinyRun } from '../train/tiny'

const tokens = [3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5]
const T = tokens.length
/** Even between −1 and 1. */
const noise = (seed: number, n: number) => Float32Array.from({ length: n }, (_, i) => hash(seed, 0, i) / 2 ** 31 - 1)

describe('a reader', () => {
  const [N, C] = [402, 7]
  const X = noise(1, N * C)
  const [A, b] = [noise(2, C * C), noise(3, C)]
  const mapped = (x: Float32Array, n: number, j: number) => {
    let sum = x[n * C + j]! + b[j]!
    for (let i = 0; i < C; i++) sum += x[n * C + i]! * A[i * C + j]!
    return sum
  }

  test('finds an affine map again', () => {
    const Y = Float32Array.from(X, (_, at) => mapped(X, Math.floor(at / C), at % C))
    const found = atOnce(fitReader(X, Y, N, C))
    found.A.forEach((a, i) => expect(Math.abs(a - A[i]!)).toBeLessThan(5e-3))
    found.b.forEach((x, i) => expect(Math.abs(x - b[i]!)).toBeLessThan(5e-3))
  })

  test('what least squares leave over goes with nothing that was read', () => {
    const Y = Float32Array.from(noise(5, N * C), (x, at) => x + mapped(X, Math.floor(at / C), at % C))
    const found = atOnce(fitReader(X, Y, N, C))
    for (let j = 0; j < C; j++) {
      const rest = Float64Array.from({ length: N }, (_, n) => {
        let z = X[n * C + j]! + found.b[j]!
        for (let i = 0; i < C; i++) z += X[n * C + i]! * found.A[i * C + j]!
        return Y[n * C + j]! - z
      })
      expect(Math.abs(rest.reduce((a, r) => a + r, 0) / N)).toBeLessThan(1e-6)
      // The ridge leaves a thousandth of what A is.
      for (let i = 0; i < C; i++)
        expect(Math.abs(rest.reduce((sum, r, n) => sum + r * X[n * C + i]!, 0) / N)).toBeLessThan(1e-3)
    }
  })

  test('of rows that say nothing changes nothing', () => {
    const Y = noise(6, N * C)
    const { A: none, b: mean } = atOnce(fitReader(new Float32Array(N * C), Y, N, C))
    expect(none.every((a) => a === 0)).toBe(true)
    for (let j = 0; j < C; j++) {
      const column = Array.from({ length: N }, (_, n) => Y[n * C + j]!)
      expect(mean[j]).toBeCloseTo(column.reduce((a, y) => a + y) / N, 5)
    }
  })
})

describe.each(['layernorm', 'rmsnorm'] as const)('of a model with %s', (norm) => {
  let probe: Probe
  let tuned: TunedLens
  let run: Awaited<ReturnType<typeof tinyRun>>

  beforeAll(async () => {
    run = await tinyRun({ norm, bias: norm === 'layernorm' })
    const { config } = run.spec
    const large = [...initWeights(config, 1)].map(
      ([name, data]) =>
        [name, data.map((x, i) => (name.endsWith('bias') ? hash(7, 0, i) / 2 ** 31 - 1 : 4 * x))] as const,
    )
    probe = new Probe(await Weights.open(openWasm(), config, new Map(large)))
    const rows = new StreamRows(config, 800)
    const loader = loaderOf(run.dataset, config)
    for (let n = 0; n < 50; n++) {
      const batch = loader.batch(n)
      rows.add(await streamOf(probe, { tokens: Array.from(batch.tokens.slice(0, 16)) }), 16)
    }
    expect(rows.count).toBe(800)
    tuned = atOnce(rows.fit())
  })

  test('readers that change nothing are the plain lens', async () => {
    const { n_embd: C } = probe.config
    const idle = new TunedLens(
      probe.config,
      tuned.readers.map(() => ({ A: new Float32Array(C * C), b: new Float32Array(C) })),
    )
    const plain = await lensView(probe, { tokens }, { k: 3, follow: [2] })
    const same = await lensView(probe, { tokens }, { k: 3, follow: [2], tuned: idle })
    expect(same.top).toEqual(plain.top)
    same.log.forEach((log, i) => expect(Math.abs(log - plain.log[i]!)).toBeLessThan(1e-3))
  })

  test('its depths are the readers’ sums, put through gain, bias and head; its last is the prediction', async () => {
    const { n_embd: C, vocab_size: V, norm_eps } = probe.config
    const stream = await streamOf(probe, { tokens })
    const told = await lensView(probe, { tokens }, { k: V, tuned })
    const [gain, head] = await probe.weights.engine.read([
      probe.weights.param('transformer.ln_f.weight'),
      probe.weights.param(probe.config.tie ? 'transformer.wte.weight' : 'lm_head.weight'),
    ])
    const hasBias = probe.weights.params.some(({ name }) => name === 'transformer.ln_f.bias')
    expect(hasBias).toBe(norm === 'layernorm')
    const bias = hasBias
      ? (await probe.weights.engine.read([probe.weights.param('transformer.ln_f.bias')]))[0]!
      : new Float32Array(C)
    for (const [depth, reader] of tuned.readers.entries()) {
      const t = T - 2
      const row = stream.subarray((depth * T + t) * C, (depth * T + t + 1) * C)
      const mean = norm === 'layernorm' ? row.reduce((a, x) => a + x) / C : 0
      const spread = Math.sqrt(row.reduce((a, x) => a + (x - mean) ** 2, 0) / C + norm_eps)
      const x = Array.from(row, (value) => (value - mean) / spread)
      const z = x.map((value, j) => value + reader.b[j]! + x.reduce((a, xi, i) => a + xi * reader.A[i * C + j]!, 0))
      const logits = Float64Array.from({ length: V }, (_, v) =>
        z.reduce((a, zi, i) => a + (zi * gain![i]! + bias[i]!) * head![v * C + i]!, 0),
      )
      const all = logSumExp(logits)
      for (let n = 0; n < V; n++) {
        const at = (depth * T + t) * V + n
        expect(told.chance[at]).toBeCloseTo(Math.exp(logits[told.top[at]!]! - all), 4)
      }
    }
    const plain = await lensView(probe, { tokens }, { k: V })
    expect(told.chance.slice(-T * V)).toEqual(plain.chance.slice(-T * V))
    expect(told.toEnd.slice(-T).every((nats) => nats === 0)).toBe(true)
  })

  test('is nearer to the end than the plain lens, on text that it was not fitted to', async () => {
    const held = Array.from(run.dataset.val.slice(0, 16))
    const sum = (values: Float32Array) => values.reduce((a, x) => a + x)
    const plain = await lensView(probe, { tokens: held }, { k: 1 })
    const better = await lensView(probe, { tokens: held }, { k: 1, tuned })
    for (let depth = 0; depth < 4; depth++) {
      const at = (view: Float32Array) => sum(view.slice(depth * 16, (depth + 1) * 16))
      expect(at(better.toEnd), `depth ${depth}`).toBeLessThan(at(plain.toEnd))
    }
  })
})

test('two models’ lenses lie as far apart at each depth as their whole predictions say', async () => {
  const { spec } = await tinyRun()
  const engine = openWasm()
  const open = async (seed: number) =>
    new Probe(await Weights.open(engine, spec.config, initWeights(spec.config, seed)))
  const [a, b] = [await open(1), await open(2)]
  const nats = await lensApart(a, b, { tokens })
  const [ofA, ofB] = [await lens(a, { tokens }), await lens(b, { tokens })]
  const V = spec.config.vocab_size
  expect(nats).toHaveLength(5 * T)
  nats.forEach((x, row) => {
    const at = (view: Float32Array) => view.subarray(row * V, (row + 1) * V)
    expect(x).toBeCloseTo(divergence(at(ofA), at(ofB)), 5)
    expect(x).toBeGreaterThan(0)
  })
  const last = await apart(a, b, { tokens })
  last.forEach((x, t) => expect(nats[4 * T + t]).toBeCloseTo(x, 5))
  expect(Math.max(...(await lensApart(a, a, { tokens })))).toBeLessThan(1e-9)
})
