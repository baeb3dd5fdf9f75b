// How fast a training step is, as a session runs it: recorded once, replayed, a few steps in flight, losses read late; with a large
// product timed between the steps, so that a noisy machine hits both alike. No disk, no console: a command and a page share it.
import { benchConfig, isSoftware, spreadOf, type BenchResult, type BenchSize, type StartTimes } from '../words/bench'
import type { Config } from '../config/config'
import { Loader, type Batch } from '../data/dataset/loader'
import { readingBy, type Tokenizer } from '../data/tokenize/tokenizer'
import { prepare, type Engine, type Tensor, type Work } from '../engine'
import { NotFiniteError } from '../errors'
import { initWeights } from '../model/init'
import { countParams } from '../params'
import { hash, Rng, STREAM } from '../rng'
import { Decoder } from './decoder'
import { firstStep } from './first_step'
import { generate } from './generate'
import { blockOf, meansOf, predictMemory } from './plan'
import type { Trainer } from './trainer'

/** Steps before any is timed; their losses are what an other program on the same weights and batches must reach. */
export const COMPARED = 5
/** Every so many steps the batches come round again, so that they can be handed to other programs. */
export const BATCHES = 32
/** Stretches that the timed steps are cut into. */
export const ROUNDS = 5
/** As the session has it. */
const IN_FLIGHT = 3

/** `what` is being done, `done` of `total`. */
export type Progress = (what: 'compile' | 'train' | 'generate', done: number, total: number) => void
export interface BenchOptions {
  precision?: Config['precision']
  signal?: AbortSignal
  progress?: Progress
}

/** What a program is, whatever runs it. */
export function costOf(program: readonly Work[]): { dispatches: number; flops: number; bytes: number } {
  const sum = (key: 'flops' | 'bytes') => program.reduce((total, work) => total + work[key], 0)
  return { dispatches: program.length, flops: sum('flops'), bytes: sum('bytes') }
}

/** Measures one size from nothing to text. Throws the signal's reason when it is aborted, and keeps nothing then. */
export async function measureSize(
  engine: Engine,
  size: BenchSize,
  steps: number,
  options: BenchOptions = {},
): Promise<BenchResult> {
  const benchmark = await Benchmark.open(engine, size, options)
  try {
    for (const count of roundsOf(steps)) {
      await benchmark.round(count)
      await benchmark.product()
    }
    return await benchmark.result()
  } finally {
    benchmark.destroy()
  }
}

/** `steps` in at most ROUNDS stretches, as even as whole steps can be. */
export function roundsOf(steps: number): number[] {
  const rounds = Math.min(ROUNDS, steps)
  return Array.from(
    { length: rounds },
    (_, i) => Math.floor(((i + 1) * steps) / rounds) - Math.floor((i * steps) / rounds),
  )
}

/** One size under measurement, round by round, so that others can be measured between. */
export class Benchmark {
  readonly size: BenchSize
  readonly config: Config
  /** Of the updates so far, from the first. */
  readonly losses: number[] = []
  readonly #trainer: Trainer
  readonly #product: Product
  readonly #batches: readonly Batch[]
  readonly #times: { start: StartTimes; later_ms: number }
  readonly #options: BenchOptions
  /** Of every step, round by round, and of the product after each round. */
  readonly #rounds: number[][] = []
  readonly #product_ms: number[] = []
  #step = 0

  private constructor(
    size: BenchSize,
    trainer: Trainer,
    product: Product,
    batches: readonly Batch[],
    times: { start: StartTimes; later_ms: number },
    options: BenchOptions,
  ) {
    this.size = size
    this.config = trainer.config
    this.#trainer = trainer
    this.#product = product
    this.#batches = batches
    this.#times = times
    this.#options = options
  }

  /** Takes the first COMPARED steps. */
  static async open(engine: Engine, size: BenchSize, options: BenchOptions = {}): Promise<Benchmark> {
    const config = { ...benchConfig(size, isSoftware(engine.info)), precision: options.precision ?? 'f32' }
    const { weights, batches } = benchInput(config)
    options.signal?.throwIfAborted()
    const progress = (done: number, total: number) => options.progress?.('compile', done, total)
    const { trainer, times: start } = await firstStep(engine, config, weights, batches[0]!, progress)
    let product: Product | null = null
    try {
      const from = performance.now()
      await engine.improve?.(true)
      const later_ms = performance.now() - from
      product = await Product.open(engine)
      const benchmark = new Benchmark(size, trainer, product, batches, { start, later_ms }, options)
      benchmark.#step = 1
      await benchmark.#train(COMPARED - 1)
      return benchmark
    } catch (error) {
      product?.destroy()
      trainer.destroy()
      throw error
    }
  }

  /** Times `steps` steps, after one that starts the pipeline. Returns the milliseconds of each step. */
  async round(steps: number): Promise<number[]> {
    const done = await this.#train(steps + 1)
    const step_ms = done.slice(1).map((at, i) => at - done[i]!)
    this.#rounds.push(step_ms)
    return step_ms
  }

  /** Times a product, to hold against the round before. */
  async product(): Promise<void> {
    this.#product_ms.push(await this.#product.time())
  }

  /** What the rounds so far say, and how fast the model writes. */
  async result(): Promise<BenchResult> {
    const { batch_size: B, block_size: T } = this.config
    const generation = await this.#generate()
    const { dispatches, flops, bytes } = costOf(this.#trainer.program)
    const step_ms = spreadOf(this.#rounds.flat())
    const { n, flops: product } = this.#product
    const { engine } = this.#trainer
    const share = (round: number[], i: number) => (flops / spreadOf(round).median / product) * this.#product_ms[i]!
    return {
      size: this.size,
      batch: [B, T],
      params: countParams(this.config),
      steps: this.#rounds.flat().length,
      step_ms,
      tokens_per_s: (1000 * B * T) / step_ms.median,
      gflop_per_s: flops / step_ms.median / 1e6,
      matmul: { gflop_per_s: product / spreadOf(this.#product_ms).median / 1e6, shape: [n, n, n] },
      share: spreadOf(this.#rounds.map(share)).median,
      dispatches,
      gflop: flops / 1e9,
      bytes,
      memory_bytes: this.#trainer.memory_bytes + generation.memory_bytes,
      predicted_bytes: predictMemory(this.config, { ...meansOf(engine), threads: engine.threads && 0 }).memory.total,
      ...this.#times,
      generation_tokens_per_s: generation.tokens_per_s,
    }
  }

  destroy(): void {
    this.#trainer.destroy()
    this.#product.destroy()
  }

  /** Takes steps and returns when each was done. Throws NotFiniteError where the loss is no number: then the times mean nothing. */
  async #train(count: number): Promise<number[]> {
    const { signal, progress } = this.#options
    const done: number[] = []
    const inFlight: Promise<unknown>[] = []
    try {
      for (let i = 0; i < count; i++) {
        signal?.throwIfAborted()
        const step = this.#step++
        const batch = this.#batches[step % BATCHES]!
        const update = this.#trainer.train(step, () => batch).then(() => done.push(performance.now()))
        // Whoever waits for this update hears of its failure; those queued behind a failed one are not waited for.
        update.catch(() => undefined)
        inFlight.push(update)
        if (inFlight.length >= IN_FLIGHT) await inFlight.shift()
        progress?.('train', i + 1, count)
        if (this.#trainer.ringIsFilling) await this.#read()
      }
      await Promise.all(inFlight)
    } finally {
      await Promise.allSettled(inFlight)
    }
    await this.#read()
    return done
  }

  async #read(): Promise<void> {
    const updates = await this.#trainer.updates()
    this.losses.push(...updates.map(({ loss }) => loss))
    const bad = updates.find(({ loss }) => !Number.isFinite(loss))
    if (bad) throw new NotFiniteError(`The loss of step ${bad.step} is ${bad.loss}: the times mean nothing.`)
  }

  /** Tokens a second, from an empty cache to a full context or 128, after a few that warm up; and what that takes of memory. */
  async #generate(): Promise<{ tokens_per_s: number; memory_bytes: number }> {
    const { signal, progress } = this.#options
    const total = Math.min(128, this.config.block_size - 1)
    const decoder = await Decoder.open(this.#trainer.weights)
    try {
      const write = async (max_tokens: number) => {
        const options = { prompt: '', max_tokens, temperature: 0.8, top_k: 0, top_p: 1, seed: 1, stop: [] }
        const tokens = generate(decoder, nameless(this.config.vocab_size), options, signal)
        for (let written = 0; !(await tokens.next()).done;) progress?.('generate', ++written, max_tokens)
        signal?.throwIfAborted()
        decoder.forget()
      }
      await write(4)
      const from = performance.now()
      await write(total)
      return { tokens_per_s: (1000 * total) / (performance.now() - from), memory_bytes: decoder.memory_bytes }
    } finally {
      decoder.destroy()
    }
  }
}

/**
 * The initial weights and the batches of a run, the same each time. Tokens are as uneven as a text's, so that the loss falls from the
 * first step and a wrong update shows.
 */
export function benchInput(config: Config): { weights: Map<string, Float32Array>; batches: Batch[] } {
  const { batch_size: B, block_size: T, vocab_size: V, seed } = config
  const tokens = Uint32Array.from({ length: 256 * T }, (_, i) =>
    Math.floor(V * (hash(seed, STREAM.corpus, i) / 2 ** 32) ** 3),
  )
  const loader = new Loader(tokens, V, B, T, seed, STREAM.batch)
  const batches = Array.from({ length: BATCHES }, (_, i) => structuredClone(loader.batch(i)))
  return { weights: initWeights(config, seed), batches }
}

/** Tokens without a text: each is written as a character of its own. */
function nameless(vocab_size: number): Tokenizer {
  const token = (id: number) => String.fromCodePoint(0x10000 + id)
  return {
    state: { kind: 'char', vocab: [] },
    vocab_size,
    ...readingBy(function* () {
      yield 1
      return { ids: new Uint16Array(), unknown: [] }
    }),
    decode: (ids) => Array.from(ids, token).join(''),
    token,
  }
}

/** A product n × n × n through the engine's own matmul: how fast this device multiplies when it has nothing else to do. */
export class Product {
  readonly #engine: Engine
  readonly #tensors: readonly Tensor[]
  readonly #program: readonly Work[]
  readonly n: number
  /** Products a timing, so that waiting for the device weighs nothing. */
  #repeat = 1

  private constructor(engine: Engine, n: number, tensors: readonly Tensor[], program: readonly Work[]) {
    this.#engine = engine
    this.n = n
    this.#tensors = tensors
    this.#program = program
  }

  /** The largest of a few sizes that this device does in a fraction of a second. */
  static async open(engine: Engine): Promise<Product> {
    for (let n = 256; ; n *= 2) {
      const product = await Product.#record(engine, n)
      await product.time()
      const ms = await product.time()
      if (ms > 50 || n === 4096) {
        product.#repeat = Math.max(1, Math.round(100 / ms))
        return product
      }
      product.destroy()
    }
  }

  static async #record(engine: Engine, n: number): Promise<Product> {
    const [x, weight, out] = (['x', 'weight', 'out'] as const).map((name): Tensor => ({
      label: `product.${name}`,
      shape: [n, n],
      dtype: 'f32',
    })) as [Tensor, Tensor, Tensor]
    const placed = await engine.allocate([x, weight, out].map(blockOf))
    const t = { x: placed.get(x.label)!, weight: placed.get(weight.label)!, out: placed.get(out.label)! }
    // Numbers, not zeros: a GPU multiplies zeros at a higher clock.
    const rng = new Rng(1, STREAM.corpus)
    const values = Float32Array.from({ length: n * n }, () => rng.uniform() - 0.5)
    engine.write(t.x, values)
    engine.write(t.weight, values)
    const record = () => engine.ops.matmul.forward({ name: 'product', t, attrs: { transposed: false } })
    const program = await prepare(engine, record, (work) => work)
    return new Product(engine, n, Object.values(t), program)
  }

  get flops(): number {
    return 2 * this.n ** 3
  }

  /** Milliseconds of one product. */
  async time(): Promise<number> {
    const program = Array.from({ length: this.#repeat }, () => this.#program).flat()
    const from = performance.now()
    await this.#engine.run(program)
    return (performance.now() - from) / this.#repeat
  }

  destroy(): void {
    this.#engine.free(this.#tensors)
  }
}
