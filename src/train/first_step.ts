// Where the time to the first step goes: memory and programs, the kernels' text, compilers, contests, the step itself.
import type { Config } from '../config/config'
import type { Batch } from '../data/dataset/loader'
import type { Engine } from '../engine'
import type { StartTimes } from '../words/bench'
import { Trainer } from './trainer'

/** Opens a trainer and takes its first step. `progress` counts pipelines. Throws what `Trainer.open` throws, and keeps nothing then. */
export async function firstStep(
  engine: Engine,
  config: Config,
  weights: ReadonlyMap<string, Float32Array>,
  batch: Batch,
  progress?: (done: number, total: number) => void,
): Promise<{ trainer: Trainer; times: StartTimes }> {
  const written = engine.text_ms ?? 0
  const opened = performance.now()
  let [recorded, compiled, before] = [opened, opened, written]
  const trainer = await Trainer.open(engine, config, weights, {
    progress(done, total) {
      if (done === 0) {
        recorded = performance.now()
        before = engine.text_ms ?? 0
      }
      if (done === total) compiled = performance.now()
      progress?.(done, total)
    },
  })
  const ready = performance.now()
  try {
    await trainer.train(0, () => batch)
  } catch (error) {
    trainer.destroy()
    throw error
  }
  const text_ms = (engine.text_ms ?? 0) - written
  // WebAssembly's kernels are written as they are compiled, shaders as programs are recorded.
  const while_compiling = (engine.text_ms ?? 0) - before
  return {
    trainer,
    times: {
      record_ms: recorded - opened - (text_ms - while_compiling),
      text_ms,
      compile_ms: compiled - recorded - while_compiling,
      contest_ms: ready - compiled,
      step_ms: performance.now() - ready,
    },
  }
}
