// What is found in the labelled lines, kind by kind; that spans are exact whatever the text and wherever it lies; that no text is slow.
import fc from 'fast-check'
import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect, test } from 'vitest'
import { finding, findPersonal, type Hit } from '../../../src/data/prepare/pii'
import { luhn, mod97 } from '../../../src/data/prepare/pii_numbers'
import { HELD_OUT, precision, readLabelled, recall, score, type Score } from '../../../src/data/prepare/pii_score'
import { anonymiseAll, PII_KINDS, type Anonymise, type PiiKind } from '../../../src/words/recipe'

const MASK = anonymiseAll('mask')
const find = async (text: string, setting: Partial<Anonymise> = {}) =>
  (await findPersonal(text, { ...MASK, ...setting })).map(({ kind, text }) => `${kind} ${text}`)

describe('the labelled lines', () => {
  const lines = readLabelled(readFileSync('test/fixtures/pii.txt', 'utf8'))
  const names = readFileSync('public/corpora/first-names.txt', 'utf8').split('\n')
  let all: Record<PiiKind, Score>
  let held: Record<PiiKind, Score>
  beforeAll(async () => {
    all = (await score(lines, { names })).scores
    held = (await score(lines.filter((_, i) => i % HELD_OUT === HELD_OUT - 1), { names })).scores // prettier-ignore
  })

  test('are at least 400, with every kind but the user’s own, and many with nothing', () => {
    expect(lines.length).toBeGreaterThanOrEqual(400)
    expect(lines.filter(({ labels }) => labels.length === 0).length).toBeGreaterThan(150)
    const least = Math.min(...PII_KINDS.filter((kind) => kind !== 'own').map((kind) => all[kind].right))
    expect(least).toBeGreaterThanOrEqual(20)
  })
  test.each(PII_KINDS.filter((kind) => kind !== 'own'))('%s: found, and nothing else', (kind) => {
    const least = kind === 'name' ? 0.8 : 0.95
    expect(recall(all[kind])).toBeGreaterThanOrEqual(least)
    expect(precision(all[kind])).toBeGreaterThanOrEqual(least)
    // Few lines: one mistake in eight.
    expect(recall(held[kind])).toBeGreaterThanOrEqual(0.8)
    expect(precision(held[kind])).toBeGreaterThanOrEqual(0.8)
  })
  test('hold for a program without the list of names, too', async () => {
    const { name } = (await score(lines)).scores
    expect(recall(name)).toBeGreaterThanOrEqual(0.8)
    expect(precision(name)).toBeGreaterThanOrEqual(0.8)
  })
  test('a mistake is counted', async () => {
    const { scores, mistakes } = await score(readLabelled('{email:no address} and a@example.org'))
    expect(scores.email).toEqual({ right: 0, missed: 1, wrong: 1 })
    expect(mistakes.map(({ what, text }) => `${what} ${text}`)).toEqual(['missed no address', 'wrong a@example.org'])
  })
})

describe('a hit', () => {
  test('says its line, its place and the words around it', async () => {
    const text = 'First line\nmail jane@example.org, or call (202) 555-0143 today\n'
    const hits = await findPersonal(text, MASK)
    expect(hits).toMatchObject([
      { kind: 'email', line: 2, before: 'mail ', after: ', or call (202) 555-0143 today', refused: false },
      { kind: 'phone', line: 2, text: '(202) 555-0143' },
    ])
    for (const { start, end, text: found } of hits) expect(text.slice(start, end)).toBe(found)
  })
  test('is the longer of two that overlap', async () => {
    expect(await find('https://jane:x@example.org/192.0.2.1')).toEqual(['url https://jane:x@example.org/192.0.2.1'])
    expect(await find('Dr. Rose Baker, 12 Rose Street')).toEqual(['name Rose Baker', 'address 12 Rose Street'])
  })
  test('that was refused says so', async () => {
    const refused = [{ kind: 'name', text: 'Sarah' } as const]
    const hits = await findPersonal('Sarah wrote to Aisha. Sarah!', { ...MASK, refused })
    expect(hits.map(({ text, refused }) => `${text} ${refused}`)).toEqual(['Sarah true', 'Aisha false', 'Sarah true'])
  })
  test('is found wherever windows and lines end', async () => {
    const line = 'x '.repeat(6000) + 'write to Sarah Miller, jane@example.org, +44 20 7946 0958 ok '
    const text = line.repeat(12)
    const hits = await findPersonal(text, MASK)
    expect(hits.length).toBe(36)
    const broken = await findPersonal(text.replaceAll('ok ', 'ok\n'), MASK)
    const places = (all: Hit[]) => all.map(({ kind, start, end }) => [kind, start, end])
    expect(places(broken)).toEqual(places(hits))
    expect(broken.at(-1)?.line).toBe(12)
    for (const shift of [1, 7, 13, 29])
      expect((await findPersonal('y'.repeat(shift) + ' ' + text, MASK)).length).toBe(36)
  })
})

test('own words are found as whole words, whatever their case, in one line', async () => {
  const own = ['Project Nightjar', 'zebra', 'C', '--']
  expect(await find('The PROJECT  nightjar and Zebras, zebra; a c\nproject\nnightjar', { own })).toEqual([
    'own PROJECT  nightjar',
    'own zebra',
    'own c',
  ])
})

test('strictness: what is a name to whom', async () => {
  const text = 'We met Rose, and Aisha, and Will Thompson. Dear Hope,'
  expect(await find(text, { names: 'careful' })).toEqual(['name Will Thompson', 'name Hope'])
  expect(await find(text)).toEqual(['name Aisha', 'name Will Thompson', 'name Hope'])
  expect(await find(text, { names: 'eager' })).toEqual(['name Rose', 'name Aisha', 'name Will Thompson', 'name Hope'])
})

test('a number without a country is read as of the one that was chosen', async () => {
  const text = 'Frei ab 9: 030/23125100 im Büro'
  expect(await find(text)).toEqual([])
  expect(await find(text, { country: 'DE' })).toEqual(['phone 030/23125100'])
})

test('check digits', () => {
  expect(['4111111111111111', '79927398713', '0'].map(luhn)).toEqual([true, true, true])
  expect(['4111111111111112', '79927398710', '1'].map(luhn)).toEqual([false, false, false])
  expect(mod97('GB82WEST12345698765432')).toBe(1)
  expect(mod97('GB82WEST12345698765423')).not.toBe(1)
})

test('a turn is a window: the share that is searched grows to all', async () => {
  const shares = [...(await finding('a b c '.repeat(100_000), MASK))]
  expect(shares.length).toBeGreaterThan(15)
  expect(shares).toEqual(shares.toSorted((a, b) => a - b))
  expect(shares.at(-1)).toBe(1)
})

describe('any string', () => {
  const crumb = fc.constantFrom(...['@', '.', ' ', '\n', '+', '1', '42', '4111 ', 'a', 'Ab', 'Dear ', 'http://', 'Sarah ', '(', ':', '/', '-', 'DE89', 'order ', 'born on ', ' Street', '\ud83d', '\u0301', 'ß']) // prettier-ignore
  const texts = fc.oneof(fc.string({ unit: 'binary', maxLength: 200 }), fc.array(crumb, { maxLength: 80 }).map((all) => all.join(''))) // prettier-ignore
  test('has spans that are exact, in order and apart', async () => {
    await fc.assert(
      fc.asyncProperty(texts, async (text) => {
        let done = 0
        for (const hit of await findPersonal(text, { ...MASK, names: 'eager', own: ['ab'] })) {
          expect(hit.start).toBeGreaterThanOrEqual(done)
          expect(hit.end).toBeGreaterThan(hit.start)
          expect(text.slice(hit.start, hit.end)).toBe(hit.text)
          expect(hit.line).toBe(text.slice(0, hit.start).split('\n').length)
          done = hit.end
        }
        expect(done).toBeLessThanOrEqual(text.length)
      }),
      { numRuns: 300 },
    )
  })
})

describe('four times the text takes about four times as long', () => {
  const units: Record<string, string> = {
    'a line without a space': 'a',
    'addresses that never end': 'aaaa@',
    'domains that never end': 'a@a.a.',
    'single digits': '1 ',
    'digits with dashes': '1-',
    'plus signs': '+1',
    brackets: '(',
    capitals: 'Ab ',
    initials: 'A. ',
    cards: '4111 ',
    'parts of IP addresses': '1.',
    'parts of accounts': 'order n',
    'streets without a number': 'Calle de ',
    'numbers without a street': '12 Baker ',
    apostrophes: "A'",
    marks: 'e\u0301\u0301',
    'host names': '.com',
    'schemes': 'http://',
    greetings: 'Dear Mr. ',
    'names': 'Sarah Miller ',
    'phone numbers': '030 23125 100, ',
  } // prettier-ignore
  test.each(Object.entries(units))('%s', async (_, unit) => {
    const texts = [100_000, 400_000].map((length) => unit.repeat(length / unit.length))
    const best = [Infinity, Infinity]
    for (let round = 0; round < 3; round++)
      for (const [i, text] of texts.entries()) {
        // Time on the processor: others may have it in between.
        const before = process.cpuUsage()
        await findPersonal(text, MASK)
        best[i] = Math.min(best[i]!, process.cpuUsage(before).user / 1000)
      }
    const [once, fourfold] = best as [number, number]
    // Four times the text: a square would take sixteen times as long.
    expect(fourfold / Math.max(once, 4)).toBeLessThan(9)
  })
})
