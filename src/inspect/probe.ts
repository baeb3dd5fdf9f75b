// A probe: one text goes through a model, each op by itself, and the tensors that were asked for by their addresses on the tape come back
// in one reading, with their gradients where asked. Gates turn parts down, and a tensor can be replaced on the way (activation patching:
// Meng et al., arXiv 2202.05262). Programs are recorded once for each length and question; texts are padded to few lengths, which
// changes nothing before the padding, since attention is causal. Dropout is off. Takes weights as they stand; no trainer.
import type { ModelConfig } from '../config/config'
import { batchOf, type Batch } from '../data/dataset/loader'
import { RING } from '../engine'
import { ProbeError } from '../errors'
import { gateTable, gateValues, turnedSets, usualSets } from '../model/gates'
import type { Gates } from '../words/run'
import type { Weights } from '../train/weights'
import {
  ProbeProgram,
  rowWindow,
  type Activation,
  type LateReplacement,
  type Replacement,
  type Wanted,
} from './probe_program'
import { Readout } from './readout'

/** Called now and then during long work, with the share that is done: it may wait, and end the work by throwing. */
export type Between = (share: number) => Promise<void>

/** A text with what is to be known of it. */
export interface Question {
  /** [T], at most `block_size`. */
  tokens: ArrayLike<number>
  /** [T], −1 not counted; else the token after each, and −1 at the last. */
  targets?: ArrayLike<number> | undefined
  /** Gates for this question, set by set; other sets are as the model has them: 1, unless it was trained otherwise. */
  gates?: Gates | undefined
  /** Addresses of the tensors that come back: `h.0.attn.att`; with `backward` gradients too: `h.0.attn.dattproj`. */
  keep?: readonly string[] | undefined
  /** Gradients of the mean loss are computed: of activations, and of each gate. */
  backward?: boolean | undefined
  /** Sets of gates that are measured beside the usual ones: a layer's neurons. */
  measure?: readonly string[] | undefined
  /** In the order of the tape. */
  replace?: readonly Replacement[] | undefined
}

export interface Answer {
  /** Mean over the counted targets, nats a token; NaN where none counts. */
  loss: number
  /** By address. */
  tensors: ReadonlyMap<string, Activation>
  /** d(mean loss)/d(gate) by the address of each set that was read; empty without `backward`. */
  gateGradients: ReadonlyMap<string, Float32Array>
}

const GONE = 'The model that was looked into is gone.'
/** Programs that are kept; the one that was used longest ago goes first. */
const KEPT = 12
/** Programs that may be queued before one is waited for. */
const QUEUED = 64
/** The shortest length that a text is padded to. */
const SHORTEST = 16

export class Probe {
  readonly weights: Weights
  readonly #programs = new Map<string, Promise<ProbeProgram>>()
  #readout: Promise<Readout> | null = null
  #destroyed = false

  constructor(weights: Weights) {
    this.weights = weights
  }

  get config(): Readonly<ModelConfig> {
    return this.weights.config
  }
  /** Programs that are kept: at most twelve. */
  get programs(): number {
    return this.#programs.size
  }

  /**
   * Sends a text through. Throws ProbeError, saying why, for a text that does not fit the model or an address that it lacks, ConfigError
   * for gates that it lacks, OutOfMemoryError, DeviceLostError.
   */
  async ask(question: Question): Promise<Answer> {
    const { keep = [], backward = false, replace = [] } = question
    const batch = this.#batch(question)
    const gates = this.#gates(question)
    const values = gateValues(this.config, gates)
    const sets = turnedSets(gates)
    if (backward) for (const set of [...usualSets(this.config), ...(question.measure ?? [])]) sets.add(set)
    const T = question.tokens.length
    for (const { address, data } of replace) this.#checkReplacement(address, data, T)
    const addresses = [...new Set([...keep, ...(backward ? ['dgates'] : [])])]
    const program = await this.#program(batch.tokens.length, { keep: addresses, sets, backward, everything: false })
    const slot = program.load(batch, values)
    const run = program.run(replace)
    const [[ring, ...data]] = await Promise.all([program.read(['loss_ring', ...addresses]), run])
    const tensors = addresses.map((address, i) => [address, program.trim(address, data[i]!, T)] as const)
    const dgates = data[addresses.indexOf('dgates')]
    return {
      loss: batch.counted > 0 ? ring![slot]! : NaN,
      tensors: new Map(tensors.filter(([address]) => keep.includes(address))),
      gateGradients: new Map(
        gateTable(this.config)
          .filter(({ label }) => dgates && sets.has(label))
          .map(({ label, offset, count }) => [label, dgates!.slice(offset, offset + count)]),
      ),
    }
  }

  /**
   * The mean loss of a text under each of several settings of gates, nats a token, NaN where no target counts. The settings are
   * computed one after the other, and read together. Throws as `ask` does.
   */
  async losses(question: Question, settings: readonly Gates[], between?: Between): Promise<number[]> {
    const batch = this.#batch(question)
    const own = this.#gates(question)
    const gates = settings.map((setting) => ({ ...own, ...setting }))
    const values = gates.map((setting) => gateValues(this.config, setting))
    const sets = new Set(gates.flatMap((setting) => [...turnedSets(setting)]))
    const program = await this.#program(batch.tokens.length, { keep: [], sets, backward: false, everything: false })
    const losses: number[] = []
    for (let from = 0; from < values.length; from += RING) {
      const done: Promise<unknown>[] = []
      const slots: number[] = []
      for (const setting of values.slice(from, from + RING)) {
        slots.push(program.load(batch, setting))
        done.push(program.run())
        if (done.length < QUEUED) continue
        await Promise.all(done.splice(0))
        await between?.((from + slots.length) / values.length)
      }
      const [[ring]] = await Promise.all([program.read(['loss_ring']), ...done])
      losses.push(...slots.map((slot) => (batch.counted > 0 ? ring![slot]! : NaN)))
    }
    return losses
  }

  /**
   * Sends a text through, and then again for each replacement from where it takes effect. Returns the row of `address` at a position
   * for each, in the order of `replacements`. Throws as `ask` does.
   */
  async replaced(
    question: Question,
    replacements: readonly LateReplacement[],
    { address, position }: Wanted,
    between?: Between,
  ): Promise<Float32Array[]> {
    const batch = this.#batch(question)
    const gates = this.#gates(question)
    const values = gateValues(this.config, gates)
    const T = question.tokens.length
    if (position < 0 || position >= T) throw new ProbeError(`The text has no position ${position}: it has ${T} tokens.`)
    const program = await this.#program(batch.tokens.length, {
      keep: [address],
      sets: turnedSets(gates),
      backward: false,
      everything: true,
    })
    program.load(batch, values)
    const run = program.run()
    const [rows] = await Promise.all([program.replaced(replacements, { address, position }, between), run])
    return rows
  }

  /**
   * The logits of rows of the residual stream [rows, C], as final norm and head read them: `visit` gets each row's number and its
   * logits [V], which it may keep only until it returns. Throws OutOfMemoryError, DeviceLostError.
   */
  async readout(stream: Float32Array, visit: (row: number, logits: Float32Array) => void): Promise<void> {
    if (this.#destroyed) throw new ProbeError(GONE)
    this.#readout ??= Readout.open(this.weights)
    try {
      await (await this.#readout).read(stream, visit)
    } catch (error) {
      this.#readout = null
      throw error
    }
  }

  /** Row `index` of a parameter [rows, width], read alone. Throws DeviceLostError. */
  async row(parameter: string, index: number): Promise<Float32Array> {
    const { engine } = this.weights
    const { tensor, from, width } = rowWindow(engine, this.weights.param(parameter), index)
    return (await engine.read([tensor]))[0]!.slice(from, from + width)
  }

  /** Frees the memory of every program; the weights stay. May be called twice. */
  destroy(): void {
    this.#destroyed = true
    for (const program of this.#programs.values()) release(program)
    this.#programs.clear()
    if (this.#readout) release(this.#readout)
    this.#readout = null
  }

  /** The text as a batch of one row, padded. */
  #batch({ tokens, targets }: Question): Batch {
    const { block_size, vocab_size } = this.config
    const T = tokens.length
    if (T === 0) throw new ProbeError('The text is empty: there is nothing to look into.')
    if (T > block_size)
      throw new ProbeError(`The text has ${T} tokens, and this model reads ${block_size}. Take a shorter one.`)
    const stranger = Array.from(tokens).find((id) => !Number.isInteger(id) || id < 0 || id >= vocab_size)
    if (stranger !== undefined)
      throw new ProbeError(`Token ${stranger} is not among the ${vocab_size} tokens that this model knows.`)
    if (targets && targets.length !== T) throw new ProbeError(`There are ${targets.length} targets for ${T} tokens.`)
    const beyond = targets && Array.from(targets).find((id) => !Number.isInteger(id) || id >= vocab_size)
    if (beyond !== undefined)
      throw new ProbeError(`Target ${beyond} is not among the ${vocab_size} tokens that this model knows.`)
    const length = Math.min(block_size, Math.max(SHORTEST, 2 ** Math.ceil(Math.log2(T))))
    const target = (t: number) => (t >= T ? -1 : targets ? targets[t]! : (tokens[t + 1] ?? -1))
    return batchOf(
      Array.from({ length }, (_, t) => tokens[t] ?? 0),
      Array.from({ length }, (_, t) => target(t)),
      vocab_size,
    )
  }

  #gates({ gates }: Question): Gates {
    return { ...this.weights.gates, ...gates }
  }

  #checkReplacement(address: string, data: Float32Array, T: number): void {
    if (data.length % T !== 0)
      throw new ProbeError(`${data.length} numbers for ${T} rows of ${address} do not go together.`)
  }

  /** A program, from those that are kept, or recorded now. */
  async #program(
    T: number,
    form: { keep: readonly string[]; sets: ReadonlySet<string>; backward: boolean; everything: boolean },
  ): Promise<ProbeProgram> {
    if (this.#destroyed) throw new ProbeError(GONE)
    const key = JSON.stringify([T, form.backward, form.everything, [...form.keep].sort(), [...form.sets].sort()])
    const known = this.#programs.get(key)
    const program = known ?? ProbeProgram.open(this.weights, T, form)
    this.#programs.delete(key)
    this.#programs.set(key, program)
    if (!known) {
      // What failed is not kept, so that a later question tries again.
      program.catch(() => this.#programs.delete(key))
      for (const [old, oldest] of [...this.#programs].slice(0, -KEPT)) {
        this.#programs.delete(old)
        release(oldest)
      }
    }
    return program
  }
}

function release(program: Promise<ProbeProgram | Readout>): void {
  program.then(
    (opened) => opened.destroy(),
    () => undefined, // It never opened, and whoever asked for it was told.
  )
}
