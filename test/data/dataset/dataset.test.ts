// From a text to two arrays of tokens: the split, the fingerprint, what is said about left-out characters and about texts too
// short for a config.
import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { defaultConfig } from '../../../src/config/fields'
import { alphabet, fingerprint, fits, makeDataset, resplit } from '../../../src/data/dataset/dataset'
import { LARGEST_CHAR_VOCAB } from '../../../src/data/tokenize/char_tokenizer'
import { sha256 } from '../../../src/data/dataset/sha256'

const source = { name: 'A text', licence: 'none' }
const make = async (text: string, val_fraction = 0.1) => (await makeDataset(text, source, val_fraction)).dataset
const openssl = (bytes: string | Uint8Array) => createHash('sha256').update(bytes).digest('hex')

afterEach(() => void vi.unstubAllGlobals())

test('the first part trains, the end is held out', async () => {
  const { dataset, notices } = await makeDataset('abcabcabcd', source, 0.2)
  expect(notices).toEqual([])
  expect(dataset.train).toEqual(Uint16Array.of(0, 1, 2, 0, 1, 2, 0, 1))
  expect(dataset.val).toEqual(Uint16Array.of(2, 3))
  expect(dataset.tokenizer.vocab_size).toBe(4)
  expect(dataset.corpus).toEqual({ ...source, characters: 10, fingerprint: openssl('abcabcabcd') })
})
test('nothing is held out at 0, and the split can be moved', async () => {
  const dataset = await make('abababab', 0)
  expect([dataset.train.length, dataset.val.length]).toEqual([8, 0])
  const half = resplit(dataset, 0.5)
  expect([half.train.length, half.val.length]).toEqual([4, 4])
  expect(half.val.buffer).toBe(dataset.tokens.buffer)
})
test('tiny Shakespeare is cut where nanoGPT cuts it', async () => {
  const dataset = await make('ab'.repeat(1_115_394 / 2))
  expect([dataset.train.length, dataset.val.length]).toEqual([1_003_854, 111_540])
})
test('characters are counted as code points', async () => {
  expect((await make('a🐋b')).corpus.characters).toBe(3)
})
test('a given tokenizer reads the text as before and reports what it lacks', async () => {
  const { dataset, notices } = await makeDataset('abxby', source, 0, { kind: 'char', vocab: ['b', 'a'] })
  expect(dataset.tokens).toEqual(Uint16Array.of(1, 0, 0))
  expect(notices).toEqual(['Characters that the tokenizer does not know were left out of A text: "x" "y".'])
})
test('too many different characters: the rarest are reported', async () => {
  const text = Array.from({ length: LARGEST_CHAR_VOCAB + 25 }, (_, i) => String.fromCodePoint(0x4e00 + i)).join('')
  const { dataset, notices } = await makeDataset(text, source, 0)
  expect(dataset.tokens.length).toBe(LARGEST_CHAR_VOCAB)
  expect(notices).toHaveLength(1)
  expect(notices[0]).toMatch(/^A text has 8217 different characters\. The 8192 most frequent .* and 5 more\.$/)
})
test('the alphabet, most frequent first', async () => {
  expect(alphabet(await make('abracadabra'))).toEqual([
    { token: 'a', count: 5 },
    { token: 'b', count: 2 },
    { token: 'r', count: 2 },
    { token: 'c', count: 1 },
    { token: 'd', count: 1 },
  ])
})

describe('fingerprint', () => {
  test('is SHA-256 of the UTF-8 text, with and without the browser’s help', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'grapheme', maxLength: 200 }), async (text) => {
        expect(await fingerprint(text)).toBe(openssl(text))
      }),
    )
    vi.stubGlobal('crypto', {})
    expect(await fingerprint('whale 🐋')).toBe(openssl('whale 🐋'))
  })
  test('sha256 at every length around the block', () => {
    for (let n = 0; n <= 200; n++) {
      const bytes = Uint8Array.from({ length: n }, (_, i) => (i * 89 + n) % 256)
      expect(sha256(bytes)).toBe(openssl(bytes))
    }
  })
})

describe('fits', () => {
  const config = (block_size: number, val_fraction: number) => ({ ...defaultConfig(2), block_size, val_fraction })
  const text = (n: number) => ({ corpus: { ...source, characters: n, fingerprint: '' }, tokens: new Uint16Array(n) })

  test('a text that is long enough', () => {
    expect(fits(text(650), config(64, 0.1))).toEqual([])
    expect(fits(text(65), config(64, 0))).toEqual([])
  })
  test('too short to train on: a smaller context', () => {
    expect(fits(text(64), config(64, 0))).toEqual([
      {
        field: 'block_size',
        message:
          'A text gives 64 tokens to train on; a context of 64 needs at least 65: try a context of 63, or a longer text.',
        fix: 63,
      },
    ])
  })
  test('too short for any context: a longer text', () => {
    const [problem] = fits(text(1), config(1, 0))
    expect(problem?.message).toMatch(/choose a longer text\.$/)
    expect(problem).not.toHaveProperty('fix')
  })
  test('too short to validate on: hold out more, or nothing', () => {
    expect(fits(text(640), config(64, 0.1))).toEqual([
      {
        field: 'val_fraction',
        message:
          'Held out are 64 tokens; a context of 64 needs at least 65 to be measured on: try 0.15, or 0 to switch validation off.',
        fix: 0.15,
      },
    ])
    expect(fits(text(100), config(64, 0.1))[0]).toMatchObject({ field: 'val_fraction', fix: 0 })
  })
  test('every fix is a way out', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 400 }), fc.integer({ min: 1, max: 80 }), fc.nat({ max: 10 }), (n, T, f) => {
        let c = config(T, f / 20)
        for (let round = 0; round < 2; round++) {
          const [problem] = fits(text(n), c)
          if (problem?.fix === undefined) break
          c = { ...c, [problem.field]: problem.fix }
        }
        const left = fits(text(n), c)
        expect(left.filter((problem) => problem.fix !== undefined)).toEqual([])
      }),
    )
  })
})
