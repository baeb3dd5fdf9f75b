// Run → folder → import → the same logits, to the last bit: whatever mix of architecture and tokenizer a folder holds.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Config } from '../../src/config/config'
import { learnTokenizer } from '../../src/data/tokenize/learn'
import { tokenizerOf } from '../../src/data/tokenize/tokenizers'
import { ImportError } from '../../src/errors'
import { initWeights } from '../../src/model/init'
import { configFor } from '../../src/presets'
import { folderFiles } from '../../src/share/folder/folder'
import { zip } from '../../src/share/folder/zip'
import { openModel } from '../../src/share/formats/read_model'
import type { RunSpec } from '../../src/words/run'
import { apart, asTrained, MODELS, TEXT, TOKENIZERS } from './trained'

const RUNS = 60

const mixes = fc.record({
  mix: fc.constantFrom(...Object.values(MODELS)),
  kind: fc.constantFrom(...Object.values(TOKENIZERS)),
  shape: fc.record({
    n_layer: fc.integer({ min: 1, max: 3 }),
    n_embd: fc.constantFrom(16, 24, 32),
    n_inner: fc.integer({ min: 8, max: 80 }),
    block_size: fc.integer({ min: 8, max: 40 }),
    tie: fc.boolean(),
    bias: fc.boolean(),
    norm_eps: fc.constantFrom(1e-5, 1e-6),
    rope_theta: fc.constantFrom(500, 10_000),
    seed: fc.nat(1000),
  }),
})

test('run → folder → import → the same logits', { timeout: 600_000 }, async () => {
  const states = new Map(Object.values(TOKENIZERS).map((choice) => [choice, learnTokenizer(TEXT, choice, [])]))
  let held = 0
  await fc.assert(
    fc.asyncProperty(mixes, async ({ mix, kind, shape }) => {
      const tokenizer = states.get(kind)!
      const { seed, ...sizes } = shape
      const wanted: Partial<Config> = { n_head: 4, n_kv_head: 4, ...sizes, ...mix }
      const config = configFor(wanted, tokenizer.vocab.length)
      const weights = initWeights(config, seed)
      for (const data of weights.values()) data.forEach((x, i) => (data[i] = x + 0.05 * Math.sin(i + seed)))
      const corpus = { name: 'whales', fingerprint: '0'.repeat(64), characters: TEXT.length, licence: 'public domain' }
      const spec: RunSpec = { name: 'Whales', config, corpus, tokenizer, prompt: '1' }
      const before = await asTrained({ spec, step: 7, weights }, null)
      const facts = { history: null, tokens: null, elapsed_s: null, adapter: null, training: null }
      const { files } = folderFiles({ ...before, ...facts }, 'f32')
      const come = openModel([{ name: 'w.zip', data: new Blob([zip(files)]) }])
      // What no config.json can say, as heads that share keys in a GPT-2, is told and not guessed.
      if (!files.has('config.json')) {
        await expect(come).rejects.toBeInstanceOf(ImportError)
        return
      }
      const opened = await come
      expect(opened.tokenizer).toEqual(tokenizer)
      const values = new Map([...(await opened.weights())].map(([name, { data }]) => [name, data]))
      const after = await asTrained(
        { spec: { ...spec, config: configFor(opened.config, opened.config.vocab_size) }, step: 7, weights: values },
        null,
      )
      const tokens = tokenizerOf(tokenizer)
        .encode(TEXT.slice(seed, seed + 200))
        .ids.slice(0, config.block_size)
      expect(apart(await before.logits(tokens), await after.logits(tokens))).toBe(0)
      held++
    }),
    { numRuns: RUNS, seed: 15 },
  )
  expect(held).toBeGreaterThan(RUNS / 2)
})
