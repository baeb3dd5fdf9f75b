// The card as text: nothing of one's own words in it, and no text from outside can end a cell.
import { getCountries } from 'libphonenumber-js/max'
import { franc } from 'franc-min'
import { expect, test } from 'vitest'
import { describing } from '../../../src/data/dataset/card'
import { atOnce } from '../../../src/paced'
import type { DatasetCard } from '../../../src/words/corpus'
import { anonymiseAll } from '../../../src/words/recipe'
import { cardJson, cardMarkdown } from '../../../src/ui/parts/card_text'
import { COUNTRIES, LANGUAGES, countryName, languageName } from '../../../src/ui/parts/regions'

const describeText = (text: string, made: Partial<DatasetCard> = {}) =>
  atOnce(describing(text, { recipe: [], ...made }, franc))

const corpus = {
  name: 'My | text\n# not a heading',
  fingerprint: 'f'.repeat(64),
  characters: 20,
  licence: 'CC0',
  split: { by: 'document' as const, seed: 7 },
  card: describeText('Ahab sees it.\nAhab sees it.\n', {
    recipe: [{ step: { kind: 'quotes' }, count: 3 }],
    anonymise: { ...anonymiseAll('mask'), own: ['a secret'] },
    personal: { kinds: [{ kind: 'email', found: 5, went_through: 2 }], dropped_lines: 1 },
  }),
}

test('JSON holds everything but one’s own words', () => {
  const { card, ...rest } = JSON.parse(cardJson(corpus)) as typeof corpus
  expect({ ...rest, card: corpus.card }).toEqual(corpus)
  expect(card).toEqual({ ...corpus.card, anonymise: { ...corpus.card.anonymise, own: [] } })
})

test('Markdown says what was done and what went through', () => {
  const text = cardMarkdown(corpus)
  expect(text).toContain('# My | text # not a heading\n')
  expect(text).toContain('| Recipe | Straighten quotes: 3 places |')
  expect(text).toContain('| Personal data | 5 found, 2 went through, 1 line dropped |')
  expect(text).toContain('| Split | by document, seed 7 |')
  expect(text).toContain('| Repeated lines | 50% |')
  expect(text).not.toContain('secret')
  expect(cardMarkdown({ ...corpus, licence: 'a|b\\' })).toContain('| Licence | a\\|b\\\\ |')
})

test('the countries are libphonenumber’s, the languages are ones that franc tells', () => {
  expect([...COUNTRIES].sort()).toEqual([...getCountries()].sort())
  expect(LANGUAGES).toContain(franc('This is a sentence in plain English, long enough to be told apart.'))
  expect(LANGUAGES.length).toBeGreaterThan(70)
  expect([countryName('DE'), languageName('deu')]).toEqual(['Germany', 'German'])
})
