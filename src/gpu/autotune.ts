// Chooses one of several kernels for a class of calls on this device, by a contest (ladder.ts). A choice is made once for each adapter
// and class of shapes, and the caller keeps it or forces another. Kernels with different bits are chosen before a program runs first. Where
// all give the same bits, the plain one computes at once, and the winner takes its place between two runs.
import { NoVariantError, OutOfMemoryError } from '../errors'
import type { KernelChoice, KernelClass } from '../engine'
import type { Dispatch } from './kernel'
import { Ladder, type Contest, type Means } from './ladder'

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
/** Limit on all measurements of one `settle`; classes left over take the plain kernel until the next. */
const BUDGET_MS = 1200

/** A call that the plain kernel computes until its class is decided. */
interface Waiting {
  contest: Contest
  work: readonly Dispatch[]
  make: (variant: string) => Dispatch[]
}

/** What a compiler is at: the next rung of a contest, or the programs that take over its winner. */
interface UnderWay {
  ladder: Ladder
  /** Null until the contest is decided. */
  choice: KernelChoice | null
  done: Promise<void>
  /** Whether `done` is settled, and how. */
  state: 'compiling' | 'compiled' | { failed: unknown }
}

export class Autotuner {
  readonly #means: Means
  readonly #options: TuneOptions
  readonly #choices = new Map<string, KernelChoice>()
  /** Contests that calls have opened since the last `settle`. */
  readonly #open = new Map<string, Contest>()
  /** Contests to be held between two runs, the heaviest first. */
  #later: Contest[] = []
  #waiting: Waiting[] = []
  #underWay: UnderWay | null = null
  #settling = false
  /** The variants of every op that has been asked for, over all its classes. */
  readonly #offered = new Map<string, Set<string>>()

  /** Variants by class while somebody records with them, and the classes that come up. */
  #recording: { variants: Readonly<Record<string, string>>; asked: KernelClass[] } | null = null

  constructor(means: Means, options: TuneOptions) {
    this.#means = means
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

  /**
   * The dispatches of a call, by the variant that it takes now. A class without a choice takes the plain one until `settle`; where all have
   * the same bits, until `improve` has found a faster one, which these dispatches then take by themselves.
   */
  dispatches(contest: Contest, make: (variant: string) => Dispatch[]): Dispatch[] {
    const work = make(this.choose(contest))
    if (contest.equal && this.#mayWait(contest) && !this.#wanted(contest)) this.#waiting.push({ contest, work, make })
    return work
  }

  /** The variant that a call takes now. */
  choose(contest: Contest): string {
    const { key, variants } = contest
    const variant = this.#wanted(contest) ?? this.#chosen(contest)
    this.#recording?.asked.push({ key, variant, variants })
    return variant
  }
  /** The variant that whoever records wants of this class. */
  #wanted({ key, variants }: Contest): string | undefined {
    const wanted = this.#recording?.variants[key]
    return wanted !== undefined && variants.includes(wanted) ? wanted : undefined
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
    const known = this.#choices.get(key)
    if (known) return contest.variants.includes(known.variant) ? known.variant : plain
    const heaviest = this.#open.get(key)?.flops ?? 0
    const isHeavy = contest.flops >= WORTH_TRYING && contest.flops > heaviest
    if (this.#mayWait(contest) && !this.#isLater(key) && isHeavy) this.#open.set(key, contest)
    return plain
  }

  #mayWait({ key, variants, given }: Contest): boolean {
    const { tune, force } = this.#options
    const [op = ''] = key.split(' ')
    const free = given === undefined && force?.[op] === undefined && !this.#choices.has(key)
    return free && tune !== false && variants.length > 1
  }
  #isLater(key: string): boolean {
    return this.#underWay?.ladder.contest.key === key || this.#later.some((contest) => contest.key === key)
  }

  /** The choices so far, with their measurements. */
  get choices(): KernelChoice[] {
    return [...this.#choices.values()]
  }
  /** Whether a contest is being compiled or held. */
  get trying(): boolean {
    return this.#settling || this.#underWay !== null
  }
  /** Adds choices made on this adapter before; a class that has one keeps it. */
  recall(choices: readonly KernelChoice[]): void {
    for (const choice of choices) if (!this.#choices.has(choice.key)) this.#choices.set(choice.key, choice)
  }

  /**
   * Holds the contests that `choose` has opened, the heaviest first, but for those that `improve` can hold. True where a kernel other than
   * the plain one won. Throws NoVariantError where a variant is forced that no call so far could take.
   */
  async settle(): Promise<boolean> {
    this.#checkForced()
    const opened = [...this.#open.values()].sort((x, y) => y.flops - x.flops)
    this.#open.clear()
    this.#later.push(...opened.filter(({ equal }) => equal))
    // Small calls of a class that has no contest stay plain.
    this.#waiting = this.#waiting.filter(({ contest }) => this.#isLater(contest.key))
    const contests = opened.filter(({ equal }) => !equal)
    if (contests.length === 0) return false
    this.#settling = true
    try {
      return await this.#settle(contests.map((contest) => new Ladder(this.#means, contest)))
    } finally {
      this.#settling = false
    }
  }

  async #settle(ladders: readonly Ladder[]): Promise<boolean> {
    let changed = false
    try {
      // Programs compile in parallel and are timed one at a time.
      const compiled = await Promise.allSettled(ladders.map((ladder) => ladder.prepare()))
      const failed = compiled.find((one) => one.status === 'rejected')
      if (failed) throw failed.reason
      const until = performance.now() + BUDGET_MS
      for (const ladder of ladders) {
        if (performance.now() > until) break
        let choice = await ladder.hold()
        for (; !choice; choice = await ladder.hold()) await ladder.prepare()
        this.#choices.set(choice.key, choice)
        changed ||= choice.variant !== ladder.contest.variants[0]
      }
    } finally {
      for (const ladder of ladders) ladder.free()
    }
    this.#options.tuned?.(this.choices)
    return changed
  }

  /**
   * Goes on with the contests among kernels that give the same bits; to be called between two runs. Null where there is nothing to do now:
   * a compiler is at work, or all is decided. Else resolves when the next run may be submitted, which waits for those before. With
   * `all`, resolves when all is decided. Throws what a compiler failed with.
   */
  improve(all = false): Promise<void> | null {
    if (!this.#underWay) this.#next()
    if (!this.#underWay || (this.#underWay.state === 'compiling' && !all)) return null
    return this.#improve(all)
  }

  async #improve(all: boolean): Promise<void> {
    do {
      const now = this.#underWay
      if (!now) return
      await now.done
      const { ladder, choice, state } = now
      if (typeof state !== 'object') await (choice ? this.#end(ladder) : this.#hold(ladder))
      else if (choice) this.#refuse(ladder, choice)
      else this.#giveUp(ladder, state.failed)
      if (!this.#underWay) this.#next()
    } while (all)
  }

  /** Begins to compile for the next contest. */
  #next(): void {
    const contest = this.#later.shift()
    if (!contest) return
    const ladder = new Ladder(this.#means, contest)
    this.#compile(ladder, null, ladder.prepare())
  }

  #compile(ladder: Ladder, choice: KernelChoice | null, compiling: Promise<void>): void {
    const now: UnderWay = { ladder, choice, done: Promise.resolve(), state: 'compiling' }
    now.done = compiling.then(
      () => void (now.state = 'compiled'),
      (failed: unknown) => void (now.state = { failed }),
    )
    this.#underWay = now
  }

  /** A rung: what follows is another, or the programs that take over the winner. */
  async #hold(ladder: Ladder): Promise<void> {
    try {
      await this.#means.queue.idle()
      const choice = await ladder.hold()
      if (choice) this.#choices.set(choice.key, choice)
      this.#compile(ladder, choice, choice ? this.#take(choice) : ladder.prepare())
    } catch (error) {
      this.#giveUp(ladder, error)
    }
  }

  /** Compiles the winner for the calls that wait for it, which then take it. Encoding a run is one turn, so none sees half of it. */
  async #take({ key, variant }: KernelChoice): Promise<void> {
    const taken = this.#waiting.filter(({ contest }) => contest.key === key && contest.variants.includes(variant))
    if (taken.every(({ contest }) => contest.variants[0] === variant)) return
    const made = taken.map(({ make }) => make(variant))
    await this.#means.compile(made.flat())
    taken.forEach(({ work }, i) => work.forEach((dispatch, j) => Object.assign(dispatch, made[i]![j])))
  }

  #end(ladder: Ladder): void {
    this.#leave(ladder)
    this.#options.tuned?.(this.choices)
  }

  /** A winner that the device does not compile for a call of the class is refused, as it would be in the contest. */
  #refuse(ladder: Ladder, choice: KernelChoice): void {
    const { key, variant, refused } = choice
    this.#choices.set(key, { ...choice, variant: ladder.contest.variants[0]!, refused: [...refused, variant] })
    this.#leave(ladder)
  }

  /** A contest that has no room on the device is not held: its class stays plain. Anything else is thrown. */
  #giveUp(ladder: Ladder, failed: unknown): void {
    this.#leave(ladder)
    if (!(failed instanceof OutOfMemoryError)) throw failed
  }

  #leave(ladder: Ladder): void {
    ladder.free()
    this.#underWay = null
    this.#waiting = this.#waiting.filter(({ contest }) => contest.key !== ladder.contest.key)
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
}
