// Chooses one of several kernels for a class of calls on this device, by a contest. A kernel wins if it agrees with the plain one on
// random numbers and is measured faster. A choice is made once for each adapter and class of shapes, and the caller keeps it or forces
// another. Knows no op: the contest says what is computed.
import { invariant, NoVariantError } from '../errors'
import type { KernelChoice, KernelClass } from '../engine'
import type { Dispatch } from './kernel'
import { timeOf } from './profile'
import type { Queue } from './queue'
import type { Gpu } from './device'
import { allocate, type GpuTensor } from './tensor'

/** Several kernels for one class of calls. */
export interface Contest {
  /** The op and the class of shapes: `matmul nn large`. */
  readonly key: string
  /** Names of the kernels, the plain one first. */
  readonly variants: readonly string[]
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

/** A trial with its memory and its compiled programs, ready to be measured. */
interface Prepared {
  contest: Contest
  at: Trial
  place: Record<string, GpuTensor>
  programs: Map<string, Dispatch[]>
}

export interface TuneOptions {
  /** Variants by op. Every call of the op takes its variant where it can, and else the plain kernel; no contest is held. */
  readonly force?: Readonly<Record<string, string>>
  /** False takes the plain kernels and holds no contest. */
  readonly tune?: boolean
  /** Called with all choices after contests have been held. */
  readonly tuned?: (choices: readonly KernelChoice[]) => void
}

/** Smallest call, in FLOPs, that starts a contest. Smaller ones take microseconds with any kernel and follow their class. */
const WORTH_TRYING = 2 ** 22
/** FLOPs of the first trial, which tells how fast the device is. */
const FIRST_FLOPS = 2 ** 24
/** Wanted length of one measurement; repetitions make up for a short call. */
const MEASURE_MS = 6
/** Wanted length of a trial with the plain kernel: long enough for variants to differ measurably. */
const LARGE_MS = 1
/** Limit on all measurements of one `settle`; classes left over take the plain kernel until the next. */
const BUDGET_MS = 1200
/** Largest time of a winner as a share of the plain kernel's; within the rest, noise would decide. */
const MARGIN = 0.95
/** Largest ‖difference‖ / ‖plain‖ of two float32 kernels that agree. */
const AGREEMENT = 1e-5
/** The same for factors rounded to 11 bits: each is off by about 2^-12, a product by about 3e-4. */
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

  /** Variants by class while somebody records with them, and the classes that come up. */
  #recording: { variants: Readonly<Record<string, string>>; asked: KernelClass[] } | null = null

  /** `compile` resolves when a program can run. */
  constructor(gpu: Gpu, queue: Queue, compile: (program: readonly Dispatch[]) => Promise<void>, options: TuneOptions) {
    this.#gpu = gpu
    this.#queue = queue
    this.#compile = compile
    this.#options = options
  }

  /** Calls `record` with these variants by class instead of the choices; see `Engine.recordAs`. */
  recordAs<R>(variants: Readonly<Record<string, string>>, record: () => R): { recorded: R; asked: KernelClass[] } {
    const recording = (this.#recording = { variants, asked: [] })
    try {
      return { recorded: record(), asked: recording.asked }
    } finally {
      this.#recording = null
    }
  }

  /** The variant that a call takes now. A class without a choice takes the plain one until `settle`. */
  choose(contest: Contest): string {
    const { key, variants } = contest
    const wanted = this.#recording?.variants[key]
    const variant = wanted !== undefined && variants.includes(wanted) ? wanted : this.#chosen(contest)
    this.#recording?.asked.push({ key, variant, variants })
    return variant
  }
  #chosen(contest: Contest): string {
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

  /** The choices so far, with their measurements. */
  get choices(): KernelChoice[] {
    return [...this.#choices.values()]
  }
  /** Adds choices made on this adapter before; a class that has one keeps it. */
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
    // Programs compile in parallel and are timed one at a time.
    const ready = contests.map((contest) => this.#ready(contest, contest.trial(FIRST_FLOPS), contest.variants))
    const settled = await Promise.allSettled(ready)
    const failed = settled.find((one) => one.status === 'rejected')
    const trials = settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
    try {
      if (failed) throw failed.reason
      const until = performance.now() + BUDGET_MS
      for (const prepared of trials) {
        if (performance.now() > until) break
        const choice = await this.#hold(prepared)
        this.#choices.set(choice.key, choice)
        changed ||= choice.variant !== prepared.contest.variants[0]
      }
    } finally {
      for (const { place } of trials) free(place)
    }
    if (contests.length > 0) this.#options.tuned?.(this.choices)
    return changed
  }

  /** Throws NoVariantError where a forced variant is offered by no call: the plain kernel would compute unnoticed. */
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

  /** Allocates and compiles a trial. Variants that the device does not compile are left out. Throws where the plain one is. */
  async #ready(contest: Contest, at: Trial, variants: readonly string[]): Promise<Prepared> {
    const place = await this.#place(at)
    try {
      return { contest, at, place, programs: await this.#programs(at, variants, place) }
    } catch (error) {
      free(place)
      throw error
    }
  }

  async #hold(prepared: Prepared): Promise<KernelChoice> {
    const { contest } = prepared
    const { key, variants, coarse = [] } = contest
    const plain = variants[0]!
    const refused: string[] = []
    const ms: Record<string, number> = {}
    const want = await this.#output(prepared, plain)
    for (const variant of variants.slice(1)) {
      const most = coarse.includes(variant) ? COARSE_AGREEMENT : AGREEMENT
      const right = prepared.programs.has(variant) && distance(await this.#output(prepared, variant), want) <= most
      if (!right) refused.push(variant)
    }
    let agreeing = variants.filter((variant) => !refused.includes(variant))
    // A measurement is made long enough by a larger call first, then by repetitions.
    const measure = (variant: string, repeat: number) =>
      timeOf(this.#gpu, this.#queue, prepared.programs.get(variant)!, repeat)
    let once = await measure(plain, 1)
    for (;;) {
      const larger = contest.trial((prepared.at.flops * LARGE_MS) / Math.max(once, 0.02))
      if (larger.flops <= 2 * prepared.at.flops) break
      const next = await this.#ready(contest, larger, agreeing)
      free(prepared.place)
      Object.assign(prepared, next)
      agreeing = agreeing.filter((variant) => prepared.programs.has(variant))
      once = await measure(plain, 1)
    }
    const repeat = Math.max(1, Math.min(64, Math.round(MEASURE_MS / Math.max(once, 0.05))))
    for (let round = 0; round < 3; round++)
      for (const variant of agreeing) ms[variant] = Math.min(ms[variant] ?? Infinity, await measure(variant, repeat))
    const challenger = agreeing.slice(1).sort((x, y) => ms[x]! - ms[y]!)[0]
    const variant = challenger !== undefined && ms[challenger]! < MARGIN * ms[plain]! ? challenger : plain
    return { key, variant, ms, refused, flops: prepared.at.flops }
  }

  /** Compiled programs by variant, the plain one first. */
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

  /** Tensors of a trial, filled with normal draws that depend only on their order and size. */
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

  async #output({ at, place, programs }: Prepared, variant: string): Promise<Float32Array> {
    const tensor = place[at.output]
    invariant(tensor, () => `no output ${at.output} in a trial`)
    // Zeroed, so that an element which a kernel leaves out does not hold what another kernel wrote.
    this.#queue.write(tensor, new Float32Array(tensor.size / 4))
    await this.#queue.run(programs.get(variant)!)
    const [values] = await this.#queue.read([tensor])
    return values!
  }
}

function free(place: Record<string, GpuTensor>): void {
  for (const { buffer } of Object.values(place)) buffer.destroy()
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
