// Zip archives that are honest, damaged, locked and meant to harm: entries come out as they went in, or are refused by name.
import { strToU8, zipSync } from 'fflate'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { unzip, zipEntries } from '../../../src/data/collect/zip'
import { CorpusError } from '../../../src/errors'
import { utf8, withDirectoryField, zipOf } from './made_files'

const texts = { 'one.txt': 'Call me Ishmael. '.repeat(500), 'folder/zwei.txt': 'Der Wal', 'ünï.txt': 'x' }
const archive = zipOf(texts)
const read = (bytes: Uint8Array) => {
  const { entries, refused } = zipEntries('a.zip', bytes)
  return { read: entries.map((entry) => [entry.name, new TextDecoder().decode(unzip(bytes, entry))]), refused }
}
/** Why the archive's first entry is not read. */
const firstRefusal = (bytes: Uint8Array) => zipEntries('a.zip', bytes).refused[0]?.why

describe('read', () => {
  test('entries by their paths', () =>
    expect(read(archive)).toEqual({ read: Object.entries(texts).map(([k, v]) => [`a.zip/${k}`, v]), refused: [] }))
  test('entries that are stored as they are, in a window of a larger buffer, before a comment', () => {
    const stored = zipSync({ 'a.txt': [strToU8('stored'), { level: 0 }] }, { comment: 'ignored' })
    const wide = new Uint8Array(stored.length + 20)
    wide.set(stored, 7)
    expect(read(wide.subarray(7, 7 + stored.length)).read).toEqual([['a.zip/a.txt', 'stored']])
  })
  test('folders are no entries; backslashes are slashes', () =>
    expect(read(zipOf({ 'f/': '', 'f\\a.txt': 'x' })).read).toEqual([['a.zip/f/a.txt', 'x']]))
  test('an empty archive', () => expect(read(zipOf({}))).toEqual({ read: [], refused: [] }))
  test('whatever is packed comes out', () => {
    const files = fc.dictionary(fc.stringMatching(/^[a-z]{1,8}$/), fc.uint8Array({ maxLength: 3000 }), { maxKeys: 5 })
    fc.assert(
      fc.property(files, (packed) => {
        const bytes = zipOf(packed)
        const { entries } = zipEntries('a.zip', bytes)
        expect(Object.fromEntries(entries.map((e) => [e.name.slice(6), [...unzip(bytes, e)]]))).toEqual(
          Object.fromEntries(Object.entries(packed).map(([k, v]) => [k, [...v]])),
        )
      }),
      { numRuns: 50 },
    )
  })
})

describe('an entry is refused by name, the others are read', () => {
  test.each([
    ['../up.txt'],
    ['a/../../up.txt'],
    ['/etc/passwd'],
    ['C:/windows.txt'],
    ['..\\up.txt'],
    ['nul\0.txt'],
    ['a/..'],
  ])('%j leads out', (path) => {
    const result = read(zipOf({ [path]: 'harm', 'good.txt': 'good' }))
    expect(result.read).toEqual([['a.zip/good.txt', 'good']])
    expect(result.refused).toHaveLength(1)
    expect(result.refused[0]?.why).toMatch(/leads out of the archive.*Leave it out\.$/)
  })
  test('but dots in names do not', () =>
    expect(read(zipOf({ '...txt': 'a', 'a..b/c..txt': 'b' })).read).toHaveLength(2))
  test('locked by a password', () =>
    expect(firstRefusal(withDirectoryField(archive, 0, 8, 1, 2))).toMatch(
      /^a\.zip\/one\.txt is protected by a password/,
    ))
  test('compressed in another way', () =>
    expect(firstRefusal(withDirectoryField(archive, 0, 10, 14, 2))).toMatch(/not known here \(method 14\)/))
  test('zip64', () => expect(firstRefusal(withDirectoryField(archive, 0, 24, 0xffffffff, 4))).toMatch(/zip64/))
  test('a link', () =>
    expect(firstRefusal(withDirectoryField(archive, 0, 38, 0xa1ff0000, 4))).toMatch(/is a link to another file/))
  test('there twice', () => {
    const twice = zipOf({ 'one.txt': 'first', 'two.txt': 'second' })
    const at = twice.lastIndexOf('w'.charCodeAt(0))
    twice.set(utf8('one'), at - 1)
    const { read: texts, refused } = read(twice)
    expect(texts).toEqual([['a.zip/one.txt', 'first']])
    expect(refused[0]?.why).toMatch(/a\.zip\/one\.txt is there twice/)
  })
  test('a bomb by its ratio', () =>
    expect(firstRefusal(zipOf({ 'zeros.txt': new Uint8Array(20e6) }))).toMatch(/claims to unpack to \d{3,4} times/))
  test('equal lines are no bomb', () =>
    expect(
      firstRefusal(zipOf({ 'log.txt': `${'all is well, sir, '.repeat(4)}\n`.repeat(100).repeat(5) })),
    ).toBeUndefined())
  test('a bomb that declares little is stopped where it exceeds that', () => {
    const zeros = zipOf({ 'zeros.txt': new Uint8Array(20e6) })
    const bomb = withDirectoryField(zeros, 0, 24, 1000, 4)
    const [entry] = zipEntries('a.zip', bomb).entries
    // Whoever reads on comes to this, and calls it damaged.
    bomb.fill(0xff, bomb.length - 5000, bomb.length - 1000)
    expect(() => unzip(bomb, entry!)).toThrow(CorpusError)
    expect(() => unzip(bomb, entry!)).toThrow(/zeros\.txt unpacks to more than it declares/)
  })
  test.each<[string, number, number]>([
    ['checksum', 16, 12345],
    ['size', 24, texts['one.txt'].length + 1],
    ['place', 42, 5],
  ])('a wrong %s', (_, field, value) => {
    const bytes = withDirectoryField(archive, 0, field, value, 4)
    const [entry] = zipEntries('a.zip', bytes).entries
    expect(() => unzip(bytes, entry!)).toThrow(/^a\.zip\/one\.txt is damaged: .* Download or pack it again\.$/)
  })
  test('damaged data', () => {
    const bytes = archive.slice()
    bytes.fill(0xff, 40, 60)
    const [entry] = zipEntries('a.zip', bytes).entries
    expect(() => unzip(bytes, entry!)).toThrow(CorpusError)
  })
})

describe('the archive is refused', () => {
  const end = archive.length - 22
  const withEnd = (field: number, value: number) => {
    const bytes = archive.slice()
    new DataView(bytes.buffer).setUint16(end + field, value, true)
    return bytes
  }
  test.each<[string, Uint8Array, RegExp]>([
    ['cut short', archive.subarray(0, archive.length - 30), /its end is missing: it was cut short/],
    ['cut short at its begin', archive.subarray(100), /table of contents/],
    ['zip64', withEnd(10, 0xffff), /zip64/],
    ['in parts', withEnd(4, 1), /several parts/],
    ['with entries that are not there', (() => withEnd(8, 9))(), /several parts/],
    ['that overlaps itself', withDirectoryField(archive, 0, 20, archive.length, 4), /overlap/],
  ])('%s', (_, bytes, why) => {
    expect(() => zipEntries('a.zip', bytes)).toThrow(CorpusError)
    expect(() => zipEntries('a.zip', bytes)).toThrow(why)
  })
  test('more than 10,000 entries, before any is looked at', () => {
    const bytes = archive.slice()
    const view = new DataView(bytes.buffer)
    for (const field of [8, 10]) view.setUint16(end + field, 10_001, true)
    expect(() => zipEntries('a.zip', bytes)).toThrow(/holds 10001 files; the limit is 10000/)
  })
  test('however it is broken, it is a CorpusError', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(archive.length - 1), fc.nat(255)), { minLength: 1, maxLength: 6 }),
        fc.nat(40),
        (changes, lost) => {
          const bytes = archive.slice(0, archive.length - (lost < 20 ? 0 : lost))
          for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value
          try {
            read(bytes)
          } catch (error) {
            expect(error).toBeInstanceOf(CorpusError)
          }
        },
      ),
      { numRuns: 1000 },
    )
  })
})
