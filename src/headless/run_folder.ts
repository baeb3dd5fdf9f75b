// A run on disk: one checkpoint, which carries its text and its history, and the history once more as a table for other
// programs; and a folder of kept steps, to look back at. Each is written beside the old one and then put in its place, so that a kill at
// any instant leaves a whole one.
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { writeTokenizerJson } from '../data/tokenize/tokenizer_json'
import { CheckpointError } from '../errors'
import { metricsTable } from '../words/metrics_table'
import type { Checkpoint } from '../words/run'
import { RunHistory } from '../words/history'
import { decodeCheckpoint, encodeCheckpoint } from '../storage/checkpoint'
import { decodeKeyframe } from '../storage/keyframe'
import { withinBudget, type Keyframe } from '../words/keyframes'
import type { ModelConfig } from '../config/config'
import { UsageError } from './command'

const CHECKPOINT = 'checkpoint.safetensors'
const METRICS = 'metrics.csv'
const TOKENIZER = 'tokenizer.json'

export interface KeptRun {
  checkpoint: Checkpoint
  history: RunHistory
  /** The corpus, UTF-8. */
  text: Uint8Array
}

export function holdsRun(folder: string): boolean {
  return existsSync(join(folder, CHECKPOINT))
}

/** Writes a run; returns the paths of its files. Byte pairs are written as Hugging Face's libraries read them, too. */
export function writeRun(
  folder: string,
  { checkpoint, history, text }: KeptRun,
): { checkpoint: string; metrics: string; tokenizer?: string } {
  const { tokenizer, bytes_per_token } = checkpoint.meta.spec
  return {
    checkpoint: put(folder, CHECKPOINT, encodeCheckpoint(checkpoint, { text, history, notes: '' })),
    metrics: writeMetrics(folder, history, bytes_per_token),
    ...(tokenizer.kind === 'bpe' && { tokenizer: put(folder, TOKENIZER, writeTokenizerJson(tokenizer)) }),
  }
}

/** Writes the table alone, of a run whose state is not worth keeping. */
export function writeMetrics(folder: string, history: RunHistory, bytes_per_token: number | undefined): string {
  return put(folder, METRICS, metricsTable(history, bytes_per_token))
}

function put(folder: string, name: string, content: string | Uint8Array): string {
  mkdirSync(folder, { recursive: true })
  const path = join(folder, name)
  writeFileSync(`${path}.part`, content)
  renameSync(`${path}.part`, path)
  return path
}

/** Reads a run. Throws UsageError where there is none, CheckpointError where it cannot be trusted. */
export function readRun(folder: string): KeptRun {
  const path = join(folder, CHECKPOINT)
  if (!existsSync(path)) throw new UsageError(`There is no ${path} to resume from.`)
  try {
    const { checkpoint, extra } = decodeCheckpoint(readFileSync(path))
    const history = extra.history ?? new RunHistory()
    if (!extra.text) throw new CheckpointError('It does not carry its text, and cannot be trained further without it.')
    return { checkpoint, history, text: extra.text }
  } catch (error) {
    if (!(error instanceof CheckpointError)) throw error
    throw new CheckpointError(`${path}: ${error.message}`, { cause: error })
  }
}

/** What the kept steps of a run may take of the disk here. */
const BUDGET = 256 * 2 ** 20

const frames = (folder: string) => join(folder, 'keyframes')
const fileOf = (step: number) => `${step}.safetensors`

/** The kept steps of a run, in order. */
export function keyframesOf(folder: string): Keyframe[] {
  if (!existsSync(frames(folder))) return []
  return readdirSync(frames(folder))
    .flatMap((name) => {
      const [, step] = /^(\d+)\.safetensors$/.exec(name) ?? []
      return step === undefined ? [] : [{ step: Number(step), size_bytes: statSync(join(frames(folder), name)).size }]
    })
    .sort((a, b) => a.step - b.step)
}

/** Keeps the weights after `step` updates; later steps go, and steps in between where all take too much. */
export function keepKeyframe(folder: string, step: number, bytes: Uint8Array): void {
  put(frames(folder), fileOf(step), bytes)
  const before = keyframesOf(folder)
  const stays = withinBudget(
    before.filter((frame) => frame.step <= step),
    BUDGET,
  )
  for (const frame of before) if (!stays.includes(frame)) rmSync(join(frames(folder), fileOf(frame.step)))
}

/** The file of a kept step. Throws UsageError, with the steps there are, where it is not kept. */
export function keyframeBytes(folder: string, step: number): Uint8Array {
  const path = join(frames(folder), fileOf(step))
  if (existsSync(path)) return readFileSync(path)
  const there = keyframesOf(folder).map((frame) => frame.step)
  throw new UsageError(
    `Step ${step} is not kept in ${folder}${there.length > 0 ? `; there are ${there.join(', ')}` : ''}.`,
  )
}
/** The weights after `step` updates. Throws UsageError as above, CheckpointError where they are damaged. */
export function readKeyframe(folder: string, step: number, config: ModelConfig): Map<string, Float32Array> {
  return decodeKeyframe(keyframeBytes(folder, step), step, config).weights
}
