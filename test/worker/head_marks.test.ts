// Heads that become something are told once, and not at the first look.
import { expect, test } from 'vitest'
import type { HeadKind, HeadScores } from '../../src/words/look'
import { HeadMarks } from '../../src/worker/look/head_marks'

const heads = (...labels: (HeadKind | null)[]): HeadScores[] =>
  labels.map((label) => ({ previous: 0, first: 0, same: 0, induction: 0, spread: 0, distance: 0, label }))

test('a head is marked once, when its label becomes clear', () => {
  const marks = new HeadMarks()
  expect(marks.hear('run', heads('previous', null, null, null), 2)).toEqual([])
  expect(marks.hear('run', heads('previous', null, 'induction', null), 2)).toEqual([
    'Head 0 of layer 1 looks at what followed the same token before (induction) from here on.',
  ])
  expect(marks.hear('run', heads('previous', null, null, null), 2)).toEqual([])
  expect(marks.hear('run', heads('previous', null, 'induction', 'first'), 2)).toEqual([
    'Head 1 of layer 1 looks at the first token from here on.',
  ])
  expect(marks.hear('other', heads('previous', null, null, 'spread'), 2)).toEqual([])
})
