// Which of several kernels computes one thing on this device. The kernels of a contest pass two gates: each must agree with the first,
// the plain one, on random numbers, and be measured faster there. Decided once for each adapter and class of shapes; kept by the
// caller, who may also force a choice. Knows no op: what is computed is in the contest.
import { invariant, NoVariantError } from '../errors'
import type { KernelChoice } from '../engine'
import type { Dispatch } from './kernel'
import { timeOf } from './profile'
import type { Queue } from './queue'
import type { Gpu } from './device'
import { allocate, type GpuTensor } from './tensor'

/** Several kernels for one class of calls. */
export interface Contest {
  /** The op and the class of shapes: `matmul nn large`. */
  readonly key: string
  /** By name, the plain kernel first. */
  readonly variants: readonly string[]
  /** Variants that compute in fewer bits, and need not agree so far. */
  readonly coarse?: readonly string[]
  /** Taken without a contest, where compiling the others would take longer than it can win. */
  readonly given?: string | undefined
  /** Arithmetic of the call that asks; the largest of a class is the one to be tried. */
  readonly flops: number
  /** The call at about this much arithmetic (never more than its own) on tensors made for it. */
  trial(flops: number): Trial
}
export interface Trial {
  readonly flops: number
  /** Shapes by name. All are filled with normal draws first. */
  readonly tensors: Readonly<Record<string, readonly number[]>>
  /** Makes those that are functions of others; run once, and not measured. */
  before?(tensors: Readonly<Record<string, GpuTensor>>): Dispatch[]
  /** The one that kernels must agree on. */
  readonly output: string
  dispatches(variant: string, tensors: Readonly<Record<string, GpuTensor>>): Dispatch[]
}

/** A contest at one size, ready to be measured. */
interface Stand {
  contest: Contest
  at: Trial
  place: Record<string, GpuTensor>
  programs: Map<string, Dispatch[]>
}

export interface TuneOptions {
  /** The variant of an op, by its name, that every call takes where it can; the others take the plain one. No contest is held. */
  readonly force?: Readonly<Record<string, string>>
  /** No contests: the plain kernels. */
  readonly tune?: boolean
  /** Hears of all choices when contests have been held. */
  readonly tuned?: (choices: readonly KernelChoice[]) => void
}

/** Calls smaller than this (in FLOPs) take microseconds with any kernel: they take the choice of their class, and start no contest. */
const WORTH_TRYING = 2 ** 22
/** A first look, to learn how fast the device is, and how long one measurement should then take. */
const FIRST_FLOPS = 2 ** 24
const MEASURE_MS = 6
/** Calls that take longer than this with the plain kernel are large enough to be told apart by. */
const LARGE_MS = 1
/** All measurements of one call together; classes left over take the plain kernel until the next call. */
const BUDGET_MS = 1200
/** A challenger must be faster by this much, or noise would decide. */
const MARGIN = 0.95
/** Largest ‖difference‖ / ‖plain‖ between two float32 kernels that compute the same. */
const AGREEMENT = 1e-5
/** The same where factors are rounded to 11 bits: 2^-12 of each, on average, in a product about 3e-4. */
const COARSE_AGREEMENT = 1e-3

export class Autotuner {
  readonly #gpu: Gpu
  readonly #queue: Queue
  readonly #options: TuneOptions
  readonly #compile: (program: readonly Dispatch[]) => Promise<void>
  readonly #choices = new Map<string, KernelChoice>()
  readonly #open = new Map<string, Contest>()
  /** The variants of every op that has been asked for, over all its classes. */
  readonly #offered = new Map<string, Set<string>>()

  /** `compile` resolves when a program can run. */
  constructor(gpu: Gpu, queue: Queue, compile: (program: readonly Dispatch[]) => Promise<void>, options: TuneOptions) {
    this.#gpu = gpu
    this.#queue = queue
    this.#compile = compile
    this.#options = options
  }

  /** The variant to take now. A class that is met for the first time takes the plain one until `settle`. */
  choose(contest: Contest): string {
    const plain = contest.variants[0]!
    const [op = ''] = contest.key.split(' ')
    this.#offered.set(op, new Set([...(this.#offered.get(op) ?? []), ...contest.variants]))
    const forced = this.#options.force?.[op]
    if (forced !== undefined) return contest.variants.includes(forced) ? forced : plain
    const { key, given } = contest
    if (given !== undefined) {
      if (!this.#choices.has(key)) this.#choices.set(key, { key, variant: given, ms: {}, flops: 0, refused: [] })
      return given
    }
    const known = this.#choices.get(contest.key)
    if (known && contest.variants.includes(known.variant)) return known.variant
    const open = this.#open.get(contest.key)
    const wanted = this.#options.tune !== false && contest.variants.length > 1 && contest.flops >= WORTH_TRYING
    if (!known && wanted && (open?.flops ?? 0) < contest.flops) this.#open.set(contest.key, contest)
    return plain
  }

  /** What was chosen, and on what grounds. */
  get choices(): KernelChoice[] {
    return [...this.#choices.values()]
  }
  /** Takes over choices made on this adapter before; those made here stand. */
  recall(choices: readonly KernelChoice[]): void {
    for (const choice of choices) if (!this.#choices.has(choice.key)) this.#choices.set(choice.key, choice)
  }

  /**
   * Holds the contests that `choose` has opened, the heaviest first. True where a kernel other than the plain one won. Throws
   * NoVariantError where a variant is forced that no call so far could take.
   */
  async settle(): Promise<boolean> {
    this.#checkForced()
    const contests = [...this.#open.values()].sort((x, y) => y.flops - x.flops)
    this.#open.clear()
    let changed = false
    // Compilers work side by side; what is measured is measured alone.
    const ready = contests.map((contest) => this.#ready(contest, contest.trial(FIRST_FLOPS), contest.variants))
    const settled = await Promise.allSettled(ready)
    const failed = settled.find((one) => one.status === 'rejected')
    const stands = settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
    try {
      if (failed) throw failed.reason
      const until = performance.now() + BUDGET_MS
      for (const stand of stands) {
        if (performance.now() > until) break
        const choice = await this.#hold(stand)
        this.#choices.set(choice.key, choice)
        changed ||= choice.variant !== stand.contest.variants[0]
      }
    } finally {
      for (const { place } of stands) free(place)
    }
    if (contests.length > 0) this.#options.tuned?.(this.choices)
    return changed
  }

  /** A forced variant that no call could take is a mistake, and would go unnoticed. */
  #checkForced(): void {
    for (const [op, variant] of Object.entries(this.#options.force ?? {})) {
      const offered = this.#offered.get(op)
      if (offered?.has(variant)) continue
      const can = offered
        ? `Those that can compute one of its calls are: ${[...offered].join(', ')}.`
        : `Ops with variants in this program: ${[...this.#offered.keys()].join(', ')}.`
      throw new NoVariantError(`No call of ${op} can take the kernel "${variant}" on this device. ${can}`)
    }
  }

  /** Everything that a contest needs at one size, compiled. A variant that this device does not compile is left out. */
  async #ready(contest: Contest, at: Trial, variants: readonly string[]): Promise<Stand> {
    const place = await this.#place(at)
    try {
      return { contest, at, place, programs: await this.#programs(at, variants, place) }
    } catch (error) {
      free(place)
      throw error
    }
  }

  async #hold(stand: Stand): Promise<KernelChoice> {
    const { contest } = stand
    const { key, variants, coarse = [] } = contest
    const plain = variants[0]!
    const refused: string[] = []
    const ms: Record<string, number> = {}
    const want = await this.#output(stand, plain)
    for (const variant of variants.slice(1)) {
      const most = coarse.includes(variant) ? COARSE_AGREEMENT : AGREEMENT
      const right = stand.programs.has(variant) && distance(await this.#output(stand, variant), want) <= most
      if (!right) refused.push(variant)
    }
    let standing = variants.filter((variant) => !refused.includes(variant))
    // How many repetitions, or how much larger a call, make a measurement long enough.
    const measure = (variant: string, repeat: number) =>
      timeOf(this.#gpu, this.#queue, stand.programs.get(variant)!, repeat)
    let once = await measure(plain, 1)
    for (;;) {
      const larger = contest.trial((stand.at.flops * LARGE_MS) / Math.max(once, 0.02))
      if (larger.flops <= 2 * stand.at.flops) break
      const next = await this.#ready(contest, larger, standing)
      free(stand.place)
      Object.assign(stand, next)
      standing = standing.filter((variant) => stand.programs.has(variant))
      once = await measure(plain, 1)
    }
    const repeat = Math.max(1, Math.min(64, Math.round(MEASURE_MS / Math.max(once, 0.05))))
    for (let round = 0; round < 3; round++)
      for (const variant of standing) ms[variant] = Math.min(ms[variant] ?? Infinity, await measure(variant, repeat))
    const challenger = standing.slice(1).sort((x, y) => ms[x]! - ms[y]!)[0]
    const variant = challenger !== undefined && ms[challenger]! < MARGIN * ms[plain]! ? challenger : plain
    return { key, variant, ms, refused, flops: stand.at.flops }
  }

  /** Programs ready to run, by variant, the plain one first. */
  async #programs(
    at: Trial,
    variants: readonly string[],
    place: Record<string, GpuTensor>,
  ): Promise<Map<string, Dispatch[]>> {
    const before = at.before?.(place) ?? []
    const programs = new Map(variants.map((variant) => [variant, at.dispatches(variant, place)]))
    const [plain, ...others] = [...programs]
    await Promise.all([
      this.#compile([...before, ...plain![1]]),
      ...others.map(([variant, program]) => this.#compile(program).catch(() => programs.delete(variant))),
    ])
    if (before.length > 0) await this.#queue.run(before)
    return programs
  }

  /** Tensors for a trial, filled with normal draws that depend on nothing but its shapes. */
  async #place({ tensors }: Trial): Promise<Record<string, GpuTensor>> {
    const blocks = Object.entries(tensors).map(([label, shape]) => {
      const size = Math.max(
        64,
        shape.reduce((x, y) => x * y, 1),
      )
      return { label, size, windows: [{ tensor: { label, shape, dtype: 'f32' as const }, offset: 0 }] }
    })
    const placed = await allocate(this.#gpu, blocks)
    let seed = 0
    for (const tensor of placed.values()) this.#queue.write(tensor, draws(tensor.size / 4, ++seed))
    return Object.fromEntries(placed)
  }

  async #output({ at, place, programs }: Stand, variant: string): Promise<Float32Array> {
    const tensor = place[at.output]
    invariant(tensor, () => `no output ${at.output} in a trial`)
    // What a kernel leaves out must not look right because another wrote it.
    this.#queue.write(tensor, new Float32Array(tensor.size / 4))
    await this.#queue.run(programs.get(variant)!)
    const [values] = await this.#queue.read([tensor])
    return values!
  }
}

function free(place: Record<string, GpuTensor>): void {
  for (const { buffer } of Object.values(place)) buffer.destroy()
}

/** Draws before they come round again: a prime, so that no row of a matrix is the row above it. */
const PERIOD = 65521
/** About normal (the sum of four uniform draws, Irwin and Hall), from a linear congruential generator: fast, and nothing more is asked. */
function draws(n: number, seed: number): Float32Array {
  let state = seed
  const uniform = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32 - 0.5
  const values = new Float32Array(n)
  for (let i = 0; i < Math.min(n, PERIOD); i++) values[i] = 1.7 * (uniform() + uniform() + uniform() + uniform())
  // Each copy doubles what is there: a call for the largest GPUs has 10⁷ of them.
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
