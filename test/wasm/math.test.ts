// The functions that WebAssembly lacks, against double precision over their range; the bounds are those that math.ts states.
import { expect, test } from 'vitest'
import { DICE } from '../../src/engine'
import { dropoutKey, dropoutThreshold, keeps } from '../../src/rng'
import type { Float } from '../../src/wasm/expressions'
import { kernel, moduleWith } from '../../src/wasm/kernel'
import * as math from '../../src/wasm/math'
import { across } from '../../src/wasm/statements'
import { instance } from './instance'

const mapping = (name: string, f: (x: Float) => Float) =>
  kernel(name, { x: 'pointer', out: 'pointer', n: 'i32' }, ({ x, out, n }) =>
    across(n, (i) => out.store(i, f(x.at(i)))),
  )
const KERNELS = {
  exp: mapping('exp', math.exp),
  log: mapping('log', math.log),
  sigmoid: mapping('sigmoid', math.sigmoid),
}

/** The results of a function on some numbers: by fours, and the last three one by one. */
async function values(name: keyof typeof KERNELS, xs: readonly number[]): Promise<Float32Array> {
  const { memory, call } = await instance([KERNELS[name]])
  const x = Float32Array.from(xs)
  new Float32Array(memory.buffer, 1024, x.length).set(x)
  call(name, 1024, 1024 + 4 * x.length, x.length)
  return new Float32Array(memory.buffer, 1024 + 4 * x.length, x.length).slice()
}
/** Units in the last place of a float32 of this size. */
const unit = (x: number) => 2 ** (Math.max(-126, Math.floor(Math.log2(Math.abs(x)))) - 23)

/** So many numbers from `low` to `high`, as float32 has them; not a multiple of four. */
const range = (low: number, high: number, count = 100_003) =>
  Array.from({ length: count }, (_, i) => Math.fround(low + ((high - low) * i) / (count - 1)))

test('exp within 2 units in the last place from −87.3 to 88.3', async () => {
  const xs = [...range(-87.3, 88.3), ...range(-1, 1), 0, -0]
  const got = await values('exp', xs)
  const off = xs.map((x, i) => Math.abs(got[i]! - Math.exp(x)) / unit(Math.exp(x)))
  expect(Math.max(...off.slice(0, 100_000))).toBeLessThanOrEqual(2)
  expect(Math.max(...off.slice(100_000))).toBeLessThanOrEqual(2)
})

test('exp beyond its range stays at the ends, and is no number where x is none', async () => {
  const got = await values('exp', [-Infinity, -1e30, -88, 89, 1e30, Infinity, NaN, -Infinity, NaN])
  expect(got[0]).toBeLessThan(2e-38)
  expect(got[0]).toBeGreaterThan(0)
  expect([...got.slice(1, 3), got[7]]).toEqual([got[0], got[0], got[0]])
  expect(got[3]).toBeGreaterThan(2e38)
  expect([got[4], got[5]]).toEqual([got[3], got[3]])
  expect([got[6], got[8]]).toEqual([NaN, NaN])
})

test('log within 2 units in the last place, near 1 within 2⁻²⁴', async () => {
  const xs = [...range(0.5, 2), ...range(1, 70000), ...range(-37, 38).map((e) => Math.fround(10 ** e))]
  const got = await values('log', xs)
  let most = 0
  xs.forEach((x, i) => {
    const exact = Math.log(x)
    most = Math.max(most, (Math.abs(got[i]! - exact) - 2 ** -24) / unit(exact))
  })
  expect(most).toBeLessThanOrEqual(2)
  expect([...(await values('log', [1, 1, 1, 1, 1]))]).toEqual([0, 0, 0, 0, 0])
  expect([...(await values('log', [NaN, Infinity, 1, 1, NaN]))]).toEqual([NaN, NaN, 0, 0, NaN])
})

test('sigmoid within 3e-7 of itself, and to its ends', async () => {
  const xs = range(-87, 87)
  const got = await values('sigmoid', xs)
  expect(Math.max(...xs.map((x, i) => Math.abs(got[i]! * (1 + Math.exp(-x)) - 1)))).toBeLessThan(3e-7)
  const ends = await values('sigmoid', [-1e9, 1e9, NaN, 0, -1e9, 1e9])
  expect(ends[0]).toBeLessThan(1e-37)
  expect([...ends.slice(1, 4)]).toEqual([1, NaN, 0.5])
  expect(ends[5]).toBe(1)
})

test('dropout rolls the dice of src/rng.ts', async () => {
  const [seed, step, stream, p, n, row] = [4_000_000_001, 77, 5, 0.3, 1003, 3]
  const rolled = kernel(
    'rolled',
    { dice: 'pointer', out: 'pointer', stream: 'i32', threshold: 'i32', rescale: 'f32', n: 'i32' },
    ({ dice, out, stream, threshold, rescale, n }) => {
      const key = math.dropoutKey(dice, stream, n)
      across(n, (i) => out.store(i, math.keepFactor(key, i, { threshold, rescale })))
    },
  )
  const { memory, call } = await instance([rolled])
  new Uint32Array(memory.buffer, 1024, DICE.size).set([seed, step, 0, row])
  call('rolled', 1024, 2048, stream, dropoutThreshold(p), 2, n)
  const key = dropoutKey(seed, step, stream)
  const want = Array.from({ length: n }, (_, i) => (keeps(key, row * n + i, dropoutThreshold(p)) ? 2 : 0))
  expect([...new Float32Array(memory.buffer, 2048, n)]).toEqual(want)
  expect(moduleWith([rolled])).toEqual(moduleWith([rolled]))
})
