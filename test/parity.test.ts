// The engines against PyTorch: logits, every gradient and sixty steps of training on golden cases, on the GPU, in plain
// JavaScript and in WebAssembly; and the comparison itself, which must not let a number pass that is none.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { batchOf } from '../src/data/dataset/loader'
import type { Engine } from '../src/engine'
import { findCases, readCase, toGolden } from '../src/headless/golden'
import {
  compare,
  furthest,
  isWithin,
  largestDifference,
  relativeDistance,
  runCase,
  type Row,
} from '../src/headless/parity_case'
import { readSafetensors, writeSafetensors } from '../src/storage/safetensors'
import { openEngine } from '../src/train/open_engine'
import { gpu } from './gpu_env'
import { expectParity, FOLDER, LARGEST } from './parity_env'

test('the golden cases are there', () => {
  expect(findCases(FOLDER)).toEqual(['gpt2-char', 'gpt2-odd', 'gpt2-tiny', 'llama-tiny', 'sft-gpt2'])
})

describe.each(['gpu', 'javascript', 'cpu'] as const)('parity on the engine that %s opens', (kind) => {
  let engine: Engine
  beforeAll(async () => {
    engine = (await openEngine(kind, kind === 'gpu' ? await gpu() : undefined)).engine
  })
  afterAll(() => engine.destroy())

  test.each(findCases(FOLDER).filter((name) => name !== LARGEST))('%s', (name) =>
    expectParity(engine, readCase(FOLDER, name)),
  )

  test('a mask counts the same targets: where the text goes on but weighs nothing, the bits are those of targets left out', async () => {
    const golden = readCase(FOLDER, 'sft-gpt2')
    const { vocab_size } = golden.config
    const masked = {
      ...golden,
      batches: golden.batches.map(({ tokens, targets }) => {
        const weights = Float32Array.from(targets, (target) => (target < 0 ? 0 : 1))
        const text = targets.map((target, n) => (target < 0 ? n % vocab_size : target))
        return batchOf(tokens, text, vocab_size, weights)
      }),
    }
    expect(masked.batches.map(({ counted }) => counted)).toEqual(golden.batches.map(({ counted }) => counted))
    const got = await runCase(engine, masked)
    expect(got).toEqual(await runCase(engine, golden))
    const { tensors, steps } = compare(golden, got)
    const rows = [...tensors, ...steps.flatMap(({ loss, grad_norm }) => [loss, grad_norm])]
    expect(rows.filter((row) => !isWithin(row))).toEqual([])
  })

  test('a case that is a little wrong fails', async () => {
    const golden = readCase(FOLDER, 'gpt2-tiny')
    const wrong = {
      ...golden,
      batches: golden.batches.slice(0, 3),
      losses: golden.losses.slice(0, 3),
      config: { ...golden.config, norm_eps: 1e-4 },
    }
    const { tensors, steps } = compare(wrong, await runCase(engine, wrong))
    expect(tensors.filter(({ what }) => !what.startsWith('final')).every(isWithin)).toBe(false)
    expect(steps.every(({ loss }) => isWithin(loss))).toBe(false)
  })
})

describe('distances', () => {
  const f = (...xs: number[]) => Float32Array.from(xs)
  const row = (difference: number): Row => ({ what: '', difference, limit: 1e-5 })

  test('largest difference', () => expect(largestDifference(f(1, 2, 5), f(1, 3, 4.5))).toBe(1))
  test('relative distance', () => expect(relativeDistance(f(3, 4), f(0, 4))).toBe(0.75))
  test('against zero it is absolute', () => expect(relativeDistance(f(3, 4), f(0, 0))).toBe(5))
  test.each([
    ['in the middle', f(1, NaN, 3), f(1, 2, 3)],
    ['before a larger difference', f(NaN, 9), f(0, 0)],
    ['of the reference', f(1, 2), f(1, NaN)],
    ['of two infinities', f(Infinity), f(Infinity)],
    ['of different sizes', f(1), f(1, 2)],
  ])('no number %s is within a limit', (_, a, b) => {
    expect(isWithin(row(largestDifference(a, b)))).toBe(false)
    expect(isWithin(row(relativeDistance(a, b)))).toBe(false)
  })
  test('the furthest is the one that is no number', () => {
    expect(furthest([row(1), row(NaN), row(2)])?.difference).toBeNaN()
  })
})

describe('reading a case', () => {
  let folder: string
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'golden-'))
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  /** Writes a changed copy of a case and reads it. */
  function changed(
    name: string,
    how: {
      json?: (json: Record<string, Record<string, unknown>>) => void
      tensors?: (tensors: ReturnType<typeof readSafetensors>['tensors']) => void
      bytes?: (bytes: Uint8Array) => Uint8Array
    },
  ) {
    const json = JSON.parse(readFileSync(join(FOLDER, `${name}.json`), 'utf8')) as Record<
      string,
      Record<string, unknown>
    >
    how.json?.(json)
    writeFileSync(join(folder, 'case.json'), JSON.stringify(json))
    const { tensors } = readSafetensors(readFileSync(join(FOLDER, `${name}.safetensors`)))
    how.tensors?.(tensors)
    const bytes = writeSafetensors(tensors)
    writeFileSync(join(folder, 'case.safetensors'), how.bytes?.(bytes) ?? bytes)
    return readCase(folder, 'case')
  }

  test('names and layouts go over to ours and back', () => {
    for (const name of findCases(FOLDER)) {
      const golden = readCase(FOLDER, name)
      const back = toGolden(golden, golden.weights)
      const { tensors } = readSafetensors(readFileSync(join(FOLDER, `${name}.safetensors`)))
      const init = [...tensors].filter(([key]) => key.startsWith('init.'))
      expect(init.length).toBe(back.size)
      for (const [key, { shape, data }] of init) expect(back.get(key.slice(5))).toEqual({ shape, data })
    }
  })
  test('what is absent has a meaning', () => {
    const golden = changed('llama-tiny', {
      json(json) {
        delete json['model']!['tie_word_embeddings']
        delete json['model']!['rope_theta']
        delete json['model']!['intermediate_size']
        delete json['optimizer']!['grad_clip']
        delete json['grad_norms']
        delete json['steps']
        delete json['batch_size']
        delete json['loss_on_first_batch_after_last_step']
      },
    })
    expect(golden.config).toMatchObject({ tie: false, rope_theta: 10000, n_inner: 88, grad_clip: 0 })
    expect(golden).toMatchObject({ grad_norms: null, loss_after: null, B: 4, T: 16 })
    expect(golden.batches).toHaveLength(60)
  })
  test('a tied model without lm_head is tied', () => {
    expect(changed('gpt2-tiny', { json: (json) => delete json['model']!['tie_word_embeddings'] }).config.tie).toBe(true)
  })
  test.each<[string, Parameters<typeof changed>[1], RegExp]>([
    ['cut short', { bytes: (bytes) => bytes.slice(0, 5000) }, /case\.safetensors: .*cut short/],
    ['empty', { bytes: () => new Uint8Array() }, /case\.safetensors: .*at least 8 bytes/],
    [
      'without a weight',
      { tensors: (t) => t.delete('init.transformer.ln_f.bias') },
      /no tensor "init.transformer.ln_f.bias"/,
    ],
    [
      'without a gradient',
      { tensors: (t) => t.delete('grad.transformer.ln_f.bias') },
      /no tensor "grad.transformer.ln_f.bias"/,
    ],
    ['without tokens', { tensors: (t) => t.delete('tokens') }, /no tensor "tokens"/],
    [
      'of another width',
      { json: (json) => (json['model']!['n_embd'] = 64) },
      /is \[65, 32\]; the description makes it \[65, 64\]/,
    ],
    ['of heads that do not divide', { json: (json) => (json['model']!['n_head'] = 3) }, /not a multiple of n_head 3/],
    ['of an unknown architecture', { json: (json) => (json['model']!['arch'] = 'rwkv') }, /model\.arch/],
    ['without a learning rate', { json: (json) => delete json['optimizer']!['lr'] }, /optimizer\.lr/],
    [
      'with a token outside the vocabulary',
      { tensors: (t) => (t.get('tokens')!.data[3] = 65) },
      /a token lies outside the vocabulary/,
    ],
  ])('a case %s is refused by name', (_, how, message) => {
    expect(() => changed('gpt2-tiny', how)).toThrow(message)
  })
  test('a missing file and a missing folder are named', () => {
    expect(() => readCase(FOLDER, 'nothing')).toThrow(/There is no .*nothing\.json/)
    expect(() => findCases(join(folder, 'nowhere'))).toThrow(/There is no folder .*nowhere/)
    expect(() => findCases('test')).toThrow(/holds no golden cases/)
  })
})
