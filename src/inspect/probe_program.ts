// One program of a probe: a model on one text of T tokens, unfused, with the gates that it reads and the tensors that it keeps. It can be
// run from any address on, so that what stands there can be replaced first. Knows no question; probe.ts asks them.
import type { Batch } from '../data/dataset/loader'
import { ALIGN, prepare, type Engine, type Tensor, type Work } from '../engine'
import { invariant, ProbeError } from '../errors'
import { gatesSize } from '../model/gates'
import { gpt } from '../model/gpt'
import { planMemory } from '../model/memory'
import { gradientLabel, type Tape } from '../model/tape'
import { sizeOf } from '../params'
import { writeAngles } from '../train/angles'
import { Feed } from '../train/feed'
import { blockOf, bytesOf, evaluationInputs } from '../train/plan'
import type { Weights } from '../train/weights'

/** A tensor as it comes back: row-major, padding cut off. The batch of one text is no dimension: [T, C], [NH, T, T]. */
export interface Activation {
  shape: readonly number[]
  data: Float32Array
}

/** A tensor that is replaced as soon as it has been computed: `data` [T, width], all of it. What follows reads the replacement. */
export interface Replacement {
  address: string
  data: Float32Array
}

/** The same, made when its turn comes. */
export interface LateReplacement {
  address: string
  data: () => Float32Array
}

/** A row of a tensor on the tape. */
export interface Wanted {
  address: string
  position: number
}

/** The parameter whose gradient is computed where that of the embedding's output is asked for: nothing before it trains. */
const EMBEDDING = 'transformer.wte.weight'
/** Readings that may be under way at a time. */
const AHEAD = 64

export class ProbeProgram {
  readonly #engine: Engine
  readonly #tape: Tape
  readonly #T: number
  /** By address. */
  readonly #placed: ReadonlyMap<string, Tensor>
  readonly #feed: Feed
  readonly #gated: boolean
  /** The work of each moment of the tape, in order. */
  readonly #moments: readonly (readonly Work[])[]
  /** Stretches of moments as programs, by their bounds: an engine remembers how to run an array. */
  readonly #stretches = new Map<string, Work[]>()
  readonly memory_bytes: number
  #destroyed = false

  private constructor(
    engine: Engine,
    tape: Tape,
    T: number,
    made: { placed: ReadonlyMap<string, Tensor>; feed: Feed; gated: boolean; moments: Work[][]; bytes: number },
  ) {
    this.#engine = engine
    this.#tape = tape
    this.#T = T
    this.#placed = made.placed
    this.#feed = made.feed
    this.#gated = made.gated
    this.#moments = made.moments
    this.memory_bytes = made.bytes
  }

  /**
   * Records and compiles. `keep` are addresses that survive to the end, `everything` keeps all of the forward pass; `sets` are the sets of
   * gates that are read. Throws ProbeError for an address that the model lacks, OutOfMemoryError; nothing stays allocated then.
   */
  static async open(
    weights: Weights,
    T: number,
    form: { keep: readonly string[]; sets: ReadonlySet<string>; backward: boolean; everything: boolean },
  ): Promise<ProbeProgram> {
    const { engine } = weights
    const { keep, sets, backward, everything } = form
    const config = { ...weights.config, dropout: 0 }
    const gated = backward || sets.size > 0
    const trains = (name: string) =>
      keep.includes(gradientLabel(name)) || (name === EMBEDDING && keep.includes(gradientLabel('encoded')))
    const shared = {
      ...{ B: 1, T, fuse: false, att: true, gated: sets },
      // Logits that are read lie in one piece.
      ...((everything || keep.some((address) => /^d?logits$/.test(address))) && { head_rows: T }),
    }
    const tape = backward
      ? gpt(config, { use: 'train', ...shared, gates: 'measure', label_smoothing: 0, trains })
      : gpt(config, { use: 'evaluate', ...shared, ...(gated && { gates: 'turn' as const }) })
    for (const address of keep)
      if (!tape.tensors.has(address)) throw new ProbeError(`This model computes nothing at the address ${address}.`)
    const forward = everything ? tape.nodes.flatMap(({ writes }) => writes.map(({ label }) => label)) : []
    const inputs = evaluationInputs(config, 1, T)
    const own: Tensor[] = [
      ...(gated ? [{ label: 'gates', shape: [gatesSize(config)], dtype: 'f32' as const }] : []),
      ...weights.params
        .filter(({ name }) => backward && trains(name))
        .map(({ name, shape }) => ({ label: gradientLabel(name), shape, dtype: 'f32' as const })),
    ]
    const blocks = [
      inputs.written,
      ...inputs.others,
      ...own.map(blockOf),
      ...planMemory(tape, new Set([...keep, ...forward])),
    ]
    const placed = await engine.allocate(blocks)
    const find = weights.finder(placed)
    try {
      writeAngles(engine, config, find)
      const feed = new Feed(engine, inputs, find)
      const place = ({ label }: Tensor) => find(label)
      const record = () =>
        tape.timeline.map(({ node, pass }) =>
          pass === 'backward' ? node.backward(engine, place, false) : node.forward(engine, place),
        )
      const moments = await prepare(engine, record, (recorded) => recorded.flat())
      return new ProbeProgram(engine, tape, T, { placed, feed, gated, moments, bytes: bytesOf(blocks) })
    } catch (error) {
      engine.free(placed.values())
      throw error
    }
  }

  /** Writes the text and the gates for the next run; returns the slot of its loss in `loss_ring`. */
  load(batch: Batch, gates: Float32Array): number {
    this.#check()
    if (this.#gated) this.#engine.write(this.#tensor('gates'), gates)
    return this.#feed.load(batch, { seed: 0, draw: 0, micros: 1 })
  }

  /** Runs the whole, each replacement as soon as what it replaces has been computed. Everything is queued before this returns. */
  run(replace: readonly Replacement[] = []): Promise<unknown> {
    const at = replace.map(({ address }) => this.#writerOf(address) + 1)
    if (at.some((moment, i) => i > 0 && moment < at[i - 1]!))
      throw new ProbeError('Replacements come in the order in which the model computes what they replace.')
    let from = 0
    const done: Promise<void>[] = []
    for (const [i, { address, data }] of replace.entries()) {
      done.push(this.#runStretch(from, at[i]!))
      this.#write(address, data)
      from = at[i]!
    }
    done.push(this.#runStretch(from, this.#moments.length))
    return Promise.all(done)
  }

  /**
   * After a run that kept everything: for each replacement runs what follows it, and reads one row. The deepest come first: whatever
   * one of them changes lies behind it, and is computed again by those that are shallower.
   */
  async replaced(
    replacements: readonly LateReplacement[],
    wanted: Wanted,
    between?: (share: number) => Promise<void>,
  ): Promise<Float32Array[]> {
    const end = this.#writerOf(wanted.address) + 1
    const placed = replacements.map((replacement, index) => ({
      ...replacement,
      index,
      at: this.#writerOf(replacement.address) + 1,
    }))
    const tensor = this.#tensor(wanted.address)
    const row = rowWindow(this.#engine, tensor, wanted.position)
    const rows: Float32Array[] = []
    const reading: Promise<unknown>[] = []
    for (const { address, data, index, at } of placed.toSorted((a, b) => b.at - a.at)) {
      this.#check()
      this.#write(address, data())
      reading.push(this.#runStretch(at, end))
      reading.push(
        this.#engine.read([row.tensor]).then(([read]) => (rows[index] = read!.slice(row.from, row.from + row.width))),
      )
      if (reading.length < AHEAD) continue
      await Promise.all(reading.splice(0))
      await between?.(Object.keys(rows).length / placed.length)
    }
    await Promise.all(reading)
    return rows
  }

  /** Tensors that are kept, and inputs, as they lie on the device. */
  read(addresses: readonly string[]): Promise<Float32Array[]> {
    return this.#engine.read(addresses.map((address) => this.#tensor(address)))
  }

  /** A tensor as it was read, without the batch and without what lies behind position T. */
  trim(address: string, data: Float32Array, T: number): Activation {
    const tensor = this.#tape.tensors.get(address)!
    const { shape } = tensor
    // A parameter's gradient has no rows of a text.
    if (this.#tape.isParam(tensor)) return { shape, data }
    const padded = this.#T
    // The matrix of attention is [1, NH, T, T], what rows have [1, T, …], and what each row has one of [T].
    const square = /\.d?att$/.test(address)
    const rows = square ? [1, 1, T, T] : shape[0] === 1 ? [1, T] : shape[0] === padded ? [T] : []
    const wanted = shape.map((size, axis) => (square && axis === 1 ? size : (rows[axis] ?? size)))
    const batch = shape.length > 1 && shape[0] === 1
    return { shape: batch ? wanted.slice(1) : wanted, data: corner(data, shape, wanted) }
  }

  destroy(): void {
    this.#destroyed = true
    this.#engine.free(this.#placed.values())
  }

  #check(): void {
    if (this.#destroyed) throw new ProbeError('The model that this probe looked into is gone.')
  }
  #tensor(address: string): Tensor {
    const tensor = this.#placed.get(address)
    invariant(tensor, () => `no tensor at the address ${address}`)
    return tensor
  }
  /** The moment of the tape at which an address is computed. */
  #writerOf(address: string): number {
    const moment = this.#tape.timeline.findIndex(
      ({ node, pass }) => pass === 'forward' && node.writes.some(({ label }) => label === address),
    )
    if (moment < 0) throw new ProbeError(`This model computes nothing at the address ${address}.`)
    return moment
  }
  #write(address: string, data: Float32Array): void {
    const tensor = this.#tensor(address)
    const most = sizeOf(tensor.shape)
    if (data.length > most || tensor.shape.length !== 3 || data.length % tensor.shape[2]! !== 0)
      throw new ProbeError(`${data.length} numbers cannot replace ${address} [${tensor.shape.join(', ')}].`)
    this.#engine.write(tensor, data)
  }
  #runStretch(from: number, to: number): Promise<void> {
    if (from >= to) return Promise.resolve()
    const key = `${from}-${to}`
    const known = this.#stretches.get(key) ?? this.#moments.slice(from, to).flat()
    this.#stretches.set(key, known)
    return this.#engine.run(known)
  }
}

/**
 * A row of a tensor [rows, width], to be read alone: the window around it, where in the window it begins, and how long it is. Windows begin
 * at multiples of ALIGN.
 */
export function rowWindow(engine: Engine, of: Tensor, row: number): { tensor: Tensor; from: number; width: number } {
  const width = of.shape.at(-1)!
  const start = row * width
  const offset = Math.floor(start / ALIGN) * ALIGN
  const from = start - offset
  const shape = [from + width]
  return { tensor: engine.window(of, { label: `${of.label}.${row}`, shape, dtype: of.dtype }, offset), from, width }
}

/** The corner of an array of `shape` that is `wanted` large. */
function corner(data: Float32Array, shape: readonly number[], wanted: readonly number[]): Float32Array {
  const copy = (axis: number, at: number): Float32Array[] => {
    const inner = sizeOf(shape.slice(axis + 1))
    // Whole rows from here on.
    if (wanted.slice(axis + 1).every((size, i) => size === shape[axis + 1 + i]))
      return [data.subarray(at, at + wanted[axis]! * inner)]
    return Array.from({ length: wanted[axis]! }, (_, i) => copy(axis + 1, at + i * inner)).flat()
  }
  const out = new Float32Array(sizeOf(wanted))
  let at = 0
  for (const piece of copy(0, 0)) {
    out.set(piece, at)
    at += piece.length
  }
  return out
}
