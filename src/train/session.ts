// A run in progress: it takes the steps of one experiment and tells of them as events. Each step evaluates if it is time, submits one
// update, and reports what has been computed meanwhile. Knows text, batches and the clock; no threads, no disk, no pixels.
import { validate } from '../config/validate'
import type { Config } from '../config/config'
import { resplit, type Dataset } from '../data/dataset/dataset'
import { Loader } from '../data/dataset/loader'
import type { Engine, Timing } from '../engine'
import { ConfigError, NotFiniteError } from '../errors'
import { turnedGates } from '../model/gates'
import { countParams } from '../params'
import { STREAM } from '../rng'
import { indexAtStep } from '../words/columns'
import type { Checkpoint, EvalMetrics, Gates, GeneratedToken, RunEvent, RunSpec, SampleOptions } from '../words/run'
import type { RunHistory } from '../words/history'
import { Flight } from './flight'
import { learningRate } from './schedule'
import { startingWeights, type Model } from './slot'
import { Trainer, type Update } from './trainer'
import { updateRatios } from './update_ratios'
import type { Weights } from './weights'
import { Writer } from './writer'

/** Milliseconds between two readings of the steps' numbers, and how many readings may be under way. No step waits for one. */
const REPORT_MS = 100
const REPORTS = 3
/** How the samples that show a run's progress are drawn. The seed is always the same, so that only the model differs. */
const LIVE_SAMPLE = { max_tokens: 120, temperature: 0.8, top_k: 0, top_p: 0.95, seed: 1, stop: [] }

type Listen = (event: RunEvent) => void

export class Session implements Model {
  readonly engine: Engine
  #spec: RunSpec
  readonly #listen: Listen
  readonly #trainer: Trainer
  readonly #train: Loader
  readonly #val: Loader | null
  readonly #writer: Writer
  #step: number
  #tokens: number
  #elapsed_s: number
  #best: number | null
  readonly #flight = new Flight()
  #reported = { step: 0, time: 0 }
  /** When the last reading began, how many are under way, and the one that is told last. */
  #asked = 0
  #reports = 0
  #told = Promise.resolve()
  /** Milliseconds that opening took; null once the first step has been submitted. */
  #opening: { ms: number; compile_ms: number } | null
  #failure: Error | null = null
  /** Losses since the last evaluation. */
  #recent = { sum: 0, count: 0 }
  /** The reading of a checkpoint's tensors. */
  #copying: Promise<unknown> = Promise.resolve()
  /** The last step that was evaluated and sampled. */
  #evaluated = -1

  private constructor(
    engine: Engine,
    spec: RunSpec,
    dataset: Dataset,
    from: Checkpoint | null,
    listen: Listen,
    trainer: Trainer,
    past: RunHistory | null,
    opening: { ms: number; compile_ms: number },
  ) {
    const { config } = spec
    const { batch_size: B, block_size: T, vocab_size: V, seed } = config
    this.engine = engine
    this.#spec = spec
    this.#listen = listen
    this.#trainer = trainer
    this.#writer = new Writer(trainer.weights, dataset.tokenizer, () => this.#flight.end())
    this.#opening = opening
    this.#train = new Loader(dataset.train, V, B, T, seed, STREAM.batch)
    this.#val = dataset.val.length > T ? new Loader(dataset.val, V, B, T, seed, STREAM.validation) : null
    this.#step = from?.meta.step ?? 0
    this.#tokens = from?.meta.tokens ?? 0
    this.#elapsed_s = from?.meta.elapsed_s ?? 0
    this.#best = from?.meta.best_val_loss ?? null
    this.#recent = from?.meta.recent ?? lossesSinceEvaluation(past)
    // A checkpoint of a finished run was written after its last evaluation.
    if (from && this.finished) this.#evaluated = this.#step
    this.#reported = { step: this.#step, time: performance.now() }
  }

  /**
   * Builds the model, from its seed or from a checkpoint, and compiles it. `listen` hears of every event of the run; `past` is the
   * run's history up to the checkpoint. Throws ConfigError for a config that cannot be trained, OutOfMemoryError for one that is
   * too large.
   */
  static async open(
    engine: Engine,
    spec: RunSpec,
    dataset: Dataset,
    from: Checkpoint | null,
    listen: Listen,
    past: RunHistory | null = null,
  ): Promise<Session> {
    const started = performance.now()
    let compiling = started
    const { config } = spec
    const weights = startingWeights(engine, spec, dataset.tokenizer, from)
    const progress = (done: number, total: number) => {
      if (done === 0) compiling = performance.now()
      listen({ type: 'compile', done, total })
    }
    const trainer = await Trainer.open(engine, config, weights, { progress, told: listen, turn: spec.gates })
    const opened = performance.now()
    for (const [name, { data }] of from?.tensors ?? []) if (/^[mv]\./.test(name)) trainer.write(name, data)
    const opening = { ms: opened - started, compile_ms: opened - compiling }
    return new Session(engine, spec, resplit(dataset, config.val_fraction), from, listen, trainer, past, opening)
  }

  get spec(): RunSpec {
    return this.#spec
  }
  /** Updates made. */
  get step(): number {
    return this.#step
  }
  /** Tokens trained on. */
  get tokens(): number {
    return this.#tokens
  }
  get elapsed_s(): number {
    return this.#elapsed_s
  }
  get best_val_loss(): number | null {
    return this.#best
  }
  get finished(): boolean {
    return this.#step >= this.#spec.config.max_iters
  }
  /** False while the number of cores that compute a step is still being measured. */
  get isSettled(): boolean {
    return this.#trainer.isSettled
  }
  get params(): number {
    return countParams(this.#spec.config)
  }
  /** Bytes allocated on the device. */
  get memory_bytes(): number {
    return this.#trainer.memory_bytes + this.#writer.memory_bytes
  }

  /**
   * Submits one update; its numbers come as an event a few steps later. Evaluates before it where it is time, and after the last
   * one. Throws NotFiniteError once a step's loss or gradient was not finite, DeviceLostError when the device is gone.
   */
  async advance(): Promise<void> {
    this.#raise()
    const { config } = this.#spec
    const started = performance.now()
    if (this.#step % config.eval_interval === 0) await this.#measure()
    await this.#copying
    await this.#improve()
    const step = this.#step
    const micros = config.gradient_accumulation_steps
    const update = this.#trainer.train(step, (micro) => this.#train.batch(step * micros + micro))
    if (this.#opening) this.#tellFirst(update, started, this.#opening)
    this.#step++
    this.#tokens += config.batch_size * config.block_size * micros
    this.#writer.moved()
    await this.#flight.take(update)
    if (this.#trainer.ringIsFilling) await this.#report()
    else if (performance.now() - this.#asked > REPORT_MS && this.#reports < REPORTS) void this.#report()
    this.#elapsed_s += (performance.now() - started) / 1000
    if (this.finished) await this.#measure()
    this.#raise()
  }

  /** Resolves when every submitted step has been computed and told. Throws as `advance` does. */
  async settle(): Promise<void> {
    await this.#flight.end()
    await this.#report()
    this.#raise()
  }

  /** Mean loss on held-out text, nats a token, on the same batches each time; also told as an event. Null where nothing is held out. */
  async evaluate(): Promise<EvalMetrics | null> {
    const val = this.#val
    if (!val) return null
    await this.settle()
    const val_loss = await this.#trainer.evaluate(this.#spec.config.eval_iters, (i) => val.batch(i))
    const train_loss = this.#recent.count > 0 ? this.#recent.sum / this.#recent.count : null
    this.#recent = { sum: 0, count: 0 }
    const ratio = this.#step > 0 ? await this.#trainer.updateRatio(this.#step - 1) : NaN
    const metrics: EvalMetrics = { step: this.#step, val_loss, train_loss }
    if (Number.isFinite(ratio)) metrics.update_ratio = ratio
    if (Number.isFinite(val_loss)) this.#best = Math.min(this.#best ?? Infinity, val_loss)
    this.#reported.time = performance.now()
    this.#listen({ type: 'eval', metrics })
    return metrics
  }

  /** Everything that a later session needs to go on from the same bit. Throws as `advance` does. */
  async checkpoint(): Promise<Checkpoint> {
    await this.settle()
    const tensors = this.#trainer.state()
    // A large state is read in several pieces, so the next step waits until all are read.
    this.#copying = tensors.catch(() => undefined)
    return {
      meta: {
        format: 'glasshouse-checkpoint',
        version: 2,
        step: this.#step,
        tokens: this.#tokens,
        elapsed_s: this.#elapsed_s,
        best_val_loss: this.#best,
        recent: this.#recent,
        spec: this.#spec,
        kernels: { adapter: this.engine.info.name, choices: [...this.engine.choices] },
      },
      tensors: await tensors,
    }
  }

  /** The weights alone, as they stand after every step submitted so far. Throws as `advance` does. */
  async weightsNow(): Promise<Checkpoint['tensors']> {
    await this.settle()
    const weights = this.#trainer.weights.state()
    this.#copying = weights.catch(() => undefined)
    return weights
  }
  get weights(): Weights {
    return this.#trainer.weights
  }
  /** How far the last step moved each parameter, ‖Δ‖/‖w‖ by name, weight decay left out; none before the first step. Throws as `advance` does. */
  async updateRatios(): Promise<Map<string, number>> {
    await this.settle()
    if (this.#step === 0) return new Map()
    return updateRatios(await this.#trainer.state(), this.#spec.config, this.#step - 1)
  }

  /**
   * Takes over fields that can change in a running model. Throws ConfigError for invalid values and OutOfMemoryError where the new
   * programs do not fit; nothing changes then.
   */
  async change(change: Partial<Config>): Promise<void> {
    const config = { ...this.#spec.config, ...change }
    const problems = validate(config)
    if (problems.length > 0) throw new ConfigError(problems.map(({ message }) => message).join(' '))
    await this.settle()
    await this.#trainer.change(config)
    this.#spec = { ...this.#spec, config }
  }
  /**
   * Trains, writes and evaluates with these gates from now on; weights, moments and dice stay. They are kept in the spec, so that a
   * run goes on with them. Throws ConfigError for gates that the model lacks, OutOfMemoryError; nothing changes then.
   */
  async turn(gates: Gates): Promise<void> {
    await this.settle()
    await this.#trainer.turn(gates)
    this.#spec = { ...this.#spec, gates: turnedGates(gates) }
  }
  /** Sets what the samples of the run start from. */
  setPrompt(prompt: string): void {
    this.#spec = { ...this.#spec, prompt }
  }

  /** Tokens of a text that are computed already: taking them costs nothing, and the next step makes them void. */
  get ahead(): number {
    return this.#writer.ahead
  }
  /** Writes text with the weights as they stand at each token; see `Writer.generate`. */
  generate(
    options: SampleOptions,
    signal?: AbortSignal,
  ): AsyncGenerator<GeneratedToken, 'length' | 'stop' | 'cancelled'> {
    return this.#writer.generate(options, signal)
  }

  /** Times each dispatch of a step, then restores weights and moments, so that the run is not changed. */
  async profile(): Promise<Timing[]> {
    await this.settle()
    const before = await this.#trainer.state()
    const timings = await this.#trainer.profile()
    for (const [name, { data }] of before) this.#trainer.write(name, data)
    return timings
  }

  destroy(): void {
    this.#writer.destroy()
    this.#trainer.destroy()
  }

  /** Evaluates and samples, once a step. */
  async #measure(): Promise<void> {
    if (this.#evaluated === this.#step) return
    this.#evaluated = this.#step
    await this.evaluate()
    const tokens: string[] = []
    const probabilities: number[] = []
    const { prompt } = this.#spec
    for await (const token of this.generate({ ...LIVE_SAMPLE, prompt })) {
      tokens.push(token.text)
      probabilities.push(token.probability)
    }
    this.#listen({ type: 'sample', sample: { step: this.#step, prompt, tokens, probabilities } })
    // Time spent measuring is not time a step took.
    this.#reported.time = performance.now()
  }

  /** Goes on with the choice of kernels. Time spent on it is not time a step took. */
  async #improve(): Promise<void> {
    const from = performance.now()
    const improving = this.engine.improve?.()
    if (!improving) return
    await improving
    this.#reported.time += performance.now() - from
  }

  /** Reads the numbers of the steps submitted so far; resolves when they have been told. Readings are told in the order of the calls. */
  #report(): Promise<void> {
    const updates = this.#trainer.updates()
    const before = this.#told
    this.#asked = performance.now()
    this.#reports++
    this.#told = Promise.all([updates, before])
      .then(([numbers]) => this.#tell(numbers))
      .catch((error: unknown) => this.#fail(error))
      .finally(() => this.#reports--)
    return this.#told
  }

  /** Tells of steps, oldest first, and of nothing after a failure. */
  #tell(updates: Update[]): void {
    const last = updates.at(-1)
    if (!last || this.#failure) return
    const now = performance.now()
    const step_ms = (now - this.#reported.time) / Math.max(1, last.step + 1 - this.#reported.step)
    const { config } = this.#spec
    for (const { step, loss, grad_norm } of updates) {
      this.#recent = { sum: this.#recent.sum + loss, count: this.#recent.count + 1 }
      const tokens = (step + 1) * config.batch_size * config.block_size * config.gradient_accumulation_steps
      this.#listen({
        type: 'step',
        metrics: { step: step + 1, loss, grad_norm, learning_rate: learningRate(config, step), step_ms, tokens },
      })
      if (!Number.isFinite(loss) || !Number.isFinite(grad_norm)) {
        // Steps submitted after this one do not count.
        this.#step = step + 1
        this.#failure ??= new NotFiniteError(
          `At step ${step + 1} the ${Number.isFinite(loss) ? 'gradient' : 'loss'} stopped being a finite number. The run stopped there. Go back to the last checkpoint with a lower learning rate (now ${config.learning_rate}) or more warm-up.`,
        )
        break
      }
    }
    this.#reported = { step: last.step + 1, time: now }
  }

  /** Tells how long opening and the first step took; the time between opening and `started` is not counted. */
  #tellFirst(update: Promise<void>, started: number, { ms, ...opening }: { ms: number; compile_ms: number }): void {
    this.#opening = null
    // The first sample is written before the first step, and its decoder has kernels of its own.
    const compile_ms = opening.compile_ms + this.#writer.compile_ms
    const tell = () => this.#listen({ type: 'first_step', ms: ms + performance.now() - started, compile_ms })
    // `advance` and `settle` throw what a failed update failed with.
    update.then(tell, () => undefined)
  }

  #fail(error: unknown): void {
    this.#failure ??= error instanceof Error ? error : new Error(String(error))
  }
  #raise(): void {
    if (this.#failure) throw this.#failure
  }
}

/** The training losses that the next evaluation averages, where the checkpoint does not say. */
function lossesSinceEvaluation(past: RunHistory | null): { sum: number; count: number } {
  if (!past) return { sum: 0, count: 0 }
  const columns = past.steps.view()
  const since = columns.loss.subarray(indexAtStep(columns, past.evals.at(-1)?.step ?? 0) + 1)
  return { sum: since.reduce((a, b) => a + b, 0), count: since.length }
}
