// The marks of a before and after: the parts together are the texts, and what is the same is not marked.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { diff, shapes } from '../../../src/ui/data/diff'

test('parts', () => {
  expect(diff('“it’s”', '"it\'s"').before).toEqual([
    { text: '“', changed: true },
    { text: 'it', changed: false },
    { text: '’', changed: true },
    { text: 's', changed: false },
    { text: '”', changed: true },
  ])
  expect(diff('a  b', 'a b').after).toEqual([{ text: 'a b', changed: false }])
  expect(diff('same', 'same')).toEqual({
    before: [{ text: 'same', changed: false }],
    after: [{ text: 'same', changed: false }],
  })
})

test('together they are the texts, and the unchanged ones are equal', () => {
  const text = fc.array(fc.constantFrom('a', 'b', ' ', '🐋'), { maxLength: 30 }).map((list) => list.join(''))
  fc.assert(
    fc.property(text, text, (before, after) => {
      const parts = diff(before, after)
      const join = (list: typeof parts.before) => list.map((part) => part.text).join('')
      const same = (list: typeof parts.before) => join(list.filter((part) => !part.changed))
      expect(join(parts.before)).toBe(before)
      expect(join(parts.after)).toBe(after)
      expect(same(parts.before)).toBe(same(parts.after))
    }),
  )
})

test('what has no shape is written out', () => {
  expect(shapes('a b\u200b\n')).toBe('a␣b⟨200B⟩↵')
})
