// The recipe in the worker: tried before it is applied, applied, counted on the card, kept with the run and in its file; and what
// is asked for twice is answered once.
import { macrotask } from '../../src/paced'
import { expect, test } from 'vitest'
import { SPECIAL_TOKENS } from '../../src/data/tokenize/chat_format'
import { CorpusError, SupersededError } from '../../src/errors'
import { anonymiseAll, type CleanStep } from '../../src/words/recipe'
import { decodeCheckpoint } from '../../src/storage/checkpoint'
import { UNTOUCHED } from '../../src/worker/corpus_shelf'
import { createRun, disk, openRun, progressOf, tab, tiny } from './lab_env'
import { shortTurns } from './short_turns'

const TEXT =
  '“Ask” jane@example.org.\nAsk <b>Aisha</b>, or jane@example.org.\nA line.\nA line.\n' + 'Nothing of it.\n'.repeat(8)
const STEPS: CleanStep[] = [{ kind: 'quotes' }, { kind: 'html' }, { kind: 'duplicate_lines' }]
const MASK = anonymiseAll('mask')
const fetchFile = () => Promise.resolve(new TextEncoder().encode('Aisha\nMary'))

async function bench(text = TEXT) {
  const { lab } = await tab(disk(), 'cpu', undefined, fetchFile)
  await lab.data.loadText('mine', text)
  return { lab, shelf: lab.data, bench: lab.recipe }
}
const query = { clean: STEPS, setting: MASK, kind: null, offset: 0 }

test('cleaning is tried on the beginning of the text, and changes nothing', async () => {
  const { shelf, bench: recipes } = await bench()
  const tried = await recipes.preview(STEPS)
  expect(tried?.reports.map(({ count }) => count)).toEqual([1, 2, 8])
  expect(tried).toMatchObject({ tried: TEXT.length, length: TEXT.length })
  expect(shelf.current.text).toBe(TEXT)
  await expect(recipes.preview([{ kind: 'length', min: 500, max: 900 }])).rejects.toThrow(CorpusError)
  const long = await bench('a line of text\n'.repeat(200_000))
  const part = await long.bench.preview([{ kind: 'duplicate_lines' }])
  expect(part?.tried).toBeLessThanOrEqual(500_000)
  expect(part?.reports[0]?.count).toBe(part.tried / 15 - 1)
})

test('a newer question ends the older one', async () => {
  const { bench: recipes } = await bench()
  const old = recipes.preview(STEPS)
  const fresh = recipes.preview([])
  await expect(old).rejects.toThrow(SupersededError)
  expect((await fresh).reports).toEqual([])
  const before = recipes.findPersonal(query)
  const after = recipes.findPersonal(query)
  await expect(before).rejects.toThrow(SupersededError)
  expect((await after).total).toBe(3)
})

test('personal data is found in the cleaned text, by kind and page by page, with what was refused', async () => {
  const { bench: recipes } = await bench(`${TEXT}${'Write to x1@example.org now.\n'.repeat(1)}`)
  const refused = [{ kind: 'email' as const, text: 'jane@example.org' }]
  const all = await recipes.findPersonal({ ...query, setting: { ...MASK, refused } })
  expect(all?.counts.email).toEqual({ found: 3, refused: 2 })
  expect(all?.counts.name).toEqual({ found: 1, refused: 0 })
  expect(all?.hits[1]).toMatchObject({ kind: 'name', text: 'Aisha', line: 2, before: 'Ask ', refused: false })
  const rest = await recipes.findPersonal({ ...query, kind: 'email', offset: 2 })
  expect(rest).toMatchObject({ total: 3, hits: [{ text: 'x1@example.org', refused: false }] })
})

test('conversations keep their turns through cleaning and anonymising', async () => {
  const { shelf } = await bench()
  await shelf.loadBuiltIn('support-chats')
  const before = shelf.current
  const count = (text: string) => SPECIAL_TOKENS.map((token) => text.split(token).length)
  const made = await shelf.prepare({
    ...UNTOUCHED,
    clean: [{ kind: 'nfkc' }, { kind: 'html' }, { kind: 'lowercase' }],
    anonymise: { ...MASK, own: ['user', 'end'] },
    split: { by: 'document', seed: 3 },
  })
  expect(count(shelf.current.text)).toEqual(count(before.text))
  expect(made.corpus.card?.turns).toBe((await shelf.prepare(UNTOUCHED)).corpus.card?.turns)
  expect(made.personal?.counts.email.masked).toBeGreaterThan(20)
  expect(made.reports).toHaveLength(3)
})

test('leaks: what is held out and stands in the training part, in both', async () => {
  const { bench: recipes } = await bench(
    `${'the very same eight words stand in both parts here.\n'}${'another sentence of other words fills the rest of it.\n'.repeat(3)}the very same eight words stand in both parts here.\n`,
  )
  const found = await recipes.leaks(0.2)
  expect(found).toMatchObject({ unit: 'words', n: 8 })
  expect(found.count).toBeGreaterThan(0)
  expect(found.places[0]?.trained.after).toContain('another sentence')
  expect(await recipes.leaks(0)).toMatchObject({ total: 0, share: 0 })
})

test('a long leak check says how far it is, lets others work, and ends where it is called off or the text is another', async () => {
  const {
    lab,
    shelf,
    bench: recipes,
  } = await bench('every word of it stands in both of the parts here.\n'.repeat(40_000))
  shortTurns()
  let turns = 0
  const asked = recipes.leaks(0.1)
  let done = false
  void asked.finally(() => (done = true))
  for (; !done; turns++) await macrotask()
  expect((await asked).share).toBe(1)
  expect(turns).toBeGreaterThan(50)
  const told = progressOf(lab, 'leaks')
  expect(told.at(-1)).toBeNull()
  const shares = told.filter((share) => share !== null)
  expect(shares.length).toBeGreaterThan(3)
  expect(shares).toEqual(shares.toSorted((a, b) => a - b))

  const stopped = recipes.leaks(0.1)
  await macrotask()
  await Promise.all([lab.cancel('leaks'), expect(stopped).rejects.toThrow('It was called off')])
  const older = recipes.leaks(0.1)
  const newer = recipes.leaks(0.2)
  await expect(older).rejects.toThrow(SupersededError)
  expect((await newer).total).toBeGreaterThan(0)
  const outdated = expect(recipes.leaks(0.1)).rejects.toThrow(SupersededError)
  await shelf.loadText('other', 'another text, and a short one')
  await outdated
})

test('a licence is named for one’s own text, not for one that brought its own', async () => {
  const { shelf } = await bench()
  expect(await shelf.setLicence(' CC0 ')).toMatchObject({ own: true, corpus: { licence: 'CC0' } })
  expect((await shelf.prepare({ ...UNTOUCHED, clean: STEPS })).corpus.licence).toBe('CC0')
  await expect(shelf.setLicence(' ')).rejects.toThrow(CorpusError)
  await shelf.loadBuiltIn('addition')
  await expect(shelf.setLicence('mine')).rejects.toThrow(/brought its licence along/)
})

test('a run keeps how its text was prepared and what went through; its file keeps the own words out', async () => {
  const { lab } = await bench(TEXT.repeat(6))
  const anonymise = { ...MASK, own: ['secret'], refused: [{ kind: 'name' as const, text: 'Aisha' }] }
  const made = await lab.data.prepare({ ...UNTOUCHED, clean: STEPS.slice(0, 2), anonymise })
  const personal = {
    kinds: [
      { kind: 'email', found: 12, went_through: 0 },
      { kind: 'name', found: 6, went_through: 6 },
    ],
    dropped_lines: 0,
  }
  expect(made.personal).toMatchObject({ went_through: 6 })
  expect(made.corpus.card).toMatchObject({ anonymise, personal })
  const { run } = await createRun(lab, { name: 'r', config: { ...tiny, vocab_size: made.vocab_size }, prompt: 'A' })
  await lab.run.close()
  expect((await openRun(lab, run.id)).run.corpus.card).toMatchObject({ anonymise, personal })
  const { bytes } = await lab.kept.export(run.id)
  const { card } = decodeCheckpoint(bytes).checkpoint.meta.spec.corpus
  expect(card).toMatchObject({ personal, anonymise: { refused: anonymise.refused, own: [] } })
})
