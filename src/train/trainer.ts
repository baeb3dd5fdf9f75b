// The training of a model: its weights with their gradients and AdamW's moments. A step is one program, recorded once and
// replayed: forward, backward, update. Knows batches and steps; no text, no clock, no events.
import type { Config } from '../config/config'
import type { Batch } from '../data/dataset/loader'
import { ALIGN, HYPER, prepare, RING, type Engine, type Tensor, type Timing, type Work } from '../engine'
import { invariant } from '../errors'
import { sameSets, turnedSets } from '../model/gates'
import { gradientLabel } from '../model/tape'
import { layoutArenas, type Arena, type Param } from '../params'
import type { ThreadEvent } from '../words/run'
import { writeAngles } from './angles'
import { meanLoss } from './evaluator'
import { Feed } from './feed'
import type { Gates } from '../words/run'
import { bytesOf, formOf, inputBlocks, labelOf, programs, stateBlocks, type Planned, type TapeOptions } from './plan'
import { fillHyper } from './schedule'
import { cutAlone, shardConfig, shardsOf, type Part } from './shards'
import { SharedSteps, type Losses } from './shared_step'
import { recordRatio, recordUpdate } from './update'
import { Weights, writeWhole } from './weights'

/** The numbers of one update, read back. `step` counts from 0; `loss` in nats a token; `grad_norm` before clipping. */
export interface Update {
  step: number
  loss: number
  grad_norm: number
}

interface Programs {
  /** A program for each micro-batch of a step: the first writes gradients, later ones add to them, the last ends with the update. */
  micros: Work[][]
  /** What else a step in shards runs. */
  shared: Work[]
  evaluate: Work[]
  activations: Tensor[]
  bytes: number
}

/** Training numbers that are part of the recorded programs. */
const RECORDED = ['dropout', 'recompute', 'precision'] as const

export class Trainer {
  readonly engine: Engine
  /** The parameters that are trained. They move with each step, and are freed with the trainer. */
  readonly weights: Weights
  readonly #arenas: readonly Arena[]
  readonly #keep: ReadonlySet<string>
  readonly #T: number
  readonly #tape: TapeOptions
  #config: Config
  /** Gradients, moments and inputs by address. */
  readonly #tensors = new Map<string, Tensor>()
  #programs: Programs | null = null
  /** Recorded at the first call of `updateRatio`. */
  #ratio: Work[] | null = null
  #feed!: Feed
  /** How many shards each batch is cut into; 1 where it stays whole. */
  readonly #shards: number
  /** Computes the steps where batches are cut. */
  #shared: SharedSteps | null = null
  readonly #told: (event: ThreadEvent) => void
  #bytes = 0
  /** Updates whose numbers have not been read, and where they will be. */
  #pending: { step: number; read: Promise<Losses> }[] = []
  /** Losses of the pending updates: at most RING. */
  #unread = 0

  private constructor(
    weights: Weights,
    config: Config,
    keep: ReadonlySet<string>,
    T: number,
    tape: TapeOptions,
    told: (event: ThreadEvent) => void,
  ) {
    this.engine = weights.engine
    this.weights = weights
    this.#T = T
    this.#tape = tape
    this.#config = config
    this.#keep = keep
    this.#told = told
    // Whoever looks inside wants the whole batch.
    const isPlain =
      keep.size === 0 && T === config.block_size && Object.values(tape).every((given) => given === undefined)
    this.#shards = weights.engine.threads && isPlain ? shardsOf(config) : 1
    invariant(this.#trained.length > 0, () => 'every parameter is frozen: there is nothing to train')
    this.#arenas = layoutArenas(this.#trained, weights.engine.maxBlock, ALIGN).arenas
  }

  /**
   * Allocates everything, records the programs and compiles them; `progress` counts pipelines. `values` are the initial weights by
   * parameter name, as `Weights.open` takes them; moments start at zero. `keep` names activations that must survive a step, to be
   * read; `T` is the length of a batch's rows, `block_size` if absent; `turn` are the gates to train with, 1 if absent; `told` hears of
   * the threads that share its steps. Throws ConfigError for gates that the model lacks, OutOfMemoryError naming the block that did not fit;
   * nothing stays allocated then.
   */
  static async open(
    engine: Engine,
    config: Config,
    values: ReadonlyMap<string, Float32Array>,
    options: {
      keep?: Iterable<string>
      T?: number
      turn?: Gates | undefined
      progress?: (done: number, total: number) => void
      told?: (event: ThreadEvent) => void
    } & TapeOptions = {},
  ): Promise<Trainer> {
    const { keep, T = config.block_size, turn, progress, told = () => undefined, ...tape } = options
    const weights = await Weights.open(engine, config, values, tape.trains)
    const trainer = new Trainer(weights, config, new Set(keep), T, tape, told)
    try {
      if (turn ?? tape.gates) await weights.turn(turn ?? {})
      await trainer.#allocateState()
      await trainer.#record(progress)
    } catch (error) {
      trainer.destroy()
      throw error
    }
    return trainer
  }

  /** The parameters that have gradients and moments. */
  get #trained(): Param[] {
    return this.params.filter(({ trains }) => trains)
  }
  get config(): Readonly<Config> {
    return this.#config
  }
  /** Every parameter, in the order of the forward pass. */
  get params(): readonly Param[] {
    return this.weights.params
  }
  /** Bytes allocated: weights, gradients, moments, inputs and activations. */
  get memory_bytes(): number {
    return this.weights.memory_bytes + this.#bytes + (this.#programs?.bytes ?? 0)
  }
  /** The dispatches of one whole step, in order. */
  get program(): readonly Work[] {
    return this.#shared?.program ?? this.#recorded.micros.flat()
  }
  get #recorded(): Programs {
    invariant(this.#programs, () => 'a trainer is used after it was destroyed')
    return this.#programs
  }

  /**
   * Takes over new training numbers. The programs are recorded again where dropout, recomputation or precision changes; the model's
   * shape cannot change. Throws OutOfMemoryError where the new programs do not fit, and restores the old ones.
   */
  async change(config: Config): Promise<void> {
    const before = this.#config
    this.#config = config
    if (RECORDED.every((field) => config[field] === before[field])) return
    try {
      await this.#recordAgain()
    } catch (error) {
      this.#config = before
      await this.#recordAgain()
      throw error
    }
  }
  /**
   * Trains and evaluates with these gates from the next step on. The programs are recorded again where other sets than before are not
   * 1; weights, moments and dice stay. Throws ConfigError where the model lacks what they turn, OutOfMemoryError where the new programs
   * do not fit; nothing changes then.
   */
  async turn(gates: Gates): Promise<void> {
    const before = this.weights.gates
    const recorded = this.weights.turned
    await this.weights.turn(gates)
    if (this.#tape.gates || sameSets(turnedSets(gates), recorded)) return
    try {
      await this.#recordAgain()
    } catch (error) {
      await this.weights.turn(before)
      await this.#recordAgain()
      throw error
    }
  }
  async #recordAgain(): Promise<void> {
    this.engine.free(this.#programs?.activations ?? [])
    this.#programs = null
    await this.#record()
  }

  /**
   * One update from `gradient_accumulation_steps` micro-batches. Resolves when it has been computed; the next update may be
   * submitted before. `batch` is called once a micro-batch, and its arrays are copied before the next call. Throws an invariant
   * where RING losses are unread, DeviceLostError when the device is gone.
   */
  async train(step: number, batch: (micro: number) => Batch): Promise<void> {
    const { micros } = this.#recorded
    const losses = micros.length * this.#shards
    invariant(this.#unread + losses <= RING, () => `${this.#unread} losses unread; the ring holds ${RING}`)
    this.#unread += losses
    if (this.#shared) {
      const read = this.#shared.train(step, batch, (shard) => this.#loadPart(shard.batch, step, shard.part))
      this.#pending.push({ step, read })
      await read
      return
    }
    const first = this.#feed.batches
    let done: Promise<unknown> | null = null
    for (let micro = 0; micro < micros.length; micro++) {
      this.#load(batch(micro), step, step * micros.length + micro)
      const ran = this.engine.run(micros[micro]!)
      done = done ? Promise.all([done, ran]) : ran
    }
    const slots = micros.map((_, micro) => (first + micro) % RING)
    const read = { losses: slots.map((slot) => ({ slot })), norm: slots.at(-1)! }
    this.#pending.push({ step, read: Promise.resolve(read) })
    await done
  }

  /** Waits for every update submitted since the last call and reads their numbers, oldest first. Throws DeviceLostError. */
  async updates(): Promise<Update[]> {
    const pending = this.#pending
    if (pending.length === 0) return []
    this.#pending = []
    this.#unread = 0
    const reads = pending.map(({ read }) => read)
    // Steps in shards wait for each other; what all others need is submitted already.
    if (this.#shared) await Promise.all(reads)
    const reading = this.engine.read([this.#tensor('loss_ring'), this.#tensor('norm_ring')])
    const [places, [ring, norms]] = await Promise.all([Promise.all(reads), reading])
    return pending.map(({ step }, i) => {
      const { losses, norm } = places[i]!
      let sum = 0
      for (const loss of losses) sum += typeof loss === 'number' ? loss : ring![loss.slot]!
      return { step, loss: sum, grad_norm: norms![norm]! }
    })
  }
  /** False while the number of cores that compute a step is still being measured. */
  get isSettled(): boolean {
    return this.#shared?.isSettled ?? true
  }
  /** True when `updates` must be called before many more steps. */
  get ringIsFilling(): boolean {
    return this.#unread + this.#config.gradient_accumulation_steps * this.#shards > RING / 2
  }

  /**
   * Mean loss over `count` batches, nats a token, each batch weighed by its counted targets, which a mask makes fewer; dropout and smoothing are off. Throws
   * an invariant where an update is unread, DeviceLostError when the device is gone.
   */
  async evaluate(count: number, batch: (index: number) => Batch): Promise<number> {
    invariant(this.#pending.length === 0, () => 'evaluate would overwrite losses that are still unread')
    const n = this.#shards
    let shards: readonly Batch[] = []
    return meanLoss(this.engine, this.#recorded.evaluate, this.#tensor('loss_ring'), count * n, (i) => {
      if (i % n === 0) shards = cutAlone(batch(i / n), n, this.#config)
      const b = shards[i % n]!
      return { slot: this.#load(b, 0, i, 1), counted: b.counted }
    })
  }

  /**
   * How far update `step`, the last one made, moved the weights: ‖Δ‖/‖w‖ over all decayed parameters, weight decay left out. A run
   * that goes well has about 1e-3. Computed from the moments at each call, so that it costs a step nothing.
   */
  async updateRatio(step: number): Promise<number> {
    const program = (this.#ratio ??= recordRatio(this.engine, this.#arenas, (label) => this.#tensor(label)))
    await this.engine.compile(program)
    const hyper = new Float32Array(HYPER.size)
    fillHyper(hyper, this.#config, step)
    this.engine.write(this.#tensor('hyper'), hyper)
    await this.engine.run(program)
    const [norms] = await this.engine.read([this.#tensor('update_norms')])
    return norms![0]! / norms![1]!
  }

  /**
   * Reads tensors by address, each flat in row-major order: a parameter, its gradient, a moment (`m.` or `v.` + name), an input, or
   * an activation that is kept. Throws an invariant for an unknown address.
   */
  read(labels: readonly string[]): Promise<Float32Array[]> {
    return this.engine.read(labels.map((label) => this.#tensor(label)))
  }
  /** Replaces a parameter, a moment or the gates, flat in row-major order. Throws an invariant where the size differs. */
  write(label: string, data: Float32Array): void {
    writeWhole(this.engine, this.#tensor(label), data)
  }
  /** All weights and moments by name, with their shapes, as a checkpoint holds them. A frozen parameter has no moments. */
  async state(): Promise<Map<string, { shape: readonly number[]; data: Float32Array }>> {
    const wanted = (['weights', 'm', 'v'] as const).flatMap((kind) =>
      (kind === 'weights' ? this.params : this.#trained).map(({ name, shape }) => ({
        label: labelOf(kind, name),
        shape,
      })),
    )
    const data = await this.read(wanted.map(({ label }) => label))
    return new Map(wanted.map(({ label, shape }, i) => [label, { shape, data: data[i]! }]))
  }
  /** The gradients of the last step by the name of each parameter that trains, before clipping, each in its parameter's shape. */
  async gradients(): Promise<Map<string, Float32Array>> {
    const data = await this.read(this.#trained.map(({ name }) => gradientLabel(name)))
    return new Map(this.#trained.map(({ name }, i) => [name, data[i]!]))
  }
  /** Runs a step, with the inputs of the last one, and times each of its dispatches. The weights move. */
  async profile(): Promise<Timing[]> {
    return (await this.engine.profile?.(this.program)) ?? []
  }

  /** Frees everything, the weights too. */
  destroy(): void {
    this.#shared?.destroy()
    this.#shared = null
    this.weights.destroy()
    this.engine.free([...this.#tensors.values(), ...(this.#programs?.activations ?? [])])
    this.#tensors.clear()
    this.#programs = null
  }

  #tensor(label: string): Tensor {
    const tensor =
      this.weights.find(label) ?? this.#tensors.get(label) ?? this.#programs?.activations.find((t) => t.label === label)
    invariant(tensor, () => `no tensor at the address ${label}`)
    return tensor
  }

  /** Writes a batch with what AdamW needs at its step; returns the slot of its loss. */
  #load(batch: Batch, step: number, draw: number, micros = this.#config.gradient_accumulation_steps): number {
    return this.#loadPart(batch, step, { seed: this.#config.seed, draw, micros })
  }
  #loadPart(batch: Batch, step: number, part: Part): number {
    fillHyper(this.#feed.array('hyper'), this.#config, step)
    return this.#feed.load(batch, part)
  }

  async #allocateState(): Promise<void> {
    const c = this.#config
    const { arenas, blocks } = stateBlocks(c, this.engine.maxBlock, this.#tape.trains)
    const inputs = inputBlocks(shardConfig(c, this.#shards), this.#T, arenas.length)
    const all = [...blocks.grads, ...blocks.m, ...blocks.v, inputs.written, ...inputs.others]
    this.#bytes = bytesOf(all)
    for (const [label, tensor] of await this.engine.allocate(all)) this.#tensors.set(label, tensor)
    const find = (label: string) => this.#tensor(label)
    writeAngles(this.engine, c, find)
    this.#feed = new Feed(this.engine, inputs, find)
    const { threads } = this.engine
    if (this.#shards === 1 || !threads) return
    this.#bytes += bytesOf(blocks.grads)
    const cutInto = { shards: this.#shards, gradients: blocks.grads, told: this.#told }
    this.#shared = await SharedSteps.open(this.engine, threads, c, cutInto)
  }

  /** Allocates the activations of a step and of an evaluation, records both programs and compiles them. */
  async #record(progress?: (done: number, total: number) => void): Promise<void> {
    const { engine } = this
    const rows = shardConfig(this.#config, this.#shards)
    const form = { ...this.#tape, ...(!this.#tape.gates && formOf(this.weights.turned)) }
    const { train, evaluate } = programs(rows, this.#T, this.#keep, form, engine.head)
    const trained = await this.#place(train)
    const same = evaluate === train
    const evaluated = same
      ? { ...trained, tensors: [], bytes: 0 }
      : await this.#place(evaluate).catch((error: unknown) => {
          engine.free(trained.tensors)
          throw error
        })
    const record = (): Programs => {
      const first = train.tape.step(engine, trained.find)
      const alone = this.weights.turned.size > 0
      const update = recordUpdate(engine, this.#arenas, (label) => this.#tensor(label))
      const steps = this.#config.gradient_accumulation_steps
      const later = steps > 1 && !this.#shared ? train.tape.step(engine, trained.find, true) : []
      const micros = Array.from({ length: steps }, (_, micro) => (micro === 0 ? first : later))
      micros.push([...micros.pop()!, ...update])
      return {
        micros,
        shared: this.#shared?.record(this.#config, { ...trained, tape: train.tape, first, update, alone }) ?? [],
        evaluate: evaluate.tape.forward(engine, evaluated.find),
        activations: [...trained.tensors, ...evaluated.tensors],
        bytes: trained.bytes + evaluated.bytes,
      }
    }
    const works = ({ micros, shared, evaluate }: Programs) => [...micros.flat(), ...shared, ...evaluate]
    try {
      this.#programs = await prepare(engine, record, works, progress)
    } catch (error) {
      engine.free([...trained.tensors, ...evaluated.tensors])
      throw error
    }
  }

  async #place({ blocks }: Planned): Promise<{ find: (tensor: Tensor) => Tensor; tensors: Tensor[]; bytes: number }> {
    const placed = await this.engine.allocate(blocks)
    return {
      find: (tensor) => placed.get(tensor.label) ?? this.#tensor(tensor.label),
      tensors: [...placed.values()],
      bytes: bytesOf(blocks),
    }
  }
}
