// The whole model against central differences in f64: in every mixture of its choices, along random directions in each
// parameter; and, for a GPT-2 and a Llama, element by element.
import { describe, expect, test } from 'vitest'
import { MLPS, NORMS, POSITIONS, type ModelConfig } from '../../src/config/config'
import { planMemory } from '../../src/model/memory'
import type { Tape } from '../../src/model/tape'
import { Rng } from '../../src/rng'
import { openProgram, parameterGradients, tinyConfig, type Program } from './program'

/** Small enough that ReLU²'s bend is seldom inside; the five-point difference below then errs by rounding alone, 1e-16/h. */
const H = 3e-6
const TOLERANCE = 1e-8

/** The slope of the loss along `direction` in one parameter: (8·(L(h) − L(−h)) − (L(2h) − L(−2h))) / 12h. */
async function slope(program: Program, name: string, direction: ArrayLike<number>): Promise<number> {
  const weights = program.weights.get(name)!
  const at = (by: number) => {
    program.write(
      name,
      weights.map((w, i) => w + by * direction[i]!),
    )
    return program.loss()
  }
  const [near, far] = [(await at(H)) - (await at(-H)), (await at(2 * H)) - (await at(-2 * H))]
  program.write(name, weights)
  return (8 * near - far) / (12 * H)
}

/** The largest error of a parameter's gradient along a random direction, in units of that gradient's length. */
async function worstSlope(config: ModelConfig, options: Parameters<typeof openProgram>[1] = {}) {
  const program = await openProgram(config, options)
  await program.step()
  const rng = new Rng(5, 82)
  let worst = { name: '', error: 0 }
  for (const [name, gradient] of await parameterGradients(program)) {
    const length = Math.hypot(...gradient)
    expect(length, `${name} has a gradient`).toBeGreaterThan(1e-6)
    const direction = gradient.map(() => rng.normal())
    const want = await slope(program, name, direction)
    const error = Math.abs(gradient.reduce((sum, g, i) => sum + g * direction[i]!, 0) - want) / length
    if (!(error <= worst.error)) worst = { name, error }
  }
  return worst
}

describe('every mixture', () => {
  for (const position of POSITIONS)
    for (const norm of NORMS)
      for (const mlp of MLPS)
        test(`${position}, ${norm}, ${mlp}: tied or not, with biases or not, one or two key heads`, async () => {
          for (const tie of [true, false])
            for (const bias of [true, false])
              for (const n_kv_head of [1, 2]) {
                const config = tinyConfig({ position, norm, mlp, tie, bias, n_kv_head })
                const worst = await worstSlope(config)
                expect(worst.error, `${worst.name}, tie ${tie}, bias ${bias}, n_kv_head ${n_kv_head}`).toBeLessThan(
                  TOLERANCE,
                )
              }
        })
})

test('with dropout, label smoothing and the attention matrix', async () => {
  for (const plain of [true, false]) {
    const config = tinyConfig({ position: 'learned', dropout: 0.3, n_kv_head: 1 })
    const worst = await worstSlope(config, { plain, label_smoothing: 0.2 })
    expect(worst.error, `${worst.name}, plain ${plain}`).toBeLessThan(TOLERANCE)
  }
})

test('heads of an odd size', async () => {
  const worst = await worstSlope(tinyConfig({ position: 'learned', n_embd: 6, n_inner: 5 }), { B: 1, T: 3 })
  expect(worst.error, worst.name).toBeLessThan(TOLERANCE)
})

describe('element by element', () => {
  const architectures: [string, Partial<ModelConfig>][] = [
    ['GPT-2', { position: 'learned', norm: 'layernorm', mlp: 'gelu', bias: true, tie: true }],
    ['Llama', { position: 'rope', norm: 'rmsnorm', mlp: 'swiglu', bias: false, tie: false, n_kv_head: 1 }],
  ]
  for (const [name, changes] of architectures)
    test(name, async () => {
      const program = await openProgram(tinyConfig({ ...changes, n_layer: 1, n_inner: 5 }))
      await program.step()
      for (const [parameter, gradient] of await parameterGradients(program)) {
        const differences = new Float64Array(gradient.length)
        for (let i = 0; i < gradient.length; i++) {
          const unit = new Float64Array(gradient.length)
          unit[i] = 1
          differences[i] = await slope(program, parameter, unit)
        }
        const error = Math.hypot(...differences.map((d, i) => d - gradient[i]!)) / Math.hypot(...gradient)
        expect(error, parameter).toBeLessThan(TOLERANCE)
      }
    })
})

test('a later micro-batch adds its gradients', async () => {
  const program = await openProgram(tinyConfig())
  await program.step()
  const once = await parameterGradients(program)
  await program.step(true)
  for (const [name, gradient] of await parameterGradients(program))
    gradient.forEach((g, i) => expect(g).toBeCloseTo(2 * once.get(name)![i]!, 13))
})

test('twice the same gives the same bits', async () => {
  const config = tinyConfig({ dropout: 0.2 })
  const run = async () => {
    const program = await openProgram(config)
    await program.step()
    return { loss: await program.loss(), gradients: await parameterGradients(program) }
  }
  expect(await run()).toEqual(await run())
})

test('in f32 the logits lie within 1e-6 of those in f64', async () => {
  const config = tinyConfig({ n_layer: 4, n_head: 4, n_kv_head: 2, n_embd: 64, n_inner: 176, block_size: 32 })
  const logits = async (precision: 'f32' | 'f64') => {
    const memory = (tape: Tape) => planMemory(tape, new Set(['logits']))
    const program = await openProgram(config, { B: 2, T: 32, precision, spread: 0.05, memory })
    await program.loss()
    return program.read('logits')
  }
  const [single, double] = [await logits('f32'), await logits('f64')]
  expect(Math.max(...double.map(Math.abs))).toBeGreaterThan(0.5)
  expect(Math.max(...double.map((x, i) => Math.abs(x - single[i]!)))).toBeLessThan(1e-6)
})
