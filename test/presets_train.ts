// Trains a preset as its button does, for the tests that hold presets to their promises: own text, own config, own seed. Only the
// measuring is different: once, at the end, on as many batches as the caller asks for.
import { readFile } from 'node:fs/promises'
import type { Config } from '../src/config'
import { loadCorpus } from '../src/data/corpora'
import { makeDataset, type Dataset } from '../src/data/dataset'
import { ladder } from '../src/data/ladder'
import type { Engine } from '../src/engine'
import { invariant } from '../src/errors'
import { configFor, PRESETS } from '../src/presets'
import { Session } from '../src/train/session'

const QUIET: Partial<Config> = { eval_interval: 100_000 }

/** The text of a file beside this one. */
export const read = (path: string) => readFile(new URL(path, import.meta.url), 'utf8')

export interface Trained {
  session: Session
  dataset: Dataset
  /** Loss on held-out text. */
  validation(): Promise<number>
  /** What interpolated trigrams reach on the same text. */
  trigram(): number
  /** Text after a prompt; temperature 0 takes the likeliest token each time. */
  write(prompt: string, max_tokens: number, temperature: number, stop?: string[]): Promise<string>
}

/** A preset after `steps` updates. `text` stands in for the visitor's own. */
export async function trainPreset(
  engine: Engine,
  id: string,
  steps: number,
  eval_iters: number,
  text?: string,
): Promise<Trained> {
  const preset = PRESETS.find((p) => p.id === id)
  invariant(preset, () => `no preset ${id}`)
  const corpus = preset.corpus ? await loadCorpus(preset.corpus, (path) => read(`../public/${path}`)) : null
  const source = corpus ?? { name: id, licence: '', text }
  invariant(source.text, () => `${id} needs a text`)
  const { dataset } = await makeDataset(source.text, source, preset.config.val_fraction ?? 0.1)
  const { tokenizer, train, val } = dataset
  const config = { ...configFor(preset.config, tokenizer.vocab_size), ...QUIET, eval_iters }
  const { name, prompt } = preset
  const spec = { name, prompt, config, corpus: dataset.corpus, tokenizer: tokenizer.state }
  const session = await Session.open(engine, spec, dataset, null, () => undefined)
  while (session.step < steps) await session.advance()
  await session.settle()
  return {
    session,
    dataset,
    async validation() {
      const metrics = await session.evaluate()
      invariant(metrics, () => 'nothing is held out')
      return metrics.val_loss
    },
    trigram: () => ladder(train, val, tokenizer.vocab_size, 3)[3]!,
    async write(prompt, max_tokens, temperature, stop = []) {
      let written = ''
      const options = { prompt, max_tokens, temperature, top_k: 0, top_p: 1, seed: 1, stop }
      for await (const token of session.generate(options)) written += token.text
      return written
    },
  }
}
