// What a person may paste or drop: every kind of bad input is refused by name with a way out, the rest comes out clean.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { LARGEST_TEXT, readFile, readText } from '../../../src/data/collect/read_text'
import { CorpusError } from '../../../src/errors'

const utf8 = (text: string) => new TextEncoder().encode(text)
const latin1 = (text: string) => Uint8Array.from(text, (c) => c.charCodeAt(0))
function utf16(text: string, littleEndian: boolean, mark = '\ufeff'): Uint8Array {
  const marked = mark + text
  const view = new DataView(new ArrayBuffer(2 * marked.length))
  for (let i = 0; i < marked.length; i++) view.setUint16(2 * i, marked.charCodeAt(i), littleEndian)
  return new Uint8Array(view.buffer)
}
function refusal(input: string | ArrayBuffer | Uint8Array): string {
  try {
    readText('poem.txt', input)
  } catch (error) {
    expect(error).toBeInstanceOf(CorpusError)
    const { message } = error as CorpusError
    expect(message).toMatch(/^poem\.txt /)
    // The way out is the last sentence, and begins with what to do.
    expect(message).toMatch(/\. ?(Paste|Choose|Cut|Save|Copy|Unpack) [^.]*(\.[^.]*)*\.$/)
    return message
  }
  throw new Error('was not refused')
}

describe('refused, with a way out', () => {
  test.each<[string, string | Uint8Array, RegExp]>([
    ['an empty string', '', /empty/],
    ['no bytes', new Uint8Array(), /empty/],
    ['nothing but a byte order mark', utf8('\ufeff'), /empty/],
    ['white space', ' \n\t\r\n ', /white space/],
    ['one character', 'a', /the character “a” and nothing else/],
    ['one character over and over', 'a'.repeat(1000), /the character “a” and nothing else/],
    ['one character outside the basic plane', '🐋🐋🐋', /the character “🐋” and nothing else/],
    ['zero bytes', utf8('text, then \0 a zero'), /zero byte at 11/],
    ['a zero in a string', 'text, then \0 a zero', /zero character at 11/],
    ['control characters', '\x01\x02\x03 and so on', /control characters \(23 % of it\)/],
    ['UTF-16 without a mark', utf16('in two bytes each', true, ''), /zero byte at 1/],
    ['a byte for every letter, undefined in all', new Uint8Array(40).fill(0x81), /neither UTF-8 nor/],
    ['a wrong UTF-16 mark', Uint8Array.of(0xff, 0xfe, ...Array.from({ length: 40 }, () => 0xdc)), /not UTF-16LE/],
    ['a PDF', latin1('%PDF-1.7 and so on'), /a PDF/],
    ['a zip or docx', latin1('PK\x03\x04\x14\x00'), /zip archive/],
    ['a picture', latin1('\x89PNG\r\n\x1a\n'), /picture/],
    ['random bytes', Uint8Array.from({ length: 4096 }, (_, i) => (i * 167 + 13) % 251), /./],
  ])('%s', (_, input, why) => expect(refusal(input)).toMatch(why))

  test('more than 50 MB, before it is decoded', () => {
    expect(refusal(new ArrayBuffer(LARGEST_TEXT + 1))).toMatch(/52\.4 MB; the limit is 52\.4 MB/)
    expect(refusal(new Uint8Array(LARGEST_TEXT + 1))).toMatch(/the limit is 52\.4 MB/)
    expect(refusal('ab'.repeat(LARGEST_TEXT / 2 + 1))).toMatch(/the limit is 52\.4 MB/)
    // Short enough in characters, too long in bytes.
    expect(refusal('wä'.repeat(LARGEST_TEXT / 3 + 1))).toMatch(/52\.4 MB; the limit is 52\.4 MB/)
    expect(refusal('a鯨'.repeat(LARGEST_TEXT / 4 + 1))).toMatch(/52\.4 MB; the limit is 52\.4 MB/)
  })
  test('but not 50 MB', () => {
    expect(readText('big', 'whale '.repeat(Math.floor(LARGEST_TEXT / 6))).text.length).toBeGreaterThan(LARGEST_TEXT - 6)
    expect(readText('big', 'a🐋'.repeat(Math.floor(LARGEST_TEXT / 5))).notices).toEqual([])
  })
})

describe('a dropped file', () => {
  test('gives its bytes', async () => {
    expect(new TextDecoder().decode(await readFile('x', new Blob(['whale'])))).toBe('whale')
  })
  test('of more than 50 MB is refused before it is read', async () => {
    const huge = { size: LARGEST_TEXT + 1, arrayBuffer: () => Promise.reject(new Error('read')) } as unknown as Blob
    await expect(readFile('x', huge)).rejects.toThrow(/x has 52\.4 MB; the limit is 52\.4 MB/)
  })
  test('that is a folder, or gone, is refused with a way out', async () => {
    const folder = new Blob([])
    folder.arrayBuffer = () => Promise.reject(new DOMException('A requested file could not be found.', 'NotFoundError'))
    await expect(readFile('texts', folder)).rejects.toThrow(CorpusError)
    await expect(readFile('texts', folder)).rejects.toThrow(
      /texts cannot be read \(.*\)\. If it is a folder, choose a file/,
    )
  })
})

describe('read', () => {
  test('line ends become \\n', () =>
    expect(readText('x', 'one\r\ntwo\rthree\nfour\r\n\r\n').text).toBe('one\ntwo\nthree\nfour\n\n'))
  test('a byte order mark goes, in strings and in bytes', () => {
    expect(readText('x', '\ufeffab').text).toBe('ab')
    expect(readText('x', utf8('\ufeffab')).text).toBe('ab')
  })
  test.each([true, false])('UTF-16 by its mark, little endian %s', (littleEndian) => {
    const text = 'Der Wal 🐋\nschläft'
    expect(readText('x', utf16(text, littleEndian))).toEqual({ text, notices: [] })
  })
  test('an ArrayBuffer and a window on one', () => {
    const bytes = utf8('xxwhalexx')
    expect(readText('x', bytes.buffer).text).toBe('xxwhalexx')
    expect(readText('x', bytes.subarray(2, 7)).text).toBe('whale')
  })
  test('lone surrogates are replaced and counted, pairs are kept', () => {
    const { text, notices } = readText('poem.txt', 'a\ud800b\udc00c🐋\ud83d')
    expect(text).toBe('a\ufffdb\ufffdc🐋\ufffd')
    expect(notices).toEqual([
      'In 3 places poem.txt holds half a character (a lone surrogate); “\ufffd” stands there instead.',
    ])
  })
  test('a few broken bytes are replaced and counted, honest U+FFFD are not', () => {
    const bytes = Uint8Array.of(...utf8('whale \ufffd '.repeat(100)), 0xff, ...utf8('end'))
    const { text, notices } = readText('poem.txt', bytes)
    expect(text.endsWith('\ufffdend')).toBe(true)
    expect(notices).toEqual(['In 1 place poem.txt is not UTF-8; “\ufffd” stands there instead.'])
  })
  test('Latin-1 is read, and the guess is told', () => {
    const { text, notices } = readText('poem.txt', latin1('Où êtes-vous allés, très chère? '.repeat(20)))
    expect(text).toBe('Où êtes-vous allés, très chère? '.repeat(20))
    expect(notices).toEqual([expect.stringMatching(/^poem\.txt is not UTF-8; it was read as windows-1252\./)])
  })
  test('tabs, form feeds and a rare control character stay', () => {
    const text = `a\tb\fc\v${'d'.repeat(200)}\x1b`
    expect(readText('x', text)).toEqual({ text, notices: [] })
  })

  const clean = fc
    .string({ unit: 'binary', minLength: 2, maxLength: 200 })
    .map((s) => s.replace(/[\0-\x08\x0d-\x1f\ufeff]/g, '') + 'ab')
  test('clean text comes through unchanged, as a string and as bytes', () => {
    fc.assert(
      fc.property(clean, (text) => {
        const expected = { text, notices: [] }
        expect(readText('x', text)).toEqual(expected)
        expect(readText('x', utf8(text))).toEqual(expected)
        expect(readText('x', utf16(text, true))).toEqual(expected)
        expect(readText('x', utf16(text, false))).toEqual(expected)
      }),
    )
  })
  test('whatever the bytes, clean text comes out or a CorpusError', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        try {
          const { text } = readText('x', bytes)
          expect(text).not.toMatch(/\p{Surrogate}|\r|\0/u)
          expect(new Set(text).size).toBeGreaterThan(1)
        } catch (error) {
          expect(error).toBeInstanceOf(CorpusError)
        }
      }),
      { numRuns: 500 },
    )
  })
})
