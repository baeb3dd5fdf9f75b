// Collecting in the worker: files of many kinds become one text, tables and chats are read otherwise without being asked for again,
// addresses are fetched once, loading tells how far it is and can be called off; what fails leaves the text before.
import { zipSync, strToU8 } from 'fflate'
import { describe, expect, test } from 'vitest'
import { CancelledError, CorpusError, SupersededError } from '../../src/errors'
import { SPECIAL } from '../../src/words/tokens'
import { SUGGESTED_TEXTS } from '../../src/words/suggested'
import { UNTOUCHED } from '../../src/worker/corpus_shelf'
import { macrotask } from '../../src/paced'
import { disk, progressOf, tab } from './lab_env'
import { shortTurns } from './short_turns'

const TABLE = 'id,question,answer\n1,Is the sea deep at night?,Yes\n2,Is it?,It is.\n3,How far is it?,Far\n'
const CHAT = Array.from(
  { length: 4 },
  (_, day) => `0${day + 1}/02/2024, 10:00 - Ann: How is day ${day}?\n0${day + 1}/02/2024, 10:01 - Bo: Fine, as ever.`,
).join('\n')

async function shelf() {
  const { lab } = await tab(disk())
  return { lab, shelf: lab.data, heard: () => progressOf(lab, 'loading') }
}

describe('files', () => {
  test('of many kinds become one text, in the order of their names, and what is no text is told', async () => {
    const { lab } = await tab(disk())
    const zip = zipSync({ 'in/2.txt': strToU8('Second of the zip.'), 'in/.DS_Store': strToU8('x') })
    const data = await lab.data.loadFiles([
      { name: 'all/b.md', data: new Blob(['# Heading\n\nWords.']) },
      { name: 'all/a.csv', data: new Blob([TABLE]) },
      { name: 'all/c.zip', data: new Blob([zip]) },
      { name: 'all/picture.png', data: new Blob(['x']) },
      { name: 'all/broken.json', data: new Blob(['{"a":']) },
    ])
    expect(data.corpus.name).toBe('all')
    expect(data.collected).toMatchObject({ as: 'auto', assistant: null, part_count: 3, refused_count: 2, hidden: 1 })
    expect(data.collected?.parts.map(({ name, kind, documents, columns }) => [name, kind, documents, columns])).toEqual(
      [
        ['all/a.csv', 'table', 3, ['question']],
        ['all/b.md', 'text', 1, null],
        ['all/c.zip/in/2.txt', 'text', 1, null],
      ],
    )
    expect(data.collected?.refused.map(({ why }) => why).join()).toMatch(/picture.*not JSON|not JSON.*picture/s)
    expect(data.excerpt).toContain(`Is it?${SPECIAL.end_of_text}`)
    expect(data.corpus.card).toMatchObject({ documents: 5 })
    expect(data.own).toBe(true)
    const phases = progressOf(lab, 'loading').map((at) => at?.phase ?? null)
    expect(phases[0]).toBe('read')
    expect(phases).toContain('tokenize')
    expect(phases.at(-1)).toBeNull()
  })

  test('a single text stays as it is, without special tokens', async () => {
    const { shelf: s } = await shelf()
    const data = await s.loadFiles([{ name: 'folder/sea.txt', data: 'The sea, the sea.\r\nIt is.' }])
    expect(data).toMatchObject({ excerpt: 'The sea, the sea.\nIt is.', collected: { part_count: 1 } })
    expect(data.corpus.name).toBe('sea.txt')
    expect(s.special).toEqual([])
  })

  test('five thousand of them are counted, and two hundred listed', async () => {
    const { shelf: s } = await shelf()
    const many = Array.from({ length: 5000 }, (_, i) => ({ name: `d/${i}.txt`, data: `Text number ${i}.` }))
    const { collected } = await s.loadFiles(many)
    expect(collected?.part_count).toBe(5000)
    expect(collected?.parts).toHaveLength(200)
    expect(collected?.parts[2]?.name).toBe('d/2.txt')
  })

  test('what fails leaves the text before', async () => {
    const { shelf: s } = await shelf()
    const before = await s.loadText('mine', 'A text of mine.')
    await expect(s.loadFiles([{ name: 'x.zip', data: new Uint8Array([0x50, 0x4b, 3, 4, 0, 0]) }])).rejects.toThrow(
      CorpusError,
    )
    const huge = { size: 500 * 2 ** 20, arrayBuffer: () => Promise.reject(new Error('was read')) }
    await expect(s.loadFiles([{ name: 'huge.txt', data: huge }])).rejects.toThrow(/524.3 MB; the limit is 52.4 MB/)
    expect(s.current.dataset.corpus.fingerprint).toBe(before.corpus.fingerprint)
    expect((await s.prepare(UNTOUCHED)).corpus.name).toBe('mine')
  })
})

describe('read in another way', () => {
  test('other columns of a table, under the recipe that it has', async () => {
    const { shelf: s } = await shelf()
    await s.loadFiles([{ name: 'a.csv', data: TABLE }])
    expect(await s.previewTable('a.csv')).toMatchObject({
      columns: ['id', 'question', 'answer'],
      chosen: ['question'],
      count: 3,
    })
    await s.prepare({ ...UNTOUCHED, clean: [{ kind: 'lowercase' }] })
    const both = await s.chooseColumns('a.csv', ['question', 'answer'])
    expect(both.excerpt).toContain('is it?\nit is.')
    expect(both.collected?.parts[0]?.columns).toEqual(['question', 'answer'])
    await expect(s.chooseColumns('a.csv', [])).rejects.toThrow(/Choose at least one/)
    await expect(s.chooseColumns('b.csv', ['id'])).rejects.toThrow(/b.csv is no table/)
    await expect(s.previewTable('b.csv')).rejects.toThrow(CorpusError)
  })

  test('a table as plain text, and back', async () => {
    const { shelf: s } = await shelf()
    await s.loadText('pasted', TABLE)
    const text = await s.readAs('text', null)
    expect(text).toMatchObject({ excerpt: TABLE, collected: { as: 'text' } })
    expect((await s.readAs('auto', null)).collected?.parts[0]?.kind).toBe('table')
    await expect(s.readAs('chats', null)).rejects.toThrow(/no chat export/)
    expect(s.current.dataset.corpus.card?.documents).toBe(3)
  })

  test('a chat with the other as its assistant', async () => {
    const { shelf: s } = await shelf()
    const first = await s.loadText('chat', CHAT)
    expect(first.collected?.parts[0]).toMatchObject({ kind: 'chat', documents: 4 })
    expect(first.collected?.speakers.toSorted()).toEqual(['Ann', 'Bo'])
    expect(first.excerpt).toContain(`${SPECIAL.assistant}Fine, as ever.`)
    const other = await s.readAs('auto', 'Ann')
    expect(other.excerpt).toContain(`${SPECIAL.user}Fine, as ever.`)
    expect(other.collected?.assistant).toBe('Ann')
  })

  test('what comes with the page is read in one way only', async () => {
    const { shelf: s } = await shelf()
    await s.loadBuiltIn('addition')
    await expect(s.readAs('text', null)).rejects.toThrow(/comes with the page/)
  })
})

describe('an address', () => {
  const answer = (text: string) => () =>
    Promise.resolve(new Response(text, { headers: { 'content-type': 'text/csv', 'content-length': `${text.length}` } }))

  test('is fetched once and read by what it is', async () => {
    const { shelf: s, heard } = await shelf()
    const data = await s.loadUrl('https://example.org/of/table', answer(TABLE))
    expect(data.collected?.parts[0]).toMatchObject({ name: 'table.csv', kind: 'table' })
    expect(data.corpus).toMatchObject({ name: 'table.csv', licence: 'not stated' })
    expect(heard()[0]).toMatchObject({ phase: 'fetch', name: 'https://example.org/of/table' })
  })

  test('of a public text brings its name and licence along', async () => {
    const { shelf: s } = await shelf()
    const { name, url, licence } = SUGGESTED_TEXTS[0]!
    const data = await s.loadUrl(url, () => Promise.resolve(new Response('Words, and more words.')))
    expect(data).toMatchObject({ corpus: { name, licence }, own: false })
  })

  test('that cannot be read leaves the text before', async () => {
    const { shelf: s } = await shelf()
    await s.loadText('mine', 'A text of mine.')
    const refused = () => Promise.reject(new TypeError('Failed to fetch'))
    await expect(s.loadUrl('https://example.org/x', refused)).rejects.toThrow(/CORS/)
    await expect(s.loadUrl('example.org')).rejects.toThrow(/Write it whole/)
    expect(s.current.text).toBe('A text of mine.')
  })
})

describe('generated texts', () => {
  test('are made with settings and a seed, which the card keeps', async () => {
    const { shelf: s } = await shelf()
    const usual = await s.loadBuiltIn('sort-letters')
    const other = await s.loadBuiltIn('sort-letters', { settings: { lines: 1000 }, seed: 5 })
    expect(other.lines).toBe(1000)
    expect(other.corpus.card?.generated).toMatchObject({ task: 'sort-letters', settings: { lines: 1000 }, seed: 5 })
    expect(other.corpus.fingerprint).not.toBe(usual.corpus.fingerprint)
    expect([other.own, other.collected]).toEqual([false, null])
  })
})

describe('calling off', () => {
  const SLOW = 'A line of the sea that is long enough to be told its language, and stands here often.\n'.repeat(20_000)

  test('cleaning in its middle: the text stays as it was, and the next one is taken', async () => {
    const { lab, shelf: s, heard } = await shelf()
    const before = await s.loadText('mine', SLOW)
    // However fast the machine is, cleaning has turns of others in its middle.
    shortTurns()
    const cleaning = s.prepare({ ...UNTOUCHED, clean: [{ kind: 'language', keep: ['eng'] }] })
    const cancelled = expect(cleaning).rejects.toThrow(CancelledError)
    while (!heard().some((at) => at?.phase === 'clean' && at.done > 0)) await macrotask()
    await lab.cancel('loading')
    await cancelled
    expect(heard().at(-1)).toBeNull()
    expect(s.current.dataset.corpus.fingerprint).toBe(before.corpus.fingerprint)
    expect((await s.loadText('other', 'Another text.')).corpus.name).toBe('other')
  })

  test('a newer text ends the one on its way', async () => {
    const { shelf: s } = await shelf()
    const older = s.loadText('older', SLOW)
    const newer = s.loadText('newer', 'Another text.')
    await expect(older).rejects.toThrow(SupersededError)
    await newer
    expect(s.current.dataset.corpus.name).toBe('newer')
  })

  test('fetching: the request itself ends', async () => {
    const { lab, shelf: s } = await shelf()
    let ended = false
    let ask: () => void
    const asked = new Promise<void>((resolve) => (ask = resolve))
    const never: typeof fetch = (_, options) =>
      new Promise((_resolve, reject) => {
        ask()
        options?.signal?.addEventListener('abort', () => {
          ended = true
          reject(new Error('aborted'))
        })
      })
    const loading = s.loadUrl('https://example.org/x', never)
    const cancelled = expect(loading).rejects.toThrow(CancelledError)
    await asked
    await lab.cancel('loading')
    await cancelled
    expect(ended).toBe(true)
  })
})
