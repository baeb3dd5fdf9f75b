// The parameters of one model on one engine, without gradients, moments or a step program: what writes text, evaluates, looks
// inside or exports needs no more. Knows no batch and no clock.
import type { ModelConfig } from '../config/config'
import type { Engine, Tensor } from '../engine'
import { invariant } from '../errors'
import { gatesSize, gateValues, turnedSets } from '../model/gates'
import type { Gates } from '../words/run'
import { paramTable, sizeOf, type Param, type Trains } from '../params'
import { blockOf, bytesOf, stateBlocks } from './plan'

export class Weights {
  readonly engine: Engine
  readonly config: Readonly<ModelConfig>
  /** Every parameter, in the order of the forward pass. */
  readonly params: readonly Param[]
  #gates: Gates = {}
  #bytes: number
  /** Every parameter by its name, every arena as `weights.0`, `weights.1`, …, and `gates` once they have been turned. */
  readonly #tensors: Map<string, Tensor>

  private constructor(
    engine: Engine,
    config: ModelConfig,
    tensors: Map<string, Tensor>,
    memory_bytes: number,
    trains?: Trains,
  ) {
    this.engine = engine
    this.config = config
    this.params = paramTable(config, trains)
    this.#tensors = tensors
    this.#bytes = memory_bytes
  }

  /**
   * Allocates a model's parameters and writes them: `values` by parameter name, each flat in row-major order; other names are
   * ignored, so a checkpoint's tensors will do. `trains` says which of them a trainer will move; all, unless told. Throws OutOfMemoryError naming the block that did not fit, and an invariant where
   * a parameter is missing or has another size; nothing stays allocated then.
   */
  static async open(
    engine: Engine,
    config: ModelConfig,
    values: ReadonlyMap<string, Float32Array>,
    trains?: Trains,
  ): Promise<Weights> {
    const { weights: blocks } = stateBlocks(config, engine.maxBlock, trains).blocks
    const weights = new Weights(engine, config, await engine.allocate(blocks), bytesOf(blocks), trains)
    try {
      for (const { name } of weights.params) weights.write(name, values.get(name) ?? new Float32Array())
    } catch (error) {
      weights.destroy()
      throw error
    }
    return weights
  }

  /** The tensor of a parameter, in its own shape, for programs that read it. Throws an invariant for an unknown name. */
  param(name: string): Tensor {
    const tensor = this.find(name)
    invariant(tensor, () => `no parameter ${name}`)
    return tensor
  }
  /** The tensor at an address: a parameter, a whole arena (`weights.0`), flat, or `gates`. */
  find(label: string): Tensor | undefined {
    return this.#tensors.get(label)
  }

  /** Bytes allocated: 4 for each parameter and gate, and what aligning them takes. */
  get memory_bytes(): number {
    return this.#bytes
  }
  /** The gates that the model computes with; what is absent is 1. */
  get gates(): Gates {
    return this.#gates
  }
  /** The sets of gates that are not 1 throughout: those that a program of this model must read. */
  get turned(): ReadonlySet<string> {
    return turnedSets(this.#gates)
  }
  /**
   * Sets the gates that the model computes with. A program that reads all sets that are not 1 takes them from the input `gates` at once;
   * any other must be recorded again. Throws ConfigError where the model lacks what they turn, OutOfMemoryError; nothing changes then.
   */
  async turn(gates: Gates): Promise<void> {
    const values = gateValues(this.config, gates)
    if (!this.find('gates')) {
      const block = blockOf({ label: 'gates', shape: [gatesSize(this.config)], dtype: 'f32' })
      for (const [label, tensor] of await this.engine.allocate([block])) this.#tensors.set(label, tensor)
      this.#bytes += bytesOf([block])
    }
    this.write('gates', values)
    this.#gates = gates
  }

  /** Finds a program's tensors by address: among those that it has placed, then here. Throws an invariant for an unknown one. */
  finder(placed: ReadonlyMap<string, Tensor>): (label: string) => Tensor {
    return (label) => {
      const tensor = placed.get(label) ?? this.find(label)
      invariant(tensor, () => `no tensor at the address ${label}`)
      return tensor
    }
  }

  /** Replaces a parameter, flat in row-major order. Throws an invariant where the size differs. */
  write(name: string, data: Float32Array): void {
    writeWhole(this.engine, this.param(name), data)
  }
  /** All parameters by name, as they stand after the work submitted so far. Throws DeviceLostError. */
  async state(): Promise<Map<string, { shape: readonly number[]; data: Float32Array }>> {
    const data = await this.engine.read(this.params.map(({ name }) => this.param(name)))
    return new Map(this.params.map(({ name, shape }, i) => [name, { shape, data: data[i]! }]))
  }

  /** Frees the memory. May be called twice. */
  destroy(): void {
    this.engine.free(this.#tensors.values())
    this.#tensors.clear()
  }
}

/** Throws ConfigError where a model of this config lacks what the gates turn. */
export function checkGates(config: ModelConfig, gates: Gates): void {
  gateValues(config, gates)
}

/** Writes all of a tensor. Throws an invariant, with both sizes, where `data` has another length. */
export function writeWhole(engine: Engine, tensor: Tensor, data: Float32Array): void {
  invariant(
    data.length === sizeOf(tensor.shape),
    () => `${tensor.label} [${tensor.shape.join(', ')}] got ${data.length} numbers`,
  )
  engine.write(tensor, data)
}
