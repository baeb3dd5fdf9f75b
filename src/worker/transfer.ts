// Runs on their way out of this browser and into it: one safetensors file with weights, moments, text, history and notes. And
// a run's weights on their way into a new run.
import { fingerprint } from '../data/dataset/dataset'
import { CheckpointError, ConfigError } from '../errors'
import { countParams, paramTable } from '../params'
import type { Checkpoint, RunSpec } from '../words/run'
import { RunHistory } from '../words/history'
import { fileName, shareableSpec } from '../words/shareable'
import { decodeCheckpoint, decodeText, encodeCheckpoint } from '../storage/checkpoint'
import { newRecord } from '../storage/run_record'
import type { Progress } from '../storage/runs'
import type { RunRecord } from '../storage/schema'

/** A file with everything in it, under a name that says run and step. */
export function pack(
  checkpoint: Checkpoint,
  { spec, notes }: RunRecord,
  text: string | null,
  history: RunHistory,
): { name: string; bytes: Uint8Array<ArrayBuffer> } {
  const meta = { ...checkpoint.meta, spec: shareableSpec({ ...checkpoint.meta.spec, name: spec.name }) }
  const extra = { text: text === null ? null : new TextEncoder().encode(text), history, notes }
  const bytes = encodeCheckpoint({ ...checkpoint, meta }, extra)
  return { name: `${fileName(spec.name)}-step-${meta.step}.safetensors`, bytes }
}

/** What a file holds, as a new run that can be saved. Throws CheckpointError. */
export async function unpack(
  bytes: Uint8Array,
): Promise<{ record: RunRecord; text: string | null; progress: Progress }> {
  const { checkpoint, extra } = decodeCheckpoint(bytes)
  const { spec, step, best_val_loss } = checkpoint.meta
  const text = extra.text && decodeText(extra.text)
  if (text !== null && (await fingerprint(text)) !== spec.corpus.fingerprint)
    throw new CheckpointError(
      `The text in the file is not “${spec.corpus.name}”, which the run was trained on: the file is damaged. Export the run again.`,
    )
  const history = extra.history ?? new RunHistory()
  history.cut(step)
  return {
    record: {
      ...newRecord(spec, countParams(spec.config)),
      notes: extra.notes,
      origin: { how: 'file', run: null, name: spec.name, step },
    },
    text,
    progress: {
      status: step >= spec.config.max_iters ? 'finished' : 'paused',
      reason: null,
      latest: checkpoint,
      best: null,
      last_val_loss: history.evals.findLast(({ val_loss }) => Number.isFinite(val_loss))?.val_loss ?? null,
      best_val_loss,
      history,
    },
  }
}

/** A run's weights, by parameter name, as the beginning of another run. Throws ConfigError where they do not fit its config. */
export function transplant(tensors: Checkpoint['tensors'], spec: RunSpec): Checkpoint {
  const fresh: Checkpoint['tensors'] = new Map()
  const params = paramTable(spec.config)
  for (const { name, shape } of params) {
    const weights = tensors.get(name)
    if (!weights || String(weights.shape) !== String(shape))
      throw new ConfigError(
        `These weights do not fit the new architecture: ${name} is ${weights ? `[${weights.shape.join(', ')}]` : 'missing'}, and must be [${shape.join(', ')}]. Set the model back to what it was, or restart with new weights.`,
      )
    fresh.set(name, weights)
  }
  for (const kind of ['m.', 'v.'])
    for (const { name, shape } of params)
      fresh.set(kind + name, { shape, data: new Float32Array(tensors.get(name)?.data.length ?? 0) })
  return {
    meta: { format: 'glasshouse-checkpoint', version: 2, step: 0, tokens: 0, elapsed_s: 0, best_val_loss: null, spec },
    tensors: fresh,
  }
}
