// The presets and the size dial as data: every config can run, on its own text, and says what it is.
import { readFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { FIELDS } from '../src/config/fields'
import { validate } from '../src/config/validate'
import { CORPORA, loadCorpus } from '../src/data/made/corpora'
import { fits, makeDataset } from '../src/data/dataset/dataset'
import { countParams } from '../src/params'
import { configFor, DEFAULT_PRESET, DEFAULT_SIZE, PRESETS, sizeDial, SIZES } from '../src/presets'

/** As many different characters as Moby Dick has. */
const V = 81
const fetchText = (path: string) => readFile(new URL(`../public/${path}`, import.meta.url), 'utf8')

describe('presets', () => {
  test('have names of their own', () => {
    expect(new Set(PRESETS.map(({ id }) => id)).size).toBe(PRESETS.length)
    expect(PRESETS.map(({ id }) => id)).toEqual([
      'moby-dick',
      'names',
      'sort-letters',
      'shakespeare-cpu',
      'say-again',
      'by-heart',
    ])
    expect(DEFAULT_PRESET.id).toBe('moby-dick')
  })
  test.each(PRESETS)('$id can run, and set only fields that exist', ({ config, about, promise }) => {
    expect(Object.keys(config).filter((field) => !(field in FIELDS))).toEqual([])
    expect(validate(configFor(config, V))).toEqual([])
    expect([about, promise].every((sentence) => /^[A-Z].*\.$/.test(sentence))).toBe(true)
  })
  test.each(PRESETS.filter(({ corpus }) => corpus !== null))(
    '$id fits its text and knows its prompt',
    async (preset) => {
      expect(CORPORA.map(({ id }) => id)).toContain(preset.corpus)
      const { text, ...source } = await loadCorpus(preset.corpus!, fetchText)
      const { dataset } = await makeDataset(text, source, 0)
      expect(fits(dataset, configFor(preset.config, dataset.tokenizer.vocab_size))).toEqual([])
      expect(dataset.tokenizer.encode(preset.prompt).unknown).toEqual([])
      expect(preset.prompt).not.toBe('')
    },
  )
})

describe('the size dial', () => {
  test('goes up from thousands to ten million parameters, no stop more than eight times the one before', () => {
    const counts = SIZES.map(({ config }) => countParams(configFor(config, V)))
    // The numbers in presets.ts.
    expect(counts).toEqual([4_672, 27_840, 206_464, 802_048, 2_672_256, 4_767_232, 10_652_928])
    for (const [i, count] of counts.entries()) if (i > 0) expect(count / counts[i - 1]!).toBeLessThan(8)
  })
  test.each(SIZES)('$name can run, beside any architecture', ({ config }) => {
    for (const position of ['learned', 'rope', 'none'] as const)
      for (const mlp of ['gelu', 'swiglu', 'relu2'] as const)
        expect(validate(configFor({ ...config, position, mlp }, V))).toEqual([])
  })
  test('ends where it ends, and stands on the default preset', () => {
    expect(sizeDial(-1)).toBe(SIZES[0]!.config)
    expect(sizeDial(99)).toBe(SIZES.at(-1)!.config)
    expect(sizeDial(1.4)).toBe(SIZES[1]!.config)
    expect(DEFAULT_PRESET.config).toMatchObject(sizeDial(DEFAULT_SIZE))
  })
})

describe('configFor', () => {
  test('full attention and the MLP width of habit, unless they are given', () => {
    expect(configFor({ n_embd: 96, n_head: 6 }, V)).toMatchObject({ n_kv_head: 6, n_inner: 256, vocab_size: V })
    expect(configFor({ n_embd: 96, mlp: 'gelu' }, V)).toMatchObject({ n_kv_head: 4, n_inner: 384 })
    expect(configFor({ n_head: 6, n_kv_head: 2, n_inner: 50, vocab_size: 5 }, V)).toMatchObject({
      n_kv_head: 2,
      n_inner: 50,
      vocab_size: V,
    })
  })
})
