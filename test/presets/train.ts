// Trains a preset as its button does, for the tests that hold presets to their promises: own text, own config, own seed. Only the
// measuring is different: when the caller asks. A whole run is held against a recording of itself.
import { readFileSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { expect } from 'vitest'
import type { Config } from '../../src/config/config'
import { loadCorpus } from '../../src/data/made/corpora'
import { makeDataset, type Dataset } from '../../src/data/dataset/dataset'
import { climbing } from '../../src/data/dataset/ladder'
import type { Engine } from '../../src/engine'
import { invariant } from '../../src/errors'
import { atOnce } from '../../src/paced'
import { configFor, PRESETS } from '../../src/presets'
import { Session } from '../../src/train/session'
import { hashOf } from '../wasm/bits'

const QUIET: Partial<Config> = { eval_interval: 100_000 }
/** Steps whose losses are kept from the beginning of a run and from its end. */
const KEPT = 8

/** What is kept of a preset's runs, to the bit. */
export interface Recording {
  /** Losses of the first steps in plain JavaScript, nats; where they are held. */
  javascript?: number[]
  /** A whole run on WebAssembly: losses of its first and last steps, nats; when it kept its promise, and with which weights and moments. */
  wasm: { first_losses: number[]; last_losses: number[]; step: number; weights: string }
}

/** The text of a file of this project. */
export const read = (path: string) => readFile(path, 'utf8')

export interface Trained {
  dataset: Dataset
  session: Session
  /** Of every step taken, nats. */
  losses: number[]
  /** What interpolated trigrams reach on the held-out text; NaN where nothing is held out. */
  trigram: number
  train(to: number): Promise<void>
  /** Loss on held-out text. */
  validation(): Promise<number>
  /** Text after a prompt; temperature 0 takes the likeliest token each time. */
  write(prompt: string, max_tokens: number, temperature: number, stop?: string[], seed?: number): Promise<string>
}

interface Start {
  /** Numbers that replace the preset's. */
  change?: Partial<Config>
  /** Stands in for the visitor's own text. */
  text?: string
}

/** A preset before its first step. */
export async function openPreset(engine: Engine, id: string, start: Start = {}): Promise<Trained> {
  const preset = PRESETS.find((p) => p.id === id)
  invariant(preset, () => `no preset ${id}`)
  const corpus = preset.corpus ? await loadCorpus(preset.corpus, (path) => read(`public/${path}`)) : null
  const source = corpus ?? { name: id, licence: '', text: start.text }
  invariant(source.text, () => `${id} needs a text`)
  const { dataset } = await makeDataset(source.text, source, preset.config.val_fraction ?? 0.1)
  const { tokenizer, train, val } = dataset
  const config = { ...configFor(preset.config, tokenizer.vocab_size), ...QUIET, ...start.change }
  const { name, prompt, gates } = preset
  const spec = { name, prompt, gates, config, corpus: dataset.corpus, tokenizer: tokenizer.state }
  const losses: number[] = []
  const session = await Session.open(engine, spec, dataset, null, (event) => {
    if (event.type === 'step') losses.push(event.metrics.loss)
  })
  return {
    dataset,
    session,
    losses,
    trigram: val.length > 0 ? atOnce(climbing(train, val, tokenizer.vocab_size, 3))[3]! : NaN,
    async train(to) {
      while (session.step < to) await session.advance()
      await session.settle()
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

/** When a promise is looked for: at step `from`, then every `every` steps, to step `to`. */
export interface When {
  from: number
  every: number
  to: number
}

/**
 * Trains a whole run on WebAssembly until its promise is `kept`, and compares it with its recording, to the bit. With GLASSHOUSE_RECORD=1 it
 * writes the recording first.
 */
export async function wholeRun(
  id: string,
  run: Trained,
  { from, every, to }: When,
  kept: () => Promise<boolean>,
): Promise<void> {
  for (let step = from; step <= to; step += every) {
    await run.train(step)
    if (!(await kept())) continue
    const { tensors } = await run.session.checkpoint()
    const weights = hashOf([...tensors.values()].map(({ data }) => data))
    const first_losses = run.losses.slice(0, KEPT)
    const wasm = { first_losses, last_losses: run.losses.slice(-KEPT), step, weights }
    if (process.env['GLASSHOUSE_RECORD'] === '1')
      writeFileSync(fileOf(id), `${JSON.stringify({ ...recordingOf(id), wasm }, null, 1)}\n`)
    expect(wasm).toEqual(recordingOf(id).wasm)
    return
  }
  expect.fail(`${id} has not reached what it promises by step ${to}`)
}

const fileOf = (id: string) => `test/fixtures/presets/${id}.json`

export const recordingOf = (id: string) => JSON.parse(readFileSync(fileOf(id), 'utf8')) as Recording
