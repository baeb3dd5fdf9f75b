// Batches: stretches of T tokens from random places, each with the token that follows every one of its positions. A batch is a
// function of (seed, stream, index) and nothing else, so a resumed run reads what an uninterrupted one would have read.
import { hash } from '../../rng'
import type { Tokens } from '../tokenize/tokenizer'

/** One batch of B·T = N positions. */
export interface Batch {
  /** [B, T] */
  tokens: Uint32Array<ArrayBuffer>
  /** [B, T] the token after each; −1 where there is none, which does not count. */
  targets: Int32Array<ArrayBuffer>
  /** [N] the positions sorted by token, equal ones in order: the gradient of an embedding row is a sum over one stretch. */
  order: Uint32Array<ArrayBuffer>
  /** [V + 1] where each token's stretch of `order` begins. */
  starts: Uint32Array<ArrayBuffer>
  /** [N] each target's weight in the loss, 1 or 0; without it, each that there is weighs 1. */
  weights?: Float32Array<ArrayBuffer>
  /** Targets that count: those that there are, or the sum of their weights. */
  counted: number
}

export class Loader {
  readonly #tokens: Tokens
  readonly #mask: Uint8Array | undefined
  readonly #batch: Batch
  readonly #next: Uint32Array
  readonly #draw: (index: number) => number

  /**
   * `tokens` shorter than T + 1 make rows that end early, with −1 for the targets that do not exist; see `fits`. `mask` is as long as
   * `tokens`: 1 for each token that is to be learned, as `assistantMask` tells; without it, all are.
   */
  constructor(
    tokens: Tokens,
    vocab_size: number,
    readonly B: number,
    readonly T: number,
    seed: number,
    stream: number,
    mask?: Uint8Array,
  ) {
    const N = B * T
    this.#tokens = tokens
    this.#mask = mask
    this.#batch = {
      tokens: new Uint32Array(N),
      targets: new Int32Array(N),
      order: new Uint32Array(N),
      starts: new Uint32Array(vocab_size + 1),
      counted: B * Math.max(0, Math.min(T, tokens.length - 1)),
      ...(mask && { weights: new Float32Array(N) }),
    }
    this.#next = new Uint32Array(vocab_size)
    // Every stretch that has a token after its last position is as likely as any other.
    const places = Math.max(1, tokens.length - T)
    this.#draw = (index) => Math.floor((hash(seed, stream, index) / 2 ** 32) * places)
  }

  /** The `index`-th batch. The arrays are the same ones each time: copy or upload them before the next call. */
  batch(index: number): Batch {
    const { B, T } = this
    const { tokens, targets, weights } = this.#batch
    if (weights) this.#batch.counted = 0
    for (let b = 0; b < B; b++) {
      const start = this.#draw(index * B + b)
      for (let t = 0; t < T; t++) {
        tokens[b * T + t] = this.#tokens[start + t] ?? 0
        targets[b * T + t] = this.#tokens[start + t + 1] ?? -1
        if (weights) this.#batch.counted += weights[b * T + t] = this.#mask?.[start + t + 1] ?? 0
      }
    }
    sortByToken(this.#batch, this.#next)
    return this.#batch
  }
}

/**
 * The batch of given tokens and targets, both [B, T] in row-major order. A negative target does not count; `weights` [B, T] says how
 * much each of the others does.
 */
export function batchOf(
  tokens: ArrayLike<number>,
  targets: ArrayLike<number>,
  vocab_size: number,
  weights?: Float32Array<ArrayBuffer>,
): Batch {
  const count = (sum: number, target: number, n: number) => sum + (target < 0 ? 0 : (weights?.[n] ?? 1))
  const batch: Batch = {
    tokens: Uint32Array.from(tokens),
    targets: Int32Array.from(targets),
    order: new Uint32Array(tokens.length),
    starts: new Uint32Array(vocab_size + 1),
    ...(weights && { weights }),
    counted: Array.from(targets).reduce(count, 0),
  }
  sortByToken(batch, new Uint32Array(vocab_size))
  return batch
}

/** Fills `order` and `starts` by a counting sort: count, add up, deal out. Stable because positions are dealt in order. */
function sortByToken({ tokens, order, starts }: Batch, next: Uint32Array): void {
  starts.fill(0)
  for (let i = 0; i < tokens.length; i++) starts[tokens[i]! + 1]!++
  for (let v = 0; v < next.length; v++) {
    next[v] = starts[v]!
    starts[v + 1]! += starts[v]!
  }
  for (let i = 0; i < tokens.length; i++) order[next[tokens[i]!]!++] = i
}
