// What comes from outside is read by one table: a few of each that are accepted, and a few that are refused.
import * as v from 'valibot'
import { describe, expect, test } from 'vitest'
import { defaultConfig, FIELDS, type FieldName } from '../../src/config/fields'
import {
  AnonymiseSchema,
  ConfigSchema,
  OverridesSchema,
  RecordingSchema,
  SettingsSchema,
  SplitSchema,
  StepSchema,
} from '../../src/words/schema'
import { StepColumns } from '../../src/words/columns'
import { anonymiseAll } from '../../src/words/recipe'

const config = defaultConfig(65)
const names = Object.keys(FIELDS) as FieldName[]
const without = (object: object, ...names: string[]) =>
  Object.fromEntries(Object.entries(object).filter(([name]) => !names.includes(name)))
const accepts = (schema: v.GenericSchema, value: unknown) => v.safeParse(schema, value).success

describe('a config', () => {
  test('comes back with all its fields', () => {
    expect(v.parse(ConfigSchema, config)).toEqual(config)
    expect(v.parse(ConfigSchema, { ...config, stranger: 1 })).toEqual(config)
  })

  test('any number is a number: ranges are for `validate`', () => {
    expect(v.parse(ConfigSchema, { ...config, n_layer: -1.5 }).n_layer).toBe(-1.5)
  })

  test('a field that an older run lacks has the value of that time; any other must be there', () => {
    const younger = names.filter((name) => FIELDS[name].absent !== undefined)
    expect(younger).toEqual(['recompute', 'precision'])
    for (const name of [...names, 'vocab_size'] as const) {
      const read = v.safeParse(ConfigSchema, without(config, name))
      expect(read.success, name).toBe(younger.some((known) => known === name))
    }
    const old = without(config, 'recompute', 'precision')
    expect(v.parse(ConfigSchema, old)).toEqual({ ...old, recompute: 'none', precision: 'f32' })
  })

  test.each(names)('%s of another type is refused', (name) => {
    for (const value of [null, [], 'fortran', NaN])
      expect(accepts(ConfigSchema, { ...config, [name]: value })).toBe(false)
  })
})

test('overrides are fields by name, of any value', () => {
  expect(v.parse(OverridesSchema, { n_layer: 'many', vocab_size: 3 })).toEqual({ n_layer: 'many', vocab_size: 3 })
  expect(accepts(OverridesSchema, {})).toBe(true)
  for (const other of [{ layers: 1 }, [], null, 'n_layer', 3]) expect(accepts(OverridesSchema, other)).toBe(false)
})

describe('a kept recipe', () => {
  test('what once ran is read, whatever its numbers', () => {
    for (const step of [
      { kind: 'html' },
      { kind: 'near_duplicates', similarity: 1.5 },
      { kind: 'length', min: 0.5, max: 9 },
      { kind: 'language', keep: ['eng'] },
      { kind: 'words', drop: [] },
    ])
      expect(v.parse(StepSchema, step)).toEqual(step)
    expect(v.parse(AnonymiseSchema, anonymiseAll('mask'))).toEqual(anonymiseAll('mask'))
    expect(v.parse(SplitSchema, { by: 'position', seed: 1 })).toEqual({ by: 'position' })
    expect(v.parse(SplitSchema, { by: 'document', seed: 1 })).toEqual({ by: 'document', seed: 1 })
  })

  test('what no program wrote is refused', () => {
    for (const step of [{ kind: 'polish' }, {}, { kind: 'length', min: 1 }, { kind: 'words', drop: [1] }, 'html'])
      expect(accepts(StepSchema, step)).toBe(false)
    const some = without(anonymiseAll('mask').treatments, 'email')
    expect(accepts(AnonymiseSchema, { ...anonymiseAll('mask'), treatments: some })).toBe(false)
    for (const split of [{ by: 'document' }, { by: 'fate' }, null]) expect(accepts(SplitSchema, split)).toBe(false)
  })
})

describe('the page’s settings', () => {
  const usual = {
    theme: 'system',
    shortcuts: true,
    engine: 'auto',
    keyframeBytes: 2 ** 25,
    lossUnit: 'nats',
    lastRun: null,
    baseline: null,
    spaceBudget: 0,
  }

  test('each falls back alone', () => {
    expect(v.parse(SettingsSchema, {})).toEqual(usual)
    const set = {
      ...{ theme: 'dark', shortcuts: false, engine: 'cpu', keyframeBytes: 5, lossUnit: 'bits', lastRun: 'a1' },
      ...{ baseline: 'a2', spaceBudget: 7 },
    }
    expect(v.parse(SettingsSchema, { ...set, left: 1 })).toEqual(set)
    for (const name of Object.keys(usual) as (keyof typeof usual)[])
      expect(v.parse(SettingsSchema, { ...set, [name]: {} })).toEqual({ ...set, [name]: usual[name] })
  })

  test('what is no object holds no settings', () => {
    for (const other of [null, 3, 'dark']) expect(accepts(SettingsSchema, other)).toBe(false)
  })
})

describe('a recording', () => {
  const whole = {
    name: 'x',
    config,
    tokenizer: 'char',
    bytes_per_token: 1,
    note: '',
    ladder: null,
    history: {
      steps: [{ step: 1, loss: 4, grad_norm: 1, learning_rate: 0.1, step_ms: 3, tokens: 8 }],
      evals: [{ step: 0, val_loss: 4, train_loss: null }],
      samples: [{ step: 0, prompt: 'a', tokens: ['b'], probabilities: [0.5] }],
      events: [],
    },
  }

  test('comes back as it is, its steps as columns', () => {
    const steps = StepColumns.from(whole.history.steps).packed()
    expect(v.parse(RecordingSchema, whole)).toEqual({ ...whole, history: { ...whole.history, steps } })
  })

  test('marks that are told apart stay, others are counted up', () => {
    const idsOf = (...ids: (number | undefined)[]) => {
      const events = ids.map((id) => ({ ...(id !== undefined && { id }), step: 7, text: 'The device was lost.' }))
      const read = v.parse(RecordingSchema, { ...whole, history: { ...whole.history, events } })
      return read.history.events.map(({ id }) => id)
    }
    expect(idsOf(2, 3, 9)).toEqual([2, 3, 9])
    expect(idsOf(undefined, undefined)).toEqual([1, 2])
    for (const mixed of [
      [5, undefined],
      [4, 4],
      [4, 3],
      [0, 1],
    ])
      expect(idsOf(...mixed)).toEqual([1, 2])
    expect(() => idsOf(2 ** 53 - 1)).toThrow()
  })

  test('of several evaluations or samples at one step the last counts', () => {
    const [[measured], [sample]] = [whole.history.evals, whole.history.samples]
    const twice = { evals: [{ ...measured!, val_loss: 5 }, measured], samples: [{ ...sample!, prompt: 'z' }, sample] }
    const read = v.parse(RecordingSchema, { ...whole, history: { ...whole.history, ...twice } })
    expect([read.history.evals, read.history.samples]).toEqual([[measured], [sample]])
  })

  test.each([
    ['config', { n_layer: 4 }],
    ['tokenizer', 'runes'],
    ['bytes_per_token', null],
    ['ladder', [null]],
    ['history', { ...whole.history, steps: [{ step: 1 }] }],
    ['history', { ...whole.history, samples: [{ step: 0, prompt: '', tokens: ['b'], probabilities: [] }] }],
  ])('a wrong %s is refused', (field, value) => {
    expect(accepts(RecordingSchema, { ...whole, [field]: value })).toBe(false)
  })
})
