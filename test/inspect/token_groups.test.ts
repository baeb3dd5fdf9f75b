// Losses by group and the hard places of a text, on cases that can be worked out by hand.
import { expect, test } from 'vitest'
import { bandOf, byClass, byGroup, classOf, extremeStretches, frequencyRanks } from '../../src/inspect/token_groups'

test.each([
  ['e', 'letters'],
  [' the', 'letters'],
  ["n't", 'letters'],
  ['é', 'letters'],
  ['7', 'digits'],
  [' 1851', 'digits'],
  ['½', 'digits'],
  [',', 'punctuation'],
  [' —', 'punctuation'],
  ['€', 'punctuation'],
  [' ', 'space'],
  ['\t', 'space'],
  ['\u00a0', 'space'],
  ['\n', 'break'],
  [' \n\n', 'break'],
  ['\ufffd', 'other'],
  ['', 'other'],
  ['\u0000', 'other'],
])('%j is %s', (text, is) => expect(classOf(text)).toBe(is))

test('tokens are ranked by how often they stand in a text, and rare ones come last', () => {
  expect([...frequencyRanks([3, 3, 3, 1, 1, 0], 5)]).toEqual([2, 1, 3, 0, 4])
  expect([0, 9, 10, 99, 100].map(bandOf)).toEqual([10, 10, 100, 100, 1000])
})

test('a group’s mean is over its own tokens, and what has no loss counts nowhere', () => {
  const losses = [NaN, 1, 3, 5, NaN]
  expect(byGroup(losses, (i) => (i < 3 ? 'a' : 'b'))).toEqual([
    { group: 'a', count: 2, mean: 2 },
    { group: 'b', count: 1, mean: 5 },
  ])
  expect(byClass(losses, ['x', '\n', 'x', '.', 'x'])).toEqual([
    { group: 'letters', count: 1, mean: 3 },
    { group: 'punctuation', count: 1, mean: 5 },
    { group: 'break', count: 1, mean: 1 },
  ])
  expect(byGroup([NaN], () => 'a')).toEqual([])
})

test('stretches come by their mean, do not overlap, and need what stands before them', () => {
  const windows = [
    [NaN, 9, 9, 1, 1, 6, 6, 1],
    [NaN, 0, 0, 2, 2, 2, 8, 2],
  ]
  const choice = { count: 4, length: 2, context: 2 }
  expect(extremeStretches(windows, 'highest', choice)).toEqual([
    { window: 0, from: 5, mean: 6 },
    { window: 0, from: 2, mean: 5 },
    { window: 1, from: 5, mean: 5 },
    { window: 1, from: 3, mean: 2 },
  ])
  expect(extremeStretches(windows, 'lowest', { ...choice, count: 1 })).toEqual([{ window: 0, from: 3, mean: 1 }])
  // The first has no loss, so no stretch holds it.
  expect(extremeStretches([[NaN, 1, 2]], 'highest', { count: 5, length: 2, context: 0 })).toEqual([
    { window: 0, from: 1, mean: 1.5 },
  ])
  expect(extremeStretches([[NaN]], 'highest', choice)).toEqual([])
})
