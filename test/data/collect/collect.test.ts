// Whatever a person drops: every format by what it is, every limit before it is exceeded, every refusal told, nothing else lost.
import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import {
  collect,
  previewOf,
  textOf,
  withColumns,
  type CollectOptions,
  type Dropped,
} from '../../../src/data/collect/collect'
import { LARGEST_TEXT } from '../../../src/data/collect/read_text'
import { CorpusError } from '../../../src/errors'
import { docxOf, linesOf, pdfOf, utf8, withDirectoryField, zipOf } from './made_files'

type Data = Dropped['data']
const dropped = (files: Record<string, Data>): Dropped[] =>
  Object.entries(files).map(([name, data]) => ({ name, data }))
const read = (files: Record<string, Data>, options?: CollectOptions) => collect(dropped(files), options)
const one = async (name: string, data: Data, options?: CollectOptions) => {
  const { parts, notices } = await read({ [name]: data }, options)
  expect(parts).toHaveLength(1)
  return { ...parts[0]!, notices }
}
const refusal = async (name: string, data: Data, options?: CollectOptions): Promise<string> => {
  const error: unknown = await read({ [name]: data }, options).then(
    () => new Error('was read'),
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(CorpusError)
  return (error as CorpusError).message
}
/** A file so large, which must not be read. */
const stored = (size: number) => ({ size, arrayBuffer: vi.fn(() => Promise.reject(new Error('was read'))) })

const WHATSAPP = '31/12/2023, 20:59 - Anna: Hello\n31/12/2023, 21:00 - Ben: Hi!\n'
const CHAT = [
  {
    messages: [
      { role: 'user', content: 'Hello' },
      { role: 'assistant', content: 'Hi!' },
    ],
  },
]
const TALK = [
  { role: 'user', content: 'Hello' },
  { role: 'assistant', content: 'Hi!' },
]
const CSV = 'id,text\n1,Call me Ishmael.\n2,Some years ago\n'
const PAGE = '<!doctype html><title>T</title><p>Call me <b>Ishmael</b>.'
const ROWS = [{ text: 'Call me Ishmael.' }, { text: 'Some years ago' }]

describe('a file is read by what it is', () => {
  test.each<[string, Data, string, unknown[]]>([
    ['a.txt', 'Call me Ishmael.', 'text', [{ text: 'Call me Ishmael.' }]],
    ['a.md', '# Call\n\n|a|b|\n|-|-|\n|1|2|\n', 'text', [{ text: '# Call\n\n|a|b|\n|-|-|\n|1|2|\n' }]],
    ['a.csv', CSV, 'table', ROWS],
    ['a.tsv', CSV.replaceAll(',', '\t'), 'table', ROWS],
    ['a.json', JSON.stringify(ROWS), 'table', ROWS],
    ['a.jsonl', ROWS.map((row) => JSON.stringify(row)).join('\n'), 'table', ROWS],
    ['a.ndjson', ROWS.map((row) => JSON.stringify(row)).join('\n'), 'table', ROWS],
    ['a.json', JSON.stringify(CHAT), 'chat', [{ messages: TALK }]],
    ['a.jsonl', CHAT.map((row) => JSON.stringify(row)).join('\n'), 'chat', [{ messages: TALK }]],
    ['_chat.txt', WHATSAPP, 'chat', [{ messages: TALK }]],
    ['a.json', '["one", "two\\r\\n"]', 'text', [{ text: 'one' }, { text: 'two\n' }]],
    ['a.html', PAGE, 'html', [{ text: 'T\n\nCall me Ishmael.' }]],
    ['a.HTM', '<p>Call me <b>Ishmael</b>.', 'html', [{ text: 'Call me Ishmael.' }]],
    ['a.docx', docxOf('<w:p><w:t>Call me</w:t></w:p>'), 'docx', [{ text: 'Call me' }]],
    ['a.pdf', pdfOf([linesOf(['Call me', 0])]), 'pdf', [{ text: 'Call me' }]],
    // By what is in them, whatever they are called.
    ['no extension', PAGE, 'html', [{ text: 'T\n\nCall me Ishmael.' }]],
    ['page.txt', `\ufeff\n${PAGE}`, 'html', [{ text: 'T\n\nCall me Ishmael.' }]],
    ['chat', JSON.stringify(CHAT), 'chat', [{ messages: TALK }]],
    ['rows.data', CSV.replaceAll(',', ';'), 'table', ROWS],
    ['document', pdfOf([linesOf(['Call me', 0])]), 'pdf', [{ text: 'Call me' }]],
    ['document.zip', docxOf('<w:p><w:t>Call me</w:t></w:p>'), 'docx', [{ text: 'Call me' }]],
    ['code.py', 'def f(a, b):\n    return a, b\n', 'text', [{ text: 'def f(a, b):\n    return a, b\n' }]],
    ['brackets.txt', '['.repeat(300) + ']'.repeat(300), 'text', [{ text: '['.repeat(300) + ']'.repeat(300) }]],
    ['arabic.txt', '\u202bمرحبا e\u0301 שלום\u202c', 'text', [{ text: '\u202bمرحبا e\u0301 שלום\u202c' }]],
  ])('%s', async (name, data, kind, documents) => {
    const part = await one(name, data)
    expect(part).toMatchObject({ name, kind, documents })
    if (typeof data === 'string') {
      expect(await one(name, utf8(data))).toEqual(part)
      expect(await one(name, new Blob([data]))).toEqual(part)
      expect(await one(name, utf8(data).buffer)).toEqual(part)
    }
  })
  test('JSON that is neither is text, and that is told', async () => {
    expect(await one('a.json', '{"a": 1}')).toMatchObject({
      kind: 'text',
      notices: ['a.json is JSON without rows or conversations; it was read as plain text.'],
    })
  })
  test('or as it is asked for', async () => {
    expect(await one('a.csv', CSV, { as: 'text' })).toMatchObject({ kind: 'text', documents: [{ text: CSV }] })
    expect(await one('a.txt', CSV, { as: 'table', columns: ['id'] })).toMatchObject({
      documents: [{ text: '1' }, { text: '2' }],
    })
    expect(await one('_chat.txt', WHATSAPP, { as: 'chats', assistant: 'Anna' })).toMatchObject({
      documents: [
        {
          messages: [
            { role: 'assistant', content: 'Hello' },
            { role: 'user', content: 'Hi!' },
          ],
        },
      ],
    })
    expect(await refusal('a.txt', 'no chat', { as: 'chats' })).toMatch(/no chat export/)
    expect(await refusal('a.html', PAGE, { as: 'table' })).toMatch(/no table/)
  })
  test('a page is read in the encoding that it declares', async () => {
    const page = '<meta charset="koi8-r"><p>'
    const bytes = Uint8Array.of(...utf8(page), 0xeb, 0xc9, 0xd4)
    expect(await one('a.html', bytes)).toMatchObject({ documents: [{ text: 'Кит' }], notices: [] })
  })
  test('an old encoding is guessed, and told', async () => {
    const latin1 = Uint8Array.from('Où êtes-vous allés, très chère? '.repeat(20), (c) => c.charCodeAt(0))
    expect((await one('a.txt', latin1)).notices.join()).toMatch(/was read as windows-1252/)
  })
})

describe('tables', () => {
  test('have a preview, and can be read again by other columns', async () => {
    const rows = Array.from({ length: 30 }, (_, i) => `${i},${'x'.repeat(300)},z${i}`)
    const part = await one('a.csv', ['id,long,short', ...rows].join('\n'))
    const preview = previewOf(part)
    expect(preview).toMatchObject({ columns: ['id', 'long', 'short'], chosen: ['long'], count: 30 })
    expect(preview?.rows).toHaveLength(20)
    expect(preview?.rows[7]).toEqual(['7', `${'x'.repeat(199)}…`, 'z7'])
    const other = withColumns(part, ['short', 'id'])
    expect(other.documents[7]).toEqual({ text: 'z7\n7' })
    expect(other.characters).toBe(other.documents.map((d) => ('text' in d ? d.text : '')).join('').length)
    expect(previewOf(other)?.chosen).toEqual(['short', 'id'])
    expect(() => withColumns(part, ['none'])).toThrow(CorpusError)
    expect(previewOf(await one('a.txt', 'text'))).toBeNull()
  })
})

describe('folders and archives', () => {
  test('files in the order of their names, hidden ones passed over, others told', async () => {
    const { parts, refused, hidden } = await read({
      'book/chapter 10.txt': 'ten',
      'book/chapter 2.txt': 'two',
      'book/.DS_Store': 'x',
      'book/.git/config': 'x',
      '__MACOSX/book/._chapter 2.txt': 'x',
      'book/Thumbs.db': 'x',
      'book/cover.jpg': stored(200e6),
      'book/program': Uint8Array.of(0x7f, 0x45, 0x4c, 0x46, 0, 0, 0),
      'book/empty.txt': '',
    })
    expect(parts.map(({ name }) => name)).toEqual(['book/chapter 2.txt', 'book/chapter 10.txt'])
    expect(hidden).toBe(4)
    expect(refused.map(({ why }) => why)).toEqual([
      'book/cover.jpg is a picture, not text. Leave it out.',
      expect.stringMatching(/^book\/empty\.txt is empty/),
      expect.stringMatching(/^book\/program is binary data/),
    ])
  })
  test('a zip archive is its files, documents among them', async () => {
    const zip = zipOf({
      'a.txt': 'text',
      'sub/b.docx': docxOf('<w:p><w:t>word</w:t></w:p>'),
      'c.html': PAGE,
      'd.csv': CSV,
      '.hidden': 'x',
      '__MACOSX/._a.txt': 'x',
      'e.png': 'x',
      'f.zip': zipOf({ 'x.txt': 'x' }),
      '../up.txt': 'x',
    })
    const { parts, refused, hidden } = await read({ 'z.zip': zip })
    expect(parts.map(({ name, kind }) => [name, kind])).toEqual([
      ['z.zip/a.txt', 'text'],
      ['z.zip/c.html', 'html'],
      ['z.zip/d.csv', 'table'],
      ['z.zip/sub/b.docx', 'docx'],
    ])
    expect(hidden).toBe(2)
    expect(refused.map(({ name }) => name).sort()).toEqual(['z.zip/../up.txt', 'z.zip/e.png', 'z.zip/f.zip'])
    expect(refused.find(({ name }) => name.endsWith('f.zip'))?.why).toMatch(/zip archive inside another\. Unpack it/)
  })
  test('5,000 files', async () => {
    const files = Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`f/${i}.txt`, new Blob([`text ${i}`])]))
    const { parts, refused } = await read(files)
    expect(parts).toHaveLength(5000)
    expect(parts[4999]?.name).toBe('f/4999.txt')
    expect(refused).toEqual([])
    const zip = zipOf(Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`${i}.txt`, `text ${i}`])))
    expect((await read({ 'z.zip': zip })).parts).toHaveLength(5000)
  })
  test('one plain text stays as it is; more become documents', async () => {
    expect(textOf((await read({ 'a.txt': 'one' })).parts)).toEqual({ text: 'one', special: [] })
    const two = textOf((await read({ 'a.txt': 'one', 'b.txt': 'two <|end|>' })).parts)
    expect(two.text).toBe('one<|endoftext|>two < |end|><|endoftext|>')
    expect(two.special).toContain('<|endoftext|>')
    const chat = textOf((await read({ 'a.json': JSON.stringify(CHAT) })).parts)
    expect(chat.text).toBe('<|user|>Hello<|end|><|assistant|>Hi!<|end|><|endoftext|>')
  })
})

describe('refused with a way out', () => {
  const zip = zipOf({ 'one.txt': 'Call me Ishmael. '.repeat(50) })
  test.each<[string, Data, RegExp]>([
    ['a.txt', '', /a\.txt is empty/],
    ['a.txt', 'text \0 and zero', /binary data/],
    ['a.txt', utf8('text \0 and zero'), /binary data/],
    ['a.json', '[{"text": "cut sho', /a\.json is not JSON, or was cut short/],
    ['a.jsonl', '{"text": "cut sho', /a\.jsonl is not JSON, or was cut short/],
    ['a.json', '['.repeat(200) + ']'.repeat(200), /nested more than 100 deep/],
    ['a.csv', 'a,b,c\n1\n2\n3,4\n', /No row of a\.csv has as many cells/],
    ['a.html', '<script>only</script>', /a\.html is empty/],
    ['a.docx', 'no zip', /a\.docx is damaged/],
    ['a.docx', docxOf(''), /a\.docx is empty/],
    ['a.docx', docxOf('x'.repeat(2e6)), /a\.docx\/word\/document\.xml claims to unpack to/],
    ['a.docx', Uint8Array.of(0xd0, 0xcf, 0x11, 0xe0, 1), /old Office document, or has a password/],
    ['a.xlsx', zip, /a document of another program/],
    ['a', zipOf({ '[Content_Types].xml': '<x/>', 'xl/x.xml': '<x/>' }), /a is a document of another program/],
    ['a', zipOf({ mimetype: 'application/epub+zip' }), /a is a document of another program/],
    ['a.pdf', utf8('%PDF-1.4 nonsense'), /cannot be read as a PDF/],
    ['a.pdf', pdfOf(['']), /pictures of pages/],
    ['a.png', utf8('\x89PNG'), /a picture/],
    ['a.rtf', '{\\rtf1 text}', /rich text/],
    ['a.zip', zip.subarray(0, 100), /cut short/],
    ['a.zip', zipOf({}), /no file to read/],
    ['a.zip', withDirectoryField(zip, 0, 8, 1, 2), /a\.zip\/one\.txt is protected by a password/],
    ['a.zip', withDirectoryField(zip, 0, 24, 60e6, 4), /claims to unpack to/],
    ['a.zip', withDirectoryField(zip, 0, 24, 800, 4), /unpacks to more than it declares/],
    ['a.zip', zipOf({ '../up.txt': 'x' }), /leads out of the archive/],
  ])('%s: %s', async (name, data, why) => {
    if (name === 'a.rtf') data = utf8(String(data))
    expect(await refusal(name, data)).toMatch(why)
  })
  test('500 MB, before it is read', async () => {
    const file = stored(500e6)
    expect(await refusal('a.txt', file)).toMatch(/a\.txt has 500 MB; the limit is 52\.4 MB/)
    expect(file.arrayBuffer).not.toHaveBeenCalled()
  })
  test('more than 50 MB in many files, before any is read', async () => {
    const file = stored(LARGEST_TEXT / 10 + 1)
    const files = Array.from({ length: 10 }, (_, i) => ({ name: `${i}.txt`, data: file }))
    await expect(collect(files)).rejects.toThrow(/Together these files have 52\.4 MB; the limit is 52\.4 MB/)
    expect(file.arrayBuffer).not.toHaveBeenCalled()
  })
  test('more than 10,000 files', async () => {
    const files = Array.from({ length: 10_001 }, (_, i) => ({ name: `${i}.txt`, data: 'ab' }))
    await expect(collect(files)).rejects.toThrow(/10,001 files; the limit is 10,000/)
  })
  test('archives that unpack to more than 50 MB together; what else there is is read', async () => {
    // Ten times its size: too little to be a bomb by itself.
    const block = Array.from({ length: 2000 }, (_, i) => ((i * 7919) % 8191).toString(36)).join(' ')
    const text = utf8(block.repeat(Math.ceil(11e6 / block.length)))
    const large = zipOf({ 'a.txt': text, 'b.txt': text, 'c.txt': text, 'd.txt': text, 'e.txt': text })
    const { parts, refused } = await read({ 'large.zip': large, 'good.txt': 'good' })
    expect(parts.map(({ name }) => name)).toEqual(['good.txt'])
    expect(refused[0]?.why).toMatch(
      /With large\.zip unpacked, all texts together have 5\d(\.\d)? MB; the limit is 52\.4 MB/,
    )
  })
  test('a file that is gone, or a folder, takes nothing with it', async () => {
    const { parts, refused } = await read({ 'good.txt': 'good', gone: stored(10) })
    expect(parts).toHaveLength(1)
    expect(refused[0]?.why).toMatch(/gone cannot be read \(was read\)/)
  })
  test('nothing at all', async () => {
    await expect(collect([])).rejects.toThrow(/no file to read/)
    await expect(read({ 'a.txt': '', 'b.txt': '' })).rejects.toThrow(
      /None of 2 files can be read\. The first: a\.txt is empty/,
    )
  })
})

test('one line of 20 MB', async () => {
  const line = 'Call me Ishmael, '.repeat(20e6 / 17)
  for (const name of ['a.txt', 'a.html', 'no extension']) {
    const part = await one(name, utf8(line))
    expect(part.characters).toBeGreaterThan(19.9e6)
  }
  expect(await refusal('a.csv', line)).toMatch(/no rows/)
})

test('progress by bytes, and it can be called off', async () => {
  const told: [string, number, number][] = []
  const files = { 'a.txt': 'four', 'b.txt': '', 'c.txt': new Blob(['eight888']) }
  await read(files, { onProgress: ({ name, done, total }) => told.push([name, done, total]) })
  expect(told).toEqual([
    ['a.txt', 0, 12],
    ['b.txt', 4, 12],
    ['c.txt', 4, 12],
    ['c.txt', 12, 12],
  ])
  const abort = new AbortController()
  const onProgress = ({ done }: { done: number }) => {
    if (done > 0) abort.abort(new Error('enough'))
  }
  await expect(read(files, { onProgress, signal: abort.signal })).rejects.toThrow('enough')
})

test('whatever the bytes and names, documents come out or a CorpusError', async () => {
  const endings = ['txt', 'csv', 'tsv', 'json', 'jsonl', 'html', 'zip', 'docx', 'pdf', 'md', '', 'png']
  const starts = ['', 'PK\x03\x04', '%PDF-1.4\n', '<!doctype html>', '{"', '[{', 'a,b\n1,']
  const zips = [
    zipOf({ 'a.txt': 'text', 'b.html': PAGE }),
    docxOf('<w:p><w:t>x</w:t></w:p>'),
    pdfOf([linesOf(['x', 0])]),
  ]
  const spoilt = fc
    .tuple(fc.constantFrom(...zips), fc.array(fc.tuple(fc.nat(1000), fc.nat(255)), { maxLength: 4 }))
    .map(([bytes, changes]) => {
      const copy = bytes.slice()
      for (const [at, value] of changes) copy[at % copy.length] = value
      return copy
    })
  const random = fc
    .tuple(fc.constantFrom(...starts), fc.uint8Array({ maxLength: 200 }))
    .map(([start, rest]) => Uint8Array.of(...utf8(start), ...rest))
  const file = fc.record({
    name: fc.tuple(fc.string({ unit: 'binary', maxLength: 6 }), fc.constantFrom(...endings)).map((n) => n.join('.')),
    data: fc.oneof(random, spoilt, fc.string({ unit: 'binary', maxLength: 100 })),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(file, { maxLength: 3 }), async (files) => {
      try {
        const { parts } = await collect(files)
        for (const { documents, characters } of parts) {
          expect(documents.length).toBeGreaterThan(0)
          expect(characters).toBeGreaterThan(0)
        }
        expect(textOf(parts).text).not.toMatch(/\p{Surrogate}|\r|\0/u)
      } catch (error) {
        expect(error).toBeInstanceOf(CorpusError)
      }
    }),
    { numRuns: 400 },
  )
})
