// Text with a KV cache. A prompt is read in one pass; then tokens are drawn in bursts. Each token is drawn on the device and is the
// input of the next, so that a burst is one program replayed, and its tokens are read back together. When the context is full, its
// later half is read again as the new beginning: a text may be of any length at a bounded cost, and the model forgets what lies
// further back.
import {
  DICE,
  DRAWS,
  prepare,
  SAMPLING,
  type Block,
  type Engine,
  type SamplingOptions,
  type Tensor,
  type Work,
} from '../engine'
import { invariant } from '../errors'
import type { Tape } from '../model/tape'
import { writeAngles } from './angles'
import { Pace } from './pace'
import { bytesOf, decoderPlan, decoderTape } from './plan'
import type { Weights } from './weights'

/** Shortest pass over a prompt, in tokens: a shorter one takes a GPU as long, and each length has pipelines to compile. */
const SHORTEST_PASS = 32
/** Up to so many tokens of a prompt are read one at a time. */
const FEW = 3

/** Tensors with memory, by their labels. */
type Placed = ReadonlyMap<string, Tensor>

interface Program {
  /** Tokens that it reads in one run. */
  T: number
  work: readonly Work[]
  /** Its input, [1, T]. */
  tokens: Tensor
  /** The tensors that no other program reads or writes. */
  room: Placed
}

/** A token that was drawn. */
export interface Drawn {
  id: number
  /** Its probability after temperature, before top-k and top-p cut. */
  probability: number
}

type DrawOptions = SamplingOptions & { seed: number }

export class Decoder {
  readonly #weights: Weights
  readonly #engine: Engine
  /** The tensors that all programs share: caches, tables, position, dice. */
  readonly #shared: Placed
  /** Reads one token and draws the next. */
  readonly #next: Program
  /** Passes over a prompt by length, recorded at their first use. All lie in the memory of the longest, `#room`. */
  readonly #passes = new Map<number, Program>()
  readonly #longest: number
  readonly #room: Placed
  /** The sets of gates that it reads. */
  readonly #gated: ReadonlySet<string>
  /** Bytes of inputs, caches and activations; the weights are not counted. */
  readonly memory_bytes: number
  readonly #pace = new Pace(DRAWS)
  /** The tokens whose keys and values are in the cache. */
  #seen: number[] = []
  /** Tokens that are drawn and not taken yet, and the text that they continue. */
  #ahead: { tokens: readonly number[]; options: DrawOptions; draws: Drawn[] } | null = null

  private constructor(
    weights: Weights,
    next: Program,
    memory: { shared: Placed; room: Placed; longest: number; bytes: number; gated: ReadonlySet<string> },
  ) {
    this.#weights = weights
    this.#engine = weights.engine
    this.#next = next
    this.#shared = memory.shared
    this.#room = memory.room
    this.#longest = memory.longest
    this.memory_bytes = memory.bytes
    this.#gated = memory.gated
  }

  /**
   * Allocates a decoder and compiles its program for the next token. It reads the weights as they stand at each call; after they have
   * moved, call `forget`. Of the gates it reads the sets that are turned now. Throws OutOfMemoryError naming the block that did not fit, and keeps nothing then.
   */
  static async open(weights: Weights): Promise<Decoder> {
    const { engine, config } = weights
    const gated = weights.turned
    const { shared, pass, next } = decoderPlan(config, gated)
    const memory: Tensor[] = []
    const allocate = async (blocks: readonly Block[]) => {
      const placed = await engine.allocate(blocks)
      memory.push(...placed.values())
      return placed
    }
    try {
      const common = await allocate(shared)
      const room = await allocate(pass.blocks)
      writeAngles(engine, config, (label) => common.get(label)!)
      const program = await record(weights, next.tape, await allocate(next.blocks), common)
      const bytes = bytesOf([...shared, ...pass.blocks, ...next.blocks])
      return new Decoder(weights, program, { shared: common, room, longest: pass.T, bytes, gated })
    } catch (error) {
      engine.free(memory)
      throw error
    }
  }

  /** How many tokens are drawn already: taking them costs nothing. */
  get ahead(): number {
    return this.#ahead?.draws.length ?? 0
  }

  /**
   * Draws the token after `tokens`. `draw` numbers it under the options' seed: the same seed and number give the same token. Up to
   * `most` tokens are drawn at once. The others are returned by the next calls, if these pass the same array, grown by what was drawn,
   * and the same options. Throws DeviceLostError.
   */
  async draw(tokens: readonly number[], options: DrawOptions, draw: number, most: number): Promise<Drawn> {
    let ahead = this.#ahead
    if (ahead?.tokens !== tokens || ahead.options !== options || ahead.draws.length === 0) {
      this.#ahead = null
      ahead = { tokens, options, draws: await this.#burst(tokens, options, draw, most) }
      this.#ahead = ahead
    }
    return ahead.draws.shift()!
  }

  async #burst(tokens: readonly number[], options: DrawOptions, draw: number, most: number): Promise<Drawn[]> {
    const { window, prefill } = await this.#load(tokens)
    // If anything below fails, nobody knows what the cache holds.
    this.#seen = []
    // A burst ends where the context is full.
    const n = Math.min(this.#pace.tokens, most, this.#context - window.length + 1)
    const sampling = new Float32Array(SAMPLING.size)
    sampling[SAMPLING.temperature] = options.temperature
    sampling[SAMPLING.top_k] = options.top_k
    sampling[SAMPLING.top_p] = options.top_p
    const dice = new Uint32Array(DICE.size)
    dice[DICE.seed] = options.seed
    dice[DICE.step] = draw
    this.#engine.write(this.#tensor('sampling'), sampling)
    this.#engine.write(this.#tensor('dice'), dice)
    const since = prefill.length === 0 ? performance.now() : Promise.all(prefill).then(() => performance.now())
    const burst = this.#run(this.#next, window, window.length - 1, n)
    const [[drawn], begun] = await Promise.all([this.#engine.read([this.#tensor('drawn')]), since, burst])
    this.#pace.took(n, performance.now() - begun)
    const draws = Array.from({ length: n }, (_, i) => ({ id: drawn![2 * i]!, probability: drawn![2 * i + 1]! }))
    this.#seen = [...window, ...draws.slice(0, -1).map(({ id }) => id)]
    return draws
  }

  /** The weights have moved: drops the cached keys and values, and the tokens that are drawn and not taken. */
  forget(): void {
    this.#seen = []
    this.#ahead = null
  }

  destroy(): void {
    this.#engine.free([...this.#shared.values(), ...this.#room.values(), ...this.#next.room.values()])
  }

  get #context(): number {
    return this.#weights.config.block_size
  }
  #tensor(label: string): Tensor {
    const tensor = this.#shared.get(label)
    invariant(tensor, () => `the decoder has no ${label}`)
    return tensor
  }

  /**
   * Fills the cache with keys and values of all tokens but the last. `window` is the end of `tokens` that fits the context. Tokens
   * that the cache holds already are skipped.
   */
  async #load(tokens: readonly number[]): Promise<{ window: readonly number[]; prefill: Promise<void>[] }> {
    invariant(tokens.length > 0, () => 'nothing to continue')
    // When the context is full, it starts again from its later half; between two such moves the beginning stays.
    const half = Math.max(1, Math.floor(this.#context / 2))
    const over = tokens.length - this.#context
    const window = over > 0 ? tokens.slice(Math.ceil(over / half) * half) : tokens
    const last = window.length - 1
    let pos = 0
    while (pos < last && this.#seen[pos] === window[pos]) pos++
    const prefill: Promise<void>[] = []
    if (pos === last) return { window, prefill }
    const pass = await this.#pass(last - pos)
    while (pos < last) {
      // Near the end of the context a pass starts earlier, and writes the same values to some rows again. Rows beyond the text are
      // written over by the text before anything reads them.
      const start = Math.min(pos, this.#context - pass.T)
      prefill.push(this.#run(pass, window, start))
      pos = start + pass.T
    }
    return { window, prefill }
  }

  /** Runs a program on the window's tokens from `start` on; `times` replays continue with the tokens that each of them draws. */
  #run({ T, work, tokens }: Program, window: readonly number[], start: number, times = 1): Promise<void> {
    this.#engine.write(this.#tensor('pos'), new Uint32Array([start]))
    this.#engine.write(
      tokens,
      Uint32Array.from({ length: T }, (_, i) => window[start + i] ?? 0),
    )
    return this.#engine.run(work, times)
  }

  /** A pass over at least `length` tokens of a prompt, or the longest there is. Lengths are powers of two, so that there are few. */
  async #pass(length: number): Promise<Program> {
    const wanted = length <= FEW ? 1 : Math.max(SHORTEST_PASS, 2 ** Math.ceil(Math.log2(length)))
    const T = Math.min(wanted, this.#longest)
    const known = this.#passes.get(T)
    if (known) return known
    const tape = decoderTape(this.#weights.config, T, false, this.#gated)
    // A shorter pass has the same tensors as the longest, none of them larger, so each fits in the other's place.
    const room = [...this.#room].map(
      ([label, of]) => [label, this.#engine.window(of, tape.tensors.get(label)!, 0)] as const,
    )
    const pass = await record(this.#weights, tape, new Map(room), this.#shared)
    this.#passes.set(T, pass)
    return pass
  }
}

/** Records a decoder's tape and compiles it. Its tensors lie in `room`, in `shared`, or among the weights. */
async function record(weights: Weights, tape: Tape, room: Placed, shared: Placed): Promise<Program> {
  const { engine } = weights
  const place = ({ label }: Tensor) => room.get(label) ?? shared.get(label) ?? weights.param(label)
  const work = await prepare(
    engine,
    () => tape.forward(engine, place),
    (recorded) => recorded,
  )
  const tokens = room.get('tokens')!
  return { T: tokens.shape.at(-1)!, work, tokens, room }
}
