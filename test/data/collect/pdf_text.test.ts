// PDFs written by hand: pages, lines and words as they are read; locked, empty and broken ones told apart.
import { describe, expect, test } from 'vitest'
import { joinSplitWords, pdfText } from '../../../src/data/collect/pdf_text'
import { CorpusError } from '../../../src/errors'
import { linesOf, pdfOf, utf8 } from './made_files'

const read = (bytes: Uint8Array, limit = 1e6) => pdfText('a.pdf', bytes, { limit })
/** Locked with some password: nothing of it opens without. */
const LOCKED = `/ID[<00112233445566778899aabbccddeeff><00112233445566778899aabbccddeeff>]/Encrypt<</Filter/Standard/V 2/R 3/Length 128/P -3904/O<${'ab'.repeat(32)}>/U<${'cd'.repeat(32)}>>>`

test('lines by their height, paragraphs by the space between, pages in order', async () => {
  const pages = [
    linesOf(['Call me Ishmael.', 0], ['Some years ago', 14], ['A new paragraph', 40]),
    linesOf(['Page two.', 0]),
  ]
  expect(await read(pdfOf(pages))).toBe('Call me Ishmael.\nSome years ago\n\nA new paragraph\nPage two.')
})
test('pieces of a line join; exponents are no lines', async () => {
  const page = 'BT /F1 12 Tf 50 700 Td (Ish) Tj (mael) Tj 60 0 Td (comes) Tj 40 4 Td (2) Tj ET'
  expect(await read(pdfOf([page]))).toBe('Ishmael comes 2')
})
test('words that a line or page end split are joined', async () => {
  const pages = [linesOf(['the wha-', 0], ['ling ship of New-', 14], ['England, and so on-', 14]), linesOf(['ward', 0])]
  expect(await read(pdfOf(pages))).toBe('the whaling ship of New-\nEngland, and so onward')
  expect(joinSplitWords('a -\nb, 1-\nc, d-\n2, é-\nà')).toBe('a -\nb, 1-\nc, d-\n2, éà')
})
test('its bytes stay with their owner, and it can be read twice', async () => {
  const bytes = pdfOf([linesOf(['twice', 0])])
  expect([await read(bytes), await read(bytes)]).toEqual(['twice', 'twice'])
})
test('progress goes by pages', async () => {
  const told: string[] = []
  const onPage = (done: number, total: number) => void told.push(`${done}/${total}`)
  await pdfText('a.pdf', pdfOf(['', linesOf(['x', 0]), '']), { limit: 100, onPage })
  expect(told).toEqual(['1/3', '2/3', '3/3'])
})
test('it can be called off', async () => {
  const abort = new AbortController()
  const reading = pdfText('a.pdf', pdfOf(Array.from({ length: 50 }, () => linesOf(['x', 0]))), {
    limit: 1000,
    onPage: () => abort.abort(new Error('enough')),
    signal: abort.signal,
  })
  await expect(reading).rejects.toThrow('enough')
})

describe('refused', () => {
  test.each<[string, Uint8Array, RegExp]>([
    ['locked by a password', pdfOf([linesOf(['secret', 0])], LOCKED), /a\.pdf is protected by a password\. Save/],
    ['pictures of pages', pdfOf(['0 0 100 100 re f']), /a\.pdf has no text: it is pictures of pages\./],
    ['nonsense', utf8('%PDF-1.4 and then nonsense'), /cannot be read as a PDF/],
    ['cut short', pdfOf([linesOf(['x', 0])]).subarray(0, 60), /cannot be read as a PDF/],
    ['empty', new Uint8Array(), /cannot be read as a PDF/],
  ])('%s', async (_, bytes, why) => {
    await expect(read(bytes)).rejects.toThrow(CorpusError)
    await expect(read(bytes)).rejects.toThrow(why)
  })
  test('more text than the limit', async () => {
    const page = linesOf(...Array.from({ length: 100 }, (): [string, number] => ['twenty characters ...', 1]))
    await expect(read(pdfOf([page]), 1000)).rejects.toThrow(/more text than the limit allows/)
  })
})
