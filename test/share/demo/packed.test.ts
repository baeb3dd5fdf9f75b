import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { gateTable } from '../../../src/model/gates'
import { packedBytes, pack, unpack, type PackedModel } from '../../../src/share/demo/packed'
import { DEMO_FORMS } from '../../../src/words/demo'
import { CHAT, KINDS, madeModel, TEXT } from './made'

const whole = (kind: keyof typeof KINDS, gates = {}): PackedModel => ({ ...madeModel(KINDS[kind]!), ...TEXT, gates })
const alone = (numbers: number[]): PackedModel => {
  const model = whole('GPT-2')
  const data = model.weights.get('transformer.wte.weight')!.slice()
  data.set(numbers.slice(0, data.length))
  return { ...model, weights: new Map([...model.weights, ['transformer.wte.weight', data]]) }
}

describe.each(Object.keys(KINDS))('%s', (kind) => {
  test.each(DEMO_FORMS)('is the same again in %s, within its rounding', (form) => {
    const config = madeModel(KINDS[kind]!).config
    const model = whole(kind, { [gateTable(config)[1]!.label]: [0.5] })
    const packed = pack(model, form)
    const { weights, config: shape, ...about } = unpack(packed)
    expect(about).toEqual({ ...TEXT, tokenizer: model.tokenizer, gates: model.gates })
    expect(config).toMatchObject({ ...shape, dropout: expect.any(Number) as number })
    expect([...weights.keys()]).toEqual([...model.weights.keys()])
    for (const [name, data] of weights) {
      const meant = model.weights.get(name)!
      data.forEach((x, i) => {
        const group = meant.subarray(i - (i % 32), i - (i % 32) + 32)
        const largest = group.reduce((most, y) => Math.max(most, Math.abs(y)), 0)
        // Half a step, and what 16 bits take from the scale times the number of steps.
        const within = form === 'f16' ? Math.abs(meant[i]!) * 2 ** -11 + 2 ** -25 : largest / 254 + largest * 2 ** -11
        expect(Math.abs(x - meant[i]!)).toBeLessThanOrEqual(within + 1e-12)
      })
    }
    expect(pack(model, form)).toBe(packed)
  })
})

test('any numbers come back: 16 bits exactly, 8 within half a step; too large ones in 32 bits', () => {
  const half = fc.double({ min: -60_000, max: 60_000, noNaN: true })
  fc.assert(
    fc.property(fc.array(half, { maxLength: 200 }), fc.boolean(), (numbers, large) => {
      const model = alone(large ? [...numbers.slice(1), 1e6] : numbers)
      const again = unpack(pack(unpack(pack(model, 'f16')), 'f16'))
      expect(again.weights).toEqual(unpack(pack(model, 'f16')).weights)
      if (large)
        expect(again.weights.get('transformer.wte.weight')).toEqual(model.weights.get('transformer.wte.weight'))
    }),
    { numRuns: 40 },
  )
})

test('a number that is none is refused by its tensor’s name', () => {
  expect(() => pack(alone([1, NaN]), 'f16')).toThrow('"transformer.wte.weight" holds NaN')
  expect(() => pack(alone([Infinity]), 'int8')).toThrow('holds Infinity')
})

test('8 bits take half of 16', () => {
  const { config } = madeModel(KINDS['Llama']!, CHAT)
  expect(packedBytes(config, 'int8') / packedBytes(config, 'f16')).toBeCloseTo(0.53, 1)
})

test('what is cut short or of another version is refused', () => {
  const packed = pack(whole('GPT-2'), 'f16')
  expect(() => unpack(packed.slice(0, -4000))).toThrow()
  expect(() => unpack('')).toThrow()
})
