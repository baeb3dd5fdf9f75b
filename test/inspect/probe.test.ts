// A probe against what can be worked out without it: closed forms, finite differences, and the same question asked another way.
import { beforeAll, describe, expect, test, vi } from 'vitest'
import { openCpu } from '../../src/cpu/engine'
import { ProbeError } from '../../src/errors'
import { ablate } from '../../src/inspect/ablations'
import { streamAddresses } from '../../src/inspect/addresses'
import { attention } from '../../src/inspect/attention'
import { attribute } from '../../src/inspect/attribution'
import { lens, lensView, streamOf } from '../../src/inspect/lens'
import { divergence, entropy, logSumExp } from '../../src/inspect/numbers'
import { apart, logits, tokenLosses } from '../../src/inspect/predictions'
import { patch } from '../../src/inspect/patching'
import { Probe } from '../../src/inspect/probe'
import { probeTokens } from '../../src/inspect/probe_text'
import { initWeights } from '../../src/model/init'
import { Evaluator } from '../../src/train/evaluator'
import { Weights } from '../../src/train/weights'
import { openWasm } from '../../src/wasm/engine'
import { tinyRun } from '../train/tiny'

const tokens = [3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5]
const T = tokens.length
let probe: Probe
let weights: Weights
let V: number

/** Weights large enough that every part matters. */
const large = (seed: number, config: Parameters<typeof initWeights>[0]) =>
  new Map([...initWeights(config, seed)].map(([name, data]) => [name, data.map((x) => 5 * x)]))

beforeAll(async () => {
  const { spec } = await tinyRun({ dropout: 0.2 })
  weights = await Weights.open(openWasm(), spec.config, large(1, spec.config))
  probe = new Probe(weights)
  V = spec.config.vocab_size
})

test('what is predicted is what an evaluator predicts, dropout off, and padding changes nothing', async () => {
  const evaluator = await Evaluator.open(weights, { B: 1, T }, ['logits'])
  const want = await evaluator.logits(tokens)
  const got = await logits(probe, { tokens })
  expect(got.length).toBe(T * V)
  got.forEach((x, i) => expect(Math.abs(x - want[i]!)).toBeLessThan(2e-5))
  const losses = await tokenLosses(probe, { tokens })
  losses.forEach((loss, t) => {
    const row = got.subarray(t * V, (t + 1) * V)
    expect(loss).toBeCloseTo(t === T - 1 ? 0 : logSumExp(row) - row[tokens[t + 1]!]!, 4)
  })
  const { loss } = await probe.ask({ tokens })
  expect(loss).toBeCloseTo(losses.reduce((a, b) => a + b) / (T - 1), 5)
  expect((await probe.ask({ tokens: [1] })).loss).toBeNaN()
})

test('attention adds up to 1, and is the softmax of its scores', async () => {
  const { pattern, scores, weighted } = await attention(probe, { tokens })
  for (let row = 0; row < pattern.length / T; row++) {
    const own = pattern.subarray(row * T, (row + 1) * T)
    expect(own.reduce((a, b) => a + b)).toBeCloseTo(1, 5)
    const score = scores.subarray(row * T, row * T + (row % T) + 1)
    const all = logSumExp(score)
    score.forEach((s, j) => expect(own[j]).toBeCloseTo(Math.exp(s - all), 5))
    expect(own.slice((row % T) + 1).every((x) => x === 0)).toBe(true)
  }
  expect(weighted.some((x) => x > 0) && weighted.every((x, i) => x >= 0 && (pattern[i] !== 0 || x === 0))).toBe(true)
})

test('the last row of the lens is the prediction, and the short view says the same', async () => {
  const all = await lens(probe, { tokens })
  const rows = logitsRows(await logits(probe, { tokens }))
  const depths = all.length / (T * V)
  const view = await lensView(probe, { tokens }, { k: 3, follow: [7] })
  const last = (t: number) => all.subarray(((depths - 1) * T + t) * V, ((depths - 1) * T + t + 1) * V)
  rows.forEach((row, t) => row.forEach((x, v) => expect(last(t)[v]).toBeCloseTo(x - logSumExp(row), 4)))
  for (let n = 0; n < depths * T; n++) {
    const row = all.subarray(n * V, (n + 1) * V)
    const order = Array.from(row, (_, v) => v).toSorted((a, b) => row[b]! - row[a]!)
    expect([...view.top.subarray(3 * n, 3 * n + 3)]).toEqual(order.slice(0, 3))
    expect(view.chance[3 * n]).toBeCloseTo(Math.exp(row[order[0]!]!), 5)
    expect(view.rank[n]).toBe(order.indexOf(7))
    expect(view.log[n]).toBeCloseTo(row[7]!, 4)
    expect(view.entropy[n]).toBeCloseTo(entropy(row), 4)
    expect(view.toEnd[n]).toBeCloseTo(divergence(last(n % T), row), 4)
  }
})
const logitsRows = (flat: Float32Array) => Array.from({ length: T }, (_, t) => flat.subarray(t * V, (t + 1) * V))

test('what the parts wrote adds up to the logit, and heads to their attention', async () => {
  const all = await logits(probe, { tokens })
  for (const question of [{ tokens }, { tokens, gates: { 'h.0.attn.gate': [0.5], 'h.1.attn.heads': [1, 0, 2, 1] } }]) {
    const { parts, heads, logit, bias } = await attribute(probe, question, { position: 6, token: 4 })
    expect(parts.reduce((a, b) => a + b, bias)).toBeCloseTo(logit, 4)
    if (!('gates' in question)) expect(logit).toBeCloseTo(all[6 * V + 4]!, 4)
    for (const l of [0, 1])
      expect(heads.slice(4 * l, 4 * l + 4).reduce((a, b) => a + b)).toBeCloseTo(parts[1 + 2 * l]!, 4)
    if ('gates' in question) expect(heads[5]).toBe(0)
  }
})

test('the gradient of the stream and of the embedding is the finite difference', async () => {
  const exact = new Probe(await Weights.open(openCpu('f64'), weights.config, large(1, weights.config)))
  const { tensors } = await exact.ask({
    tokens,
    backward: true,
    keep: ['encoded', 'dencoded', 'h.0.residual3', 'h.0.dresidual3'],
  })
  for (const [address, gradient] of [
    ['encoded', 'dencoded'],
    ['h.0.residual3', 'h.0.dresidual3'],
  ] as const) {
    const { data } = tensors.get(address)!
    const at = 3 * weights.config.n_embd + 5
    const loss = async (by: number) => {
      const moved = data.map((x, i) => (i === at ? x + by : x))
      return (await exact.ask({ tokens, replace: [{ address, data: moved }] })).loss
    }
    const slope = ((await loss(1e-3)) - (await loss(-1e-3))) / 2e-3
    expect(Math.abs(slope)).toBeGreaterThan(1e-5)
    expect(Math.abs(tensors.get(gradient)!.data[at]! - slope)).toBeLessThan(0.02 * Math.abs(slope))
  }
})

test('patching everything restores the answer, and nothing before the change', async () => {
  const corrupted = tokens.map((id, t) => (t === 4 ? 8 : id))
  const map = await patch(probe, { clean: tokens, corrupted, answer: 2, instead: 7 })
  const depths = streamAddresses(weights.config).length
  expect(map.resid.length).toBe(depths * T)
  for (let depth = 0; depth < depths; depth++) for (let t = 0; t < 4; t++) expect(map.resid[depth * T + t]).toBe(0)
  expect(map.resid[4]).toBeCloseTo(1, 4)
  expect(map.resid.at(-1)).toBeCloseTo(1, 4)
  // One place, asked alone: the clean stream put into the corrupted text.
  const [depth, t] = [2, 6]
  const [clean, other] = [await streamOf(probe, { tokens }), await streamOf(probe, { tokens: corrupted })]
  const C = weights.config.n_embd
  const data = other.slice(depth * T * C, (depth + 1) * T * C)
  data.set(clean.subarray((depth * T + t) * C, (depth * T + t + 1) * C), t * C)
  const { tensors } = await probe.ask({
    tokens: corrupted,
    keep: ['logits'],
    replace: [{ address: streamAddresses(weights.config)[depth]!, data }],
  })
  const row = tensors.get('logits')!.data.slice(-V)
  expect(map.resid[depth * T + t]).toBeCloseTo((row[2]! - row[7]! - map.corrupted) / (map.clean - map.corrupted), 3)
})

test('a head at 0 is the model with its weights at 0', async () => {
  const { head, clean } = await ablate(probe, { tokens })
  const name = 'transformer.h.1.attn.c_proj.weight'
  const values = large(1, weights.config)
  const HS = weights.config.n_embd / weights.config.n_head
  const without = await Weights.open(
    openWasm(),
    weights.config,
    new Map([
      ...values,
      [name, values.get(name)!.map((x, i) => (Math.floor(i / weights.config.n_embd / HS) === 2 ? 0 : x))],
    ]),
  )
  expect(head[1 * 4 + 2]! + clean).toBeCloseTo((await new Probe(without).ask({ tokens })).loss, 5)
  expect(Math.abs(head[6]!)).toBeGreaterThan(1e-4)
})

test('a model is not apart from itself, and is from another', async () => {
  const other = new Probe(await Weights.open(openWasm(), weights.config, large(2, weights.config)))
  expect([...(await apart(probe, probe, { tokens }))].every((x) => x < 1e-6)).toBe(true)
  const between = await apart(probe, other, { tokens })
  const [a, b] = [logitsRows(await logits(probe, { tokens })), logitsRows(await logits(other, { tokens }))]
  between.forEach((x, t) => expect(x).toBeCloseTo(divergence(a[t]!, b[t]!), 3))
})

test('many questions keep few programs, and none once the probe is gone', async () => {
  const own = new Probe(weights)
  for (let i = 0; i < 200; i++) await own.ask({ tokens: tokens.slice(0, 1 + (i % T)), keep: [`h.${i % 2}.attn.att`] })
  expect(own.programs).toBe(2)
  for (const keep of [
    ...streamAddresses(weights.config),
    'lnf',
    'h.0.ln1',
    'h.0.ln2',
    'h.1.ln1',
    'h.1.ln2',
    'h.0.attn.atty',
    'h.1.attn.atty',
    'h.0.mlp.fch',
    'h.1.mlp.fch',
  ])
    await own.ask({ tokens, keep: [keep] })
  expect(own.programs).toBe(12)
  own.destroy()
  expect(own.programs).toBe(0)
  await expect(own.ask({ tokens })).rejects.toThrow('gone')
})

test('two thousand questions allocate nothing that the first of their kind did not', async () => {
  const own = new Probe(weights)
  const allocate = vi.spyOn(weights.engine, 'allocate')
  const questions = [
    { keep: ['h.0.attn.att', 'h.1.attn.att'] },
    { keep: streamAddresses(weights.config), targets: [...tokens.slice(1), -1] },
    { keep: ['h.0.attn.dattproj'], targets: [...tokens.slice(1), -1], backward: true },
    { gates: { 'h.0.attn.gate': [0.5], 'h.1.attn.heads': [1, 0, 2, 1] } },
  ]
  const ask = (i: number) => own.ask({ tokens, ...questions[i % questions.length] })
  for (let i = 0; i < questions.length; i++) await ask(i)
  const before = allocate.mock.calls.length
  expect(before).toBeGreaterThan(0)
  for (let i = 0; i < 2000; i++) await ask(i)
  expect(allocate.mock.calls.length).toBe(before)
  own.destroy()
  allocate.mockRestore()
})

describe('what a model cannot be asked is refused in a sentence', () => {
  test.each([
    ['an empty text', { tokens: [] }, 'The text is empty'],
    ['a text longer than the context', { tokens: Array<number>(17).fill(1) }, '17 tokens, and this model reads 16'],
    ['a token outside the vocabulary', { tokens: [1, 999] }, 'Token 999 is not among'],
    ['a token that is no number of one', { tokens: [1.5] }, 'Token 1.5 is not among'],
    ['a target outside the vocabulary', { tokens: [1], targets: [999] }, 'Target 999'],
    ['targets of another length', { tokens: [1], targets: [1, 2] }, '2 targets for 1 tokens'],
    ['an address that is not there', { tokens: [1], keep: ['h.9.attn.att'] }, 'nothing at the address h.9.attn.att'],
  ])('%s', async (_, question, says) => {
    await expect(probe.ask(question)).rejects.toThrow(ProbeError)
    await expect(probe.ask(question)).rejects.toThrow(says)
  })
  test('characters that the text never had', async () => {
    const { dataset } = await tinyRun()
    expect(() => probeTokens(dataset.tokenizer, 'men É')).toThrow('no "É"')
    expect(() => probeTokens(dataset.tokenizer, '')).toThrow('empty')
    expect(probeTokens(dataset.tokenizer, 'men').length).toBe(3)
  })
  test('a pair of texts of different lengths', () =>
    expect(patch(probe, { clean: [1, 2], corrupted: [1], answer: 0, instead: 1 })).rejects.toThrow('2 and 1 tokens'))
})
