// A copied recipe is read back as it was; anything else is refused by its place, with what would be right.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { anonymiseAll, type CleanStep } from '../../../src/words/recipe'
import { parseRecipe, type Made } from '../../../src/ui/data/recipe_text'

const CLEAN: CleanStep[] = [
  { kind: 'html' },
  { kind: 'words', drop: ['spam', '(.*'] },
  { kind: 'length', min: 1, max: 900 },
  { kind: 'language', keep: ['eng', 'deu'] },
  { kind: 'near_duplicates', similarity: 0.8 },
]
const refused = [{ kind: 'email' as const, text: 'a@b.org' }]
const MADE: Made[] = [
  { clean: [], anonymise: null, split: { by: 'position' } },
  { clean: CLEAN, anonymise: { ...anonymiseAll('pseudonym'), refused, seed: 7 }, split: { by: 'document', seed: 3 } },
]

test.each(MADE)('what was copied comes back, %#', (made) => {
  expect(parseRecipe(JSON.stringify(made, null, 2))).toEqual({ made })
})

test('what is left out is not done', () => {
  expect(parseRecipe('{"clean": [{"kind": "quotes"}]}')).toEqual({
    made: { clean: [{ kind: 'quotes' }], anonymise: null, split: { by: 'position' } },
  })
})

const masked = anonymiseAll('mask')
test.each<[string | object, string]>([
  ['', 'Nothing is pasted yet'],
  ['clean: quotes', 'This is no JSON'],
  ['[]', 'This is no recipe'],
  ['{"name": "x"}', 'This is no recipe'],
  [{ clean: [], tokenizer: 'bpe' }, 'The recipe has no “tokenizer”; it has clean, anonymise, and split.'],
  [{ clean: 'html' }, 'clean must be a list.'],
  [{ clean: ['html'] }, 'Step 1 of clean must be an object such as {"kind": "html"}.'],
  [
    { clean: [{ kind: 'html' }, { kind: 'polish' }] },
    'Step 2 of clean, kind is “polish”; it must be one of html, control',
  ],
  [{ clean: [{ kind: 'html' }, { kind: 'html' }] }, 'clean has the step “html” twice; once is enough.'],
  [{ clean: [{ kind: 'html', min: 1 }] }, 'Step 1 of clean has no “min”; it has kind.'],
  [{ clean: [{ kind: 'length', min: '1', max: 2 }] }, 'Step 1 of clean, min must be a whole number of at least 0.'],
  [{ clean: [{ kind: 'length', min: 3, max: 2 }] }, 'Step 1 of clean, max must be a number of at least 3.'],
  [{ clean: [{ kind: 'near_duplicates' }] }, 'similarity must be a number above 0 and at most 1'],
  [
    { clean: [{ kind: 'language', keep: ['English'] }] },
    'Step 1 of clean, keep must be a list of languages by ISO 639-3',
  ],
  [{ clean: [{ kind: 'words', drop: [1] }] }, 'Step 1 of clean, drop must be a list of texts.'],
  [{ anonymise: true }, 'anonymise must be an object with treatments, names, country, own, refused, and seed.'],
  [
    { anonymise: { ...masked, treatments: { ...masked.treatments, iban: 'burn' } } },
    'iban is “burn”; it must be one of keep, mask',
  ],
  [{ anonymise: { ...masked, country: '!' } }, 'anonymise, country must be a country by ISO 3166'],
  [{ anonymise: { ...masked, refused: [{ kind: 'email' }] } }, 'anonymise, refused, text must be a text.'],
  [{ split: { by: 'fate' } }, 'split, by is “fate”; it must be one of position and document.'],
  [{ split: { by: 'document' } }, 'split, seed must be a whole number of at least 0.'],
])('%j is refused', (text, problem) => {
  const read = parseRecipe(typeof text === 'string' ? text : JSON.stringify(text))
  expect('problem' in read && read.problem).toContain(problem)
})

test('whatever is pasted, it is read or refused in words', () => {
  const near = fc.record(
    { clean: fc.jsonValue(), anonymise: fc.jsonValue(), split: fc.jsonValue() },
    { requiredKeys: [] },
  )
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.json(),
        near.map((value) => JSON.stringify(value)),
      ),
      (text) => {
        const read = parseRecipe(text)
        if ('problem' in read) expect(read.problem).not.toMatch(/undefined|\[object|^$/)
      },
    ),
  )
})
