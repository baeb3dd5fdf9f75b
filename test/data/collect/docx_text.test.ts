// Word documents: paragraphs, tabs, tables; what is deleted, doubled or not text stays out.
import { describe, expect, test } from 'vitest'
import { docxText } from '../../../src/data/collect/docx_text'
import { zipEntries } from '../../../src/data/collect/zip'
import { docxOf, withDirectoryField, zipOf } from './made_files'

const read = (bytes: Uint8Array) => docxText('a.docx', bytes, zipEntries('a.docx', bytes).entries)
const run = (text: string) => `<w:r><w:t xml:space="preserve">${text}</w:t></w:r>`
const p = (text: string) => `<w:p><w:pPr><w:pStyle w:val="x"/></w:pPr>${run(text)}</w:p>`
const cell = (...texts: string[]) => `<w:tc>${texts.map(p).join('')}</w:tc>`

test.each([
  ['paragraphs are lines', p('One ') + p('Two &amp; three') + '<w:p/>' + p('Four'), 'One \nTwo & three\n\nFour'],
  ['runs join', `<w:p>${run('Call me ')}${run('Ishmael.')}</w:p>`, 'Call me Ishmael.'],
  ['tabs and breaks', '<w:p><w:r><w:t>a</w:t><w:tab/><w:t>b</w:t><w:br/><w:t>c</w:t></w:r></w:p>', 'a\tb\nc'],
  [
    'tab stops are no tabs',
    '<w:p><w:pPr><w:tabs><w:tab w:val="left"/></w:tabs></w:pPr><w:r><w:t>a</w:t></w:r></w:p>',
    'a',
  ],
  [
    'tables',
    `${p('before')}<w:tbl><w:tr>${cell('a')}${cell('b', 'more')}</w:tr><w:tr>${cell('')}${cell('d')}</w:tr></w:tbl>${p('after')}`,
    'before\na\tb more\n\td\nafter',
  ],
  [
    'deleted text stays out',
    '<w:p><w:del><w:r><w:delText>no</w:delText></w:r></w:del><w:ins><w:r><w:t>yes</w:t></w:r></w:ins></w:p>',
    'yes',
  ],
  ['field codes stay out', '<w:p><w:r><w:instrText>PAGE</w:instrText></w:r><w:r><w:t>7</w:t></w:r></w:p>', '7'],
  [
    'a text box is there once',
    `<w:p><mc:AlternateContent><mc:Choice>${run('box')}</mc:Choice><mc:Fallback>${run('box')}</mc:Fallback></mc:AlternateContent></w:p>`,
    'box',
  ],
  ['nothing', '', ''],
  ['markup in text is text', p('&lt;w:p&gt; &#x1F40B;'), '<w:p> 🐋'],
  ['right-to-left and combining text', p('שלום e\u0301'), 'שלום e\u0301'],
])('%s', (_, body, text) => expect(read(docxOf(body))).toBe(text))

describe('refused', () => {
  test('an archive without a document', () =>
    expect(() => read(zipOf({ 'a.txt': 'x' }))).toThrow(/a\.docx has no document in it/))
  test('a document that declares more than 50 MB, before any is unpacked', () => {
    // Noise, so as not to be a bomb by its ratio.
    let seed = 1
    const next = () => (seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0).toString(36)
    const noise = Array.from({ length: 60_000 }, next).join('')
    expect(() => read(withDirectoryField(docxOf(noise), 1, 24, 51 * 1024 * 1024, 4))).toThrow(
      /a\.docx\/word\/document\.xml has 53\.5 MB; the limit is 52\.4 MB/,
    )
  })
  test('but not nested without end', () => {
    const deep = 30_000
    expect(read(docxOf(`${'<w:tbl><w:tr>'.repeat(deep)}${run('deep')}`)).trim()).toBe('deep')
  })
})
