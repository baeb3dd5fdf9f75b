// Writing text with a KV cache: the prompt goes through in chunks, then one token at a time. When the context is full its later
// half becomes the new beginning and is read again, so that a text can be as long as one likes at a bounded cost; what lies
// further back is forgotten, as it would be at the edge of the context anyway.
import type { Tokenizer } from '../data/tokenizer'
import { prepare, type Block, type Engine, type Tensor, type Work } from '../engine'
import { invariant } from '../errors'
import { hash, STREAM } from '../rng'
import type { GeneratedToken, SampleOptions } from '../run'
import { sampleToken } from './sampler'
import { bytesOf, decoderPlan } from './plan'
import { writeAngles, type Trainer } from './trainer'

interface Program {
  T: number
  work: Work[]
  tokens: Tensor
  logits: Tensor | null
}

export class Decoder {
  readonly #engine: Engine
  readonly #context: number
  readonly #prefill: Program
  readonly #next: Program
  readonly #pos: Tensor
  readonly #memory: readonly Tensor[]
  /** Bytes of caches and activations. */
  readonly memory_bytes: number
  /** Tokens whose keys and values are in the cache. */
  #seen: number[] = []

  private constructor(
    engine: Engine,
    context: number,
    prefill: Program,
    next: Program,
    pos: Tensor,
    memory: readonly Tensor[],
    memory_bytes: number,
  ) {
    this.#engine = engine
    this.#context = context
    this.#prefill = prefill
    this.#next = next
    this.#pos = pos
    this.#memory = memory
    this.memory_bytes = memory_bytes
  }

  /** A decoder that reads the trainer's weights as they stand at each call. Throws OutOfMemoryError, and keeps nothing then. */
  static async open(trainer: Trainer): Promise<Decoder> {
    const memory: Tensor[] = []
    try {
      return await Decoder.#record(trainer, memory)
    } catch (error) {
      trainer.engine.free(memory)
      throw error
    }
  }

  /** `memory` collects what is allocated. */
  static async #record(trainer: Trainer, memory: Tensor[]): Promise<Decoder> {
    const { engine, config } = trainer
    let bytes = 0
    const allocate = async (blocks: Block[]) => {
      const placed = await engine.allocate(blocks)
      memory.push(...placed.values())
      bytes += bytesOf(blocks)
      return placed
    }
    const plan = decoderPlan(config)
    const shared = await allocate(plan.shared)
    const find = (label: string) => {
      const tensor = shared.get(label)
      invariant(tensor, () => `the decoder has no ${label}`)
      return tensor
    }
    writeAngles(engine, config, find)
    const programs: Program[] = []
    for (const { T, tape, blocks } of [plan.prefill, plan.next]) {
      const placed = await allocate(blocks)
      const place = (tensor: Tensor) =>
        placed.get(tensor.label) ?? shared.get(tensor.label) ?? trainer.param(tensor.label)
      const work = await prepare(
        engine,
        () => tape.forward(engine, place),
        (recorded) => recorded,
      )
      programs.push({ T, work, tokens: placed.get('tokens')!, logits: placed.get('logits') ?? null })
    }
    return new Decoder(engine, config.block_size, programs[0]!, programs[1]!, find('pos'), memory, bytes)
  }

  /** Logits [V] after `tokens`; what the cache already holds of them is not read again. */
  async logits(tokens: readonly number[]): Promise<Float32Array> {
    invariant(tokens.length > 0, () => 'nothing to continue')
    // Once the context is full it starts again from its later half; between two such moves the beginning stays.
    const half = Math.max(1, Math.floor(this.#context / 2))
    const over = tokens.length - this.#context
    const window = over > 0 ? tokens.slice(Math.ceil(over / half) * half) : tokens
    const last = window.length - 1
    let pos = 0
    while (pos < last && this.#seen[pos] === window[pos]) pos++
    const runs: Promise<void>[] = []
    while (pos < last) {
      const { T } = this.#prefill
      if (last - pos < 4) {
        runs.push(this.#run(this.#next, window, pos++))
        continue
      }
      // Near the end of the context a chunk starts earlier and writes some rows again, with the same values.
      const start = Math.min(pos, this.#context - T)
      runs.push(this.#run(this.#prefill, window, start))
      pos = Math.min(last, start + T)
    }
    runs.push(this.#run(this.#next, window, last))
    // What the cache holds is known again when all of it has been computed.
    this.#seen = []
    const [[logits]] = await Promise.all([this.#engine.read([this.#next.logits!]), ...runs])
    this.#seen = [...window]
    return logits!
  }

  /** The weights have moved: keys and values must be computed again. */
  forget(): void {
    this.#seen = []
  }

  #run({ T, work, tokens }: Program, window: readonly number[], start: number): Promise<void> {
    this.#engine.write(this.#pos, new Uint32Array([start]))
    this.#engine.write(
      tokens,
      Uint32Array.from({ length: T }, (_, i) => window[start + i] ?? 0),
    )
    return this.#engine.run(work)
  }

  destroy(): void {
    this.#engine.free(this.#memory)
  }
}

/**
 * Writes text token by token. The stop text is held back while it may still be completed and is never part of the text.
 */
export async function* generate(
  decoder: Decoder,
  tokenizer: Tokenizer,
  options: SampleOptions,
  signal?: AbortSignal,
): AsyncGenerator<GeneratedToken, 'length' | 'stop' | 'cancelled'> {
  const { ids } = tokenizer.encode(options.prompt)
  // A model must start somewhere: after a line break if it knows one, else after its first token.
  const newline = tokenizer.encode('\n').ids
  const tokens = ids.length > 0 ? [...ids] : [newline[0] ?? 0]
  const stops = options.stop.filter((stop) => stop.length > 0)
  const held: GeneratedToken[] = []
  for (let i = 0; i < options.max_tokens; i++) {
    if (signal?.aborted) return 'cancelled'
    const logits = await decoder.logits(tokens)
    const uniform = hash(options.seed, STREAM.sample, i) / 2 ** 32
    const { id, probability } = sampleToken(logits, options, uniform)
    tokens.push(id)
    held.push({ text: tokenizer.token(id), id, probability })
    const text = held.map((token) => token.text).join('')
    const stop = stops.map((s) => text.indexOf(s)).filter((at) => at >= 0)
    if (stop.length > 0) {
      yield* cut(held, Math.min(...stop))
      return 'stop'
    }
    const safe = text.length - Math.max(0, ...stops.map((s) => overlap(text, s)))
    let length = 0
    while (held.length > 0 && length + held[0]!.text.length <= safe) {
      length += held[0]!.text.length
      yield held.shift()!
    }
  }
  yield* held
  return 'length'
}

/** How much of `stop`'s beginning the text ends with. */
function overlap(text: string, stop: string): number {
  for (let n = Math.min(text.length, stop.length - 1); n > 0; n--) if (text.endsWith(stop.slice(0, n))) return n
  return 0
}

/** The tokens whose text lies before `end`, the last one shortened. */
function* cut(tokens: readonly GeneratedToken[], end: number): Generator<GeneratedToken> {
  let at = 0
  for (const token of tokens) {
    if (at >= end) return
    yield { ...token, text: token.text.slice(0, end - at) }
    at += token.text.length
  }
}
