// What the tests of parity share: where the golden cases stand, and what is asked of one.
import { expect } from 'vitest'
import type { Engine } from '../src/engine'
import type { GoldenCase } from '../src/headless/golden'
import { compare, isWithin, runCase } from '../src/headless/parity_case'

export const FOLDER = 'test/fixtures/golden'
/** Computing it takes longer than compiling it. */
export const LARGEST = 'gpt2-char'

/** Trains a golden case as PyTorch did; every number must lie within its limit of PyTorch's. */
export async function expectParity(engine: Engine, golden: GoldenCase): Promise<void> {
  const { tensors, steps } = compare(golden, await runCase(engine, golden))
  const rows = [...tensors, ...steps.flatMap(({ loss, grad_norm }) => [loss, grad_norm])]
  expect(rows.filter((row) => !isWithin(row))).toEqual([])
  expect(tensors.filter(({ what }) => what.startsWith('grad '))).toHaveLength(golden.grads.size)
  expect(steps).toHaveLength(golden.losses.length)
  expect(steps.filter(({ grad_norm }) => !(grad_norm.difference < 1e-3))).toEqual([])
}
