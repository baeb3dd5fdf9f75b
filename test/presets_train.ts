// Trains a preset as its button does, for the tests that hold presets to their promises: own text, own config, own seed. Only the
// measuring is different: when the caller asks.
import { readFile } from 'node:fs/promises'
import { expect } from 'vitest'
import type { Config } from '../src/config'
import { loadCorpus } from '../src/data/made/corpora'
import { makeDataset, type Dataset } from '../src/data/dataset/dataset'
import { climbing } from '../src/data/dataset/ladder'
import { atOnce } from '../src/paced'
import type { Engine } from '../src/engine'
import { invariant } from '../src/errors'
import { configFor, PRESETS } from '../src/presets'
import { Session } from '../src/train/session'

const QUIET: Partial<Config> = { eval_interval: 100_000 }
/** A step takes a second or two where two cores are shared with others. */
export const LONGEST_MS = 2_400_000

/** The text of a file beside this one. */
export const read = (path: string) => readFile(new URL(path, import.meta.url), 'utf8')

export interface Trained {
  dataset: Dataset
  /** What interpolated trigrams reach on the held-out text; NaN where nothing is held out. */
  trigram: number
  /** Trains to step `from`, and on by `every` until `reached`; fails where step `to` has not. */
  until(reached: () => Promise<boolean>, steps: { from: number; every: number; to: number }): Promise<void>
  /** Loss on held-out text. */
  validation(): Promise<number>
  /** Text after a prompt; temperature 0 takes the likeliest token each time. */
  write(prompt: string, max_tokens: number, temperature: number, stop?: string[], seed?: number): Promise<string>
}

/** A preset at step 0, with other numbers where `change` has them. `text` stands in for the visitor's own. */
export async function trainPreset(
  engine: Engine,
  id: string,
  change: Partial<Config> = {},
  text?: string,
): Promise<Trained> {
  const preset = PRESETS.find((p) => p.id === id)
  invariant(preset, () => `no preset ${id}`)
  const corpus = preset.corpus ? await loadCorpus(preset.corpus, (path) => read(`../public/${path}`)) : null
  const source = corpus ?? { name: id, licence: '', text }
  invariant(source.text, () => `${id} needs a text`)
  const { dataset } = await makeDataset(source.text, source, preset.config.val_fraction ?? 0.1)
  const { tokenizer, train, val } = dataset
  const config = { ...configFor(preset.config, tokenizer.vocab_size), ...QUIET, ...change }
  const { name, prompt } = preset
  const spec = { name, prompt, config, corpus: dataset.corpus, tokenizer: tokenizer.state }
  const session = await Session.open(engine, spec, dataset, null, () => undefined)
  return {
    dataset,
    trigram: val.length > 0 ? atOnce(climbing(train, val, tokenizer.vocab_size, 3))[3]! : NaN,
    async until(reached, { from, every, to }) {
      for (let step = from; step <= to; step += every) {
        while (session.step < step) await session.advance()
        await session.settle()
        if (await reached()) return
      }
      expect.fail(`${id} has not reached what it promises by step ${to}`)
    },
    async validation() {
      const metrics = await session.evaluate()
      invariant(metrics, () => 'nothing is held out')
      return metrics.val_loss
    },
    async write(prompt, max_tokens, temperature, stop = [], seed = 1) {
      let written = ''
      const options = { prompt, max_tokens, temperature, top_k: 0, top_p: 1, seed, stop }
      for await (const token of session.generate(options)) written += token.text
      return written
    },
  }
}
