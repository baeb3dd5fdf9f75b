// Links and what they carry, made up: arbitraries for fast-check, and a small model.
import fc from 'fast-check'
import type { Config } from '../../../src/config/config'
import { FIELDS } from '../../../src/config/fields'
import { validate } from '../../../src/config/validate'
import { configFor, PRESETS } from '../../../src/presets'
import {
  HOLDS,
  LINK_CONTROLS,
  type LinkCard,
  type LinkCurve,
  type LinkSettings,
  type LinkSlot,
  type LinkView,
} from '../../../src/words/link'
import type { TokenizerState } from '../../../src/words/tokens'
import type { LinkParts } from '../../../src/share/link/link'
import { roundWeights } from '../../../src/share/link/weights'
import { tinyCheckpoint, tinyConfig, tinySpec } from '../../storage/tiny'

/** Any value that a field may have. */
const valueOf = (name: keyof typeof FIELDS): fc.Arbitrary<unknown> => {
  const field = FIELDS[name]
  if (field.kind === 'bool') return fc.boolean()
  if (field.kind === 'choice') return fc.constantFrom(...field.options)
  if (field.kind === 'int') return fc.integer({ min: field.min, max: field.max })
  return fc.double({ min: field.min, max: field.max, noNaN: true })
}

/** Any config that can be run: a preset's or the defaults, with any fields at any values. */
export const anyConfig: fc.Arbitrary<Config> = fc
  .record({
    preset: fc.constantFrom(null, ...PRESETS),
    vocab_size: fc.integer({ min: 1, max: 50_000 }),
    changes: fc.record(
      Object.fromEntries(Object.keys(FIELDS).map((name) => [name, valueOf(name as keyof typeof FIELDS)])),
      { requiredKeys: [] },
    ),
  })
  .map(({ preset, vocab_size, changes }) => {
    const base = configFor(preset?.config ?? {}, vocab_size)
    const whole = { ...base, ...changes } as Config
    if (validate(whole).length === 0) return whole
    // Field by field, as far as they go together.
    return Object.entries(changes).reduce<Config>((config, [name, value]) => {
      const next = { ...config, [name]: value } as Config
      return validate(next).length === 0 ? next : config
    }, base)
  })

const line = fc.string({ maxLength: 60, unit: 'binary' }).filter((text) => !/[\ud800-\udfff]/.test(text))
const hex = fc.stringMatching(/^[0-9a-f]{64}$/)
const gates = fc.dictionary(
  fc.constantFrom('h.0.attn.heads', 'h.1.mlp.gate', 'wpe.gate'),
  fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 4 }),
)

export const anySettings: fc.Arbitrary<LinkSettings> = fc.record(
  {
    name: line,
    prompt: line,
    config: anyConfig,
    preset: fc.constant(null),
    corpus: fc.record(
      {
        name: line,
        fingerprint: hex,
        characters: fc.nat(),
        licence: line,
        split: fc.constantFrom({ by: 'position' as const }, { by: 'document' as const, seed: 4 }),
      },
      { requiredKeys: ['name', 'fingerprint', 'characters', 'licence'] },
    ),
    builtIn: fc.constantFrom(null, 'first-names'),
    reads: fc.constantFrom('char' as const, 'byte' as const, 'word' as const, 'bpe' as const),
    gates,
    bytes_per_token: fc.double({ min: 0, max: 10, noNaN: true }),
  },
  { requiredKeys: ['name', 'prompt', 'config', 'preset', 'corpus', 'builtIn', 'reads'] },
)

export const anyCard: fc.Arbitrary<LinkCard> = fc.record(
  {
    step: fc.nat(),
    params: fc.nat(),
    val_loss: fc.option(fc.double({ noNaN: true, noDefaultInfinity: true })),
    bits_per_byte: fc.option(fc.double({ noNaN: true, noDefaultInfinity: true })),
    device: line,
    sha256: hex,
  },
  { requiredKeys: ['step', 'params', 'val_loss', 'bits_per_byte'] },
)

const anySlot: fc.Arbitrary<LinkSlot> = fc.oneof(
  fc.constant({ of: 'model' as const }),
  fc.record({ of: fc.constant('shipped' as const), step: fc.nat() }),
)
export const anyView: fc.Arbitrary<LinkView> = fc.record(
  {
    stage: fc.constantFrom('look', 'chat', 'train'),
    panel: fc.option(fc.constantFrom('attention', 'lens')),
    text: fc.option(line),
    only: fc.option(fc.uniqueArray(fc.constantFrom('train', 'look', 'chat'))),
    slots: fc.record({ A: anySlot, B: fc.option(anySlot), shows: fc.constantFrom('A', 'B', 'difference') }),
    gates,
    controls: fc.record(Object.fromEntries(LINK_CONTROLS.map((name) => [name, fc.constantFrom(...HOLDS)])), {
      requiredKeys: [],
    }),
  },
  { requiredKeys: ['stage', 'panel', 'text', 'only'] },
)

const anyPoints = (most: number) =>
  fc
    .array(fc.tuple(fc.integer({ min: 1, max: 500 }), fc.double({ min: -5, max: 20, noNaN: true })), {
      maxLength: most,
    })
    .map((rows) => {
      let at = 0
      return { step: rows.map(([way]) => (at += way)), loss: rows.map(([, loss]) => loss) }
    })
export const anyCurve: fc.Arbitrary<LinkCurve> = fc.record({ train: anyPoints(256), validation: anyPoints(128) })

export const anyTokenizer: fc.Arbitrary<TokenizerState> = fc
  .uniqueArray(fc.integer({ min: 32, max: 0xd7ff }), { minLength: 1, maxLength: 80 })
  .map((points) => ({ kind: 'char', vocab: points.sort((a, b) => a - b).map((c) => String.fromCodePoint(c)) }))

/** A link with everything in it. Its text is not the one that its settings name, which only the worker compares. */
export async function wholeLink(): Promise<LinkParts> {
  const { name, prompt, corpus, tokenizer } = tinySpec
  const { tensors } = tinyCheckpoint(3)
  const weights = new Map([...tensors].map(([name, { data }]) => [name, data]))
  return {
    settings: { name, prompt, config: tinyConfig, preset: null, corpus, builtIn: null, reads: 'char' },
    card: { step: 3, params: 100, val_loss: 1.5, bits_per_byte: 2.1, device: 'a device', sha256: 'ab'.repeat(32) },
    view: {
      ...{ stage: 'look', panel: 'lens', text: 'a', only: ['look', 'chat'] },
      slots: { A: { of: 'model' }, B: { of: 'shipped', step: 500 }, shows: 'difference' },
      gates: { 'h.0.attn.heads': [0, 1] },
      controls: { settings: 'hidden', training: 'locked' },
    },
    curve: { train: { step: [1, 2, 3], loss: [3, 2, 1] }, validation: { step: [3], loss: [1.5] } },
    tokenizer,
    text: 'abc',
    weights: await roundWeights(tinyConfig, 3, weights, 4),
  }
}
