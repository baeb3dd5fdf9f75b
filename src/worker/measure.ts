// What a run would cost on this device: five real steps, timed.
import type { Config } from '../config/config'
import type { Dataset } from '../data/dataset/dataset'
import type { Engine } from '../engine'
import type { RunEvent } from '../words/run'
import { Session } from '../train/session'
import type { Measurement } from './protocol'

const STEPS = 5
/** Milliseconds of further steps before these in which the number of cores is found. */
const SETTLING_MS = 3000

/**
 * Times STEPS steps of a config on a dataset, after one that warms the device up, and throws them away; `listen` hears of compiling.
 * Throws what `Session.open` throws, and NotFiniteError.
 */
export async function measure(
  engine: Engine,
  config: Config,
  dataset: Dataset,
  listen: (event: RunEvent) => void,
): Promise<Measurement> {
  const spec = {
    name: 'measurement',
    // No validation, no last step, and a learning rate so low that no step's loss stops being finite.
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
    const begun = performance.now()
    while (!session.isSettled && performance.now() - begun < SETTLING_MS) await session.advance()
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
