// XXH32 by the numbers of its own test suite and of python-xxhash, and the seal over a file.
import { expect, test } from 'vitest'
import { xxh32 } from '../../src/storage/checksum'
import { parseJson } from '../../src/storage/json'
import { seal, unseal } from '../../src/storage/sealed'

const text = (s: string) => new TextEncoder().encode(s)

test.each([
  ['', 0, 0x02cc5d05],
  ['', 0x9e3779b1, 0x36b78ae7],
  ['a', 0, 0x550d7456],
  ['abc', 0, 0x32d153ff],
  ['Nobody inspects the spammish repetition', 0, 0xe2293b2f],
])('%j with the seed %d', (s, seed, want) => {
  expect(xxh32(text(s), seed)).toBe(want)
})

test('an address that is no multiple of four changes nothing', () => {
  const bytes = text('Nobody inspects the spammish repetition')
  const shifted = new Uint8Array(bytes.length + 1)
  shifted.set(bytes, 1)
  expect(xxh32(shifted.subarray(1))).toBe(xxh32(bytes))
  // Node's own `slice` copies nothing.
  expect(xxh32(Buffer.from(shifted.buffer).subarray(1))).toBe(xxh32(bytes))
})

test('every single bit of a sealed file counts', () => {
  const file = seal(
    new Map([['x', { dtype: 'F32', shape: [3], data: new Float32Array([1, 2, 3]) }]]),
    new Map([['a', 'b']]),
  )
  expect(unseal(file)).toMatchObject({ sealed: true, metadata: new Map([['a', 'b']]) })
  for (let bit = 0; bit < file.length * 8; bit++) {
    const damaged = file.slice()
    damaged[bit >> 3]! ^= 1 << (bit & 7)
    let sealed = true
    try {
      sealed = unseal(damaged).sealed
    } catch {
      continue
    }
    expect(sealed, `bit ${bit} went unseen`).toBe(false)
  }
})

test('JSON that is too deep, too much, or says a name twice is refused before it is parsed', () => {
  const bounds = { length: 5_000_000, depth: 4, nodes: 1000 }
  expect(() => parseJson('['.repeat(4_000_000), bounds)).toThrow(/deeper than 4/)
  expect(() => parseJson(`[${'[],'.repeat(2000)}[]]`, bounds)).toThrow(/more than 1000/)
  const names = Array.from({ length: 1000 }, (_, i) => `"${i}":0`)
  expect(() => parseJson(`{${names.join(',')}}`, bounds)).toThrow(/more than 1000/)
  expect(() => parseJson(' '.repeat(5_000_001), bounds)).toThrow(/at most 5000000/)
  expect(() => parseJson('{"a":1,"\\u0061":2}', bounds)).toThrow(/"a" twice/)
  expect(() => parseJson('{"a":[1,{"a":2}]', bounds)).toThrow(SyntaxError)
  expect(parseJson('{"a":[1,{"a":"[[[[[[{"}]}', bounds)).toEqual({ a: [1, { a: '[[[[[[{' }] })
})
