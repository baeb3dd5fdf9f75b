// A model of a few hundred numbers and its checkpoint, made up without training: what the storage tests write and read.
import { defaultConfig } from '../../src/config/fields'
import type { Config } from '../../src/config/config'
import { paramTable, sizeOf } from '../../src/params'
import { hash } from '../../src/rng'
import { StepColumns } from '../../src/words/columns'
import type { Checkpoint, RunSpec } from '../../src/words/run'
import type { Progress } from '../../src/storage/runs'
import { RunHistory } from '../../src/words/history'

export const TEXT = 'abcdefgh '.repeat(40)

export const tinyConfig: Config = {
  ...defaultConfig(9),
  n_layer: 1,
  n_head: 2,
  n_kv_head: 2,
  n_embd: 8,
  n_inner: 16,
  block_size: 8,
}

export const tinySpec: RunSpec = {
  name: 'tiny',
  config: tinyConfig,
  corpus: { name: 'letters', fingerprint: '0'.repeat(64), characters: TEXT.length, licence: 'CC0-1.0' },
  tokenizer: { kind: 'char', vocab: [...' abcdefgh'] },
  prompt: 'a',
}

/** Numbers that depend on the step and the name, so that no two checkpoints are alike; second moments are positive. */
export function tinyCheckpoint(step: number, spec: RunSpec = tinySpec): Checkpoint {
  const tensors: Checkpoint['tensors'] = new Map()
  for (const [stream, kind] of ['', 'm.', 'v.'].entries())
    for (const { name, shape } of paramTable(spec.config)) {
      const data = Float32Array.from(
        { length: sizeOf(shape) },
        (_, i) => hash(step, stream, i + tensors.size) / 2 ** 32,
      )
      tensors.set(kind + name, { shape, data })
    }
  return {
    meta: {
      format: 'glasshouse-checkpoint',
      version: 2,
      step,
      tokens: step * 96,
      elapsed_s: step / 10,
      best_val_loss: step > 0 ? 2 - step / 1000 : null,
      spec,
    },
    tensors,
  }
}

export function tinyHistory(step: number): RunHistory {
  return new RunHistory({
    steps: StepColumns.from(
      Array.from({ length: step }, (_, i) => ({
        step: i + 1,
        loss: 2.2 - Math.sqrt(i) / 17,
        grad_norm: 1 / (i + 3),
        learning_rate: 1e-3,
        step_ms: 1.25,
        tokens: (i + 1) * 96,
      })),
    ).packed(),
    evals: [{ step: 0, val_loss: 2.3, train_loss: null }],
    samples: [{ step: 0, prompt: 'a', tokens: ['b', ' '], probabilities: [0.25, 0.125] }],
    events: [{ id: 1, step, text: 'Paused.' }],
  })
}

/** How far a run got at a step, for a save. */
export function tinyProgress(step: number, change: Partial<Progress> = {}): Progress {
  return {
    status: 'paused',
    reason: null,
    latest: tinyCheckpoint(step),
    best: null,
    last_val_loss: 2,
    best_val_loss: 1.9,
    history: tinyHistory(step),
    ...change,
  }
}
