// The forward pass of a model by itself: the loss of batches and the logits of a text, from weights alone. Dropout and label
// smoothing are off, and products are exact (f32). Knows no step and no gradient.
import type { Batch } from '../data/dataset/loader'
import { prepare, RING, type Engine, type Tensor, type Work } from '../engine'
import { invariant } from '../errors'
import { gpt } from '../model/gpt'
import { planMemory } from '../model/memory'
import { writeAngles } from './angles'
import { Feed } from './feed'
import { bytesOf, evaluationInputs, formOf } from './plan'
import type { Weights } from './weights'

/** Programs that may be queued before one is waited for: a queue of hundreds is memory. */
const QUEUED = 8

/**
 * Mean loss over `count` batches, nats a token, each batch weighed by its counted targets. `load` writes a batch and returns its
 * slot of `ring`, the loss ring that `program` writes to. Throws DeviceLostError.
 */
export async function meanLoss(
  engine: Engine,
  program: readonly Work[],
  ring: Tensor,
  count: number,
  load: (index: number) => { slot: number; counted: number },
): Promise<number> {
  let total = 0
  let counted = 0
  for (let from = 0; from < count; from += RING) {
    const rows: { slot: number; counted: number }[] = []
    const done: Promise<void>[] = []
    for (let i = from; i < Math.min(count, from + RING); i++) {
      rows.push(load(i))
      done.push(engine.run(program))
      if (i % QUEUED === QUEUED - 1) await Promise.all(done.splice(0))
    }
    await Promise.all(done)
    const [losses] = await engine.read([ring])
    for (const row of rows) {
      total += losses![row.slot]! * row.counted
      counted += row.counted
    }
  }
  return total / counted
}

export class Evaluator {
  readonly #weights: Weights
  readonly #rows: { B: number; T: number }
  readonly #feed: Feed
  readonly #program: readonly Work[]
  /** Inputs and activations by address. */
  readonly #placed: ReadonlyMap<string, Tensor>
  /** Bytes of inputs and activations; the weights are not counted. */
  readonly memory_bytes: number

  private constructor(
    weights: Weights,
    rows: { B: number; T: number },
    feed: Feed,
    program: readonly Work[],
    placed: ReadonlyMap<string, Tensor>,
    memory_bytes: number,
  ) {
    this.#weights = weights
    this.#rows = rows
    this.#feed = feed
    this.#program = program
    this.#placed = placed
    this.memory_bytes = memory_bytes
  }

  /**
   * Records and compiles the forward pass on batches of B rows of T tokens. `keep` names activations that can be read afterwards;
   * where it has `logits`, they are kept in one piece [B, T, V]. The weights are read as they stand at each call, and so are
   * the sets of gates that are turned now. Throws
   * OutOfMemoryError naming the block that did not fit, and keeps nothing then.
   */
  static async open(
    weights: Weights,
    rows: { B: number; T: number },
    keep: readonly string[] = [],
  ): Promise<Evaluator> {
    const { engine, config } = weights
    const { B, T } = rows
    const kept = new Set(keep)
    const tape = gpt(config, {
      use: 'evaluate',
      B,
      T,
      ...formOf(weights.turned),
      head: engine.head,
      ...(kept.has('logits') && { head_rows: B * T }),
    })
    const inputs = evaluationInputs(config, B, T)
    const blocks = [inputs.written, ...inputs.others, ...planMemory(tape, kept)]
    const placed = await engine.allocate(blocks)
    const find = weights.finder(placed)
    try {
      writeAngles(engine, config, find)
      const feed = new Feed(engine, inputs, find)
      const program = await prepare(
        engine,
        () => tape.forward(engine, ({ label }) => find(label)),
        (recorded) => recorded,
      )
      return new Evaluator(weights, rows, feed, program, placed, bytesOf(blocks))
    } catch (error) {
      engine.free(placed.values())
      throw error
    }
  }

  /** Mean loss over `count` batches of B × T, nats a token, each batch weighed by its counted targets. Throws DeviceLostError. */
  loss(count: number, batch: (index: number) => Batch): Promise<number> {
    return meanLoss(this.#weights.engine, this.#program, this.#placed.get('loss_ring')!, count, (i) => {
      const b = batch(i)
      return { slot: this.#feed.load(b, { seed: 0, draw: 0, micros: 1 }), counted: b.counted }
    })
  }

  /**
   * The logits after each of `tokens`, [tokens, V] flat, from an evaluator of one row that keeps `logits`. Throws an invariant for
   * more than T tokens.
   */
  async logits(tokens: readonly number[]): Promise<Float32Array> {
    const { engine, config } = this.#weights
    const { B, T } = this.#rows
    invariant(B === 1 && tokens.length <= T, () => `${tokens.length} tokens in ${B} rows of ${T}`)
    // No token changes the logits of those before it, so a shorter text is padded.
    const padded = Uint32Array.from({ length: T }, (_, i) => tokens[i] ?? 0)
    const nowhere = { targets: new Int32Array(T).fill(-1), order: new Uint32Array(T), counted: 0 }
    const batch = { tokens: padded, starts: new Uint32Array(config.vocab_size + 1), ...nowhere }
    this.#feed.load(batch, { seed: 0, draw: 0, micros: 1 })
    await engine.run(this.#program)
    const [logits] = await this.read(['logits'])
    return logits!.slice(0, tokens.length * config.vocab_size)
  }

  /** Activations of the last batch by address, of those that are kept, each flat in row-major order. */
  read(labels: readonly string[]): Promise<Float32Array[]> {
    return this.#weights.engine.read(
      labels.map((label) => {
        const tensor = this.#placed.get(label)
        invariant(tensor, () => `no tensor at the address ${label}`)
        return tensor
      }),
    )
  }

  /** Frees inputs and activations; the weights stay. */
  destroy(): void {
    this.#weights.engine.free(this.#placed.values())
  }
}
