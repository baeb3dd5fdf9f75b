// Addresses that a person typed: what is asked of the server, how the file is named, and every way in which it can go wrong.
import { describe, expect, test, vi } from 'vitest'
import { collect } from '../../../src/data/collect/collect'
import { fetchText } from '../../../src/data/collect/fetch_text'
import { LARGEST_TEXT } from '../../../src/data/collect/read_text'
import { SUGGESTED_TEXTS } from '../../../src/words/suggested'
import { CorpusError } from '../../../src/errors'

const answer = (body: BodyInit | null, headers: Record<string, string> = {}, status = 200) =>
  vi.fn(() => Promise.resolve(new Response(body, { headers, status })))
/** A body that never ends, a megabyte at a time; counts what was asked of it. */
function endless() {
  const asked = { chunks: 0, cancelled: false }
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      asked.chunks++
      controller.enqueue(new Uint8Array(1024 * 1024).fill(97))
    },
    cancel() {
      asked.cancelled = true
    },
  })
  return { asked, body }
}

test('a text is fetched without cookies or referrer, and read', async () => {
  const fetch = answer('Call me Ishmael.', { 'content-type': 'text/plain; charset=utf-8', 'content-length': '16' })
  const told: unknown[] = []
  const file = await fetchText(' https://example.org/books/moby.txt?raw=1#top ', {
    fetch,
    onProgress: (p) => told.push(p),
  })
  expect(fetch).toHaveBeenCalledExactlyOnceWith(
    new URL('https://example.org/books/moby.txt?raw=1#top'),
    expect.objectContaining({ credentials: 'omit', referrerPolicy: 'no-referrer' }),
  )
  expect(told).toEqual([{ done: 16, total: 16 }])
  expect((await collect([file])).parts).toMatchObject([{ name: 'moby.txt', documents: [{ text: 'Call me Ishmael.' }] }])
})

test.each([
  ['https://a.org/page', 'text/html; charset=utf-8', 'page.html'],
  ['https://a.org/', 'text/html', 'a.org.html'],
  ['https://a.org/wiki/Moby.Dick', 'text/html', 'Moby.Dick.html'],
  ['https://a.org/rows.csv', 'text/plain', 'rows.csv'],
  ['https://a.org/rows.csv', 'application/octet-stream', 'rows.csv'],
  ['https://a.org/export', 'text/csv', 'export.csv'],
  ['https://a.org/api/v1', 'application/json', 'v1.json'],
  ['https://a.org/paper', 'application/pdf', 'paper.pdf'],
  ['https://a.org/M%C3%B6we%2F..txt', 'text/plain', 'Möwe_..txt'],
  ['https://a.org/100%', '', '100%'],
])('%s of type %s is named %s', async (url, type, name) => {
  const fetch = type === '' ? answer(new Uint8Array([120, 121])) : answer('x y', { 'content-type': type })
  expect((await fetchText(url, { fetch })).name).toBe(name)
})

describe('refused with a way out', () => {
  const refusal = async (url: string, fetch: typeof globalThis.fetch = answer('x')): Promise<string> => {
    const error: unknown = await fetchText(url, { fetch }).then(
      () => new Error('was read'),
      (thrown: unknown) => thrown,
    )
    expect(error).toBeInstanceOf(CorpusError)
    return (error as CorpusError).message
  }
  test.each([
    ['no address', /“no address” is no address\. Write it whole/],
    ['', /is no address/],
    ['file:///etc/passwd', /file: addresses cannot be read here/],
    ['javascript:alert(1)', /javascript: addresses cannot be read here/],
    ['data:text/plain,x', /data: addresses cannot be read here/],
    ['https://me:secret@a.org/x', /has a name or password in it/],
  ])('%s, without fetching', async (url, why) => {
    const fetch = answer('x')
    expect(await refusal(url, fetch)).toMatch(why)
    expect(fetch).not.toHaveBeenCalled()
  })
  test.each<[number, RegExp]>([
    [404, /a\.org answers 404 \(there is no such file\)\. Download the file yourself, and drop it here\.$/],
    [403, /403 \(not for everyone\)/],
    [429, /too many requests/],
    [503, /503 \(it has a problem of its own; try later\)/],
    [418, /answers 418\./],
  ])('status %d', async (status, why) => expect(await refusal('https://a.org/x', answer('x', {}, status))).toMatch(why))
  test('a failure that the browser does not explain', async () => {
    const fetch = () => Promise.reject(new TypeError('Failed to fetch'))
    expect(await refusal('https://a.org/x', fetch)).toMatch(
      /a\.org could not be read.*\(CORS\), there may be no such site, or no connection\. Download the file yourself/,
    )
    expect(await refusal('http://a.org/x', fetch)).toMatch(/no http: address from an https: page/)
  })
  test('more than 50 MB by what the server says, before any of it is read', async () => {
    const { asked, body } = endless()
    const fetch = answer(body, { 'content-length': String(LARGEST_TEXT + 1) })
    expect(await refusal('https://a.org/x', fetch)).toMatch(/x has 52\.4 MB; the limit is 52\.4 MB/)
    expect(asked.chunks).toBeLessThanOrEqual(1)
    expect(asked.cancelled).toBe(true)
  })
  test('more than 50 MB where the server says nothing, as soon as it exceeds that', async () => {
    const { asked, body } = endless()
    expect(await refusal('https://a.org/x', answer(body))).toMatch(/x has 53\.5 MB; the limit is 52\.4 MB/)
    expect(asked.chunks).toBeLessThan(54)
    expect(asked.cancelled).toBe(true)
  })
  test('broken off', async () => {
    let sent = false
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        if (sent) controller.error(new TypeError('network error'))
        else controller.enqueue(new Uint8Array(2e6))
        sent = true
      },
    })
    expect(await refusal('https://a.org/x', answer(body))).toMatch(/a\.org broke off after 2 MB\. Try again, or/)
  })
  test('called off: the reason comes through', async () => {
    const abort = new AbortController()
    const { asked, body } = endless()
    const onProgress = () => abort.abort(new Error('enough'))
    await expect(
      fetchText('https://a.org/x', { fetch: answer(body), onProgress, signal: abort.signal }),
    ).rejects.toThrow('enough')
    expect(asked.cancelled).toBe(true)
  })
})

test('suggested texts are within the limit, each by an https address of its own', () => {
  expect(SUGGESTED_TEXTS.length).toBeGreaterThanOrEqual(5)
  expect(new Set(SUGGESTED_TEXTS.map(({ url }) => url)).size).toBe(SUGGESTED_TEXTS.length)
  for (const { url, characters, licence, about } of SUGGESTED_TEXTS) {
    expect(new URL(url).protocol).toBe('https:')
    expect(characters).toBeLessThan(LARGEST_TEXT)
    expect(licence).not.toBe('')
    expect(about).toMatch(/\.$/)
  }
})
