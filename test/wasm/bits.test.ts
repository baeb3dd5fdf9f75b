import { expect, test } from 'vitest'
import { BITS, trainedBits } from './bits'

test('trained weights have the bits that they have everywhere', async () => {
  expect(await trainedBits()).toBe(BITS)
})
