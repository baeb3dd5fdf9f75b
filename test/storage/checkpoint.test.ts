// Checkpoint files: a bit-exact round trip, names that other tools know, and every way in which a file can be wrong.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CheckpointError } from '../../src/errors'
import type { Checkpoint } from '../../src/words/run'
import type { DatasetCard } from '../../src/words/corpus'
import { decodeCheckpoint, encodeCheckpoint } from '../../src/storage/checkpoint'
import { readSafetensors } from '../../src/storage/safetensors'
import { seal, unseal, type SealedFile } from '../../src/storage/sealed'
import { TEXT, tinyCheckpoint, tinyHistory, tinySpec } from './tiny'

const whole = encodeCheckpoint(tinyCheckpoint(20), {
  text: new TextEncoder().encode(TEXT),
  history: tinyHistory(20),
  notes: 'ünïcödé',
})

/** The file with its metadata or its tensors changed. */
function changed(change: (file: SealedFile) => void): Uint8Array {
  const file = unseal(whole.slice())
  change(file)
  return seal(file.tensors, file.metadata)
}
const withMeta = (change: (meta: Record<string, unknown>) => void) =>
  changed(({ metadata }) => {
    const meta: unknown = JSON.parse(metadata.get('meta') ?? '')
    if (typeof meta !== 'object' || meta === null) throw new Error('no meta')
    const copy: Record<string, unknown> = { ...meta }
    change(copy)
    metadata.set('meta', JSON.stringify(copy))
  })
const withConfig = (change: object) =>
  withMeta((meta) => (meta.spec = { ...tinySpec, config: { ...tinySpec.config, ...change } }))
const withToken = (token: string) =>
  withMeta((meta) => (meta.spec = { ...tinySpec, tokenizer: { kind: 'char', vocab: [...' abcdefg', token] } }))
const withHistory = (change: (json: string) => string) =>
  changed(({ tensors }) => {
    const json = new TextDecoder().decode(Uint8Array.from(tensors.get('extra.history')!.data))
    const data = new TextEncoder().encode(change(json))
    tensors.set('extra.history', { dtype: 'U8', shape: [data.length], data })
  })
const weight = 'transformer.h.0.mlp.c_fc.weight'

test('everything comes back, bit for bit', () => {
  const { checkpoint, extra } = decodeCheckpoint(whole)
  expect(checkpoint).toEqual(tinyCheckpoint(20))
  expect(extra.history!.packed()).toEqual(tinyHistory(20).packed())
  expect(extra.notes).toBe('ünïcödé')
  expect(new TextDecoder().decode(extra.text ?? undefined)).toBe(TEXT)
})

test('without extras there are none', () => {
  const { checkpoint, extra } = decodeCheckpoint(encodeCheckpoint(tinyCheckpoint(3)))
  expect(checkpoint).toEqual(tinyCheckpoint(3))
  expect(extra).toEqual({ text: null, history: null, notes: '' })
})

const card: DatasetCard = {
  words: 40,
  lines: 1,
  longest_line: 360,
  duplicate_share: 0.5,
  documents: 2,
  conversations: 1,
  turns: 3,
  alphabet: { size: 9, frequent: [{ character: ' ', count: 40 }], rare: [{ character: '🐋', count: 1 }] },
  language: 'eng',
  recipe: [
    { step: { kind: 'nfkc' }, count: 0 },
    { step: { kind: 'duplicate_lines' }, count: 2 },
    { step: { kind: 'near_duplicates', similarity: 0.8 }, count: 3 },
    { step: { kind: 'length', min: 1, max: 99 }, count: 4 },
    { step: { kind: 'language', keep: ['eng', 'deu'] }, count: 5 },
    { step: { kind: 'words', drop: ['spam'] }, count: 6 },
  ],
  generated: { task: 'brackets', settings: { kinds: 3 }, seed: 1 },
}
test('a corpus keeps its split and its card', () => {
  const corpus = { ...tinySpec.corpus, split: { by: 'document', seed: 7 } as const, card }
  const checkpoint = tinyCheckpoint(3, { ...tinySpec, corpus })
  const { meta } = decodeCheckpoint(encodeCheckpoint(checkpoint)).checkpoint
  expect(meta.spec.corpus).toEqual(corpus)
  const wrong = (change: object) => () =>
    decodeCheckpoint(withMeta((m) => (m.spec = { ...tinySpec, corpus: { ...corpus, ...change } })))
  expect(wrong({ card: { ...card, words: -1 } })).toThrow(/meta is wrong at spec\.corpus\.card\.words/)
  expect(wrong({ card: { ...card, recipe: [{ step: { kind: 'polish' }, count: 1 }] } })).toThrow(
    /recipe\.0\.step\.kind/,
  )
  expect(wrong({ split: { by: 'mood' } })).toThrow(/spec\.corpus\.split\.by/)
})

test('a checkpoint from before a run could recompute recomputes nothing', () => {
  expect(tinySpec.config.recompute).toBe('none')
  const { checkpoint } = decodeCheckpoint(withConfig({ recompute: undefined }))
  expect(checkpoint).toEqual(tinyCheckpoint(20))
})

test('other tools find the weights under their GPT-2 names', () => {
  const { tensors, metadata } = readSafetensors(whole)
  expect([...tensors.keys()]).toContain('transformer.wte.weight')
  expect([...tensors.keys()]).toContain('transformer.h.0.attn.c_attn.weight')
  expect(metadata.get('format')).toBe('glasshouse-checkpoint')
  expect(metadata.get('version')).toBe('2')
})

test('a history with a loss that is no number survives', () => {
  const history = tinyHistory(2)
  history.steps.push({ ...[...history.steps.rows()][1]!, step: 3, loss: NaN })
  const back = decodeCheckpoint(encodeCheckpoint(tinyCheckpoint(2), { text: null, history, notes: '' }))
  expect(back.extra.history?.steps.view().loss[2]).toBeNaN()
})

describe('refused, with the name of what is wrong', () => {
  const cases: [string, () => Uint8Array, RegExp][] = [
    ['a file of another program', () => changed((f) => f.metadata.delete('format')), /not written by Glasshouse/],
    [
      'a later version',
      () => changed((f) => f.metadata.set('version', '4')),
      /version 4; this page reads version 1, 2, 3/,
    ],
    ['another version in its meta', () => changed((f) => f.metadata.set('version', '3')), /say two versions/],
    ['no version', () => changed((f) => f.metadata.delete('version')), /version \(none\)/],
    ['no meta', () => changed((f) => f.metadata.delete('meta')), /meta is not JSON/],
    ['meta that is no JSON', () => changed((f) => f.metadata.set('meta', '{')), /meta is not JSON/],
    ['a step of text', () => withMeta((m) => (m.step = '20')), /meta is wrong at step/],
    ['a negative step', () => withMeta((m) => (m.step = -1)), /at step/],
    ['no spec', () => withMeta((m) => delete m.spec), /at spec/],
    ['a config field of the wrong type', () => withConfig({ n_layer: 'four' }), /at spec\.config\.n_layer/],
    ['a config field out of range', () => withConfig({ n_layer: 4000 }), /Layers 4000 is outside/],
    ['a config that contradicts itself', () => withConfig({ n_head: 3 }), /not a multiple of n_head 3/],
    ['an unknown choice', () => withConfig({ position: 'alibi' }), /at spec\.config\.position/],
    ['a token twice', () => withToken('a'), /token "a", which is not one character of its own/],
    ['a token of two characters', () => withToken('hi'), /token "hi", which is not/],
    [
      'a sample without its probabilities',
      () => withHistory((json) => json.replace('[0.25,0.125]', '[0.25]')),
      /each token of a sample needs its probability/,
    ],
    ['another vocabulary', () => withConfig({ vocab_size: 10 }), /tokenizer has 9 tokens, but its config says 10/],
    [
      'a config of other shapes',
      () => withConfig({ n_inner: 24 }),
      /mlp\.c_fc\.weight" has shape \[8, 32\], but .* \[8, 48\]/,
    ],
    ['a config of more layers', () => withConfig({ n_layer: 2 }), /lacks tensor "transformer\.h\.1/],
    [
      'a weight that is missing',
      () => changed((f) => f.tensors.delete(weight)),
      /lacks tensor "transformer\.h\.0\.mlp/,
    ],
    ['a moment that is missing', () => changed((f) => f.tensors.delete(`v.${weight}`)), /lacks tensor "v\.transformer/],
    [
      'a tensor too many',
      () => changed((f) => f.tensors.set('lm_head.weight', { dtype: 'F32', shape: [1], data: new Float32Array(1) })),
      /a tensor "lm_head\.weight" that its config does not know/,
    ],
    ...[NaN, Infinity, -Infinity].map((x): [string, () => Uint8Array, RegExp] => [
      `${x} among the weights`,
      () => changed((f) => f.tensors.get(weight)!.data.set([x], 5)),
      new RegExp(`"transformer\\.h\\.0\\.mlp\\.c_fc\\.weight" holds ${x} at element 5`),
    ]),
    ['NaN in a moment', () => changed((f) => f.tensors.get(`m.${weight}`)!.data.set([NaN])), /"m\.transformer.*NaN/],
    [
      'a negative square',
      () => changed((f) => f.tensors.get(`v.${weight}`)!.data.set([-1])),
      /"v\.transformer.*never negative/,
    ],
    [
      'weights that are whole numbers',
      () =>
        changed((f) => {
          const { shape, data } = f.tensors.get(weight)!
          f.tensors.set(weight, { dtype: 'I32', shape, data: new Int32Array(data.length) })
        }),
      /must hold F32 numbers, not I32/,
    ],
    [
      'text that is not bytes',
      () => changed((f) => f.tensors.set('extra.text', { dtype: 'F32', shape: [1], data: new Float32Array(1) })),
      /"extra\.text" must hold bytes/,
    ],
    ['a history that is no JSON', () => withHistory(() => '{'), /history is not JSON/],
    [
      'a history of unequal columns',
      () => withHistory((json) => json.replace('"step":[1,', '"step":[')),
      /history is wrong.*different lengths/,
    ],
  ]
  test.each(cases)('%s', (_, bytes, message) => {
    const damaged = bytes()
    expect(() => decodeCheckpoint(damaged)).toThrow(CheckpointError)
    expect(() => decodeCheckpoint(damaged)).toThrow(message)
  })

  test.each([NaN, Infinity])('%d is not even written', (x) => {
    const checkpoint: Checkpoint = tinyCheckpoint(20)
    checkpoint.tensors.get(weight)!.data[5] = x
    expect(() => encodeCheckpoint(checkpoint)).toThrow(/c_fc\.weight" holds .* at element 5/)
  })

  test('random damage ends in a CheckpointError or in a checkpoint', () => {
    const flip = fc.tuple(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }))
    fc.assert(
      fc.property(fc.array(flip, { maxLength: 3 }), fc.nat(whole.length), (flips, cut) => {
        const bytes = whole.slice(0, cut % 3 === 0 ? cut : whole.length)
        for (const [at, bits] of flips) bytes[at % bytes.length]! ^= bits
        try {
          decodeCheckpoint(bytes)
        } catch (error) {
          if (!(error instanceof CheckpointError)) throw error
        }
      }),
      { numRuns: 300 },
    )
  })
})
