// Where a text is cut: by position as ever, by documents so that none is cut and each is where the seed puts it.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { defaultConfig } from '../../../src/config/fields'
import { buildCharVocab } from '../../../src/data/tokenize/char_tokenizer'
import { SPECIAL_TOKENS, writeDocuments } from '../../../src/data/tokenize/chat_format'
import { fits, makeDataset, resplit } from '../../../src/data/dataset/dataset'
import { trainLength } from '../../../src/data/dataset/split'
import { SPECIAL } from '../../../src/words/tokens'
import type { Split } from '../../../src/words/recipe'

const make = async (text: string, split: Split | undefined, fraction = 0.25) => {
  const { state } = buildCharVocab(text || 'x', SPECIAL_TOKENS)
  return (await makeDataset(text, { name: 'Letters', licence: 'none', ...(split && { split }) }, fraction, state))
    .dataset
}
const letters = Array.from({ length: 40 }, (_, i) => ({ text: `${i}: ${'x'.repeat((i * 7) % 13)}` }))
const text = writeDocuments(letters)
const piecesOf = (part: string) => part.split(SPECIAL.end_of_text).slice(0, -1)

describe('by document', () => {
  test('whole documents on both sides, each once, in an order of the seed', async () => {
    const dataset = await make(text, { by: 'document', seed: 1 })
    const train = piecesOf(dataset.tokenizer.decode(dataset.train))
    const val = piecesOf(dataset.tokenizer.decode(dataset.val))
    const sorted = (list: string[]) => list.toSorted()
    expect(sorted([...train, ...val])).toEqual(sorted(letters.map((letter) => letter.text)))
    expect(Math.abs(dataset.val.length / dataset.tokens.length - 0.25)).toBeLessThan(0.03)
    expect(val).not.toEqual(letters.slice(-val.length).map((letter) => letter.text))
    const again = await make(text, { by: 'document', seed: 1 })
    expect(again.val).toEqual(dataset.val)
    const other = await make(text, { by: 'document', seed: 2 })
    expect(other.val).not.toEqual(dataset.val)
  })
  test('the split stands with the corpus, and another share moves it', async () => {
    const dataset = await make(text, { by: 'document', seed: 1 })
    expect(dataset.corpus.split).toEqual({ by: 'document', seed: 1 })
    const half = resplit(dataset, 0.5)
    expect(half.val.buffer).toBe(dataset.tokens.buffer)
    expect(half.tokenizer.decode(half.val).endsWith(dataset.tokenizer.decode(dataset.val))).toBe(true)
    expect(resplit(dataset, 0).val).toHaveLength(0)
  })
  test('a last document without an end is one too', async () => {
    const dataset = await make(`${text}tail`, { by: 'document', seed: 3 })
    expect(dataset.tokenizer.decode([...dataset.train, ...dataset.val])).toContain('tail')
    expect(dataset.ends).toHaveLength(41)
  })
  test('a plain text has no documents', async () => {
    await expect(make('one piece', { by: 'document', seed: 1 })).rejects.toThrow(/Letters is one piece.*by position/)
    expect((await make('', { by: 'document', seed: 1 })).tokens).toHaveLength(0)
  })
  test('fits looks at the cut as it is', async () => {
    // Half of the tokens are held out, however little was asked for.
    const two = await make(writeDocuments([{ text: 'x'.repeat(99) }, { text: 'x'.repeat(99) }]), {
      by: 'document',
      seed: 1,
    })
    const config = (val_fraction: number) => ({
      ...defaultConfig(two.tokenizer.vocab_size),
      block_size: 99,
      val_fraction,
    })
    expect(fits(two, config(0.05))).toEqual([])
    expect(fits({ corpus: two.corpus, tokens: two.tokens }, config(0.05))).toHaveLength(1)
  })
})
test('by position is what it is without a word', async () => {
  const said = await make(text, { by: 'position' })
  const unsaid = await make(text, undefined)
  expect(said.train).toEqual(unsaid.train)
  expect(unsaid.corpus).not.toHaveProperty('split')
  expect(unsaid.train).toHaveLength(Math.floor(unsaid.tokens.length * 0.75))
})
test('the cut is the end nearest to the share, with a document on each side', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 2, maxLength: 12 }),
      fc.integer({ min: 1, max: 10 }),
      (sizes, tenths) => {
        const ends: number[] = []
        for (const size of sizes) ends.push((ends.at(-1) ?? 0) + size)
        const n = ends.at(-1)!
        const wanted = Math.floor(n * (1 - tenths / 20))
        fc.pre(wanted < n)
        const cut = trainLength(n, tenths / 20, Uint32Array.from(ends))
        const inner = ends.slice(0, -1)
        expect(inner).toContain(cut)
        expect(Math.abs(cut - wanted)).toBe(Math.min(...inner.map((end) => Math.abs(end - wanted))))
      },
    ),
  )
})
