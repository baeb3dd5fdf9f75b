// Heads are small here, and few cases stand alone: a software driver takes seconds to compile each head size, with and without dropout, and
// longest the plain form: four minutes of a core for a head of 64, whose loops are those of a head of 12.
import { expect, test } from 'vitest'
import { openCpu } from '../../src/cpu/engine'
import { openGpu } from '../../src/ops/engine'
import { testOp } from '../check_op'
import { gpu } from '../gpu_env'
import { cases } from '../op_case'
import { place } from '../op_run'

testOp('flash_attention', cases.flash_attention, {
  'one token': { B: 1, T: 1, NH: 1, NKV: 1, HS: 4 },
  'odd numbers of tokens, of heads, and of vec4s in a head': { B: 2, T: 5, NH: 3, NKV: 3, HS: 12 },
  'grouped queries, dropout': { B: 2, T: 9, NH: 6, NKV: 2, HS: 4, p: 0.3, stream: 5 },
  'one key head for all, longer than a workgroup, dropout': { B: 1, T: 97, NH: 2, NKV: 1, HS: 4, p: 0.1, stream: 1 },
  'scores of ±80': {
    B: 1,
    T: 12,
    NH: 2,
    NKV: 1,
    HS: 4,
    fill: (i: number, z: number) => (i % 16 < 12 ? 6.3 * Math.sign(z) : z),
  },
  'equal keys': {
    B: 1,
    T: 11,
    NH: 2,
    NKV: 2,
    HS: 4,
    fill: (i: number, z: number) => (i % 24 >= 8 && i % 24 < 16 ? 1 : z),
  },
})

const GROUPED = { B: 2, T: 131, NH: 4, NKV: 2, HS: 32, p: 0.3, stream: 5 }

// By sixteens, and over blocks of 64 rows.
const blocks = {
  'one token, a head of 16': { B: 1, T: 1, NH: 1, NKV: 1, HS: 16 },
  'a head of 32, grouped queries, more than two blocks, dropout': GROUPED,
  'scores of ±80 over several tiles': {
    B: 1,
    T: 70,
    NH: 1,
    NKV: 1,
    HS: 16,
    fill: (i: number, z: number) => (i % 48 < 32 ? 4.5 * Math.sign(z) : z),
  },
}

testOp('flash_attention', cases.flash_attention, blocks, undefined, ['tile', 'quad'])

// Keys, values and gradients of 11 bits: 2⁻¹² off on average, and scores by as much of themselves.
testOp(
  'flash_attention',
  cases.flash_attention,
  {
    'in 16 bits: a head of 32, grouped queries, more than two blocks, dropout': { ...GROUPED, fast: true },
  },
  { norm: 5e-4, element: 2e-3 },
  ['half tile', 'half quad'],
)

test.each(['half tile', 'half quad'])('%s: gradients too small for 16 bits are not lost in them', async (variant) => {
  const engine = await openGpu({ gpu: await gpu(), force: { flash_attention: variant } })
  const sizes = { ...GROUPED, fast: true }
  const opCase = cases.flash_attention(1, sizes)
  const runner = await place(engine, opCase, (tensors) => engine.read(tensors))
  // Below 6e-8 a number of 16 bits is zero.
  const dout = Float64Array.from({ length: sizes.B * sizes.T * sizes.NH * sizes.HS }, (_, i) =>
    i % 7 === 0 ? 1e-8 : -1e-8,
  )
  const { gradients } = await runner.run({ noise: 1, dout })
  engine.destroy()
  const exact = openCpu('f64')
  const reference = await place(exact, opCase, (tensors) => exact.readExact(tensors), true)
  const want = (await reference.run({ noise: 1, dout })).gradients['dqkv']!
  const off = Math.hypot(...gradients['dqkv']!.map((g, i) => g - want[i]!)) / Math.hypot(...want)
  expect(off).toBeLessThan(2e-2)
  // As near as 32 bits come, it would have been another variant.
  expect(off).toBeGreaterThan(1e-5)
})
