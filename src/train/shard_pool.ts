// The other threads that compute shards of a step: started when they are wanted, asked, given up where they fail, ended with the run. What a
// thread does not deliver is for the asker to compute: the bits are the same, so a thread may be given up too early, and nothing is lost.
import type { Config } from '../config/config'
import type { Thread, Threads } from '../threads'
import type { ThreadEvent } from '../words/run'
import { CoreCount } from './core_count'
import type { FromThread, ToThread } from './shard_thread'
import { shardConfig, type Shard } from './shards'

/** A shard's loss, nats a token, and its gradient by arena. */
export type Computed = Extract<FromThread, { loss: number }>

/** A thread is waited for so many times as long as this one computed a shard, and SURE_MS more, before it counts as dead. */
const PATIENCE = 10
const SURE_MS = 10_000

export class ShardPool {
  readonly #threads: Threads
  readonly #config: Config
  /** How many threads there is memory for. */
  readonly #room: number
  readonly #told: (event: ThreadEvent) => void
  readonly #count: CoreCount
  #helpers: Helper[] = []
  /** How many took the last step, this thread's own among them. */
  #cores = 0
  /** Threads that failed: no others are started for them. */
  #lost = 0

  /**
   * `config` is the run's, whose batches are cut into `shards`; `room` the most threads that there is memory for. `told` hears how many
   * compute, and of each thread that fails.
   */
  constructor(
    threads: Threads,
    config: Config,
    { shards, room, told }: { shards: number; room: number; told: (event: ThreadEvent) => void },
  ) {
    this.#threads = threads
    this.#config = shardConfig(config, shards)
    this.#room = room
    this.#told = told
    this.#count = new CoreCount(shards * config.gradient_accumulation_steps)
  }

  /** Whether it is known how many threads help. */
  get isSettled(): boolean {
    return this.#count.isSettled
  }

  /** How many threads, beside this one, should compute the next step. Those that are wanted and not there yet are started meanwhile. */
  next(): number {
    const most = Math.max(0, Math.min(this.#room, this.#threads.most) - this.#lost)
    for (const helper of this.#helpers.splice(most)) helper.end()
    const wanted = this.#count.next(most + 1) - 1
    while (this.#helpers.length < wanted && this.#start());
    return Math.min(wanted, this.#helpers.filter(({ isReady }) => isReady).length)
  }
  /** A step that so many threads computed beside this one took `ms`. */
  took(helpers: number, ms: number): void {
    this.#count.took(helpers + 1, ms)
    if (helpers + 1 !== this.#cores) this.#told({ type: 'cores', cores: (this.#cores = helpers + 1) })
  }

  /**
   * Sends weights, by arena, and each share of the shards to a thread of its own. What comes back is in the order of all these shards; null
   * stands for one that its thread did not deliver.
   */
  ask(weights: readonly Float32Array[], shares: readonly (readonly Shard[])[]): Promise<Computed | null>[] {
    const ready = this.#helpers.filter(({ isReady }) => isReady)
    return shares.flatMap((shards, i) => {
      const helper = ready[i]
      return helper ? helper.ask(weights, shards) : shards.map(() => Promise.resolve(null))
    })
  }
  /** This thread took `ms` for a shard: others should not take many times as long. */
  paced(ms: number): void {
    for (const helper of this.#helpers) helper.patience_ms = SURE_MS + PATIENCE * ms
  }

  /** Ends all threads and gives their memory back. */
  end(): void {
    for (const helper of this.#helpers.splice(0)) helper.end()
  }

  /** False where none can be started. */
  #start(): boolean {
    try {
      const helper = new Helper(this.#threads.start(), this.#config, (why) => {
        this.#helpers = this.#helpers.filter((other) => other !== helper)
        this.#lost++
        const text = `A thread that computed beside this one stopped (${why.replace(/\.$/, '')}). Its part was done again here: nothing was lost, and the numbers are the same.`
        this.#told({ type: 'thread_lost', text })
      })
      this.#helpers.push(helper)
      return true
    } catch {
      // Where no thread can be had this one computes alone, as it would with one core.
      this.#lost = Infinity
      return false
    }
  }
}

/** One thread. */
class Helper {
  isReady = false
  patience_ms = SURE_MS
  readonly #thread: Thread
  readonly #gone: (why: string) => void
  /** Who waits for a shard, in order. */
  #waiting: ((computed: Computed | null) => void)[] = []
  #timer: ReturnType<typeof setTimeout> | undefined
  #ended = false

  constructor(thread: Thread, config: Config, gone: (why: string) => void) {
    this.#thread = thread
    this.#gone = gone
    thread.listen(
      (message) => this.#hear(message as FromThread),
      (why) => this.#die(why),
    )
    this.#send({ config }, [])
  }

  ask(weights: readonly Float32Array[], shards: readonly Shard[]): Promise<Computed | null>[] {
    if (this.#ended) return shards.map(() => Promise.resolve(null))
    const answers = shards.map(() => new Promise<Computed | null>((resolve) => this.#waiting.push(resolve)))
    const copies = weights.map((arena) => arena.slice())
    this.#send(
      { weights: copies, shards: [...shards] },
      copies.map(({ buffer }) => buffer),
    )
    this.#watch()
    return answers
  }

  /** Ends the thread; whoever waits for it gets nothing. */
  end(): void {
    this.#ended = true
    clearTimeout(this.#timer)
    this.#thread.terminate()
    for (const resolve of this.#waiting.splice(0)) resolve(null)
  }

  #send(message: ToThread, transfer: ArrayBuffer[]): void {
    this.#thread.postMessage(message, transfer)
  }
  #hear(message: FromThread): void {
    if ('ready' in message) this.isReady = true
    else if ('failed' in message) this.#die(message.failed)
    else {
      this.#waiting.shift()?.(message)
      this.#watch()
    }
  }
  #watch(): void {
    clearTimeout(this.#timer)
    if (this.#waiting.length > 0) this.#timer = setTimeout(() => this.#die('it did not answer'), this.patience_ms)
  }
  #die(why: string): void {
    if (this.#ended) return
    this.end()
    this.#gone(why)
  }
}
