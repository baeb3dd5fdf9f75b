// Reads rows of the residual stream as predictions, on the device: final norm and head, in passes over so many rows that their logits
// stay small. What comes back is handed on row by row, so that nobody holds the logits of a large vocabulary.
import { prepare, type Tensor, type Work } from '../engine'
import { planMemory } from '../model/memory'
import { readout } from '../model/readout'
import { blockOf, bytesOf } from '../train/plan'
import type { Weights } from '../train/weights'

/** The most rows and the most logits of a pass. */
const ROWS = 256
const LOGITS = 2 ** 22

export class Readout {
  readonly #weights: Weights
  readonly #rows: number
  readonly #placed: ReadonlyMap<string, Tensor>
  readonly #program: readonly Work[]
  readonly memory_bytes: number

  private constructor(
    weights: Weights,
    rows: number,
    placed: ReadonlyMap<string, Tensor>,
    program: readonly Work[],
    bytes: number,
  ) {
    this.#weights = weights
    this.#rows = rows
    this.#placed = placed
    this.#program = program
    this.memory_bytes = bytes
  }

  /** Allocates and compiles. Throws OutOfMemoryError. */
  static async open(weights: Weights): Promise<Readout> {
    const { engine, config } = weights
    const rows = Math.max(1, Math.min(ROWS, 2 ** Math.floor(Math.log2(LOGITS / config.vocab_size))))
    const tape = readout(config, rows)
    const blocks = [blockOf(tape.tensors.get('stream')!), ...planMemory(tape, new Set(['logits']))]
    const placed = await engine.allocate(blocks)
    try {
      const program = await prepare(
        engine,
        () => tape.forward(engine, ({ label }) => placed.get(label) ?? weights.param(label)),
        (recorded) => recorded,
      )
      return new Readout(weights, rows, placed, program, bytesOf(blocks))
    } catch (error) {
      engine.free(placed.values())
      throw error
    }
  }

  /**
   * The logits of each row of `stream` [rows, C], in order: `visit` gets the row's number and its logits [V], which it may keep only
   * until it returns. Throws DeviceLostError.
   */
  async read(stream: Float32Array, visit: (row: number, logits: Float32Array) => void): Promise<void> {
    const { engine, config } = this.#weights
    const { n_embd: C, vocab_size: V } = config
    const count = stream.length / C
    const passes: Promise<[Float32Array[], unknown]>[] = []
    const take = async (first: number) => {
      const [[logits]] = await passes.shift()!
      for (let r = 0; r < Math.min(this.#rows, count - first); r++)
        visit(first + r, logits!.subarray(r * V, (r + 1) * V))
    }
    for (let from = 0; from < count; from += this.#rows) {
      engine.write(this.#placed.get('stream')!, stream.slice(from * C, Math.min(count, from + this.#rows) * C))
      const run = engine.run(this.#program)
      passes.push(Promise.all([engine.read([this.#placed.get('logits')!]), run]))
      // One pass is computed while the one before it is looked at.
      if (passes.length > 1) await take(from - this.#rows)
    }
    while (passes.length > 0) await take((Math.ceil(count / this.#rows) - passes.length) * this.#rows)
  }

  destroy(): void {
    this.#weights.engine.free(this.#placed.values())
  }
}
