// Rounding: what a code stands for, that no error is larger than it must be, and that compensation lowers the error that a layer's
// output feels, at the same bytes.
import { describe, expect, test } from 'vitest'
import { configFor } from '../../../src/presets'
import { initWeights } from '../../../src/model/init'
import { paramTable } from '../../../src/params'
import { Rng } from '../../../src/rng'
import { groupsOf, restore, round, type Grid, type Rows } from '../../../src/share/link/rounding'
import { roundWeights, weightBytes, weightDigest, weightsFromBytes } from '../../../src/share/link/weights'
import { LINK_BITS } from '../../../src/words/link'

const normal = (rng: Rng) => Array.from({ length: 6 }, () => rng.below(1 << 16) / (1 << 16)).reduce((a, b) => a + b, -3)

/** A matrix, and inputs that are alike in some directions, as a layer's are. */
function made(rows: number, columns: number): { matrix: Rows; inputs: Float64Array[]; moments: Float64Array } {
  const rng = new Rng(3, columns)
  const matrix = { rows, columns, data: Float32Array.from({ length: rows * columns }, () => 0.05 * normal(rng)) }
  const hidden = Math.ceil(columns / 4)
  const mix = Array.from({ length: columns }, () => Array.from({ length: hidden }, () => normal(rng)))
  const inputs = Array.from({ length: 400 }, () => {
    const z = Array.from({ length: hidden }, () => normal(rng))
    return Float64Array.from(mix, (row) => row.reduce((sum, w, i) => sum + w * z[i]!, 0.1 * normal(rng)))
  })
  const moments = new Float64Array(columns * columns)
  for (const x of inputs)
    for (let i = 0; i < columns; i++) for (let j = 0; j < columns; j++) moments[i * columns + j]! += x[i]! * x[j]!
  return { matrix, inputs, moments }
}

/** Σ |(W − Ŵ) x|². */
function felt({ rows, columns, data }: Rows, rounded: Float32Array, inputs: Float64Array[]): number {
  let sum = 0
  for (const x of inputs)
    for (let r = 0; r < rows; r++) {
      let error = 0
      for (let c = 0; c < columns; c++) error += (data[r * columns + c]! - rounded[r * columns + c]!) * x[c]!
      sum += error * error
    }
  return sum
}

describe.each(LINK_BITS)('%i bits', (bits) => {
  test.each([
    [3, 32],
    [5, 70],
    [1, 1],
  ])('%i rows of %i: a weight is off by half a step at most', (rows, columns) => {
    const { matrix } = made(rows, columns)
    const grid: Grid = { bits, group: 32 }
    const { codes, scales } = round(matrix, grid)
    expect(scales).toHaveLength(rows * groupsOf(columns, 32))
    const back = restore({ codes, scales }, matrix, grid)
    const levels = 2 ** (bits - 1)
    for (let r = 0; r < rows; r++)
      for (let g = 0; g < groupsOf(columns, 32); g++) {
        const at = r * columns + 32 * g
        const group = matrix.data.subarray(at, r * columns + Math.min(columns, 32 * (g + 1)))
        const largest = Math.max(...Array.from(group, Math.abs))
        // The largest of the other sign has no code of its own: it is off by a step.
        group.forEach((x, i) => expect(Math.abs(back[at + i]! - x)).toBeLessThanOrEqual((1.01 * largest) / levels))
        expect(Math.max(...Array.from(group, (x, i) => Math.abs(back[at + i]! - x)))).toBeLessThan(1.01 * largest)
      }
  })

  test('compensated rounding costs less where it is felt, at the same bytes, and the same each time', () => {
    const { matrix, inputs, moments } = made(24, 70)
    const grid: Grid = { bits, group: 32 }
    const [plain, compensated] = [round(matrix, grid), round(matrix, grid, moments)]
    expect([compensated.codes.length, compensated.scales.length]).toEqual([plain.codes.length, plain.scales.length])
    const error = (rounded: typeof plain) => felt(matrix, restore(rounded, matrix, grid), inputs)
    expect(error(compensated)).toBeLessThan(error(plain) / 4)
    expect(round(matrix, grid, moments)).toEqual(compensated)
  })

  test('zeros stay zeros, and inputs that never come do no harm', () => {
    const matrix = { rows: 2, columns: 40, data: new Float32Array(80) }
    matrix.data[3] = 1
    const grid: Grid = { bits, group: 32 }
    for (const moments of [null, new Float64Array(1600)]) {
      const back = restore(round(matrix, grid, moments), matrix, grid)
      expect(back.every(Number.isFinite)).toBe(true)
      expect([back[3]! > 0.9, back.filter((x) => x !== 0).length]).toEqual([true, 1])
    }
  })
})

describe.each([
  ['llama', {}],
  ['GPT-2, untied', { position: 'learned', norm: 'layernorm', mlp: 'gelu', bias: true, tie: false }],
] as const)('a whole model, %s', (_, changes) => {
  const config = configFor({ n_layer: 2, n_head: 2, n_embd: 24, block_size: 8, ...changes }, 11)
  const weights = initWeights(config, 5)

  test.each(LINK_BITS)('comes back at %i bits, each parameter in its place', async (bits) => {
    const bytes = await roundWeights(config, 77, weights, bits)
    expect(bytes).toHaveLength(weightBytes(config, bits))
    const back = weightsFromBytes(config, bytes)
    expect([back.bits, back.step]).toEqual([bits, 77])
    for (const { name, shape } of paramTable(config)) {
      const [given, got] = [weights.get(name)!, back.values.get(name)!]
      expect(got).toHaveLength(given.length)
      const largest = Math.max(...Array.from(given, Math.abs))
      const most = shape.length === 1 ? 2 ** -11 * largest : (1.01 * largest) / 2 ** (bits - 1)
      given.forEach((x, i) => expect(Math.abs(got[i]! - x)).toBeLessThanOrEqual(most))
    }
    // What was rounded once is rounded to itself.
    expect(await roundWeights(config, 77, back.values, 8)).toEqual(
      await roundWeights(
        config,
        77,
        weightsFromBytes(config, await roundWeights(config, 77, back.values, 8)).values,
        8,
      ),
    )
    const digest = await weightDigest(config, back.values)
    expect(digest).toMatch(/^[0-9a-f]{64}$/)
    expect(digest).not.toBe(await weightDigest(config, weights))
  })

  test('a run that blew up cannot be shared', async () => {
    const broken = new Map(weights)
    broken.set('transformer.wte.weight', weights.get('transformer.wte.weight')!.slice().fill(NaN))
    await expect(roundWeights(config, 1, broken, 8)).rejects.toMatchObject({ name: 'LinkError' })
  })
})
