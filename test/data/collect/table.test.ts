// Tables in their spellings, clean and malformed: columns and documents of chosen columns.
import fc from 'fast-check'
import Papa from 'papaparse'
import { describe, expect, test } from 'vitest'
import { documentsFromTable, likeliestColumn, readCsv, tableFromJson } from '../../../src/data/collect/table'
import { parseJson } from '../../../src/data/collect/json'
import { CorpusError } from '../../../src/errors'

describe('CSV', () => {
  test.each([',', ';', '\t', '|'])('delimiter %j is found', (d) => {
    const text = [`title${d}text`, `One${d}"first ""quoted""\n line${d}"`, `Two${d}second`].join('\n')
    const table = readCsv('t', text)
    expect(table?.columns).toEqual(['title', 'text'])
    expect(table?.rows).toEqual([
      ['One', `first "quoted"\n line${d}`],
      ['Two', 'second'],
    ])
    expect(table?.notices).toEqual([])
    expect(likeliestColumn(table!)).toBe('text')
  })
  test('too many malformed rows, and it is prose with commas', () =>
    expect(readCsv('t', 'a,b\r\n1,2\r\n3\r\n4,5,6\r\n\r\n7,8\r\n')).toBeNull())
  test('malformed rows, when it is said to be a table', () => {
    const table = readCsv('t.csv', 'a,b\n1,2\n3\n4,5,6\n\n7,8\n', true)
    expect(table?.malformed).toBe(2)
    expect(table?.notices).toEqual(['2 rows of t.csv did not fit its columns and were left out.'])
  })
  test('a quote that is never closed is told', () =>
    expect(readCsv('t.csv', 'a,b\n1,2\n3,4\n5,"six\n7,8\n', true)?.notices.join()).toMatch(/never closed/))
  test('names are made unique', () =>
    expect(readCsv('t', 'a,,a\n1,2,3\n', true)?.columns).toEqual(['a', 'column 2', 'a 2']))
  test('one column is a table if it is said to be one', () => {
    expect(readCsv('t', 'name\nAnna\nBen\n')).toBeNull()
    expect(readCsv('t', 'name\nAnna\nBen\n', true)?.rows).toEqual([['Anna'], ['Ben']])
  })
  test.each([
    [
      'prose',
      'Call me Ishmael. Some years ago, never mind how long, I thought\nI would sail about a little.\nAnd so on.\n',
    ],
    [
      'verse',
      'O Captain! my Captain, our fearful trip is done.\nThe ship has weathered, every rack.\nThe port is near, the bells.\n',
    ],
  ])('%s is none', (_, text) => expect(readCsv('t', text)).toBeNull())
  test.each([
    ['no rows', 'a,b\n', /no rows/],
    ['nothing', ' \n', /empty/],
    ['no row that fits', 'a,b\n1\n2\n', /No row of t has as many cells as it has columns \(2\)/],
    ['columns without end', `${'a,'.repeat(2000)}b\n${'1,'.repeat(2000)}2\n`, /more than 1000 columns/],
  ])('%s is refused with a way out', (_, text, why) => {
    expect(() => readCsv('t', text, true)).toThrow(CorpusError)
    expect(() => readCsv('t', text, true)).toThrow(why)
  })
  test('what Papa Parse writes comes back', () => {
    const cell = fc.string({ maxLength: 8 }).map((s) => `${s.replace(/[\0\r\ufeff]/g, '')}x`)
    fc.assert(
      fc.property(fc.array(fc.tuple(cell, cell, cell), { minLength: 1, maxLength: 8 }), (rows) => {
        const text = Papa.unparse([['a', 'b', 'c'], ...rows], { newline: '\n' })
        expect(readCsv('t', `${text}\n`, true)?.rows.every((row) => row.length === 3)).toBe(true)
      }),
    )
  })
})

describe('JSON', () => {
  test('rows of unlike objects, nested ones flattened to a bound', () => {
    const value = [
      { id: 1, text: 'one\r\n', tags: ['a', 'b'], meta: { by: { name: 'Anna', deep: { deeper: {} } } } },
      { id: 2, title: null, text: 'two' },
      7,
    ]
    const table = tableFromJson('t.json', value)
    expect(table?.columns).toEqual(['id', 'text', 'tags', 'meta.by.name', 'meta.by.deep'])
    expect(table?.rows).toEqual([
      ['1', 'one\n', 'a\nb', 'Anna', '{"deeper":{}}'],
      ['2', 'two', '', '', ''],
    ])
    expect(table?.notices).toEqual(['1 row of t.json did not fit its columns and were left out.'])
  })
  test('JSON lines with a broken one', () => {
    const parsed = parseJson('t', '{"a":"x"}\n{"a":"y"\n{"a":"z"}\n')
    expect(tableFromJson('t', parsed?.value, parsed?.malformed)).toMatchObject({ rows: [['x'], ['z']], malformed: 1 })
  })
  test('data by name is refused', () => {
    const value = Array.from({ length: 1001 }, (_, i) => ({ [`k${i}`]: i }))
    expect(() => tableFromJson('t', value)).toThrow(/more than 1000 columns\. Choose/)
  })
  test.each([[null], [7], [[]], [[1, 2]], [{ a: 1 }], [[{}]]])('%j is none', (value) =>
    expect(tableFromJson('t', value)).toBeNull(),
  )
})

describe('documents', () => {
  const table = readCsv('t.csv', 'title,text,n\nOne,first,\nTwo,,\n,,3\n', true)!
  test('of chosen columns, empty cells and rows left out', () => {
    expect(documentsFromTable(table, ['title', 'text'])).toEqual([{ text: 'One\nfirst' }, { text: 'Two' }])
    expect(documentsFromTable(table, ['text', 'title'], ' – ')[0]).toEqual({ text: 'first – One' })
  })
  test('a column that is not there, none, or an empty one is refused', () => {
    expect(() => documentsFromTable(table, ['body'])).toThrow(/no column “body”\. Choose among title, text, n/)
    expect(() => documentsFromTable(table, [])).toThrow(/Choose at least one/)
    expect(() => documentsFromTable({ ...table, rows: [['a', '', '']] }, ['text'])).toThrow(/Choose another column/)
  })
})
