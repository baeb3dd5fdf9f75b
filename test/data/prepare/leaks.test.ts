// The leak check against a naive one that keeps every n-gram of the training part as a string.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { findingLeaks, leakUnit } from '../../../src/data/prepare/leaks'
import { atOnce } from '../../../src/paced'
import type { LeakUnit } from '../../../src/words/recipe'
import { SPECIAL } from '../../../src/words/tokens'
import { cpuTime } from '../../cpu_time'

const TOKENS = /<\|(?:endoftext|system|user|assistant|end)\|>/
const SEPARATED: Record<LeakUnit, (stretch: string) => string[]> = {
  words: (stretch) => stretch.toLowerCase().match(/[\p{L}\p{M}\p{N}]+/gu) ?? [],
  lines: (stretch) => stretch.split('\n').filter((line) => line.trim() !== ''),
  characters: (stretch) => stretch.split(''),
}
const gramsOf = (text: string, unit: LeakUnit, n: number) =>
  text.split(TOKENS).flatMap((stretch) => {
    const pieces = SEPARATED[unit](stretch)
    return Array.from({ length: Math.max(0, pieces.length - n + 1) }, (_, i) => pieces.slice(i, i + n).join('\0'))
  })
function naive(train: string, val: string, unit: LeakUnit, n: number) {
  const known = new Set(gramsOf(train, unit, n))
  const held = gramsOf(val, unit, n)
  return { total: held.length, count: held.filter((gram) => known.has(gram)).length }
}

describe.each(['words', 'lines', 'characters'] as const)('%s', (unit) => {
  const pieces = ['a', 'B', 'b', 'ä', '7', ' ', ' ', '\n', '\n', '🐋', '-', SPECIAL.end, SPECIAL.end_of_text, '<|', '>']
  const texts = fc.array(fc.constantFrom(...pieces), { maxLength: 120 }).map((list) => list.join(''))

  test('counts what a naive check counts, and every place is there', () => {
    fc.assert(
      fc.property(texts, texts, fc.integer({ min: 1, max: 6 }), (train, val, n) => {
        const found = atOnce(findingLeaks(train, val, unit, n))
        const { total, count } = naive(train, val, unit, n)
        expect({ total: found.total, count: found.count }).toEqual({ total, count })
        expect(found.share).toBe(total === 0 ? 0 : count / total)
        for (const { at, train_at, text } of found.places) {
          expect(val.slice(at, at + text.length)).toBe(text)
          const [gram] = gramsOf(text, unit, n)
          expect(gramsOf(train.slice(train_at), unit, n)[0]).toBe(gram)
        }
        expect(found.places.length > 0).toBe(count > 0)
      }),
      { numRuns: 2000 },
    )
  })
})

const PROSE = 'It was the whiteness of the whale that above all things appalled me, said the old man.\n'

test('a stretch that stands in both parts is one place, whatever its case and marks', () => {
  const val = 'Nobody knew. But IT WAS the whiteness of the whale -- that above all things! And more.'
  expect(atOnce(findingLeaks(PROSE, val))).toEqual({
    unit: 'words',
    n: 8,
    total: 9,
    count: 4,
    share: 4 / 9,
    places: [{ at: 17, train_at: 0, text: 'IT WAS the whiteness of the whale -- that above all things' }],
  })
})
test('the first twenty places, long ones cut', () => {
  const val = Array.from({ length: 30 }, (_, i) => `${PROSE} number${i} `).join('')
  const { places, count } = atOnce(findingLeaks(PROSE, val))
  expect(places).toHaveLength(20)
  expect(count).toBe(30 * 10)
  const [place] = atOnce(findingLeaks(PROSE.repeat(9), PROSE.repeat(9))).places
  expect(place?.text).toHaveLength(241)
})
test('nothing reaches across documents', () => {
  expect(atOnce(findingLeaks('a b c d e f g h', `a b c d${SPECIAL.end_of_text}e f g h`, 'words'))).toMatchObject({
    total: 0,
    count: 0,
    share: 0,
  })
})
test('the unit is words in prose, lines in lists, characters where nothing is spaced', () => {
  expect(leakUnit(PROSE)).toBe('words')
  expect(leakUnit('Anna\nBob\nCy\n')).toBe('lines')
  expect(leakUnit('37+45=82\n5-9=-4\n')).toBe('lines')
  expect(leakUnit('([]{})\n()\n')).toBe('lines')
  expect(
    leakUnit(
      '吾輩は猫である名前はまだ無いどこで生れたかとんと見当がつかぬ何でも薄暗いじめじめした所でニャーニャー泣いていた',
    ),
  ).toBe('characters')
  expect(atOnce(findingLeaks('Anna\nBob\n', 'Cy\nBob'))).toMatchObject({
    unit: 'lines',
    n: 1,
    total: 2,
    count: 1,
    places: [{ text: 'Bob' }],
  })
})
test('empty parts', () => {
  expect(atOnce(findingLeaks('', ''))).toMatchObject({ total: 0, count: 0, share: 0, places: [] })
  expect(atOnce(findingLeaks('', PROSE))).toMatchObject({ total: 10, count: 0 })
})
test('one line of two million equal characters takes no longer than its length', () => {
  const took = cpuTime(() => {
    expect(atOnce(findingLeaks('z'.repeat(2e6), 'z'.repeat(2e5), 'characters')).share).toBe(1)
    expect(atOnce(findingLeaks('z '.repeat(1e6), 'z '.repeat(1e5), 'words')).share).toBe(1)
  })
  expect(took).toBeLessThan(20_000)
})
