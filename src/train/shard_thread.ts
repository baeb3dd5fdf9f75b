// The side of another thread: it computes shards of a step's batches, the forward and the backward pass alone, from weights that are sent to
// it, and sends back each shard's loss and gradient. Knows no step, no update and no other thread.
import type { Config } from '../config/config'
import { prepare, type Tensor, type Work } from '../engine'
import { paramTable, sizeOf } from '../params'
import { openWasm } from '../wasm/engine'
import { writeAngles } from './angles'
import { Feed } from './feed'
import { inputBlocks, programs, stateBlocks } from './plan'
import type { Shard } from './shards'
import { Weights } from './weights'

/** What a thread is told: first the config of a shard; then weights by arena and, as they are to be computed with them, shards. */
export type ToThread = { config: Config } | { weights: Float32Array<ArrayBuffer>[]; shards: Shard[] }
/** What it tells: that it is ready, and of each shard in turn its loss, nats a token, and its gradient by arena; or why it cannot. */
export type FromThread = { ready: true } | { loss: number; gradient: Float32Array<ArrayBuffer>[] } | { failed: string }

/** Computes what is asked through `port` until the thread ends. */
export function serveShards(port: {
  postMessage(message: FromThread, transfer: ArrayBuffer[]): void
  listen(heard: (message: ToThread) => void): void
}): void {
  let opened: Promise<Computing> | null = null
  const answer = async (message: ToThread) => {
    if ('config' in message) {
      opened = Computing.open(message.config)
      await opened
      port.postMessage({ ready: true }, [])
      return
    }
    const computing = await opened!
    computing.take(message.weights)
    for (const shard of message.shards) {
      const done = await computing.compute(shard)
      port.postMessage(
        done,
        done.gradient.map(({ buffer }) => buffer),
      )
    }
  }
  port.listen((message) => {
    answer(message).catch((error: unknown) =>
      port.postMessage({ failed: error instanceof Error ? error.message : String(error) }, []),
    )
  })
}

class Computing {
  readonly #weights: Weights
  readonly #arenas: { weights: Tensor; gradient: Tensor }[]
  readonly #ring: Tensor
  readonly #feed: Feed
  readonly #program: Work[]

  private constructor(weights: Weights, find: (label: string) => Tensor, arenas: number, feed: Feed, program: Work[]) {
    this.#weights = weights
    this.#arenas = Array.from({ length: arenas }, (_, i) => ({
      weights: weights.find(`weights.${i}`)!,
      gradient: find(`grads.${i}`),
    }))
    this.#ring = find('loss_ring')
    this.#feed = feed
    this.#program = program
  }

  /** Throws OutOfMemoryError. */
  static async open(c: Config): Promise<Computing> {
    const engine = openWasm()
    const zeros = new Map(paramTable(c).map(({ name, shape }) => [name, new Float32Array(sizeOf(shape))]))
    const weights = await Weights.open(engine, c, zeros)
    const { arenas, blocks } = stateBlocks(c, engine.maxBlock)
    const inputs = inputBlocks(c, c.block_size, arenas.length)
    const { train } = programs(c, c.block_size, new Set())
    const placed = await engine.allocate([...blocks.grads, inputs.written, ...inputs.others, ...train.blocks])
    const find = (label: string) => placed.get(label) ?? weights.param(label)
    writeAngles(engine, c, find)
    const feed = new Feed(engine, inputs, find)
    const record = () => train.tape.step(engine, ({ label }) => find(label))
    const program = await prepare(engine, record, (recorded) => recorded)
    return new Computing(weights, find, arenas.length, feed, program)
  }

  /** Computes with these weights from now on. */
  take(weights: readonly Float32Array[]): void {
    this.#arenas.forEach((arena, i) => this.#weights.engine.write(arena.weights, weights[i]!))
  }

  async compute({ batch, part }: Shard): Promise<{ loss: number; gradient: Float32Array<ArrayBuffer>[] }> {
    const { engine } = this.#weights
    const slot = this.#feed.load(batch, part)
    await engine.run(this.#program)
    const [ring, ...gradient] = await engine.read([this.#ring, ...this.#arenas.map((arena) => arena.gradient)])
    return { loss: ring![slot]!, gradient: gradient as Float32Array<ArrayBuffer>[] }
  }
}
