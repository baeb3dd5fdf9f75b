// What a step would take, from steps that were timed.
import { expect, test } from 'vitest'
import type { Config } from '../../src/config/config'
import { configFor, SIZES } from '../../src/presets'
import { stepFlops } from '../../src/train/plan'
import { shardsOf } from '../../src/train/shards'
import { stepTime, timeStep, type Timed } from '../../src/train/step_times'
import { openWasm } from '../../src/wasm/engine'

const sizes = SIZES.map(({ config }) => configFor(config, 81))
const [speck, seed, sprout, sapling, old] = [0, 1, 2, 3, 6].map((size) => sizes[size]!) as [
  Config,
  Config,
  Config,
  Config,
  Config,
]
/** A device on which each step takes `always`, and each flop its time. */
const on =
  (always: number, each: number) =>
  (config: Config): Timed => ({ config, ms: always + each * stepFlops(config) })

test('a time for every step and one for each flop are found, and hold for larger models', () => {
  const times = on(2, 4e-8)
  const timed = [times(speck), times(sprout)]
  for (const config of [speck, seed, sprout, sapling, old]) {
    const { ms } = times(config)
    expect(stepTime(timed, config, false)).toBeCloseTo(ms, 6)
  }
  // Where a larger step took no longer, no time comes out below nothing.
  expect(
    stepTime(
      [
        { config: speck, ms: 3 },
        { config: seed, ms: 2 },
      ],
      speck,
      false,
    ),
  ).toBeGreaterThan(0)
})

test('where cores share large batches, those have a speed of their own', () => {
  expect([shardsOf(sprout), shardsOf(sapling)]).toEqual([1, 4])
  const [one, two] = [on(2, 4e-8), on(2, 2e-8)]
  const timed = [one(speck), one(sprout), two(sapling)]
  expect(stepTime(timed, seed, true)).toBeCloseTo(one(seed).ms, 6)
  // The small step, which all share, is of one core: that is a third of a hundredth of these.
  expect(stepTime(timed, old, true) / two(old).ms).toBeCloseTo(1, 2)
  expect(stepTime([...timed.slice(0, 2)], old, true)).toBeCloseTo(one(old).ms, 6)
})

test('a step is timed and leaves nothing behind', async () => {
  const engine = openWasm(16 * 2 ** 20)
  for (let i = 0; i < 4; i++) expect((await timeStep(engine, seed)).ms).toBeGreaterThan(0)
})
