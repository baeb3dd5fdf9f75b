// What is put into a link comes out of it; what is no link, or not all of one, is refused with a name.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { LinkError } from '../../../src/errors'
import { configFor, PRESETS } from '../../../src/presets'
import { fromBase64url, toBase64url } from '../../../src/share/link/base64url'
import { curveFromBytes, curveToBytes, decimated, thinned } from '../../../src/share/link/curve'
import { deflate } from '../../../src/share/link/deflate'
import { MOST_BYTES, readFragment, writeFragment, type Section } from '../../../src/share/link/envelope'
import { linkLength, readLink, sectionsOf, writeLink } from '../../../src/share/link/link'
import { settingsFromJson, settingsToJson } from '../../../src/share/link/settings'
import { Rng } from '../../../src/rng'
import { xxh32 } from '../../../src/storage/checksum'
import { LINK_SECTIONS, ZONES, zoneOf } from '../../../src/words/link'
import { anyCard, anyConfig, anyCurve, anySettings, anyTokenizer, anyView, wholeLink } from './made'

const RUNS = { numRuns: 200, seed: 7 }
const refused = (text: string | RegExp) =>
  expect.objectContaining({ name: 'LinkError', message: expect.stringMatching(text) as string })
/** A fragment of any bytes, sealed as one should be. */
const sealed = (packed: Uint8Array, version = 1) => {
  const bytes = new Uint8Array(4 + packed.length)
  new DataView(bytes.buffer).setUint32(0, xxh32(packed), true)
  bytes.set(packed, 4)
  return `#g${version}.${toBase64url(bytes)}`
}

test('bytes come back from base64url, which Node writes alike, and no two texts mean the same', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      const text = toBase64url(bytes)
      expect(text).toBe(Buffer.from(bytes).toString('base64url'))
      expect(fromBase64url(text)).toEqual(new Uint8Array(bytes))
    }),
    RUNS,
  )
  for (const text of ['A', 'AB', 'AAB', 'A=', 'A+', 'Ä', 'AAAAA']) expect(() => fromBase64url(text)).toThrow(LinkError)
})

test('any settings come back, by a difference to a preset', () => {
  fc.assert(
    fc.property(anySettings, (settings) => {
      const { preset, ...back } = settingsFromJson(JSON.parse(JSON.stringify(settingsToJson(settings))))
      const given: Partial<typeof settings> = JSON.parse(JSON.stringify(settings))
      delete given.preset
      expect(back).toEqual(given)
      expect(preset === null || PRESETS.some(({ id }) => id === preset)).toBe(true)
    }),
    RUNS,
  )
})

test('a preset’s own settings are its name and nothing else', () => {
  for (const { id, config } of PRESETS) {
    const made = settingsToJson({
      ...{ name: '', prompt: '', preset: null, builtIn: null, reads: 'char', config: configFor(config, 40) },
      corpus: { name: '', fingerprint: '0'.repeat(64), characters: 1, licence: '' },
    })
    expect(made).toMatchObject({ preset: id, config: {} })
  }
})

test('a preset that has changed since, and settings that make no model, are refused', () => {
  fc.assert(
    fc.property(anyConfig, (config) => {
      const settings = { name: '', prompt: '', preset: null, builtIn: null, reads: 'char' as const, config }
      const made = settingsToJson({
        ...settings,
        corpus: { name: '', fingerprint: '0'.repeat(64), characters: 1, licence: '' },
      })
      const told = made as { sum: number; config: object }
      expect(() => settingsFromJson({ ...made, sum: told.sum ^ 1 })).toThrow(LinkError)
      for (const change of [{ n_head: 0 }, { n_layer: 1e9 }, { bias: 'yes' }, { learning_rate: NaN }, { x: 1 }])
        expect(() => settingsFromJson({ ...made, config: { ...told.config, ...change } })).toThrow(LinkError)
    }),
    { ...RUNS, numRuns: 20 },
  )
})

test('a curve comes back: steps to the one, losses to 16 bits of their span', () => {
  fc.assert(
    fc.property(anyCurve, (curve) => {
      const back = curveFromBytes(curveToBytes(curve))
      const losses = [...curve.train.loss, ...curve.validation.loss]
      const span = losses.length > 0 ? Math.max(...losses) - Math.min(...losses) : 0
      for (const part of ['train', 'validation'] as const) {
        expect(back[part].step).toEqual(curve[part].step)
        back[part].loss.forEach((loss, i) => {
          expect(Math.abs(loss - curve[part].loss[i]!)).toBeLessThanOrEqual(span / 0xffff + 1e-5)
        })
      }
    }),
    RUNS,
  )
})

test('a long curve is told by means, and by measurements as they were', () => {
  const step = Array.from({ length: 1000 }, (_, i) => i + 1)
  const loss = step.map((at) => 1000 - at)
  const means = decimated(step, loss, 10)
  expect(means.step).toEqual([100, 200, 300, 400, 500, 600, 700, 800, 900, 1000])
  expect(means.loss[0]).toBe(949.5)
  expect(thinned(step, loss, 10).step).toEqual([100, 200, 300, 400, 500, 600, 700, 800, 900, 1000])
  expect(thinned(step, loss, 10).loss[0]).toBe(900)
  expect(decimated([1, 2], [NaN, 2], 10)).toEqual({ step: [2], loss: [2] })
})

test('whatever a link carries comes back from its fragment, the same bytes for the same', async () => {
  const parts = fc.record(
    { settings: anySettings, card: anyCard, view: anyView, curve: anyCurve, text: fc.string({ maxLength: 500 }) },
    { requiredKeys: ['settings'] },
  )
  await fc.assert(
    fc.asyncProperty(parts, async (given) => {
      const fragment = await writeLink(given)
      expect(await writeLink(given)).toBe(fragment)
      expect(await linkLength(given)).toBe(fragment.length)
      const { contents, unknown, weights } = await readLink(fragment)
      expect([unknown, weights()]).toEqual([[], null])
      expect(contents.settings?.config).toEqual(given.settings.config)
      for (const name of ['card', 'view'] as const)
        expect(contents[name]).toEqual(given[name] && JSON.parse(JSON.stringify(given[name])))
      expect(contents.curve?.train.step).toEqual(given.curve?.train.step)
      expect(contents.text).toBe(given.text?.toWellFormed())
      expect(await readLink(fragment.slice(1))).toMatchObject({ contents })
    }),
    { ...RUNS, numRuns: 60 },
  )
})

test('a tokenizer comes back', async () => {
  await fc.assert(
    fc.asyncProperty(anyTokenizer, async (tokenizer) => {
      expect((await readLink(await writeLink({ tokenizer }))).contents).toEqual({ tokenizer })
    }),
    { ...RUNS, numRuns: 40 },
  )
})

test('a model, whole', async () => {
  const whole = await wholeLink()
  const { contents, sizes, head, weights } = await readLink(await writeLink(whole))
  expect(sizes.map(({ name }) => name)).toEqual(LINK_SECTIONS)
  expect(head).toEqual({ bits: 4, step: 3 })
  expect(weights()!.values.size).toBeGreaterThan(3)
  expect(contents.tokenizer).toEqual(whole.tokenizer)
})

test('another version is named, unknown parts are named and skipped', async () => {
  await expect(readLink('#g2.AAAA')).rejects.toEqual(refused(/version 2; this page reads version 1/))
  for (const text of ['#/train', '', '#g.AA', '#bench', 'g1'])
    await expect(readLink(text)).rejects.toEqual(refused(/no link of Glasshouse/))
  const [settings] = sectionsOf(await wholeLink()) as [Section]
  const later: Section = { name: 'lesson', kind: 'json', bytes: new Uint8Array(3) }
  const read = await readLink(await writeFragment([settings, later]))
  expect(read.unknown).toEqual(['lesson'])
  expect(read.contents.settings).toBeDefined()
})

test('a view: what a later page put into it is named and skipped, what is out of range is brought into it or refused', async () => {
  const view = { stage: 'look', panel: null, text: null, only: null }
  const told = (more: object) =>
    writeFragment([
      { name: 'view', kind: 'json', bytes: new TextEncoder().encode(JSON.stringify({ ...view, ...more })) },
    ]).then(readLink)
  const later = await told({ lesson: 3, 'a b': 1, controls: { probe: 'locked', sliders: 'hidden' } })
  expect(later.unknown).toEqual(['view.lesson', 'view.?', 'view.controls.sliders'])
  expect(later.contents).toEqual({ view: { ...view, controls: { probe: 'locked' } } })
  const { contents } = await told({ gates: { 'h.0.attn.gate': [-7, 0.5, 1e300] } })
  expect(contents.view?.gates).toEqual({ 'h.0.attn.gate': [0, 0.5, 1] })
  for (const wrong of [
    { slots: { A: { of: 'run', run: 'x' }, B: null, shows: 'A' } },
    { slots: { A: { of: 'shipped', step: -1 }, B: null, shows: 'A' } },
    { slots: { A: null, B: null, shows: 'A' } },
    { gates: { 'h.0.attn.gate': new Array(70_000).fill(1) } },
    { controls: { settings: 'gone' } },
    { text: 'x'.repeat(2_001) },
  ])
    await expect(told(wrong)).rejects.toEqual(refused(/view is wrong/))
})

test('parts that do not belong together are refused, all of them', async () => {
  const whole = await wholeLink()
  const { settings, tokenizer, weights, text } = whole as Required<typeof whole>
  const wrong = [
    { weights, tokenizer },
    { weights, settings },
    { text },
    { ...whole, weights: weights.slice(1) },
    { ...whole, weights: Uint8Array.from([9, ...weights.slice(1)]) },
    { ...whole, tokenizer: { ...tokenizer, vocab: tokenizer.vocab.slice(1) } },
    { ...whole, tokenizer: { ...tokenizer, vocab: [...tokenizer.vocab.slice(1), 'xy'] } },
    { ...whole, tokenizer: { ...tokenizer, kind: 'byte' as const } },
  ]
  for (const parts of wrong) await expect(writeLink(parts).then(readLink)).rejects.toBeInstanceOf(LinkError)
  // Scales that are not finite.
  const infinite = weights.slice()
  new DataView(infinite.buffer).setUint16(5, 0x7c00, true)
  const read = await readLink(await writeLink({ ...whole, weights: infinite }))
  expect(() => read.weights()).toThrow(LinkError)
})

test('a section twice, one without an end and one with a strange name are refused', async () => {
  const [settings] = sectionsOf(await wholeLink()) as [Section]
  await expect(readFragment(await writeFragment([settings, settings]))).rejects.toBeInstanceOf(LinkError)
  const strange = { ...settings, name: '<b>' }
  await expect(readFragment(await writeFragment([strange]))).rejects.toBeInstanceOf(LinkError)
  for (const bytes of [[1], [1, 97, 0, 9, 0, 0, 0, 1], [0, 0, 0, 0, 0, 0], [1, 97, 7, 0, 0, 0, 0]])
    await expect(readFragment(sealed(await deflate(Uint8Array.from(bytes))))).rejects.toBeInstanceOf(LinkError)
})

test('what swells past the cap is ended there, without being held', async () => {
  const bomb = await deflate(new Uint8Array(300 * 2 ** 20))
  expect(bomb.length).toBeLessThan(400_000)
  const before = process.memoryUsage().arrayBuffers
  let most = 0
  const timer = setInterval(() => (most = Math.max(most, process.memoryUsage().arrayBuffers)), 1)
  await expect(readLink(sealed(bomb))).rejects.toEqual(refused(/swells/))
  clearInterval(timer)
  expect(Math.max(most, process.memoryUsage().arrayBuffers) - before).toBeLessThan(8 * MOST_BYTES)
  await expect(readLink(`#g1.${'A'.repeat(ZONES.paste)}`)).rejects.toEqual(refused(/characters; at most/))
})

test('what is too long for a link is not made', async () => {
  const rng = new Rng(1, 1)
  const text = toBase64url(Uint8Array.from({ length: 900_000 }, () => rng.below(256)))
  const { settings } = await wholeLink()
  await expect(writeLink({ settings: settings!, text })).rejects.toEqual(refused(/can be pasted/))
})

test('three zones, and beyond them a file', () => {
  expect([1, 2000, 2001, 32_000, 32_001, 1_000_000, 1_000_001].map(zoneOf)).toEqual([
    'everywhere',
    'everywhere',
    'chats',
    'chats',
    'paste',
    'paste',
    'file',
  ])
})
