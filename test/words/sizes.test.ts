// A size is told in powers of 1,000, in the unit in which it is no longer 1,000.
import { expect, test } from 'vitest'
import { bytes } from '../../src/words/sizes'

test.each([
  [1, '1 byte'],
  [12, '12 bytes'],
  [432_100, '432 kB'],
  [999_499, '999 kB'],
  [999_999, '1 MB'],
  [12_840_000, '12.8 MB'],
  [999_999_999, '1 GB'],
  [1.2e9, '1.2 GB'],
])('%d is %s', (count, told) => expect(bytes(count)).toBe(told))
