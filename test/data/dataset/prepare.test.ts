// The one way from a collected text to a dataset: every phase in its order, each counted on the card, none done twice.
import { expect, test } from 'vitest'
import { prepare, type Collected, type Means } from '../../../src/data/dataset/prepare'
import { learnTokenizer } from '../../../src/data/tokenize/learn'
import { SPECIAL_TOKENS } from '../../../src/data/tokenize/chat_format'
import { anonymiseAll, type Preparation } from '../../../src/words/recipe'
import { shortTurns } from '../../worker/short_turns'

const LETTER: Collected = {
  name: 'letter',
  licence: 'none',
  text: 'Dear Sarah,\nwrite to sarah@example.org.\nDear Sarah,\n“Soon.”\n'.repeat(3),
  special: [],
}
const PLAIN: Preparation = { clean: [], anonymise: null, split: { by: 'position' }, tokenizer: { kind: 'char' } }
const means: Means = { val_fraction: 0.1, firstNames: async () => ['Sarah'] }

test('a text to which nothing is done stays, read by its characters', async () => {
  const { text, dataset, reports, personal, notices } = await prepare(LETTER, PLAIN, means)
  expect([text, reports, personal, notices]).toEqual([LETTER.text, [], null, []])
  expect(dataset.tokenizer.state.kind).toBe('char')
  expect(dataset.corpus).toMatchObject({ name: 'letter', licence: 'none', card: { recipe: [] } })
  expect(dataset.corpus.card).not.toHaveProperty('anonymise')
})

test('is cleaned, then made anonymous, then learned from; the card says all of it', async () => {
  const setting = anonymiseAll('mask')
  const preparation: Preparation = {
    ...PLAIN,
    clean: [{ kind: 'quotes' }],
    anonymise: setting,
    tokenizer: { kind: 'bpe', vocab_size: 260 },
  }
  const { text, dataset, reports, personal } = await prepare(LETTER, preparation, means)
  expect(text).toBe('Dear [NAME],\nwrite to [EMAIL].\nDear [NAME],\n"Soon."\n'.repeat(3))
  expect(reports).toMatchObject([{ count: 3 }])
  expect(personal).toMatchObject({ counts: { name: { masked: 6 }, email: { masked: 3 } } })
  expect(personal).not.toHaveProperty('text')
  expect(dataset.tokenizer.state).toEqual(learnTokenizer(text, { kind: 'bpe', vocab_size: 260 }, []))
  expect(dataset.corpus.card).toMatchObject({
    recipe: [{ step: { kind: 'quotes' }, count: 3 }],
    anonymise: setting,
    personal: {
      kinds: [
        { kind: 'email', found: 3, went_through: 0 },
        { kind: 'name', found: 6, went_through: 0 },
      ],
    },
  })
})

test('what was learned from the very text that is read is not learned again', async () => {
  const asked: unknown[] = []
  const state = learnTokenizer('other', { kind: 'byte' }, [])
  const preparation: Preparation = {
    ...PLAIN,
    clean: [{ kind: 'lowercase' }],
    tokenizer: { kind: 'word', vocab_size: 9 },
  }
  const learned: Means['learned'] = (...args) => (asked.push(args), state)
  const { dataset } = await prepare(LETTER, preparation, { ...means, learned })
  expect(asked).toEqual([[LETTER.text.toLowerCase(), [], { kind: 'word', vocab_size: 9 }]])
  expect(dataset.tokenizer.state).toEqual(state)
})

test('every phase is told from its beginning, in turns, and what a pause throws ends the work', async () => {
  shortTurns()
  const told: string[] = []
  const preparation: Preparation = { ...PLAIN, clean: [{ kind: 'html' }], anonymise: anonymiseAll('keep') }
  const pause: Means['pause'] = async (phase, share) => {
    if (told.at(-1) !== phase) expect(share).toBe(0)
    if (told.at(-1) !== phase) told.push(phase)
  }
  await prepare({ ...LETTER, special: SPECIAL_TOKENS }, preparation, { ...means, pause })
  expect(told).toEqual(['clean', 'anonymise', 'describe', 'learn', 'tokenize'])
  const stop: Means['pause'] = async (phase, share) => {
    if (phase === 'anonymise' && share > 0) throw new Error('enough')
  }
  await expect(prepare(LETTER, preparation, { ...means, pause: stop })).rejects.toThrow('enough')
})
