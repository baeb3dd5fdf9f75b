// A model, its gradients and AdamW's moments on an engine. A training step is one program, recorded once and replayed:
// forward, backward, update. Knows batches and steps; no text, no clock, no events.
import type { Config, ModelConfig } from '../config'
import type { Batch } from '../data/dataset/loader'
import {
  ALIGN,
  DICE,
  HYPER,
  prepare,
  RING,
  type Engine,
  type Stage,
  type Tensor,
  type Timing,
  type Words,
  type Work,
} from '../engine'
import { invariant } from '../errors'
import { gatesSize } from '../model/gates'
import { ropeTables } from '../model/gpt'
import { gradientLabel } from '../model/tape'
import { layoutArenas, paramTable, sizeOf, type Arena, type Param } from '../params'
import { bytesOf, inputBlocks, KINDS, labelOf, programs, stateBlocks, type Planned, type TapeOptions } from './plan'
import { fillHyper } from './schedule'

/** One update's numbers, once they have been read back. `step` counts from 0. */
export interface Update {
  step: number
  loss: number
  grad_norm: number
}

/** What changes from step to step, gathered in one block so that one write takes it to the device. */
type Inputs = Record<'tokens' | 'targets' | 'order' | 'starts' | 'dice' | 'scale' | 'hyper', Words>

interface Programs {
  /** Forward and backward of each micro-batch of a step: gradients of the first are written, of the later ones added; the update follows the last. */
  micros: Work[][]
  evaluate: Work[]
  activations: Tensor[]
  bytes: number
}

/** Training numbers that are part of the recorded programs. */
const RECORDED = ['dropout', 'recompute', 'precision'] as const

export class Trainer {
  readonly engine: Engine
  readonly params: readonly Param[]
  readonly #arenas: readonly Arena[]
  readonly #keep: ReadonlySet<string>
  readonly #T: number
  readonly #tape: TapeOptions
  #config: Config
  /** Every tensor with memory, by its address. */
  readonly #tensors = new Map<string, Tensor>()
  #programs: Programs | null = null
  /** Recorded when it is first asked for. */
  #ratio: Work[] | null = null
  #stage!: Stage
  #inputs!: Inputs
  #runs = 0
  #bytes = 0
  /** Updates whose numbers have not been asked for; `run` counts the program that wrote the first of their losses. */
  #pending: { step: number; run: number; micros: number }[] = []
  /** The same in micro-batches: at most RING. */
  #unread = 0

  private constructor(engine: Engine, config: Config, keep: ReadonlySet<string>, T: number, tape: TapeOptions) {
    this.#T = T
    this.#tape = tape
    this.engine = engine
    this.#config = config
    this.#keep = keep
    this.params = paramTable(config, tape.trains)
    invariant(
      this.params.some(({ trains }) => trains),
      () => 'every parameter is frozen: there is nothing to train',
    )
    this.#arenas = layoutArenas(this.#trained, engine.maxBlock, ALIGN).arenas
  }

  /**
   * Allocates and records everything. `weights` by parameter name; `keep` names activations that must survive a step so that
   * they can be read; `T` is the length of a batch's rows where that is less than `block_size`. Throws OutOfMemoryError naming what did not fit.
   */
  static async open(
    engine: Engine,
    config: Config,
    weights: ReadonlyMap<string, Float32Array>,
    options: {
      keep?: Iterable<string>
      T?: number
      progress?: (done: number, total: number) => void
    } & TapeOptions = {},
  ): Promise<Trainer> {
    const trainer = new Trainer(engine, config, new Set(options.keep), options.T ?? config.block_size, options)
    try {
      await trainer.#allocateState()
      for (const { name } of trainer.params) trainer.write(name, weights.get(name) ?? new Float32Array())
      await trainer.#record(options.progress)
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
  /** What is allocated: weights, gradients, moments, inputs and activations. */
  get memory_bytes(): number {
    return this.#bytes + (this.#programs?.bytes ?? 0)
  }
  /** The dispatches of one whole step, in order. */
  get program(): readonly Work[] {
    return this.#recorded.micros.flat()
  }
  get #recorded(): Programs {
    invariant(this.#programs, () => 'a trainer is used after it was destroyed')
    return this.#programs
  }

  /**
   * Takes over new training numbers; a changed dropout, recomputation or precision is recorded anew. The model's own shape cannot change. Throws
   * OutOfMemoryError where the new programs do not fit; the old ones are back then.
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
  async #recordAgain(): Promise<void> {
    this.engine.free(this.#programs?.activations ?? [])
    this.#programs = null
    await this.#record()
  }

  /**
   * One update from `gradient_accumulation_steps` micro-batches. Resolves when it has been computed; the next may be called
   * before that. `batch` is called once a micro-batch and its arrays are taken before the next call.
   */
  async train(step: number, batch: (micro: number) => Batch): Promise<void> {
    const { micros } = this.#recorded
    invariant(this.#unread + micros.length <= RING, () => `${this.#unread} losses unread; the ring holds ${RING}`)
    const run = this.#runs
    let done: Promise<unknown> | null = null
    for (let micro = 0; micro < micros.length; micro++) {
      this.#load(batch(micro), step, step * micros.length + micro)
      const ran = this.engine.run(micros[micro]!)
      done = done ? Promise.all([done, ran]) : ran
    }
    this.#pending.push({ step, run, micros: micros.length })
    this.#unread += micros.length
    await done
  }

  /** The numbers of every update since the last call, oldest first, when they have been computed. */
  async updates(): Promise<Update[]> {
    const pending = this.#pending
    if (pending.length === 0) return []
    this.#pending = []
    this.#unread = 0
    const [losses, norms] = await this.engine.read([this.#tensor('loss_ring'), this.#tensor('norm_ring')])
    return pending.map(({ step, run, micros }) => {
      let loss = 0
      for (let micro = 0; micro < micros; micro++) loss += losses![(run + micro) % RING]!
      return { step, loss, grad_norm: norms![(run + micros - 1) % RING]! }
    })
  }
  /** True when `updates` must be called before many more steps. */
  get ringIsFilling(): boolean {
    return this.#unread + this.#config.gradient_accumulation_steps > RING / 2
  }

  /** Mean loss over `count` batches, each weighed by its counted targets, which a mask makes fewer; dropout and smoothing are off. Call with no update unread. */
  async evaluate(count: number, batch: (index: number) => Batch): Promise<number> {
    invariant(this.#pending.length === 0, () => 'evaluate would overwrite losses that are still unread')
    let total = 0
    let counted = 0
    for (let from = 0; from < count; from += RING) {
      const rows: { slot: number; counted: number }[] = []
      const done: Promise<void>[] = []
      for (let i = from; i < Math.min(count, from + RING); i++) {
        const b = batch(i)
        rows.push({ slot: this.#load(b, 0, i, 1), counted: b.counted })
        done.push(this.engine.run(this.#recorded.evaluate))
        // A few batches ahead of the engine is enough; a queue of hundreds is memory.
        if (i % 8 === 7) await Promise.all(done.splice(0))
      }
      await Promise.all(done)
      const [losses] = await this.engine.read([this.#tensor('loss_ring')])
      for (const row of rows) {
        total += losses![row.slot]! * row.counted
        counted += row.counted
      }
    }
    return total / counted
  }

  /**
   * How far update `step`, the last one made, moved the weights: ‖Δ‖/‖w‖ over all that decays, weight decay left out. Around 1e-3 is
   * what AdamW does in a run that goes well. Worked out from the moments when it is asked for, so that a step does nothing for it.
   */
  async updateRatio(step: number): Promise<number> {
    const program = (this.#ratio ??= this.#recordRatio())
    await this.engine.compile(program)
    const hyper = new Float32Array(HYPER.size)
    fillHyper(hyper, this.#config, step)
    this.engine.write(this.#tensor('hyper'), hyper)
    await this.engine.run(program)
    const [norms] = await this.engine.read([this.#tensor('update_norms')])
    return norms![0]! / norms![1]!
  }

  /** Reads tensors by address: a parameter, its gradient, a moment (`m.` + name), or an activation that is kept. */
  read(labels: readonly string[]): Promise<Float32Array[]> {
    return this.engine.read(labels.map((label) => this.#tensor(label)))
  }
  /** Writes a parameter, a moment or the gates, whole. */
  write(label: string, data: Float32Array): void {
    const tensor = this.#tensor(label)
    invariant(
      data.length === sizeOf(tensor.shape),
      () => `${label} [${tensor.shape.join(', ')}] got ${data.length} numbers`,
    )
    this.engine.write(tensor, data)
  }
  /** All weights and moments by name, as a checkpoint wants them. A frozen parameter has no moments. */
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
  /** The gradients of the last step by name of each parameter that trains, before clipping. */
  async gradients(): Promise<Map<string, Float32Array>> {
    const data = await this.read(this.#trained.map(({ name }) => gradientLabel(name)))
    return new Map(this.#trained.map(({ name }, i) => [name, data[i]!]))
  }
  /** The tensor of a parameter, for programs of others that share the weights. */
  param(name: string): Tensor {
    return this.#tensor(name)
  }
  /** Times each dispatch of the last step's program; the weights move as in a step. */
  async profile(): Promise<Timing[]> {
    return (await this.engine.profile?.(this.program)) ?? []
  }

  destroy(): void {
    this.engine.free([...this.#tensors.values(), ...(this.#programs?.activations ?? [])])
    this.#tensors.clear()
    this.#programs = null
  }

  #tensor(label: string): Tensor {
    const tensor = this.#tensors.get(label) ?? this.#programs?.activations.find((t) => t.label === label)
    invariant(tensor, () => `no tensor at the address ${label}`)
    return tensor
  }

  /** Uploads a batch with the dice of its run and what AdamW needs at its step; returns the slot of its loss. */
  #load(batch: Batch, step: number, draw: number, micros = this.#config.gradient_accumulation_steps): number {
    const slot = this.#runs++ % RING
    const { tokens, targets, order, starts, dice, scale, hyper } = this.#inputs
    tokens.set(batch.tokens)
    targets.set(batch.targets)
    order.set(batch.order)
    starts.set(batch.starts)
    dice[DICE.seed] = this.#config.seed
    dice[DICE.step] = draw
    dice[DICE.slot] = slot
    const share = batch.counted > 0 ? 1 / (batch.counted * micros) : 0
    if (batch.weights) for (let n = 0; n < scale.length; n++) scale[n] = batch.weights[n]! * share
    else scale.fill(share)
    fillHyper(hyper, this.#config, step)
    this.#stage.write()
    return slot
  }

  async #allocateState(): Promise<void> {
    const c = this.#config
    const { arenas, blocks } = stateBlocks(c, this.engine.maxBlock, this.#tape.trains)
    const { written, others } = inputBlocks(c, this.#T, arenas.length, this.#tape)
    const all = [...KINDS.flatMap((kind) => blocks[kind]), written, ...others]
    this.#bytes = bytesOf(all)
    for (const [label, tensor] of await this.engine.allocate(all)) this.#tensors.set(label, tensor)
    writeAngles(this.engine, c, (label) => this.#tensor(label))
    if (this.#tape.gates) this.write('gates', new Float32Array(gatesSize(c)).fill(1))
    this.#stage = this.engine.stage(written.windows.map(({ tensor }) => this.#tensor(tensor.label)))
    this.#inputs = Object.fromEntries(this.#stage.arrays) as Inputs
  }

  /** Records the programs of a step and of an evaluation on the memory that stands, and compiles them. */
  async #record(progress?: (done: number, total: number) => void): Promise<void> {
    const { engine } = this
    const { train, evaluate } = programs(this.#config, this.#T, this.#keep, this.#tape)
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
      const steps = this.#config.gradient_accumulation_steps
      const later = steps > 1 ? train.tape.step(engine, trained.find, true) : []
      const micros = Array.from({ length: steps }, (_, micro) => (micro === 0 ? first : later))
      micros.push([...micros.pop()!, ...this.#update()])
      return {
        micros,
        evaluate: evaluate.tape.forward(engine, evaluated.find),
        activations: [...trained.tensors, ...evaluated.tensors],
        bytes: trained.bytes + evaluated.bytes,
      }
    }
    const works = ({ micros, evaluate }: Programs) => [...micros.flat(), ...evaluate]
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

  #update(): Work[] {
    const t = (label: string) => this.#tensor(label)
    const common = { norm: t('norm') }
    const norms = this.#arenas.flatMap((_, i) =>
      this.engine.ops.grad_norm.forward({
        name: `grads.${i}`,
        t: { ...common, grads: t(`grads.${i}`), partials: t('partials'), dice: t('dice'), ring: t('norm_ring') },
        attrs: { first: i, last: i === this.#arenas.length - 1 },
      }),
    )
    const updates = this.#arenas.flatMap(({ decayed }, i) =>
      this.engine.ops.adamw.forward({
        name: `weights.${i}`,
        t: {
          ...common,
          weights: t(`weights.${i}`),
          grads: t(`grads.${i}`),
          m: t(`m.${i}`),
          v: t(`v.${i}`),
          hyper: t('hyper'),
        },
        attrs: { decayed },
      }),
    )
    return [...norms, ...updates]
  }

  #recordRatio(): Work[] {
    const t = (label: string) => this.#tensor(label)
    return this.#arenas.flatMap(({ decayed }, i) =>
      this.engine.ops.update_norm.forward({
        name: `weights.${i}`,
        t: {
          weights: t(`weights.${i}`),
          m: t(`m.${i}`),
          v: t(`v.${i}`),
          hyper: t('hyper'),
          partials: t('update_partials'),
          norms: t('update_norms'),
        },
        attrs: { decayed, first: i, last: i === this.#arenas.length - 1 },
      }),
    )
  }
}

export function writeAngles(engine: Engine, c: ModelConfig, find: (label: string) => Tensor): void {
  if (c.position !== 'rope') return
  const { cos, sin } = ropeTables(c)
  engine.write(find('cos'), cos)
  engine.write(find('sin'), sin)
}
