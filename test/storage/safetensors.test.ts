// The safetensors reader and writer: round trips, files that PyTorch's users wrote, every lie that a header can tell, and
// random damage, which must end in a CheckpointError or in a file that is still whole.
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CheckpointError } from '../../src/errors'
import { sizeOf } from '../../src/params'
import { readSafetensors, writeSafetensors, type StoredTensor } from '../../src/storage/safetensors'

/** A file with a header as given, and `size` bytes of numbers. */
function file(header: unknown, size: number, pad = 0): Uint8Array<ArrayBuffer> {
  const json = new TextEncoder().encode(
    (typeof header === 'string' ? header : JSON.stringify(header)) + ' '.repeat(pad),
  )
  const bytes = new Uint8Array(8 + json.length + size)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true)
  bytes.set(json, 8)
  bytes.set(
    Uint8Array.from({ length: size }, (_, i) => i),
    8 + json.length,
  )
  return bytes
}
const f32 = (shape: unknown, data_offsets: unknown) => ({ dtype: 'F32', shape, data_offsets })

const shape = fc.array(fc.nat(4), { maxLength: 4 })
const numbers = (n: number) =>
  fc.array(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), { minLength: n, maxLength: n })
const tensor: fc.Arbitrary<StoredTensor> = fc
  .tuple(shape, fc.constantFrom('F32', 'I32', 'U32', 'U8'))
  .chain(([shape, dtype]) =>
    numbers(sizeOf(shape)).map((values): StoredTensor => {
      if (dtype === 'F32') return { dtype, shape, data: Float32Array.from(values, (x) => x / 3) }
      if (dtype === 'I32') return { dtype, shape, data: Int32Array.from(values) }
      if (dtype === 'U32') return { dtype, shape, data: Uint32Array.from(values) }
      return { dtype: 'U8', shape, data: Uint8Array.from(values) }
    }),
  )
const RESERVED = ['__proto__', 'constructor', 'prototype', '__metadata__']
const name = fc.string({ unit: 'binary' }).filter((s) => !RESERVED.includes(s) && s.isWellFormed())
const tensors = fc.array(fc.tuple(name, tensor), { maxLength: 6 }).map((list) => new Map(list))
const metadata = fc
  .array(fc.tuple(fc.string(), fc.string()), { maxLength: 3 })
  .map((list) => new Map(list.filter(([key]) => key !== '__proto__')))

describe('round trip', () => {
  test('any tensors and metadata come back as they were', () => {
    fc.assert(
      fc.property(tensors, metadata, (tensors, metadata) => {
        const back = readSafetensors(writeSafetensors(tensors, metadata))
        expect(back.metadata).toEqual(metadata)
        expect([...back.tensors.keys()].sort()).toEqual([...tensors.keys()].sort())
        for (const [name, { dtype, shape, data }] of tensors)
          expect(back.tensors.get(name)).toEqual({ dtype, shape, data })
      }),
    )
  })

  test('aligned numbers are looked at in place, others are copied', () => {
    const written = writeSafetensors(new Map([['x', { dtype: 'F32', shape: [2], data: new Float32Array([1.5, -2]) }]]))
    expect(readSafetensors(written).tensors.get('x')?.data.buffer).toBe(written.buffer)
    const shifted = new Uint8Array(written.length + 1)
    shifted.set(written, 1)
    const copy = readSafetensors(shifted.subarray(1)).tensors.get('x')
    expect(copy?.data).toEqual(new Float32Array([1.5, -2]))
    expect(copy?.data.buffer).not.toBe(shifted.buffer)
  })

  test('data starts at a multiple of 8, wide numbers before bytes', () => {
    const written = writeSafetensors(
      new Map<string, StoredTensor>([
        ['bytes', { dtype: 'U8', shape: [3], data: new Uint8Array([1, 2, 3]) }],
        ['x', { dtype: 'F32', shape: [], data: new Float32Array([7]) }],
      ]),
    )
    expect(Number(new DataView(written.buffer).getBigUint64(0, true)) % 8).toBe(0)
    expect(readSafetensors(written).tensors.get('x')?.data.buffer).toBe(written.buffer)
  })

  test('the writer refuses data that its shape does not hold, and reserved names', () => {
    const one = { dtype: 'F32' as const, shape: [2], data: new Float32Array(3) }
    expect(() => writeSafetensors(new Map([['x', one]]))).toThrow(/"x" has 3 elements/)
    expect(() => writeSafetensors(new Map([['__proto__', { ...one, shape: [3] }]]))).toThrow(CheckpointError)
  })
})

describe('files of others', () => {
  test.each(['gpt2-tiny', 'gpt2-odd', 'llama-tiny'])('%s, written by PyTorch', (name) => {
    const { tensors } = readSafetensors(readFileSync(`test/fixtures/golden/${name}.safetensors`))
    expect([...tensors].filter(([key]) => key.startsWith('init.')).length).toBeGreaterThan(5)
    expect(tensors.get('tokens')?.dtype).toBe('I32')
    for (const { data } of tensors.values())
      for (const x of data) if (!Number.isFinite(x)) throw new Error(`${name}: ${x}`)
  })

  test('half precision is widened', () => {
    // 1, −2, the smallest subnormal, the largest, −0, ∞
    const half = new Uint16Array([0x3c00, 0xc000, 0x0001, 0x7bff, 0x8000, 0x7c00])
    const brain = new Uint16Array([0x3f80, 0xc000, 0x0001, 0x7f7f, 0x8000, 0x7f80])
    const bytes = file(
      {
        half: { dtype: 'F16', shape: [6], data_offsets: [0, 12] },
        brain: { dtype: 'BF16', shape: [6], data_offsets: [12, 24] },
      },
      24,
      1,
    )
    bytes.set(new Uint8Array(half.buffer), bytes.length - 24)
    bytes.set(new Uint8Array(brain.buffer), bytes.length - 12)
    const { tensors } = readSafetensors(bytes)
    expect([...(tensors.get('half')?.data ?? [])]).toEqual([1, -2, 2 ** -24, 65504, -0, Infinity])
    expect([...(tensors.get('brain')?.data ?? [])]).toEqual([1, -2, 2 ** -133, (2 - 2 ** -7) * 2 ** 127, -0, Infinity])
  })
})

describe('lies', () => {
  const lies: [string, Uint8Array, RegExp][] = [
    ['nothing at all', new Uint8Array(0), /at least 8 bytes; this one has 0/],
    ['seven bytes', new Uint8Array(7), /at least 8 bytes/],
    ['a header longer than the file', file('{}', 0).fill(9, 0, 1), /claims to be 9 bytes long, but only 2 follow/],
    ['a header over the bound', file('{}', 0).fill(255, 0, 8), /18446744073709551615|1844674407370955\d+/],
    ['no header', file('', 4), /does not start with/],
    ['a list', file('[]', 0), /does not start with/],
    ['no JSON', file('{"x"', 0), /not JSON/],
    ['no UTF-8', file('{"x\u00e9":1}', 0).fill(0xff, 11, 12), /not JSON/],
    ['deep nesting', file('{"x":' + '['.repeat(200_000), 0), /not JSON/],
    ['a tensor that is a number', file({ x: 4 }, 4), /"x" is not described/],
    ['a tensor that is null', file({ x: null }, 4), /"x" is not described/],
    ['an unknown property', file({ x: { ...f32([1], [0, 4]), more: 1 } }, 4), /"x" has an unknown property "more"/],
    ['an unknown type', file({ x: { dtype: 'F8', shape: [1], data_offsets: [0, 1] } }, 1), /"x" has the type F8/],
    ['a type of an object', file({ x: { dtype: 'toString', shape: [1], data_offsets: [0, 1] } }, 1), /type toString/],
    ['no type', file({ x: { shape: [1], data_offsets: [0, 4] } }, 4), /"x" has the type undefined/],
    ['no shape', file({ x: { dtype: 'F32', data_offsets: [0, 4] } }, 4), /"x" has a shape/],
    ['a negative shape', file({ x: f32([-1], [0, 4]) }, 4), /"x" has a shape/],
    ['a broken shape', file({ x: f32([1.5], [0, 4]) }, 4), /"x" has a shape/],
    ['NaN as a shape', file({ x: f32([NaN], [0, 4]) }, 4), /"x" has a shape/],
    ['a huge shape', file({ x: f32([2 ** 40, 2 ** 40], [0, 4]) }, 4), /"x" has an impossible shape/],
    [
      'a shape too huge for its zero',
      file(
        {
          x: f32(
            Array(30)
              .fill(2 ** 50)
              .concat(0),
            [0, 0],
          ),
        },
        0,
      ),
      /impossible shape/,
    ],
    ['a shape of text', file({ x: f32('1', [0, 4]) }, 4), /"x" has a shape/],
    ['one offset', file({ x: f32([1], [0]) }, 4), /"x" has offsets \[0\]/],
    ['three offsets', file({ x: f32([1], [0, 4, 8]) }, 4), /"x" has offsets/],
    ['offsets the wrong way round', file({ x: f32([1], [4, 0]) }, 4), /"x" has offsets \[4,0\]/],
    ['a negative offset', file({ x: f32([1], [-4, 0]) }, 4), /"x" has offsets that are not/],
    [
      'an odd size',
      file({ x: f32([1], [0, 3]) }, 3),
      /"x" of shape \[1\] takes 4 bytes as F32, but its offsets hold 3/,
    ],
    ['an end beyond the file', file({ x: f32([2], [0, 8]) }, 4), /"x" ends at byte 8, but the file holds only 4/],
    [
      'tensors on top of each other',
      file({ x: f32([2], [0, 8]), y: f32([2], [4, 12]) }, 12),
      /"y" starts at byte 4, inside/,
    ],
    ['the same window twice', file({ x: f32([1], [0, 4]), y: f32([1], [0, 4]) }, 4), /"y" starts at byte 0, inside/],
    ['a hole', file({ x: f32([1], [4, 8]) }, 8), /"x" starts at byte 4, which leaves a hole/],
    ['bytes that nobody owns', file({ x: f32([1], [0, 4]) }, 8), /4 bytes after its last tensor/],
    [
      'a name twice',
      file(`{"x":${JSON.stringify(f32([1], [0, 4]))},"\\u0078":${JSON.stringify(f32([1], [0, 4]))}}`, 4),
      /"x" twice/,
    ],
    [
      'a property twice',
      file('{"x":{"dtype":"F32","shape":[1],"shape":[1],"data_offsets":[0,4]}}', 4),
      /"shape" twice/,
    ],
    ['__proto__', file(`{"__proto__":${JSON.stringify(f32([1], [0, 4]))}}`, 4), /"__proto__", which is not a name/],
    ['constructor', file({ constructor: f32([1], [0, 4]) }, 4), /"constructor"/],
    ['metadata that is a list', file({ __metadata__: [] }, 0), /__metadata__ is not an object/],
    ['metadata that is not text', file({ __metadata__: { a: 1 } }, 0), /"a" is not a string/],
  ]
  test.each(lies)('%s', (_, bytes, message) => {
    expect(() => readSafetensors(bytes)).toThrow(CheckpointError)
    expect(() => readSafetensors(bytes)).toThrow(message)
    expect({}).not.toHaveProperty('dtype')
  })

  test('a header of more than 100 MB', () => {
    const bytes = new Uint8Array(8 + 100_000_001)
    new DataView(bytes.buffer).setBigUint64(0, 100_000_001n, true)
    expect(() => readSafetensors(bytes)).toThrow(/allows 100000000/)
  })
})

describe('damage', () => {
  const whole = readFileSync('test/fixtures/golden/gpt2-tiny.safetensors')
  const headerEnd = 8 + Number(new DataView(whole.buffer, whole.byteOffset, 8).getBigUint64(0, true))

  test('cut at any place: a CheckpointError', () => {
    fc.assert(
      fc.property(fc.nat(whole.length - 1), (length) => {
        expect(() => readSafetensors(whole.subarray(0, length))).toThrow(CheckpointError)
      }),
    )
  })

  test('flipped bits in the header: a CheckpointError, or a file whose every tensor is whole', () => {
    const flip = fc.tuple(fc.nat(headerEnd - 1), fc.integer({ min: 1, max: 255 }))
    fc.assert(
      fc.property(fc.array(flip, { minLength: 1, maxLength: 4 }), (flips) => {
        const bytes = Uint8Array.from(whole)
        for (const [at, bits] of flips) bytes[at]! ^= bits
        try {
          for (const { shape, data } of readSafetensors(bytes).tensors.values()) expect(data.length).toBe(sizeOf(shape))
        } catch (error) {
          if (!(error instanceof CheckpointError)) throw error
        }
      }),
      { numRuns: 500 },
    )
  })

  test('any bytes at all: a CheckpointError or a file', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), fc.nat(40), (header, size) => {
        try {
          readSafetensors(file('{' + header, size))
        } catch (error) {
          if (!(error instanceof CheckpointError)) throw error
        }
      }),
    )
  })
})
