// A model that is looked at and not trained: the weights of a checkpoint, and a decoder once text is asked for. Has no gradients,
// moments or step program. Knows no threads, no disk, no pixels.
import { validate } from '../config/validate'
import type { Tokenizer } from '../data/tokenize/tokenizer'
import type { Engine } from '../engine'
import { ConfigError, invariant } from '../errors'
import { initWeights } from '../model/init'
import type { Checkpoint, Gates, GeneratedToken, RunSpec, SampleOptions } from '../words/run'
import { Weights } from './weights'
import { Writer } from './writer'

/** What a slot and a training session have in common. */
export interface Model {
  readonly engine: Engine
  readonly spec: RunSpec
  /** Updates made. */
  readonly step: number
  /** Its parameters on the device, for whoever looks inside. */
  readonly weights: Weights
  /** How far the last step moved each parameter, where the model has AdamW's moments; see `Session.updateRatios`. */
  updateRatios?(): Promise<Map<string, number>>
  /** Tokens of a text that are computed already: taking them costs nothing. */
  readonly ahead: number
  /** Writes text token by token; returns why it ended. Throws DeviceLostError. */
  generate(
    options: SampleOptions,
    signal?: AbortSignal,
  ): AsyncGenerator<GeneratedToken, 'length' | 'stop' | 'cancelled'>
  /** Frees everything on the device. */
  destroy(): void
}

/**
 * The parameters that a model starts from, by name: a checkpoint's, or initial ones from the config's seed. Makes the engine choose
 * the kernels that the checkpoint was computed with, where it is the same adapter. Throws ConfigError for a config that makes no
 * model.
 */
export function startingWeights(
  engine: Engine,
  { config }: RunSpec,
  { vocab_size }: Tokenizer,
  from: Checkpoint | null,
): Map<string, Float32Array> {
  const problems = validate(config)
  if (problems.length > 0) throw new ConfigError(problems.map(({ message }) => message).join(' '))
  invariant(vocab_size === config.vocab_size, () => `a vocabulary of ${vocab_size}, a model of ${config.vocab_size}`)
  const kernels = from?.meta.kernels
  if (kernels?.adapter === engine.info.name) engine.recall(kernels.choices)
  return from ? new Map([...from.tensors].map(([name, { data }]) => [name, data])) : initialWeights({ config })
}

/** The parameters at step 0, by name, from the config's seed. */
export function initialWeights({ config }: Pick<RunSpec, 'config'>): Map<string, Float32Array> {
  return initWeights(config, config.seed)
}

export class Slot implements Model {
  readonly spec: RunSpec
  readonly weights: Weights
  readonly #writer: Writer
  #step: number

  private constructor(spec: RunSpec, step: number, weights: Weights, tokenizer: Tokenizer) {
    this.spec = spec
    this.#step = step
    this.weights = weights
    this.#writer = new Writer(weights, tokenizer)
  }

  /**
   * Puts the weights of a checkpoint on the device; its moments are left out. Throws ConfigError for a config that makes no model,
   * OutOfMemoryError for weights that are too large.
   */
  static async open(engine: Engine, spec: RunSpec, tokenizer: Tokenizer, from: Checkpoint): Promise<Slot> {
    return Slot.of(engine, spec, from.meta.step, tokenizer, startingWeights(engine, spec, tokenizer, from))
  }
  /** As `open`, of weights by name after `step` updates. */
  static async of(
    engine: Engine,
    spec: RunSpec,
    step: number,
    tokenizer: Tokenizer,
    values: ReadonlyMap<string, Float32Array>,
  ): Promise<Slot> {
    const weights = await Weights.open(engine, spec.config, values)
    try {
      if (spec.gates) await weights.turn(spec.gates)
    } catch (error) {
      weights.destroy()
      throw error
    }
    return new Slot(spec, step, weights, tokenizer)
  }

  /** Takes the weights and gates of another step of the same run in place of its own. Throws as `Weights.turn` does. */
  async become(step: number, values: ReadonlyMap<string, Float32Array>, gates: Gates = {}): Promise<void> {
    if (this.weights.turned.size > 0 || Object.keys(gates).length > 0) await this.weights.turn(gates)
    for (const { name } of this.weights.params) this.weights.write(name, values.get(name) ?? new Float32Array())
    this.#step = step
    this.#writer.moved()
  }

  get engine(): Engine {
    return this.weights.engine
  }
  get step(): number {
    return this.#step
  }
  get ahead(): number {
    return this.#writer.ahead
  }
  /** Bytes allocated on the device: the weights, and the decoder after the first text. */
  get memory_bytes(): number {
    return this.weights.memory_bytes + this.#writer.memory_bytes
  }
  generate(
    options: SampleOptions,
    signal?: AbortSignal,
  ): AsyncGenerator<GeneratedToken, 'length' | 'stop' | 'cancelled'> {
    return this.#writer.generate(options, signal)
  }
  destroy(): void {
    this.#writer.destroy()
    this.weights.destroy()
  }
}
