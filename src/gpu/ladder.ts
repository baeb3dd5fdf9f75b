// One contest among kernels for a class of calls, rung by rung: the best so far against the likeliest that is left. A kernel wins if it
// agrees with the plain one on random numbers and is measured faster. Compiling a rung and measuring it are two calls, so that training
// goes on while a compiler works. Knows no op: the contest says what is computed.
import type { KernelChoice } from '../engine'
import { invariant } from '../errors'
import type { Gpu } from './device'
import type { Dispatch } from './kernel'
import { timeOf } from './profile'
import type { Queue } from './queue'
import { allocate, type GpuTensor } from './tensor'

/** Several kernels for one class of calls. */
export interface Contest {
  /** The op and the class of shapes: `matmul nn large`. */
  readonly key: string
  /** Names of the kernels, the plain one first. */
  readonly variants: readonly string[]
  /** The others in the order in which they are tried, the likeliest first; as in `variants` if absent. */
  readonly ladder?: readonly string[]
  /**
   * All kernels add in one order and so give the same bits. The plain one then computes until another has won, in mid-run too; one whose
   * bits differ on this device never does.
   */
  readonly equal?: boolean
  /** Variants that compute with 16-bit factors; their agreement has a wider tolerance. */
  readonly coarse?: readonly string[]
  /** The variant to take without a contest, where compiling the others costs more than they can save. */
  readonly given?: string | undefined
  /** Arithmetic of the call, in FLOPs; the contest of a class is held on its largest call. */
  readonly flops: number
  /** A call of the class with about `flops` of arithmetic, never more than this call's own, on tensors of its own. */
  trial(flops: number): Trial
}
/** A call to be timed and compared. */
export interface Trial {
  readonly flops: number
  /** Shapes by name. Every tensor is filled with normal draws. */
  readonly tensors: Readonly<Record<string, readonly number[]>>
  /** Dispatches that compute tensors which are functions of others; run once and not timed. */
  before?(tensors: Readonly<Record<string, GpuTensor>>): Dispatch[]
  /** Name of the tensor that all variants must agree on. */
  readonly output: string
  dispatches(variant: string, tensors: Readonly<Record<string, GpuTensor>>): Dispatch[]
}

/** What a contest is held with; `compile` resolves when a program can run. */
export interface Means {
  gpu: Gpu
  queue: Queue
  compile: (program: readonly Dispatch[]) => Promise<void>
}

/** A trial with its memory and its compiled programs. */
interface Place {
  at: Trial
  tensors: Record<string, GpuTensor>
  programs: Map<string, Dispatch[]>
}

/** FLOPs of the first trial, on which kernels are compared, and which tells how fast the device is. */
const FIRST_FLOPS = 2 ** 24
/** Wanted length of one measurement; repetitions make up for a short call. */
const MEASURE_MS = 6
/** Wanted length of a timed trial with the plain kernel: long enough for variants to differ measurably. */
const LARGE_MS = 1
/** Largest time of a winner as a share of the best so far; within the rest, noise would decide. */
const MARGIN = 0.95
/** Largest ‖difference‖ / ‖plain‖ of two float32 kernels that agree. */
const AGREEMENT = 1e-5
/** The same for factors rounded to 11 bits: each is off by about 2^-12, a product by about 3e-4. */
const COARSE_AGREEMENT = 1e-3

export class Ladder {
  readonly contest: Contest
  readonly #means: Means
  readonly #plain: string
  /** Not tried yet, the likeliest first. */
  readonly #rest: string[]
  readonly #ms: Record<string, number> = {}
  readonly #refused: string[] = []
  #best: string
  /** Where kernels are compared, and where they are timed: on the same trial, or on a larger one. */
  #compared: Place | null = null
  #timed: Place | null = null
  /** Milliseconds of each kernel's first run on the timed trial. */
  readonly #once = new Map<string, number>()

  constructor(means: Means, contest: Contest) {
    this.contest = contest
    this.#means = means
    this.#plain = this.#best = contest.variants[0]!
    this.#rest = [...(contest.ladder ?? contest.variants.slice(1))]
  }

  /**
   * Compiles the next kernel to be tried, at first the plain one too. Throws where the plain one does not compile, and OutOfMemoryError;
   * another that does not compile is refused.
   */
  async prepare(): Promise<void> {
    const tried = this.#rest[0]!
    this.#compared ??= await this.#place(this.contest.trial(FIRST_FLOPS))
    await this.#compile(this.#compared, [this.#plain, tried])
    if (this.#timed) await this.#compile(this.#timed, [tried])
  }

  /** Measures what was prepared, while nothing else runs. Returns the choice, or null where another rung is to be prepared. */
  async hold(): Promise<KernelChoice | null> {
    const tried = this.#rest.shift()!
    const first = this.#best === this.#plain
    if (!(await this.#agrees(tried))) {
      this.#refused.push(tried)
      return this.#rest.length > 0 ? null : this.#choice()
    }
    const { programs } = (this.#timed ??= await this.#larger(tried))
    for (let round = 0; round < 3; round++)
      for (const variant of [this.#best, tried]) {
        const program = programs.get(variant)
        if (program) this.#ms[variant] = Math.min(this.#ms[variant] ?? Infinity, await this.#measure(variant, program))
      }
    const won = this.#ms[tried]! < MARGIN * this.#ms[this.#best]!
    if (won) this.#best = tried
    // A run waits for kernels whose bits differ: the first that wins is taken. Others are tried as long as each is faster.
    const over = won ? !this.contest.equal : !first
    return over || this.#rest.length === 0 ? this.#choice() : null
  }

  /** Gives back the memory of the trials. */
  free(): void {
    for (const place of [this.#compared, this.#timed])
      for (const { buffer } of Object.values(place?.tensors ?? {})) buffer.destroy()
  }

  #choice(): KernelChoice {
    const flops = (this.#timed ?? this.#compared)!.at.flops
    return { key: this.contest.key, variant: this.#best, ms: this.#ms, refused: this.#refused, flops }
  }

  async #agrees(variant: string): Promise<boolean> {
    const place = this.#compared!
    const want = await this.#output(place, this.#plain)
    if (!place.programs.has(variant)) return false
    const got = await this.#output(place, variant)
    if (this.contest.equal) return equalBits(got, want)
    return distance(got, want) <= (this.contest.coarse?.includes(variant) ? COARSE_AGREEMENT : AGREEMENT)
  }

  /** A trial that takes the plain kernel LARGE_MS, or the whole call where that is shorter. */
  async #larger(tried: string): Promise<Place> {
    let place = this.#compared!
    for (;;) {
      const once = await this.#time(place.programs.get(this.#plain)!, 1)
      this.#once.set(this.#plain, once)
      const larger = this.contest.trial((place.at.flops * LARGE_MS) / Math.max(once, 0.02))
      if (larger.flops <= 2 * place.at.flops) return place
      if (place !== this.#compared) for (const { buffer } of Object.values(place.tensors)) buffer.destroy()
      place = await this.#place(larger)
      this.#timed = place
      await this.#compile(place, [this.#plain, tried])
    }
  }

  /** Milliseconds of a run, over as many as fill MEASURE_MS. */
  async #measure(variant: string, program: readonly Dispatch[]): Promise<number> {
    const once = this.#once.get(variant) ?? (await this.#time(program, 1))
    this.#once.set(variant, once)
    return this.#time(program, Math.max(1, Math.min(64, Math.round(MEASURE_MS / Math.max(once, 0.05)))))
  }
  #time(program: readonly Dispatch[], repeat: number): Promise<number> {
    return timeOf(this.#means.gpu, this.#means.queue, program, repeat)
  }

  /** Tensors of a trial, filled with normal draws that depend only on their order and size. */
  async #place(at: Trial): Promise<Place> {
    const blocks = Object.entries(at.tensors).map(([label, shape]) => {
      const size = Math.max(
        64,
        shape.reduce((x, y) => x * y, 1),
      )
      return { label, size, windows: [{ tensor: { label, shape, dtype: 'f32' as const }, offset: 0 }] }
    })
    const placed = await allocate(this.#means.gpu, blocks)
    let seed = 0
    for (const tensor of placed.values()) this.#means.queue.write(tensor, draws(tensor.size / 4, ++seed))
    return { at, tensors: Object.fromEntries(placed), programs: new Map() }
  }

  async #compile({ at, tensors, programs }: Place, variants: readonly string[]): Promise<void> {
    const before = programs.size === 0 ? (at.before?.(tensors) ?? []) : []
    const missing = variants.filter((variant) => !programs.has(variant))
    const compiled = missing.map(async (variant) => {
      const program = at.dispatches(variant, tensors)
      if (variant === this.#plain) await this.#means.compile([...before, ...program])
      else if (
        !(await this.#means.compile(program).then(
          () => true,
          () => false,
        ))
      )
        return
      programs.set(variant, program)
    })
    await Promise.all(compiled)
    if (before.length > 0) await this.#means.queue.run(before)
  }

  async #output({ at, tensors, programs }: Place, variant: string): Promise<Float32Array> {
    const { queue } = this.#means
    const tensor = tensors[at.output]
    invariant(tensor, () => `no output ${at.output} in a trial`)
    // Zeroed, so that an element which a kernel leaves out does not hold what another kernel wrote.
    queue.write(tensor, new Float32Array(tensor.size / 4))
    await queue.run(programs.get(variant)!)
    const [values] = await queue.read([tensor])
    return values!
  }
}

/** Number of different draws before they repeat: a prime, so that no two neighbouring rows of a matrix are equal. */
const PERIOD = 65521
/** `n` approximately normal draws (sums of four uniform ones, Irwin and Hall) from a linear congruential generator, for its speed. */
function draws(n: number, seed: number): Float32Array {
  let state = seed
  const uniform = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32 - 0.5
  const values = new Float32Array(n)
  for (let i = 0; i < Math.min(n, PERIOD); i++) values[i] = 1.7 * (uniform() + uniform() + uniform() + uniform())
  // Each copy doubles the filled part: a trial on the largest GPUs has 10⁷ elements.
  for (let have = PERIOD; have < n; have *= 2) values.copyWithin(have, 0, Math.min(have, n - have))
  return values
}

/** ‖got − want‖ / ‖want‖. */
function distance(got: Float32Array, want: Float32Array): number {
  let off = 0
  let norm = 0
  for (let i = 0; i < want.length; i++) {
    off += (got[i]! - want[i]!) ** 2
    norm += want[i]! ** 2
  }
  return Math.sqrt(off / (norm || 1))
}

function equalBits(got: Float32Array, want: Float32Array): boolean {
  const [a, b] = [got, want].map(({ buffer, byteOffset, length }) => new Uint32Array(buffer, byteOffset, length))
  return a!.every((word, i) => word === b![i])
}
