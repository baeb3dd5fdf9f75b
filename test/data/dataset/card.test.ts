// The dataset card: every number against a plain count of the same.
import { franc } from 'franc-min'
import fc from 'fast-check'
import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { describing } from '../../../src/data/dataset/card'
import { atOnce } from '../../../src/paced'
import type { DatasetCard } from '../../../src/words/corpus'
import { writeDocuments } from '../../../src/data/tokenize/chat_format'
import { loadCorpus } from '../../../src/data/made/corpora'
import { cpuTime } from '../../cpu_time'

const describeText = (text: string, made: Partial<DatasetCard> = {}) =>
  atOnce(describing(text, { recipe: [], ...made }, franc))

const load = async (id: string) =>
  (await loadCorpus(id, (path) => readFile(new URL(`../../../public/${path}`, import.meta.url), 'utf8'))).text

test('a plain text', () => {
  expect(describeText('Ahab  sees\tit.\n\n  Ahab sees\nAhab sees\nso, 🐋🐋!')).toEqual({
    words: 9,
    lines: 5,
    longest_line: 14,
    duplicate_share: 0.25,
    documents: 0,
    conversations: 0,
    turns: 0,
    alphabet: {
      size: 16,
      frequent: [
        { character: ' ', count: 7 },
        { character: 's', count: 7 },
        { character: 'e', count: 6 },
        { character: '\n', count: 4 },
        { character: 'A', count: 3 },
        { character: 'a', count: 3 },
        { character: 'b', count: 3 },
        { character: 'h', count: 3 },
        { character: '🐋', count: 2 },
        { character: '\t', count: 1 },
      ],
      rare: ['t', 'o', 'i', '.', ',', '!', '\t']
        .map((character) => ({ character, count: 1 }))
        .concat([
          { character: '🐋', count: 2 },
          { character: 'h', count: 3 },
          { character: 'b', count: 3 },
        ]),
    },
    language: null,
    recipe: [],
  })
})
test('conversations: what is said counts, the tokens between do not', () => {
  const text = writeDocuments([
    {
      messages: [
        { role: 'user', content: 'Hi there' },
        { role: 'assistant', content: 'Hi' },
      ],
    },
    { text: 'A letter,\nno talk.' },
    {
      messages: [
        { role: 'system', content: 'Be <|end|> kind' },
        { role: 'user', content: 'Hi' },
      ],
    },
  ])
  const card = describeText(text)
  expect(card).toMatchObject({ documents: 3, conversations: 2, turns: 4, lines: 6, words: 12, longest_line: 16 })
  // Of six lines "Hi" comes twice.
  expect(card.duplicate_share).toBeCloseTo(1 / 6)
  expect(card.alphabet.size).toBe(new Set('Hi thereHiA letter,\nno talk.Be < |end|> kindHi').size)
})
test('an empty text', () => {
  expect(describeText('')).toMatchObject({
    words: 0,
    lines: 0,
    longest_line: 0,
    duplicate_share: 0,
    alphabet: { size: 0 },
    language: null,
  })
})
test('what was done to the text and how it was made go along', () => {
  const made = {
    recipe: [{ step: { kind: 'lowercase' as const }, count: 3 }],
    generated: { task: 'brackets', settings: { kinds: 2 }, seed: 5 },
  }
  expect(describeText('()', made)).toMatchObject(made)
})
test('words, lines and characters of any text, counted in other ways', () => {
  const words = fc.constantFrom('a', 'é', '🐋', '\u3000', ' ', '\n', '\u00a0', '\u2009', '\t', '.', '\u0085')
  fc.assert(
    fc.property(fc.array(words, { maxLength: 60 }), (pieces) => {
      const text = pieces.join('')
      const card = describeText(text)
      const lines = text.split('\n')
      if (lines.at(-1) === '') lines.pop()
      expect(card.words).toBe(text.split(/[\s\u0085]+/u).filter((word) => word !== '').length)
      expect(card.lines).toBe(lines.length)
      expect(card.longest_line).toBe(Math.max(0, ...lines.map((line) => [...line].length)))
      expect(card.alphabet.size).toBe(new Set(text).size)
    }),
  )
})
test('the language is told of prose, not of lists and invented words', async () => {
  expect(describeText(await load('moby-dick')).language).toBe('eng')
  expect(describeText(await load('speeches')).language).toBe('eng')
  expect(describeText(await load('support-chats')).language).toBe('eng')
  const deu = 'Der alte Mann saß am Fenster und sah hinaus auf das Meer, das an diesem Morgen ganz still war. '
  expect(describeText(deu.repeat(3)).language).toBe('deu')
  expect(describeText(deu.repeat(300)).language).toBe('deu')
  for (const id of ['sort-letters', 'brackets', 'arithmetic', 'first-names'])
    expect([id, describeText(await load(id)).language]).toEqual([id, null])
})
test('two million characters take well under a second each', async () => {
  const text = (await load('moby-dick')).repeat(2) + 'z'.repeat(1e6)
  expect(cpuTime(() => expect(describeText(text).longest_line).toBe(1e6))).toBeLessThan(5_000)
})
