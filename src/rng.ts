// Random numbers that are functions of (seed, stream, index) and nothing else. There is no hidden state, so a resumed run draws
// what an uninterrupted one would, and a WGSL kernel can draw the same bits. The mixer is "lowbias32" (Chris Wellons,
// hash-prospector, 2018). It is a bijection of 32-bit words with a measured avalanche bias of 0.17. shaders/prelude.wgsl has the
// same three lines.

/** The mixer's two factors, and how far apart the seeds of two steps lie: ⌊2³²/φ⌋. Shaders have them by name (ops/shared.ts). */
export const MIX = { first: 0x7feb352d, second: 0x846ca68b, step: 0x9e3779b9 } as const

/** One 32-bit word mixed into another. */
export function mix(x: number): number {
  x ^= x >>> 16
  x = Math.imul(x, MIX.first)
  x ^= x >>> 15
  x = Math.imul(x, MIX.second)
  return (x ^ (x >>> 16)) >>> 0
}

/** A random 32-bit word for the `index`-th draw of `stream` under `seed`. */
export function hash(seed: number, stream: number, index: number): number {
  return mix((index + mix((stream + mix(seed >>> 0)) >>> 0)) >>> 0)
}

/** A sequence of draws: the counter is all its state. */
export class Rng {
  #counter = 0
  readonly #key: number
  constructor(seed: number, stream: number) {
    this.#key = mix((stream + mix(seed >>> 0)) >>> 0)
  }
  /** Uniform 32-bit word. */
  u32(): number {
    return mix((this.#counter++ + this.#key) >>> 0)
  }
  /** Uniform in [0, 1), 53 bits. */
  uniform(): number {
    return ((this.u32() >>> 5) * 67108864 + (this.u32() >>> 6)) / 9007199254740992
  }
  /** Uniform integer in [0, n). */
  below(n: number): number {
    return Math.floor(this.uniform() * n)
  }
  /** Standard normal (Box and Muller, 1958). */
  normal(): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()))
    return radius * Math.cos(2 * Math.PI * this.uniform())
  }
}

/** In place; Fisher and Yates (Durstenfeld's form, 1964). */
export function shuffle<T>(items: T[], rng: Rng): void {
  for (let i = items.length - 1; i > 0; i--) {
    const j = rng.below(i + 1)
    const held = items[i]!
    items[i] = items[j]!
    items[j] = held
  }
}

/** The independent streams of one run's seed. Dropout adds the layer's own number to its base. */
export const STREAM = { init: 1, batch: 2, validation: 3, sample: 4, corpus: 5, dropout: 1000 } as const

/** The key of one dropout's draws in one step: `stream` is the dropout's own number in its program. */
export function dropoutKey(seed: number, step: number, stream: number): number {
  const seedOfStep = (seed + Math.imul(step, MIX.step)) >>> 0
  return mix((STREAM.dropout + stream + mix(seedOfStep)) >>> 0)
}

/** The words of a draw below this are dropped: p · 2³², rounded down. */
export function dropoutThreshold(p: number): number {
  return Math.floor(p * 4294967296) >>> 0
}

/** Whether the element at `index` is kept; a kept one is scaled by 1/(1 − p). */
export function keeps(key: number, index: number, threshold: number): boolean {
  return mix((index + key) >>> 0) >= threshold
}
