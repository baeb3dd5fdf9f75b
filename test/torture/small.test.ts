// The small form of `npm run torture` without a browser: every kind of damage once, and a few hundred mutated inputs.
import { expect, test } from 'vitest'
import { damage } from './damage'

const SEED = 1
test('damage of every kind is named, costs what is damaged alone, and is mended by the next save', async () => {
  const findings = await damage(SEED, 1)
  expect(findings.flatMap(({ broken }) => broken)).toEqual([])
})
