// What rounding costs the model that comes with the page, on held-out text: compensated rounding costs less than plain rounding at the same
// bytes, and 4 bits less than what they may.
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { makeDataset } from '../../src/data/dataset/dataset'
import { RoundingBench } from '../../src/inspect/rounding_bench'
import { roundWeights, weightsFromBytes } from '../../src/share/link/weights'
import { decodeKeyframe } from '../../src/storage/keyframe'
import { parseMeta } from '../../src/storage/schema'
import { openEngine } from '../../src/train/open_engine'
import { MOST_LOST } from '../../src/words/link'

test('the shipped model at 4 and 8 bits', { timeout: 300_000 }, async () => {
  const { spec } = parseMeta((JSON.parse(readFileSync('public/recorded/run.json', 'utf8')) as { meta: unknown }).meta)
  const { config } = spec
  const { weights } = decodeKeyframe(readFileSync('public/recorded/2000.safetensors'), 2000, config)
  const text = readFileSync('public/corpora/moby-dick.txt', 'utf8')
  const { dataset } = await makeDataset(text, spec.corpus, config.val_fraction, spec.tokenizer)
  const { engine } = await openEngine('cpu', undefined)
  const bench = (await RoundingBench.open(engine, spec, weights, dataset))!
  expect([bench.on, bench.tokens]).toEqual(['held out', 16_384])
  const moments = await bench.moments()
  const f32 = await bench.loss(weights)
  const rise = async (bits: 4 | 8, by?: typeof moments) => {
    const bytes = await roundWeights(config, 2000, weights, bits, by)
    return { bytes: bytes.length, share: (await bench.loss(weightsFromBytes(config, bytes).values)) / f32 - 1 }
  }
  const [plain, compensated, eight] = [await rise(4), await rise(4, moments), await rise(8, moments)]
  expect(compensated.bytes).toBe(plain.bytes)
  expect(compensated.share).toBeLessThan(0.6 * plain.share)
  expect(compensated.share).toBeLessThan(MOST_LOST)
  expect(Math.abs(eight.share)).toBeLessThan(0.001)
  bench.destroy()
  engine.destroy()
})

test('without held-out text it measures on what was trained on; a text shorter than a window says nothing', async () => {
  const { spec } = parseMeta((JSON.parse(readFileSync('public/recorded/run.json', 'utf8')) as { meta: unknown }).meta)
  const { weights } = decodeKeyframe(readFileSync('public/recorded/2000.safetensors'), 2000, spec.config)
  const { engine } = await openEngine('cpu', undefined)
  const open = async (text: string) =>
    RoundingBench.open(engine, spec, weights, (await makeDataset(text, spec.corpus, 0, spec.tokenizer)).dataset)
  const bench = (await open('the whale and the sea '.repeat(10)))!
  expect(bench.on).toBe('train')
  expect(await bench.loss(weights)).toBeGreaterThan(0)
  bench.destroy()
  expect(await open('the whale')).toBeNull()
  engine.destroy()
})
