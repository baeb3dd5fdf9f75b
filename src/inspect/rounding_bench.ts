// What a change of a model's weights costs: its mean loss on the same windows of text, with whichever weights are put in. And the second
// moments of its layers' inputs on the text that it was trained on, by which rounding is made up for. Holds a copy of the model.
import { batchOf } from '../data/dataset/loader'
import type { Dataset } from '../data/dataset/dataset'
import type { Tokens } from '../data/tokenize/tokenizer'
import type { Engine } from '../engine'
import { Evaluator } from '../train/evaluator'
import { Weights } from '../train/weights'
import type { RunSpec } from '../words/run'
import { inputMoments } from './layer_inputs'
import { Probe, type Between } from './probe'

/** Tokens that losses are measured on, and that moments are taken over, at most. */
const MEASURED = 16_384
const LOOKED_AT = 8_192
/** Tokens of a batch, at least a row. */
const BATCH = 1_024

/** Windows of T tokens that each have one after their last, evenly spread. */
function startsOf(tokens: Tokens, T: number, most: number): number[] {
  const room = tokens.length - 1 - T
  if (room < 0) return []
  const count = Math.max(1, Math.min(Math.floor(most / T), Math.floor((tokens.length - 1) / T)))
  return Array.from({ length: count }, (_, i) => (count === 1 ? 0 : Math.floor((i * room) / (count - 1))))
}

export class RoundingBench {
  /** What losses are measured on: the held-out text, or where nothing is held out, what was trained on. */
  readonly on: 'held out' | 'train'
  readonly #model: Weights
  readonly #evaluator: Evaluator
  readonly #dataset: Dataset
  readonly #text: Tokens
  readonly #starts: number[]
  readonly #B: number

  private constructor(model: Weights, evaluator: Evaluator, B: number, dataset: Dataset, on: 'held out' | 'train') {
    this.#model = model
    this.#evaluator = evaluator
    this.#B = B
    this.#dataset = dataset
    this.on = on
    this.#text = on === 'train' ? dataset.train : dataset.val
    this.#starts = startsOf(this.#text, model.config.block_size, MEASURED)
  }

  /** Null where the text is shorter than a window. Throws OutOfMemoryError, DeviceLostError. */
  static async open(
    engine: Engine,
    { config, gates }: RunSpec,
    weights: ReadonlyMap<string, Float32Array>,
    dataset: Dataset,
  ): Promise<RoundingBench | null> {
    const T = config.block_size
    const on = startsOf(dataset.val, T, MEASURED).length > 0 ? 'held out' : 'train'
    if (startsOf(dataset.train, T, LOOKED_AT).length === 0) return null
    const model = await Weights.open(engine, config, weights)
    try {
      if (gates) await model.turn(gates)
      const B = Math.max(1, Math.floor(BATCH / T))
      return new RoundingBench(model, await Evaluator.open(model, { B, T }), B, dataset, on)
    } catch (error) {
      model.destroy()
      throw error
    }
  }

  get tokens(): number {
    return this.#starts.length * this.#model.config.block_size
  }

  /** Second moments of the inputs of each matrix by its name; see `inputMoments`. Taken of the weights that are in. */
  async moments(between?: Between): Promise<Map<string, Float64Array>> {
    const { train } = this.#dataset
    const T = this.#model.config.block_size
    const windows = startsOf(train, T, LOOKED_AT).map((from) => train.subarray(from, from + T))
    const probe = new Probe(this.#model)
    try {
      return await inputMoments(probe, windows, between)
    } finally {
      probe.destroy()
    }
  }

  /** The mean loss with these weights, nats a token. */
  loss(weights: ReadonlyMap<string, Float32Array>): Promise<number> {
    for (const { name } of this.#model.params) this.#model.write(name, weights.get(name) ?? new Float32Array())
    const { block_size: T, vocab_size } = this.#model.config
    const B = this.#B
    return this.#evaluator.loss(Math.ceil(this.#starts.length / B), (index) => {
      // The rows that the last batch has too many do not count.
      const rows = Array.from({ length: B }, (_, b) => this.#starts[index * B + b])
      const each = (of: (from: number, t: number) => number, none: number) =>
        rows.flatMap((from) => Array.from({ length: T }, (_, t) => (from === undefined ? none : of(from, t))))
      return batchOf(
        each((from, t) => this.#text[from + t]!, 0),
        each((from, t) => this.#text[from + t + 1]!, -1),
        vocab_size,
      )
    })
  }

  destroy(): void {
    this.#evaluator.destroy()
    this.#model.destroy()
  }
}
