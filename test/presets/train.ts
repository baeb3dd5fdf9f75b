// Trains a preset as its button does, for the tests that hold presets to their promises: own text, own config, own seed. Only the
// measuring is different: when the caller asks. A whole run is held against a recording of itself, from which the daily tests go on.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
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
import { decodeCheckpoint, encodeCheckpoint } from '../../src/storage/checkpoint'
import { readSafetensors } from '../../src/storage/safetensors'
import { Session } from '../../src/train/session'
import type { Checkpoint } from '../../src/words/run'

const QUIET: Partial<Config> = { eval_interval: 100_000 }
const FOLDER = 'test/fixtures/presets'
/** Steps whose losses are kept from the beginning of a run, and from the checkpoint to the promise. */
export const FIRST = 8
export const LAST = 4

/** What is kept of a whole run. */
export interface Recording {
  /** Of the first FIRST steps, nats. */
  first_losses: number[]
  /** The step at which the promise is kept, and the losses of the LAST steps before it, which follow the recorded checkpoint. */
  end?: { step: number; last_losses: number[] }
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
  /** Where the run goes on from; from step 0 if not told. */
  checkpoint?: Checkpoint
}

/** A preset before its next step. */
export async function openPreset(engine: Engine, id: string, start: Start = {}): Promise<Trained> {
  const preset = PRESETS.find((p) => p.id === id)
  invariant(preset, () => `no preset ${id}`)
  const corpus = preset.corpus ? await loadCorpus(preset.corpus, (path) => read(`public/${path}`)) : null
  const source = corpus ?? { name: id, licence: '', text: start.text }
  invariant(source.text, () => `${id} needs a text`)
  const { dataset } = await makeDataset(source.text, source, preset.config.val_fraction ?? 0.1)
  const { tokenizer, train, val } = dataset
  const config = { ...configFor(preset.config, tokenizer.vocab_size), ...QUIET, ...start.change }
  const { name, prompt } = preset
  const spec = { name, prompt, config, corpus: dataset.corpus, tokenizer: tokenizer.state }
  const losses: number[] = []
  const session = await Session.open(engine, spec, dataset, start.checkpoint ?? null, (event) => {
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
 * Trains a whole run until `kept`, and compares it with its recording: losses and, where it `hasCheckpoint`, the checkpoint, to the bit. With
 * GLASSHOUSE_RECORD=1 it writes the recording first.
 */
export async function wholeRun(
  id: string,
  run: Trained,
  { from, every, to }: When,
  kept: () => Promise<boolean>,
  hasCheckpoint = true,
): Promise<void> {
  for (let step = from; step <= to; step += every) {
    await run.train(step - LAST)
    const checkpoint = encodeCheckpoint(await run.session.checkpoint())
    await run.train(step)
    if (!(await kept())) continue
    const recording: Recording = {
      first_losses: run.losses.slice(0, FIRST),
      ...(hasCheckpoint && { end: { step, last_losses: run.losses.slice(-LAST) } }),
    }
    if (process.env['GLASSHOUSE_RECORD'] === '1') {
      mkdirSync(FOLDER, { recursive: true })
      writeFileSync(`${FOLDER}/${id}.json`, `${JSON.stringify(recording, null, 1)}\n`)
      if (hasCheckpoint) writeFileSync(checkpointFile(id), checkpoint)
    }
    expect(recording).toEqual(recordingOf(id))
    if (hasCheckpoint) expect(tensorBits(checkpoint)).toEqual(tensorBits(readFileSync(checkpointFile(id))))
    return
  }
  expect.fail(`${id} has not reached what it promises by step ${to}`)
}

const checkpointFile = (id: string) => `${FOLDER}/${id}.safetensors`

export function recordingOf(id: string): Recording {
  return JSON.parse(readFileSync(`${FOLDER}/${id}.json`, 'utf8')) as Recording
}

/** The recorded checkpoint, LAST steps before the promise. */
export function checkpointOf(id: string): Checkpoint {
  return decodeCheckpoint(readFileSync(checkpointFile(id))).checkpoint
}

function tensorBits(file: Uint8Array): [string, Uint32Array][] {
  return [...readSafetensors(file).tensors].map(([name, { data }]) => [
    name,
    new Uint32Array(data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength)),
  ])
}
