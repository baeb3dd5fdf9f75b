// The reference's forward by hand: numbers that can be checked on paper or against PyTorch's documentation of the same function.
import { describe, expect, test } from 'vitest'
import { openCpu } from '../../src/cpu/engine'
import { HYPER } from '../../src/engine'
import { cases, type OpCase } from '../op_case'
import { place } from '../op_run'

/** The outputs of a case whose given numbers are replaced by `values`. */
async function forward(opCase: OpCase, values: Record<string, number[]>): Promise<Record<string, number[]>> {
  for (const [name, numbers] of Object.entries(values)) opCase.given[name]!.data.set(numbers)
  const engine = openCpu('f64')
  const runner = await place(engine, opCase, (tensors) => engine.readExact(tensors), true)
  const dout = new Float64Array(opCase.made['out']?.reduce((a, b) => a * b, 1) ?? 0)
  const { outputs } = await runner.run({ noise: 1, dout })
  return Object.fromEntries(Object.entries(outputs).map(([name, array]) => [name, [...array]]))
}

function close(got: number[] | undefined, want: number[], digits = 12): void {
  expect(got).toHaveLength(want.length)
  want.forEach((number, i) => expect(got![i]).toBeCloseTo(number, digits))
}

test('embedding adds a token and its place', async () => {
  const opCase = cases.embedding(1, { B: 1, T: 2, C: 2, V: 3, P: 4, pos: 1 })
  const { out } = await forward(opCase, {
    tokens: [2, 0],
    wte: [1, 2, 3, 4, 5, 6],
    wpe: [10, 20, 30, 40, 50, 60, 70, 80],
  })
  close(out, [5 + 30, 6 + 40, 1 + 50, 2 + 60])
})

test('layernorm centres and scales', async () => {
  const opCase = cases.layernorm(1, { N: 1, C: 2, bias: true, eps: 0 })
  const { out, mean, rstd } = await forward(opCase, { x: [1, 5], weight: [3, 7], bias: [10, 20] })
  close(mean, [3])
  close(rstd, [1 / 2])
  close(out, [-3 + 10, 7 + 20])
})

test('rmsnorm scales only', async () => {
  const { out, rstd } = await forward(cases.rmsnorm(1, { N: 1, C: 2, eps: 0 }), { x: [1, 7], weight: [2, 3] })
  close(rstd, [1 / 5])
  close(out, [2 / 5, 21 / 5])
})

describe('matmul', () => {
  const x = [1, 2, 3, 4, 5, 6]
  test('weight [K, M]', async () => {
    const opCase = cases.matmul(1, { N: 2, K: 3, M: 2, bias: true })
    close(
      (await forward(opCase, { x, weight: [1, 0, 0, 1, 10, 100], bias: [0.5, 0.25] }))['out'],
      [31.5, 302.25, 64.5, 605.25],
    )
  })
  test('weight [M, K]', async () => {
    const opCase = cases.matmul(1, { N: 2, K: 3, M: 2, transposed: true })
    close((await forward(opCase, { x, weight: [1, 0, 10, 0, 1, 100] }))['out'], [31, 302, 64, 605])
  })
})

test('rope turns the pair (i, i + HS/2) of queries and keys, and leaves values', async () => {
  const opCase = cases.rope(1, { B: 1, T: 1, NH: 1, NKV: 1, HS: 4, P: 3, pos: 2 })
  const quarter = { cos: [1, 1, 1, 1, 0, 1], sin: [0, 0, 0, 0, 1, 0] }
  const { out } = await forward(opCase, { ...quarter, x: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12] })
  close(out, [-3, 2, 1, 4, -7, 6, 5, 8, 9, 10, 11, 12])
})

describe('attention', () => {
  // One head of size 4; the second query meets both keys equally, so it sees the mean of the values.
  const qkv = [1, 0, 0, 0, 2, 0, 0, 0, 1, 2, 3, 4, 0, 0, 0, 0, 5, 0, 0, 0, 3, 4, 5, 6]
  const sizes = { B: 1, T: 2, NH: 1, NKV: 1, HS: 4 }
  test('keeps the matrix, zero in the future', async () => {
    const { att, out } = await forward(cases.attention(1, sizes), { qkv })
    close(att, [1, 0, 0.5, 0.5])
    close(out, [1, 2, 3, 4, 2, 3, 4, 5])
  })
  test('keeps the log-sum-exp', async () => {
    const { lse, out } = await forward(cases.flash_attention(1, sizes), { qkv })
    close(lse, [2 / Math.sqrt(4), Math.log(2)])
    close(out, [1, 2, 3, 4, 2, 3, 4, 5])
  })
  test('over a cache', async () => {
    const opCase = cases.attention_cached(1, { T: 1, P: 4, pos: 1, NH: 1, NKV: 1, HS: 4 })
    const past = [2, 0, 0, 0, 0, 0, 0, 0, 9, 9, 9, 9, 9, 9, 9, 9]
    const values = [1, 2, 3, 4, 0, 0, 0, 0, 9, 9, 9, 9, 9, 9, 9, 9]
    const got = await forward(opCase, { qkv: qkv.slice(12), keys: past, values })
    close(got['att'], [0.5, 0.5, 0, 0])
    close(got['out'], [2, 3, 4, 5])
    close(got['keys'], [2, 0, 0, 0, 5, 0, 0, 0, 9, 9, 9, 9, 9, 9, 9, 9])
    close(got['values'], [1, 2, 3, 4, 3, 4, 5, 6, 9, 9, 9, 9, 9, 9, 9, 9])
  })
  test('past the end of the cache is refused', async () => {
    const opCase = cases.attention_cached(1, { T: 2, P: 4, pos: 3, NH: 1, NKV: 1, HS: 4 })
    await expect(forward(opCase, {})).rejects.toThrow('positions 3 … 4 do not fit a cache of 4')
  })
  test('each group of queries has its key head', async () => {
    // Two query heads of size 1, one key head: both see the only value.
    const { out } = await forward(cases.attention(1, { B: 1, T: 1, NH: 2, NKV: 1, HS: 1 }), { qkv: [1, 2, 3, 4] })
    close(out, [4, 4])
    // Four query heads, two key heads: the first two see value 7, the others 8.
    const four = await forward(cases.attention(1, { B: 1, T: 1, NH: 4, NKV: 2, HS: 1 }), {
      qkv: [1, 2, 3, 4, 5, 6, 7, 8],
    })
    close(four['out'], [7, 7, 8, 8])
  })
})

test('gelu, the tanh form', async () => {
  const { out } = await forward(cases.gelu(1, { N: 1, C: 4 }), { x: [1, -1, 0, 100] })
  close(out, [0.8411919906082768, -0.15880800939172324, 0, 100])
})

test('swiglu: [gate | up]', async () => {
  const { out } = await forward(cases.swiglu(1, { N: 1, C: 2 }), { x: [0, Math.log(3), 5, 8] })
  close(out, [0, Math.log(3) * 0.75 * 8])
})

test('relu2 squares what is positive', async () => {
  close((await forward(cases.relu2(1, { N: 1, C: 3 }), { x: [-2, 0, 3] }))['out'], [0, 0, 9])
})

describe('dropout', () => {
  test('keeps its share, scaled so that the mean stays', async () => {
    const n = 20000
    const { out } = await forward(cases.dropout(1, { N: 1, C: n, p: 0.3 }), { x: Array.from({ length: n }, () => 1) })
    const kept = out!.filter((y) => y !== 0)
    expect(Math.abs(kept.length / n - 0.7)).toBeLessThan(4 * Math.sqrt((0.3 * 0.7) / n))
    expect(new Set(kept)).toEqual(new Set([1 / 0.7]))
  })
  test('draws anew for each stream and each step', async () => {
    const x = Array.from({ length: 64 }, () => 1)
    const drawn = async (stream: number, step: number) =>
      (await forward(cases.dropout(1, { N: 1, C: 64, p: 0.5, stream }), { x, dice: [9, step, 0, 0] }))['out']
    const first = await drawn(0, 0)
    expect(await drawn(0, 0)).toEqual(first)
    expect(await drawn(1, 0)).not.toEqual(first)
    expect(await drawn(0, 1)).not.toEqual(first)
  })
})

describe('cross_entropy', () => {
  const logits = [Math.log(1), Math.log(2), Math.log(5), 1000, 1000, 1000, 1, 2, 3]
  test('is the negative log of the probability; a negative target is not counted', async () => {
    const got = await forward(cases.cross_entropy(1, { N: 3, V: 3 }), { logits, targets: [2, 0, -1] })
    close(got['losses'], [Math.log(8 / 5), Math.log(3), 0])
    close(got['lse'], [Math.log(8), 1000 + Math.log(3), Math.log(Math.exp(1) + Math.exp(2) + Math.exp(3))])
  })
  test('label smoothing mixes in the mean over all tokens', async () => {
    const opCase = cases.cross_entropy(1, { N: 3, V: 3, label_smoothing: 0.3 })
    const mean = (Math.log(8) + Math.log(8 / 2) + Math.log(8 / 5)) / 3
    const { losses } = await forward(opCase, { logits, targets: [2, 0, -1] })
    close(losses, [0.7 * Math.log(8 / 5) + 0.3 * mean, Math.log(3), 0])
  })
})

test('mean_loss puts the sum, each row by its scale, into its slot and leaves the others', async () => {
  const opCase = cases.mean_loss(1, { N: 3, slot: 2 })
  const before = [...opCase.given['ring']!.data]
  const { ring } = await forward(opCase, { losses: [1, 2, 6], scale: [0.5, 0, 0.25] })
  expect(ring).toEqual(before.with(2, 2))
})

test('grad_norm is the root of all squares', async () => {
  const opCase = cases.grad_norm(1, { size: 600, slot: 1 })
  const { norm, ring } = await forward(opCase, { grads: Array.from({ length: 600 }, (_, i) => (i % 2 ? 3 : 4)) })
  close(norm, [Math.sqrt(300 * 25)])
  expect(ring![1]).toBe(norm![0])
})

describe('adamw', () => {
  // torch.optim.AdamW, first step: m/bias1 = g and v/bias2 = g², so a step is lr · sign(g), after the decay.
  test('the first step', async () => {
    const opCase = cases.adamw(1, { size: 2, decayed: 1, step: 1 })
    opCase.given['hyper']!.data[HYPER.learning_rate] = 0.01
    opCase.given['hyper']!.data[HYPER.weight_decay] = 0.1
    const { weights, m, v } = await forward(opCase, { weights: [2, 2], grads: [3, -4], m: [0, 0], v: [0, 0] })
    close(weights, [2 * (1 - 0.001) - 0.01, 2 + 0.01], 6)
    close(m, [0.3, -0.4], 6)
    close(v, [0.09, 0.16], 6)
  })
  test('a gradient beyond the clip is shortened', async () => {
    const clip = cases.adamw(1, { size: 1, decayed: 0, step: 1, grad_clip: 1, norm: 4 })
    close((await forward(clip, { grads: [8], m: [0], v: [0] }))['m'], [0.1 * 8 * (1 / (4 + 1e-6))], 6)
    const within = cases.adamw(1, { size: 1, decayed: 0, step: 1, grad_clip: 1, norm: 0.25 })
    close((await forward(within, { grads: [8], m: [0], v: [0] }))['m'], [0.8], 6)
  })
  test('a norm that is not finite leaves everything as it is', async () => {
    for (const norm of [NaN, Infinity]) {
      const opCase = cases.adamw(1, { size: 3, decayed: 2, grad_clip: 1, norm })
      const got = await forward(opCase, {})
      for (const name of ['weights', 'm', 'v']) expect(got[name]).toEqual([...opCase.given[name]!.data])
    }
  })
})
