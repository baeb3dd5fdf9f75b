// Steps whose batches are cut into shards (shards.ts): some computed here, the others by other threads, one gradient after the other added up
// in the order of the shards. This thread takes the first shards, so that its own gradients never wait to be added.
import type { Config } from '../config/config'
import type { Batch } from '../data/dataset/loader'
import type { Block, Engine, Tensor, Work } from '../engine'
import type { Threads } from '../threads'
import type { Tape } from '../model/tape'
import type { ThreadEvent } from '../words/run'
import { helpersWithin } from './plan'
import { ShardPool } from './shard_pool'
import { cut, type Shard } from './shards'

/** Where the loss of each batch can be read: its slot of the ring, or the number; and the slot of the gradient's norm. */
export interface Losses {
  losses: readonly ({ slot: number } | number)[]
  norm: number
}

/** The programs of a step, and the tensors between them. */
interface Programs {
  /** Writes the first shard's gradient where the sum grows. */
  first: Work[]
  /** Writes a later shard's gradient where it waits. */
  later: Work[]
  /** Adds to the sum what waits. */
  add: Work[]
  update: Work[]
  /** By arena. */
  arenas: readonly { weights: Tensor; waiting: Tensor }[]
}

/** What a trainer has recorded. */
interface Recorded {
  tape: Tape
  find: (tensor: Tensor) => Tensor
  first: Work[]
  update: Work[]
  alone: boolean
}

export class SharedSteps {
  readonly #engine: Engine
  readonly #threads: Threads
  readonly #shards: number
  readonly #told: (event: ThreadEvent) => void
  /** Where a shard's gradient waits to be added, by the addresses of the sum. */
  readonly #waiting: ReadonlyMap<string, Tensor>
  #config: Config
  #programs: Programs | null = null
  /** Other threads know no gates: where some are turned, all is computed here. */
  #alone = false
  #pool: ShardPool | null = null
  /** Each step begins when the one before it has ended, since its weights are sent. */
  #last: Promise<unknown> = Promise.resolve()

  private constructor(
    engine: Engine,
    threads: Threads,
    config: Config,
    shards: number,
    waiting: ReadonlyMap<string, Tensor>,
    told: (event: ThreadEvent) => void,
  ) {
    this.#engine = engine
    this.#threads = threads
    this.#config = config
    this.#shards = shards
    this.#waiting = waiting
    this.#told = told
  }

  /** Allocates another `gradients`. `told` hears of the threads. Throws OutOfMemoryError. */
  static async open(
    engine: Engine,
    threads: Threads,
    config: Config,
    { shards, gradients, told }: { shards: number; gradients: readonly Block[]; told: (event: ThreadEvent) => void },
  ): Promise<SharedSteps> {
    return new SharedSteps(engine, threads, config, shards, await engine.allocate(gradients), told)
  }

  /**
   * Records the programs of a shard from its tape, between tensors that `find` gives, and returns all that there is to compile. `first` is the
   * tape's step as it stands; `alone` keeps other threads out of it.
   */
  record(config: Config, { tape, find, first, update, alone }: Recorded): Work[] {
    this.#alone = alone
    const at = (label: string) => find({ label, shape: [], dtype: 'f32' })
    const gradients = [...this.#waiting.keys()].filter((label) => /^grads\.\d+$/.test(label))
    const sums = gradients.map((label, i) => ({ weights: at(`weights.${i}`), gradient: at(label) }))
    const arenas = sums.map(({ weights, gradient }) => ({ weights, waiting: this.#waiting.get(gradient.label)! }))
    const later = tape.step(this.#engine, (tensor) => this.#waiting.get(tensor.label) ?? find(tensor))
    const add = sums.flatMap(({ gradient }, i) => {
      const t = { a: gradient, b: arenas[i]!.waiting, out: gradient }
      return this.#engine.ops.residual.forward({ name: gradient.label, t, attrs: {} })
    })
    this.#programs = { first, later, add, update, arenas }
    // Other threads have programs of their own: they begin anew.
    this.#pool?.end()
    this.#pool = null
    this.#config = config
    return [...later, ...add]
  }

  /** Whether it is known how many cores help. */
  get isSettled(): boolean {
    return this.#alone || (this.#pool?.isSettled ?? false)
  }

  /** The work of one whole step, in order. */
  get program(): Work[] {
    const { first, later, add, update } = this.#programs!
    const more = this.#shards * this.#config.gradient_accumulation_steps - 1
    return [...first, ...Array.from({ length: more }, () => [...later, ...add]).flat(), ...update]
  }

  /** One update; `batch` gives each micro-batch, which is copied. `load` writes a shard with what AdamW needs, and returns its slot. */
  train(step: number, batch: (micro: number) => Batch, load: (shard: Shard) => number): Promise<Losses> {
    const c = this.#config
    const micros = c.gradient_accumulation_steps
    const shards = Array.from({ length: micros }, (_, micro) =>
      cut(batch(micro), this.#shards, { seed: c.seed, draw: step * micros + micro, micros }, c),
    ).flat()
    const done = this.#last.then(() => this.#step(this.#programs!, shards, load))
    this.#last = done.catch(() => undefined)
    return done
  }

  async #step(
    { first, later, add, update, arenas }: Programs,
    shards: readonly Shard[],
    load: (shard: Shard) => number,
  ): Promise<Losses> {
    const engine = this.#engine
    const pool = (this.#pool ??= this.#openPool())
    const started = performance.now()
    const helpers = this.#alone ? 0 : pool.next()
    const shares = sharesOf(shards, helpers + 1)
    const own = shares[0]!.length
    const weights = helpers > 0 ? await engine.read(arenas.map((arena) => arena.weights)) : []
    const asked = pool.ask(weights, shares.slice(1))
    const losses: ({ slot: number } | number)[] = []
    let norm = 0
    let redone = false
    for (const [i, shard] of shards.entries()) {
      const computed = i < own ? null : await asked[i - own]!
      if (computed) {
        arenas.forEach(({ waiting }, arena) => engine.write(waiting, computed.gradient[arena]!))
        losses.push(computed.loss)
        await engine.run(add)
        continue
      }
      redone ||= i >= own
      norm = load(shard)
      losses.push({ slot: norm })
      const from = performance.now()
      await engine.run(i === 0 ? first : later)
      pool.paced(performance.now() - from)
      if (i > 0) await engine.run(add)
    }
    await engine.run(update)
    if (!redone && !this.#alone) pool.took(helpers, performance.now() - started)
    return { losses, norm }
  }

  #openPool(): ShardPool {
    const room = helpersWithin(this.#config, this.#shards, this.#engine.maxBlock)
    return new ShardPool(this.#threads, this.#config, { shards: this.#shards, room, told: this.#told })
  }

  /** Ends the other threads, and frees what was allocated. */
  destroy(): void {
    this.#pool?.end()
    this.#engine.free(this.#waiting.values())
  }
}

/** Neighbours for each, as evenly as whole ones can be. */
export function sharesOf<T>(shards: readonly T[], count: number): T[][] {
  const end = (i: number) => Math.ceil((i * shards.length) / count)
  return Array.from({ length: count }, (_, i) => shards.slice(end(i), end(i + 1)))
}
