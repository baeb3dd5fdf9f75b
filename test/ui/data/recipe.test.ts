// The recipe under a person's hands: a proposal that outlives the choice of another text, is applied by nobody but them, and is what
// the worker is asked about.
import { expect, test } from 'vitest'
import { stubBrowser } from '../page_env'

const TEXT = '“Ask” <b>Aisha</b>.\nNothing of it.\n'

async function opened() {
  stubBrowser()
  const { lab } = await import('../../../src/ui/state/lab.svelte')
  const { recipe } = await import('../../../src/ui/data/recipe.svelte')
  await lab.open()
  const { preparation } = await lab.show(lab.calls.data.loadText('mine', TEXT))
  // Read by bytes, which no recipe changes.
  const before = { ...preparation!, tokenizer: { kind: 'byte' } } as const
  await lab.show(lab.calls.data.prepare(before))
  return { lab, recipe, before }
}

test('counts what steps would do, then what they did; the tokenizer stays', async () => {
  const { lab, recipe, before } = await opened()
  expect([recipe.isApplied, recipe.isEmpty]).toEqual([true, true])
  recipe.set('quotes', { on: true })
  expect(recipe.report('quotes')).toBeNull()
  await recipe.try()
  expect(recipe.report('quotes')).toBe(recipe.preview?.reports[0])
  expect(recipe.report('quotes')?.count).toBe(1)
  expect(recipe.isApplied).toBe(false)
  expect(await recipe.apply()).toBe(true)
  expect(lab.dataset?.preparation).toEqual({ ...before, clean: [{ kind: 'quotes' }] })
  expect(recipe.report('quotes')).toBe(lab.dataset?.reports[0])
  expect([recipe.isApplied, recipe.isUntouched]).toEqual([true, false])
})

test('a newer trial is the one that counts', async () => {
  const { recipe } = await opened()
  recipe.set('quotes', { on: true })
  const older = recipe.try()
  recipe.set('html', { on: true })
  await Promise.all([older, recipe.try()])
  expect([recipe.previewError, recipe.preview?.reports.length]).toEqual([null, 2])
})

test('is a proposal for another text until it is applied, and can be taken back', async () => {
  const { lab, recipe } = await opened()
  recipe.set('html', { on: true })
  await recipe.apply()
  const { preparation } = await lab.show(lab.calls.data.loadText('other', `${TEXT} And more.`))
  expect(preparation?.clean).toEqual([])
  expect([recipe.isApplied, recipe.isLast, recipe.isUntouched]).toEqual([false, true, true])
  await recipe.apply()
  expect(lab.dataset?.preparation?.clean).toEqual([{ kind: 'html' }])
  await recipe.undo()
  expect(lab.dataset?.preparation).toEqual(preparation)
  expect([recipe.isEmpty, recipe.isApplied]).toEqual([true, true])
})

test('what the worker refuses leaves the proposal and says why', async () => {
  const { lab, recipe, before } = await opened()
  recipe.set('length', { on: true })
  recipe.set('length', { step: { kind: 'length', min: 5000, max: 9000 } })
  expect(await recipe.apply()).toBe(false)
  expect(recipe.error?.name).toBe('CorpusError')
  expect([recipe.applying, recipe.steps.length, recipe.isApplied]).toEqual([false, 1, false])
  expect(lab.dataset?.preparation).toEqual(before)
})

test('a search for leaks is told of, called off without a word, and answered', async () => {
  const { lab, recipe } = await opened()
  await lab.show(lab.calls.data.loadText('long', 'every word of it stands in both of the parts here.\n'.repeat(4000)))
  const ended = recipe.checkLeaks()
  expect(recipe.leaking).toBe(true)
  await lab.calls.cancel('leaks')
  await ended
  expect([recipe.leaking, recipe.leak, recipe.leakError]).toEqual([false, null, null])
  await recipe.checkLeaks()
  expect(recipe.leak?.share).toBe(1)
  expect(lab.progress.leaks).toBeNull()
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
  // Older runs may have a step twice.
  const lower = { step: { kind: 'lowercase' }, count: 1 }
  recipe.adopt({ card: { recipe: [lower, { step: { kind: 'html' }, count: 1 }, lower] } as never })
  expect(recipe.steps.map(({ kind }) => kind)).toEqual(['lowercase', 'html'])
  expect(new Set(recipe.switches.map(({ step }) => step.kind)).size).toBe(11)
})
