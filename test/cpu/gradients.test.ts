// The reference proved: every backward of the CPU engine against central differences of its own forward, in f64.
// With random weights w on the output, L = Σ w · out has the gradient that the backward makes of dout = w; every element of
// every input is moved by ±h and L(x + h) − L(x − h) over 2h must agree with it.
import { describe, expect, test } from 'vitest'
import { openCpu } from '../../src/cpu/engine'
import { Rng } from '../../src/rng'
import { distance } from '../distance'
import { cases, type MakeCase } from '../op_case'
import { place } from '../op_run'

/** Error of a central difference: h² of the third derivative, and rounding of 1e-16/h. */
const H = 1e-5
const TOLERANCE = 1e-7

async function checkGradients<S>(make: MakeCase<S>, sizes: S, seed = 1): Promise<void> {
  const engine = openCpu('f64')
  const opCase = make(seed, sizes)
  const rng = new Rng(seed, 80)
  const runner = await place(engine, opCase, (tensors) => engine.readExact(tensors), true)
  // Cross-entropy has no dout: its gradient is that of Σ scale · losses.
  const out = opCase.made['out'] ? 'out' : 'losses'
  const scale = opCase.given['scale']?.data
  const dout = Float64Array.from(
    { length: opCase.made[out]!.reduce((a, b) => a * b, 1) },
    (_, i) => scale?.[i] ?? rng.normal(),
  )
  const loss = async (given: Record<string, Float64Array>) => {
    // x follows from what the activation is given.
    const { derive } = opCase
    const { outputs } = await runner.run({ noise: 1, given: derive ? { ...given, ...derive(given) } : given, dout })
    return outputs[out]!.reduce((sum, x, i) => sum + x * dout[i]!, 0)
  }
  const { gradients } = await runner.run({ noise: 2, dout })
  const other = await runner.run({ noise: 3, dout })
  expect(other.gradients, 'a gradient that is written depends on what was there').toEqual(gradients)
  const added = await runner.run({ noise: 4, dout, before: gradients, adds: Object.keys(gradients) })

  for (const name of opCase.grads) {
    const values = Float64Array.from(opCase.given[name]!.data)
    const differences = new Float64Array(values.length)
    for (let i = 0; i < values.length; i++) {
      const h = H * Math.max(1, Math.abs(values[i]!))
      const moved = async (by: number) => loss({ [name]: values.with(i, values[i]! + by) })
      differences[i] = ((await moved(h)) - (await moved(-h))) / (2 * h)
    }
    const gradient = gradients[`d${name}`]!
    expect(distance(name, gradient, differences).element).toBeLessThan(TOLERANCE)
    const twice = gradient.map((g) => 2 * g)
    expect(distance(`${name} +=`, added.gradients[`d${name}`]!, twice).element).toBeLessThan(1e-14)
  }
}

function prove<S>(op: string, make: MakeCase<S>, table: Record<string, S>): void {
  describe(op, () => {
    for (const [name, sizes] of Object.entries(table)) test(name, () => checkGradients(make, sizes))
  })
}

prove('embedding', cases.embedding, {
  'one token': { B: 1, T: 1, C: 1, V: 1, P: 1 },
  'repeated and missing tokens, unused positions': { B: 3, T: 5, C: 3, V: 9, P: 7 },
  'without positions': { B: 2, T: 3, C: 5, V: 4 },
})
prove('layernorm', cases.layernorm, {
  'one number': { N: 1, C: 1, bias: true },
  'odd sizes': { N: 5, C: 7 },
  'odd sizes, bias': { N: 5, C: 7, bias: true },
  'a large eps': { N: 3, C: 4, bias: true, eps: 0.3 },
})
prove('rmsnorm', cases.rmsnorm, {
  'one number': { N: 1, C: 1, eps: 0.5 },
  'odd sizes': { N: 5, C: 7 },
  'a large eps': { N: 3, C: 4, eps: 0.3 },
})
prove('matmul', cases.matmul, {
  'one number': { N: 1, K: 1, M: 1, bias: true },
  'odd sizes': { N: 5, K: 7, M: 3 },
  'odd sizes, bias': { N: 5, K: 7, M: 3, bias: true },
  'of an activation': { N: 5, K: 7, M: 3, bias: true, before: 'gelu', residual: true },
  'of ReLU²': { N: 4, K: 3, M: 6, before: 'relu2' },
  transposed: { N: 5, K: 7, M: 3, transposed: true },
  'transposed, bias': { N: 3, K: 2, M: 9, transposed: true, bias: true },
  'more rows than a panel': { N: 35, K: 3, M: 6, bias: true },
  'more rows than a panel, transposed': { N: 35, K: 3, M: 6, transposed: true },
})
prove('rope', cases.rope, {
  'one pair': { B: 1, T: 1, NH: 1, NKV: 1, HS: 2 },
  'grouped heads, a table longer than T': { B: 2, T: 5, NH: 4, NKV: 2, HS: 6, P: 8 },
})
for (const op of ['attention', 'flash_attention'] as const)
  prove(op, cases[op], {
    'one token': { B: 1, T: 1, NH: 1, NKV: 1, HS: 4 },
    'several heads': { B: 2, T: 5, NH: 3, NKV: 3, HS: 4 },
    'grouped queries': { B: 2, T: 4, NH: 4, NKV: 2, HS: 4 },
    'one key head for all': { B: 1, T: 3, NH: 3, NKV: 1, HS: 4 },
    dropout: { B: 2, T: 5, NH: 2, NKV: 1, HS: 4, p: 0.4, stream: 3 },
    sharp: { B: 1, T: 6, NH: 2, NKV: 2, HS: 4, fill: (_, z) => 3 * z },
  })
prove('attention', cases.attention, { 'heads of an odd size': { B: 2, T: 4, NH: 2, NKV: 1, HS: 5, p: 0.2 } })
prove('gelu', cases.gelu, {
  'odd sizes': { N: 5, C: 7 },
  'from −30 to 30': { N: 1, C: 61, fill: (i) => i - 30 },
})
prove('swiglu', cases.swiglu, {
  'odd sizes': { N: 5, C: 7 },
  'from −30 to 30': { N: 1, C: 61, fill: (i) => (i % 61) - 30 },
})
prove('relu2', cases.relu2, {
  'odd sizes': { N: 5, C: 7 },
  'from −30 to 30': { N: 1, C: 61, fill: (i) => i - 30 },
})
prove('residual', cases.residual, { 'one number': { N: 1, C: 1 }, 'odd sizes': { N: 5, C: 7 } })
prove('gate', cases.gate, {
  heads: { N: 5, M: 9, G: 3 },
  positions: { N: 6, M: 2, G: 3, positions: true },
})
prove('dropout', cases.dropout, {
  'nothing dropped': { N: 3, C: 5, p: 0 },
  'a fifth dropped': { N: 5, C: 7, p: 0.2, stream: 3 },
})
prove('cross_entropy', cases.cross_entropy, {
  'one token to choose from': { N: 1, V: 1 },
  'odd sizes': { N: 5, V: 7 },
  'targets not counted': { N: 7, V: 5, ignore: 3 },
  'label smoothing, targets not counted': { N: 9, V: 6, label_smoothing: 0.1, ignore: 4 },
  'no target counted': { N: 3, V: 4, ignore: 1, label_smoothing: 0.2 },
  'rows of their own weights': { N: 9, V: 6, label_smoothing: 0.1, ignore: 4, weighted: true },
})
