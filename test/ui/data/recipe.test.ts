// The recipe under a person's hands: a proposal that outlives the choice of another text, is applied by nobody but them, and is what
// the worker is asked about.
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { CorpusError } from '../../../src/errors'
import type { Preparation } from '../../../src/words/recipe'
import type { Lab } from '../../../src/worker/protocol'
import { openEmpty, stubBrowser } from '../page_env'

const UNTOUCHED: Preparation = { clean: [], anonymise: null, split: { by: 'position' }, tokenizer: { kind: 'byte' } }
const prepared: Preparation[] = []
let refusal: Error | null = null
const asked: unknown[] = []

/** As much of a summary as the state reads. */
const summary = (name: string, preparation: Preparation | null) =>
  ({
    corpus: { name, fingerprint: 'f', characters: 1, licence: '' },
    vocab_size: 256,
    excerpt: 'text',
    preparation,
    reports: preparation?.clean.map((step) => ({ step, count: 3, places: [] })) ?? [],
    personal: null,
  }) as unknown as Awaited<ReturnType<Lab['prepare']>>

const worker: Partial<Lab> = {
  open: openEmpty,
  loadText: async (name) => summary(name, UNTOUCHED),
  prepare: async (preparation) => {
    if (refusal) throw refusal
    prepared.push(preparation)
    return summary('mine', preparation)
  },
  previewClean: async (steps) => {
    asked.push(steps)
    return { reports: steps.map((step) => ({ step, count: 7, places: [] })), tried: 1, length: 1 }
  },
}
vi.mock('../../../src/worker/client', () => ({ openLab: () => worker }))

async function opened() {
  stubBrowser()
  const { lab } = await import('../../../src/ui/state/lab.svelte')
  const { recipe } = await import('../../../src/ui/data/recipe.svelte')
  await lab.open()
  await lab.loadText('mine', 'x')
  return { lab, recipe }
}
beforeEach(() => {
  prepared.length = asked.length = 0
  refusal = null
})
afterEach(() => {
  vi.unstubAllGlobals()
})

test('counts what steps would do, then what they did; the tokenizer stays', async () => {
  const { recipe } = await opened()
  expect([recipe.isApplied, recipe.isEmpty]).toEqual([true, true])
  recipe.set('quotes', { on: true })
  expect(recipe.report('quotes')).toBeNull()
  await recipe.try()
  expect(asked).toEqual([[{ kind: 'quotes' }]])
  expect(recipe.report('quotes')?.count).toBe(7)
  expect(recipe.isApplied).toBe(false)
  expect(await recipe.apply()).toBe(true)
  expect(prepared).toEqual([{ ...UNTOUCHED, clean: [{ kind: 'quotes' }] }])
  expect(recipe.report('quotes')?.count).toBe(3)
  expect([recipe.isApplied, recipe.isUntouched]).toEqual([true, false])
})

test('is a proposal for another text until it is applied, and can be taken back', async () => {
  const { lab, recipe } = await opened()
  recipe.set('html', { on: true })
  await recipe.apply()
  await lab.loadText('other', 'y')
  expect([recipe.isApplied, recipe.isLast, recipe.isUntouched]).toEqual([false, true, true])
  expect(prepared).toHaveLength(1)
  await recipe.undo()
  expect(prepared.at(-1)).toEqual(UNTOUCHED)
  expect([recipe.isEmpty, recipe.isApplied]).toEqual([true, true])
})

test('what the worker refuses leaves the proposal and says why', async () => {
  const { recipe } = await opened()
  recipe.set('html', { on: true })
  refusal = new CorpusError('nothing is left')
  expect(await recipe.apply()).toBe(false)
  expect(recipe.error).toBe(refusal)
  expect([recipe.applying, recipe.steps.length, recipe.isApplied]).toEqual([false, 1, false])
})

test('steps move, a hit is refused and accepted again, a run’s recipe is taken in its order', async () => {
  const { recipe } = await opened()
  recipe.set('html', { on: true })
  recipe.set('control', { on: true })
  recipe.move('control', -1)
  expect(recipe.steps.map(({ kind }) => kind)).toEqual(['control', 'html'])
  const hit = { kind: 'email' as const, text: 'a@b.org', line: 1, before: '', after: '', refused: false }
  recipe.refuse(hit)
  expect(recipe.setting.refused).toEqual([{ kind: 'email', text: 'a@b.org' }])
  recipe.refuse({ ...hit, refused: true })
  expect(recipe.setting.refused).toEqual([])
  recipe.adopt({
    split: { by: 'document', seed: 4 },
    card: {
      recipe: [
        { step: { kind: 'lowercase' }, count: 1 },
        { step: { kind: 'length', min: 2, max: 9 }, count: 1 },
      ],
      anonymise: { ...recipe.setting, names: 'eager' },
    } as never,
  })
  expect(recipe.made).toMatchObject({
    clean: [{ kind: 'lowercase' }, { kind: 'length', min: 2, max: 9 }],
    anonymise: { names: 'eager' },
    split: { by: 'document', seed: 4 },
  })
  expect(recipe.switches).toHaveLength(11)
})
