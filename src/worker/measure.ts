// What a run would cost on this device: whether its largest tensors fit, and five real steps with a clock beside them.
import type { Config, Problem } from '../config'
import type { Dataset } from '../data/dataset'
import { flashes, type Engine } from '../engine'
import { paramTable, sizeOf } from '../params'
import type { RunEvent } from '../run'
import { Session } from '../train/session'
import type { Measurement } from './protocol'

const STEPS = 5

/**
 * Takes five steps of a config on a dataset, after one that warms the device up, and throws them away. Throws what
 * `Session.open` throws.
 */
export async function measure(
  engine: Engine,
  config: Config,
  dataset: Dataset,
  listen: (event: RunEvent) => void,
): Promise<Measurement> {
  const spec = {
    name: 'measurement',
    // Steps alone: no validation, no last step, and a rate at which nothing blows up, for that is the run's to find out.
    config: {
      ...config,
      val_fraction: 0,
      eval_interval: 100_000,
      max_iters: Math.max(config.max_iters, 100),
      learning_rate: 1e-6,
      min_lr: 0,
    },
    corpus: dataset.corpus,
    tokenizer: dataset.tokenizer.state,
    prompt: '',
  }
  const opened = performance.now()
  const session = await Session.open(engine, spec, dataset, null, (event) => {
    if (event.type === 'compile') listen(event)
  })
  try {
    const compile_ms = performance.now() - opened
    await session.advance()
    await session.settle()
    const from = performance.now()
    for (let i = 0; i < STEPS; i++) await session.advance()
    await session.settle()
    const step_ms = (performance.now() - from) / STEPS
    const tokens = config.batch_size * config.block_size * config.gradient_accumulation_steps
    const { memory_bytes, params } = session
    return { step_ms, tokens_per_s: (1000 * tokens) / step_ms, compile_ms, memory_bytes, params }
  } finally {
    session.destroy()
  }
}

/** WebGPU's most workgroups in one dimension, times the rows that one workgroup of a matrix product owns (shaders/matmul.wgsl). */
const MOST_ROWS = 65_535 * 32

/** What this engine could not hold in one piece or count in one grid, each with a way out. */
export function fitsDevice(config: Config, maxBlock: number): Problem[] {
  const { batch_size: B, block_size: T, n_head: NH, n_kv_head: NKV, n_inner: F, vocab_size: V, n_embd } = config
  const largest = paramTable(config).reduce((a, b) => (sizeOf(b.shape) > sizeOf(a.shape) ? b : a))
  if (sizeOf(largest.shape) > maxBlock)
    return [
      {
        field: 'n_embd',
        message: `${largest.name} [${largest.shape.join(', ')}] takes ${mib(sizeOf(largest.shape))}; this device holds ${mib(maxBlock)} in one piece. Try half the width.`,
        fix: Math.max(1, Math.floor(n_embd / 2 / NH)) * NH,
      },
    ]
  const headSize = n_embd / NH
  const perSequence = Math.max(
    flashes(headSize) ? 0 : NH * T * T,
    T * (NH + 2 * NKV) * headSize,
    T * V,
    T * F * (config.mlp === 'swiglu' ? 2 : 1),
  )
  if (B * perSequence <= maxBlock) {
    if (B * T <= MOST_ROWS) return []
    const fix = Math.floor(MOST_ROWS / T)
    return [
      {
        field: 'batch_size',
        message: `A batch of ${B} × ${T} has more rows than one product can count, ${MOST_ROWS}. Try ${fix}.`,
        fix,
      },
    ]
  }
  const fix = Math.floor(maxBlock / perSequence)
  if (fix >= 1)
    return [
      {
        field: 'batch_size',
        message: `A batch of ${B} makes a tensor of ${mib(B * perSequence)}; this device holds ${mib(maxBlock)} in one piece. Try ${fix}.`,
        fix,
      },
    ]
  return [
    {
      field: 'block_size',
      message: `A context of ${T} makes a tensor of ${mib(perSequence)} for a single sequence; this device holds ${mib(maxBlock)} in one piece. Try ${Math.floor(T / 2)}.`,
      fix: Math.floor(T / 2),
    },
  ]
}

const mib = (elements: number) => `${Math.ceil((elements * 4) / 2 ** 20)} MiB`
