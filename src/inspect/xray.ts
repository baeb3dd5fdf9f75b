// One training step taken apart: every dispatch with its op, kernel, arithmetic, memory traffic and time. The step is that of a config on a
// batch, with weights of its own, so that no run is touched; how long a kernel takes does not depend on the numbers in it.
import type { Config } from '../config/config'
import type { Batch } from '../data/dataset/loader'
import type { Engine, KernelClass, OpName, Tensor, Work } from '../engine'
import { initWeights } from '../model/init'
import { Trainer } from '../train/trainer'
import type { Measured, Piece } from '../words/kernels'
import { watched, type Seen } from './watch'

/** Takes a turn on the device; what is done in one is short. */
export type Turn = <R>(use: () => Promise<R>) => Promise<R>

/** Steps that are timed whole. */
const STEPS = 5
/** What the clock must see of a piece that is timed by repeating it, and how often it may be repeated. */
const LEAST_MS = 4
const MOST_REPEATS = 256
const BEST_OF = 3
/** Pieces are timed in turns of about so long. */
const TURN_MS = 60

/** The ops that update: they come after the gradients. */
const UPDATE: ReadonlySet<OpName> = new Set(['grad_norm', 'adamw'])

export class Xray {
  readonly #engine: Engine
  readonly #trainer: Trainer
  readonly #batch: Batch
  readonly #of: ReadonlyMap<Work, Seen>
  readonly #variants: Readonly<Record<string, string>>
  #step = 0

  private constructor(
    engine: Engine,
    trainer: Trainer,
    batch: Batch,
    of: ReadonlyMap<Work, Seen>,
    variants: Readonly<Record<string, string>>,
  ) {
    this.#variants = variants
    this.#engine = engine
    this.#trainer = trainer
    this.#batch = batch
    this.#of = of
  }

  /**
   * Records a step and compiles it. `variants` are kernels by class, where another than the chosen one is wanted. Throws
   * OutOfMemoryError, DeviceLostError.
   */
  static async open(
    engine: Engine,
    config: Config,
    batch: Batch,
    variants: Readonly<Record<string, string>> = {},
  ): Promise<Xray> {
    const of = new Map<Work, Seen>()
    const watching = watched(engine, variants, (seen) => seen.works.forEach((work) => of.set(work, seen)))
    const trainer = await Trainer.open(watching, config, initWeights(config, config.seed))
    return new Xray(engine, trainer, batch, of, variants)
  }

  /** Times the step whole and piece by piece. */
  async measure(turn: Turn): Promise<Measured> {
    const step = async () => {
      const from = performance.now()
      await this.#trainer.train(this.#step++, () => this.#batch)
      return performance.now() - from
    }
    // The first one warms up.
    await turn(step)
    const steps: number[] = []
    for (let i = 0; i < STEPS; i++) steps.push(await turn(step))
    await this.#trainer.updates()
    const { program } = this.#trainer
    const stamped = (await turn(async () => this.#engine.profile?.(program))) ?? []
    const by = stamped.length > 0 ? 'timestamps' : 'clock'
    const ms = by === 'timestamps' ? stamped.map((timing) => timing.ms) : await this.#byClock(program, turn)
    const classes = new Map<string, KernelClass>()
    const sources: Record<string, string> = {}
    const pieces = program.map((work, i): Piece => {
      const { op, pass, tensors, attrs, classes: asked } = this.#of.get(work)!
      const kernel = this.#engine.kernelOf?.(work)
      if (kernel) sources[kernel.name] ??= kernel.source
      for (const one of asked) if (one.variants.length > 1) classes.set(one.key, this.#now(one))
      return {
        ...{ label: work.label, op, pass: UPDATE.has(op) ? 'update' : pass },
        ...{ kernel: kernel?.name ?? null, workgroups: kernel?.workgroups ?? [] },
        ...{ flops: work.flops, bytes: work.bytes, ms: ms[i]! },
        tensors: Object.entries(tensors).map(([name, tensor]) => describe(name, tensor)),
        attrs,
        key: asked.find((one) => one.variants.length > 1)?.key ?? null,
      }
    })
    return { pieces, step_ms: median(steps), by, classes: [...classes.values()], sources }
  }

  /** A class with the kernel that computes it now: a contest may have been held since it was recorded. */
  #now(one: KernelClass): KernelClass {
    const { key, variant, variants } = one
    const choice = this.#engine.choices.find((known) => known.key === key)?.variant ?? variant
    const wanted = this.#variants[key]
    const now = wanted !== undefined && variants.includes(wanted) ? wanted : choice
    return { key, variant: variants.includes(now) ? now : variant, variants }
  }

  destroy(): void {
    this.#trainer.destroy()
  }

  /** Milliseconds of each piece: it is repeated until the clock can tell, in turns. */
  async #byClock(program: readonly Work[], turn: Turn): Promise<number[]> {
    const ms: number[] = []
    while (ms.length < program.length)
      await turn(async () => {
        const until = performance.now() + TURN_MS
        do ms.push(await timeOf(this.#engine, [program[ms.length]!]))
        while (ms.length < program.length && performance.now() < until)
      })
    return ms
  }
}

/**
 * Milliseconds of one run of a short program, which is repeated until the clock can tell. The best of a few counts: whatever else the
 * machine does makes a run longer, never shorter.
 */
async function timeOf(engine: Engine, program: readonly Work[]): Promise<number> {
  const measure = async (times: number) => {
    const from = performance.now()
    await engine.run(program, times)
    return performance.now() - from
  }
  let times = 1
  let ms = await measure(times)
  while (ms < LEAST_MS && times < MOST_REPEATS) {
    times = Math.min(MOST_REPEATS, Math.max(2 * times, Math.ceil((1.2 * times * LEAST_MS) / Math.max(ms, 0.1))))
    ms = await measure(times)
  }
  for (let again = 1; again < BEST_OF; again++) ms = Math.min(ms, await measure(times))
  return ms / times
}

function describe(name: string, { label, shape, dtype }: Tensor): Piece['tensors'][number] {
  return { name, address: label, shape, dtype }
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!
}
