// The small form of `npm run torture` without a browser: every kind of damage once, and a few hundred mutated inputs.
import { expect, test } from 'vitest'
import { damage } from './damage'
import { mutations } from './mutations'

const SEED = 1
const MUTATIONS = 600
test('damage of every kind is named, costs what is damaged alone, and is mended by the next save', async () => {
  const findings = await damage(SEED, 1)
  expect(findings.flatMap(({ broken }) => broken)).toEqual([])
})

test('what is changed in a file or a record is refused with a name, or changes nothing', () => {
  const findings = mutations(SEED, MUTATIONS)
  expect(findings.flatMap(({ broken }) => broken)).toEqual([])
  expect(findings.reduce((sum, { tried }) => sum + tried, 0)).toBeGreaterThanOrEqual(MUTATIONS)
})
