// Each cleaning step on a text where it must act and one where it must not, what it reports, and texts made to make it slow.
import { describe, expect, test } from 'vitest'
import { cleaning } from '../../../src/data/prepare/clean'
import { atOnce } from '../../../src/paced'
import { SPECIAL_TOKENS, writeDocuments } from '../../../src/data/tokenize/chat_format'
import { CorpusError } from '../../../src/errors'
import type { CleanStep } from '../../../src/words/recipe'
import { cpuTime } from '../../cpu_time'

const one = (text: string, step: CleanStep) => {
  const { text: after, reports } = atOnce(cleaning(text, [step]))
  return { text: after, count: reports[0]!.count, places: reports[0]!.places }
}

describe('a step', () => {
  test.each<[CleanStep, string, string, number]>([
    [{ kind: 'nfkc' }, 'ﬁne\nplain\nＡ①', 'fine\nplain\nA1', 2],
    [{ kind: 'nfkc' }, 'e\u0301', 'é', 1],
    [{ kind: 'control' }, 'a\x07b\tc\u200b\nd\u00ade', 'ab\tc\nde', 2],
    [{ kind: 'control' }, '👩\u200d🔬', '👩\u200d🔬', 0],
    [{ kind: 'whitespace' }, '  a  b \t c  \n\n\n\nd\n', '  a b c\n\nd\n', 3],
    [{ kind: 'html' }, 'a <b>bold</b> &amp; &lt;i&gt; &#233;&#xe9; &nope;', 'a bold & <i> éé &nope;', 7],
    [{ kind: 'html' }, '1 < 2 and 3 > 2, <<<, a<b, <3', '1 < 2 and 3 > 2, <<<, a<b, <3', 0],
    [{ kind: 'html' }, '<p>x<!-- y -->z</p><script>if (a<b) c()</script>w', '\nxz\nw', 4],
    [{ kind: 'html' }, '<a title="x > y" href=\'z\'>link</a>', 'link', 2],
    [{ kind: 'lowercase' }, 'ÄB\nc', 'äb\nc', 1],
    [{ kind: 'quotes' }, '“it’s”\n"it\'s"', '"it\'s"\n"it\'s"', 1],
    [{ kind: 'duplicate_lines' }, 'a\n\nb\na \n\nb\nc', 'a\n\nb\n\nc', 2],
    [{ kind: 'length', min: 3, max: 5 }, 'ab\nabc\n\nabcdef\nabcde', 'abc\n\nabcde', 2],
    [
      { kind: 'words', drop: ['Spam', 'click here'] },
      'no spam\nspammer\nCLICK  here!\nclick there',
      'spammer\nclick there',
      2,
    ],
  ])('%j on %j', (step, before, after, count) => {
    const result = one(before, step)
    expect(result.text).toBe(after)
    expect(result.count).toBe(count)
    expect(result.places.length).toBe(Math.min(20, count))
  })

  test('language keeps what it is told to, and what is too short to tell', () => {
    const english = 'The people of the town went to the market in the morning to buy bread and milk.'
    const german = 'Die Menschen der Stadt gingen am Morgen auf den Markt, um Brot und Milch zu kaufen.'
    const text = [english, german, 'ok', ''].join('\n')
    expect(one(text, { kind: 'language', keep: ['eng'] }).text).toBe([english, 'ok', ''].join('\n'))
    expect(one(text, { kind: 'language', keep: ['deu'] }).text).toBe([german, 'ok', ''].join('\n'))
  })

  test('near duplicates go, the first stays, and lines that share little stay', () => {
    const words = (from: number, n: number) => Array.from({ length: n }, (_, i) => `word${from + i}`).join(' ')
    const lines = Array.from({ length: 300 }, (_, i) => words(40 * i, 40))
    const near = lines.map((line) => line.replace(/ word\d+$/, ' other'))
    const half = lines.map((line, i) => line.split(' ').slice(20).join(' ') + ' ' + words(100_000 + 40 * i, 20))
    const { text, count, places } = one([...lines, ...near, ...half].join('\n'), {
      kind: 'near_duplicates',
      similarity: 0.8,
    })
    expect(text).toBe([...lines, ...half].join('\n'))
    expect(count).toBe(300)
    expect(places[0]).toMatchObject({ line: 301, after: null })
  })
})

test('steps act in their order, each on what the one before left', () => {
  const { text, reports } = atOnce(
    cleaning('<p>A</p>\n<b>a</b>\na', [{ kind: 'html' }, { kind: 'lowercase' }, { kind: 'duplicate_lines' }]),
  )
  expect(text).toBe('\na\n')
  expect(reports.map((r) => r.count)).toEqual([4, 1, 2])
  expect(reports[1]!.places).toEqual([{ line: 2, before: 'A', after: 'a' }])
})

test('a place in a long line shows where the change is', () => {
  const { places } = one('x'.repeat(5000) + '“' + 'y'.repeat(5000), { kind: 'quotes' })
  expect(places[0]!.before).toContain('“')
  expect(places[0]!.before.length).toBeLessThan(130)
})

test('what makes no sense is refused with a way out', () => {
  const refused = (text: string, step: CleanStep) => expect(() => atOnce(cleaning(text, [step])))
  refused('a', { kind: 'length', min: 5, max: 2 }).toThrow(CorpusError)
  refused('a', { kind: 'near_duplicates', similarity: 2 }).toThrow(/Choose one above 0/)
  refused('a', { kind: 'language', keep: [] }).toThrow(/Choose at least one/)
  refused('spam', { kind: 'words', drop: ['spam'] }).toThrow(/Remove the step, or loosen it/)
})

describe('no text makes it slow', () => {
  const MB = 1024 * 1024
  const steps: CleanStep[] = [
    { kind: 'nfkc' },
    { kind: 'control' },
    { kind: 'whitespace' },
    { kind: 'html' },
    { kind: 'quotes' },
    { kind: 'duplicate_lines' },
    { kind: 'near_duplicates', similarity: 0.8 },
    { kind: 'length', min: 0, max: 100 * MB },
    { kind: 'language', keep: ['eng'] },
    { kind: 'words', drop: ['nothing of this'] },
  ]
  // Quadratic work on any of these would take hours.
  test.each<[string, string]>([
    ['one line of 20 MB', 'x'.repeat(20 * MB)],
    ['<<<<<', '<'.repeat(4 * MB)],
    ['<a <a <a', '<a '.repeat(MB)],
    ['<a "<a "', '<a b="'.repeat(MB)],
    ['comments that never end', '<!--'.repeat(MB)],
    ['scripts that never end', '<script>'.repeat(MB / 2)],
    ['&&&&&', '&#'.repeat(2 * MB)],
    ['spaces and a letter', ' '.repeat(8 * MB) + 'x'],
    ['a letter, spaces and a letter', 'x' + ' \t'.repeat(4 * MB) + 'x'],
    ['marks out of order', 'a' + '\u0345'.repeat(MB) + '\u0316'.repeat(MB)],
    [
      'lines that share most words',
      Array.from({ length: 20_000 }, (_, i) => `the same words ${i} in all of these`).join('\n'),
    ],
  ])('%s', (_, text) => {
    expect(cpuTime(() => atOnce(cleaning('A line that stays whatever else goes.\n' + text, steps)))).toBeLessThan(
      60_000,
    )
  })
})

describe('a text of documents', () => {
  const chat = (...said: string[]) => ({
    messages: said.map((content, i) => ({ role: i % 2 ? ('assistant' as const) : ('user' as const), content })),
  })
  const cleaned = (documents: Parameters<typeof writeDocuments>[0], ...steps: CleanStep[]) =>
    atOnce(cleaning(writeDocuments(documents), steps, SPECIAL_TOKENS))

  test('every step keeps the tokens between what is said', () => {
    const made = cleaned(
      [chat('“Hi”  <b>there</b>\u200b', 'ﬁne &amp; well'), { text: 'A  LETTER\nof two' }],
      { kind: 'nfkc' },
      { kind: 'control' },
      { kind: 'html' },
      { kind: 'quotes' },
      { kind: 'whitespace' },
      { kind: 'lowercase' },
    )
    expect(made.text).toBe(writeDocuments([chat('"hi" there', 'fine & well'), { text: 'a letter\nof two' }]))
    expect(made.reports.at(-1)).toMatchObject({
      count: 2,
      places: [
        { document: 1, line: 1, before: '"Hi" there', after: '"hi" there' },
        { document: 2, line: 1, before: 'A LETTER', after: 'a letter' },
      ],
    })
  })

  test.each<[string, CleanStep]>([
    ['&lt;|end|&gt;', { kind: 'html' }],
    ['<\u200b|end|>', { kind: 'control' }],
    ['＜|end|＞', { kind: 'nfkc' }],
    ['<|END|>', { kind: 'lowercase' }],
  ])('what looks like a token after cleaning (%s) becomes none', (said, step) => {
    expect(cleaned([chat(said, 'b')], step).text).toBe(writeDocuments([chat('<|end|>', 'b')]))
  })

  test('conversations are judged whole, lines of other documents one by one; what is left empty goes', () => {
    const made = cleaned(
      [
        chat('Hello', 'Hi'),
        chat('Hello', 'Bye'),
        chat('Hello', 'Hi'),
        { text: 'a\nb' },
        { text: 'b\nc' },
        { text: 'a' },
      ],
      { kind: 'duplicate_lines' },
    )
    expect(made.text).toBe(writeDocuments([chat('Hello', 'Hi'), chat('Hello', 'Bye'), { text: 'a\nb' }, { text: 'c' }]))
    expect(made.reports[0]).toMatchObject({
      count: 3,
      places: [
        { document: 3, line: 1, before: 'Hello\nHi', after: null },
        { document: 5, line: 1, before: 'b', after: null },
        { document: 6, line: 1, before: 'a', after: null },
      ],
    })
    expect(cleaned([chat('Buy now', 'no'), chat('a', 'b')], { kind: 'words', drop: ['buy'] }).text).toBe(
      writeDocuments([chat('a', 'b')]),
    )
    expect(() => cleaned([{ text: 'a' }], { kind: 'length', min: 5, max: 9 })).toThrow(/nothing is left/)
  })
})
