// What differs between runs in words, what a run is compared with, and the version of its data.
import { describe, expect, test } from 'vitest'
import { dataVersion } from '../../../src/ui/runs/data_version'
import { baselineOf, differencesFrom } from '../../../src/ui/runs/differences'
import type { DatasetCard } from '../../../src/words/corpus'
import { madeRun } from './runs'

describe('differences', () => {
  test('settings are told by the table of settings, counts before their noun', () => {
    const run = madeRun('b', {}, { n_layer: 6, learning_rate: 3e-4, norm: 'layernorm', bias: true })
    const base = madeRun('a', {}, { norm: 'rmsnorm', bias: false })
    expect(differencesFrom(base, run)).toEqual([
      '4 → 6 layers',
      'norm rmsnorm → layernorm',
      'biases off → on',
      'learning rate 0.001 → 3e−4',
    ])
    expect(differencesFrom(base, base)).toEqual([])
  })

  test('what follows by habit needs no words, what breaks the habit does', () => {
    const base = madeRun('a', {}, { mlp: 'gelu' })
    const wide = { mlp: 'gelu' as const, n_embd: 256, n_inner: 1024, n_head: 8, n_kv_head: 8 }
    expect(differencesFrom(base, madeRun('b', {}, wide))).toEqual(['4 → 8 heads', 'width 128 → 256'])
    expect(differencesFrom(base, madeRun('b', {}, { mlp: 'gelu', n_kv_head: 2 }))).toEqual(['4 → 2 key/value heads'])
  })

  test('another text, other tokens and other parts turned off are told', () => {
    const corpus = { name: 'numbers', fingerprint: 'b'.repeat(64), characters: 1, licence: '' }
    const run = madeRun(
      'b',
      { corpus, tokenizer: 'bpe', tokenizer_key: 'bpe 512 x', gates: { 'h.0.attn.heads': [0] } },
      { vocab_size: 512 },
    )
    expect(differencesFrom(madeRun('a'), run)).toEqual([
      'text “letters” → “numbers”',
      'reads characters → byte pairs',
      'vocabulary 65 → 512',
      'other parts turned off',
    ])
  })

  test('a text of one name that was prepared in another way is another version', () => {
    const { corpus } = madeRun('a')
    const run = madeRun('b', { corpus: { ...corpus, fingerprint: 'c'.repeat(64) } })
    expect(differencesFrom(madeRun('a'), run)).toEqual(['data aaaaaaaa → cccccccc'])
  })
})

describe('the baseline', () => {
  const old = madeRun('old', { created: 1 })
  const mid = madeRun('mid', { created: 2, starred: true })
  const young = madeRun('young', { created: 3 })
  const other = madeRun('other', { corpus: { ...old.corpus, fingerprint: 'f'.repeat(64) } })

  test('is the oldest run on the same text', () => {
    expect(baselineOf(young, [young, old, other], null)).toBe(old)
    expect(baselineOf(old, [young, old], null)).toBeNull()
    expect(baselineOf(other, [young, old, other], null)).toBeNull()
  })
  test('is the starred one before the oldest, and the chosen one before all', () => {
    expect(baselineOf(young, [young, old, mid], null)).toBe(mid)
    expect(baselineOf(old, [young, old, mid], null)).toBe(mid)
    expect(baselineOf(old, [young, old, mid], 'young')).toBe(young)
    expect(baselineOf(young, [young, old, mid], 'young')).toBeNull()
    expect(baselineOf(young, [young, old], 'deleted')).toBe(old)
  })
})

describe('the version of data', () => {
  const card = (change: Partial<DatasetCard> = {}): DatasetCard => ({
    words: 1,
    lines: 1,
    longest_line: 1,
    duplicate_share: 0,
    documents: 0,
    conversations: 0,
    turns: 0,
    alphabet: { size: 1, frequent: [], rare: [] },
    language: null,
    recipe: [],
    ...change,
  })
  test('is not known without a card, and nothing where nothing was done', () => {
    expect(dataVersion({})).toBeNull()
    expect(dataVersion({ card: card() })).toBe('')
  })
  test('depends on what was done, in which order, not on how often or how the names are ordered', () => {
    const html = { step: { kind: 'html' as const }, count: 3 }
    const length = (count: number) => ({ step: { kind: 'length' as const, min: 1, max: 9 }, count })
    const first = dataVersion({ card: card({ recipe: [html, length(1)] }) })
    expect(first).toMatch(/^[0-9a-f]{8}$/)
    expect(
      dataVersion({
        card: card({
          recipe: [
            { ...html, count: 8 },
            { step: { max: 9, min: 1, kind: 'length' }, count: 2 },
          ],
        }),
      }),
    ).toBe(first)
    expect(dataVersion({ card: card({ recipe: [length(1), html] }) })).not.toBe(first)
    expect(dataVersion({ card: card({ recipe: [html, length(1)] }), split: { by: 'document', seed: 1 } })).not.toBe(
      first,
    )
  })
})
