// How many cores take a step, from made-up times.
import { expect, test } from 'vitest'
import { CoreCount, usefulCounts } from '../../src/train/core_count'

/** The number asked for in each of so many steps, where a step with n cores takes `ms(n)`. */
function steps(count: CoreCount, n: number, most: number, ms: (cores: number) => number): number[] {
  return Array.from({ length: n }, () => {
    const cores = count.next(most)
    count.took(cores, ms(cores))
    return cores
  })
}

test('only numbers that leave each core less to do are tried', () => {
  expect(usefulCounts(4, 8)).toEqual([1, 2, 4])
  expect(usefulCounts(8, 8)).toEqual([1, 2, 3, 4, 8])
  expect(usefulCounts(8, 3)).toEqual([1, 2, 3])
  expect(usefulCounts(3, 1)).toEqual([1])
})

test('climbs while another core helps, and stays at the fastest', () => {
  expect(steps(new CoreCount(4), 14, 8, (cores) => 100 / cores).at(-1)).toBe(4)
  expect(steps(new CoreCount(8), 30, 8, (cores) => (cores <= 2 ? 100 / cores : 80)).at(-1)).toBe(2)
  expect(steps(new CoreCount(4), 30, 8, (cores) => 100 - cores).at(-1)).toBe(1)
})

test('the first step with a number does not count, and one slow step misleads nobody', () => {
  let at = 0
  const cold = steps(new CoreCount(2), 12, 2, (cores) => (cores === 2 && at++ % 3 < 1 ? 500 : 100 / cores))
  expect(cold.at(-1)).toBe(2)
})

test('starts again when there are fewer or more cores to be had, and after a while', () => {
  const count = new CoreCount(4)
  steps(count, 20, 4, (cores) => 100 / cores)
  expect(count.next(1)).toBe(1)
  expect(steps(count, 20, 2, (cores) => 100 / cores).at(-1)).toBe(2)
  // Something else takes a core now.
  expect(steps(count, 500, 2, () => 100).at(-1)).toBe(1)
})

test('a step with fewer threads than were asked for does not count', () => {
  const count = new CoreCount(2)
  steps(count, 4, 2, () => 100)
  for (let i = 0; i < 9; i++) count.took(1, 1)
  expect(count.next(2)).toBe(2)
})
