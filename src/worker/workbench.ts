// What the worker has in hand: the engine, the disk, the way up to the page, and at most one open run. Runs are opened and
// closed here, one after the other, and the page is told of what is kept.
import { measureTokens, type Dataset } from '../data/dataset/dataset'
import type { EngineInfo } from '../engine'
import { CheckpointError, RunLockedError, StorageFullError } from '../errors'
import { countParams } from '../params'
import type { RunSpec } from '../words/run'
import { HELD_ELSEWHERE, lockRun } from '../storage/lock'
import { estimateUsage } from '../storage/quota'
import { newRecord, type RunStore } from '../storage/runs'
import { ActiveRun, type Material, type Surroundings } from './active_run'
import { datasetOf, textlessDataset } from './corpus_shelf'
import { EngineRoom } from './engine_room'
import { Outbox } from './outbox'
import type { EnginePreference, LabEvent, OpenRun, RunSummary } from './protocol'
import { summaryOf } from './summary'
import type { TrainingLoop } from './training_loop'
import { Turns } from './turns'
import { emptyHistory } from '../storage/history'

export class Workbench {
  readonly store: RunStore
  readonly engines: EngineRoom
  /** Opening, closing and whatever must not happen meanwhile. */
  readonly turns = new Turns()
  readonly #outbox: Outbox
  readonly #announcements = new Turns()
  readonly #around: Surroundings
  #engine: { engine: EngineInfo; fallback: string | null } | null = null
  #run: ActiveRun | null = null

  constructor(
    store: RunStore,
    gpu: GPU | undefined,
    preference: EnginePreference,
    listen: (events: LabEvent[]) => void,
  ) {
    this.store = store
    this.#outbox = new Outbox(listen)
    this.engines = new EngineRoom(preference, gpu, {
      opened: (engine, fallback) => {
        this.#engine = { engine, fallback }
        this.emit({ engine, fallback })
      },
      tuned: (kernels) => this.emit({ kernels: [...kernels] }),
      lost: (engine, error) => void this.#run?.deviceLost(engine, error),
    })
    this.#around = {
      store,
      engines: this.engines,
      emit: (run, event) => this.emit({ run, event }),
      kept: (problem) => void this.announce(problem),
      tick: () => this.#outbox.tick(),
    }
  }

  emit(event: LabEvent): void {
    this.#outbox.push(event)
  }

  /** What computes at the moment. */
  async engine(): Promise<{ engine: EngineInfo; fallback: string | null }> {
    const { info } = await this.engines.engine()
    return this.#engine ?? { engine: info, fallback: null }
  }

  get run(): ActiveRun | null {
    return this.#run
  }
  /** The open run, if it is this one. */
  openAs(id: string): ActiveRun | null {
    return this.#run?.id === id ? this.#run : null
  }
  /** The open run. Throws where there is none. */
  get opened(): ActiveRun {
    if (!this.#run) throw new Error('No run is open. Make one in Train, or open one in Runs.')
    return this.#run
  }
  /** The loop of the open run, if it may be trained. Throws RunLockedError or CheckpointError, with the reason, where it may not. */
  get trainable(): TrainingLoop {
    const { readOnly, broken, loop } = this.opened
    if (readOnly !== null) throw new RunLockedError(readOnly)
    if (broken !== null) throw new CheckpointError(broken)
    return loop
  }

  /** Opens what `make` gives in place of the open run, which comes back if that fails. Throws StorageFullError as `close` does. */
  replace(make: () => Promise<Material>): Promise<OpenRun> {
    return this.turns.take(() => this.#replace(make))
  }
  /** Opens a kept run; one that could only be looked at is tried again. */
  openKept(id: string): Promise<OpenRun> {
    return this.turns.take(async () => {
      const open = this.openAs(id)
      if (open && open.readOnly === null) return open.opened
      return this.#replace(() => this.#kept(id))
    })
  }
  async #replace(make: () => Promise<Material>): Promise<OpenRun> {
    const before = this.#run?.id
    const material = await make()
    try {
      await this.#secure()
      await this.#close()
      return await this.#open(material)
    } catch (error) {
      material.lock?.release()
      if (before !== undefined && !this.#run) await this.#comeBack(before)
      throw error
    }
  }

  /** Closes the open run. Throws StorageFullError where it cannot be saved: it stays open then, and nothing of it is lost. */
  close(): Promise<void> {
    return this.turns.take(async () => {
      await this.#secure()
      await this.#close()
    })
  }
  async #secure(): Promise<void> {
    const run = this.#run
    await run?.rest()
    if (run?.isUnsaved)
      throw new StorageFullError(
        `“${run.spec.name}” is not saved, and closing it would lose it. ${run.problem ?? ''} Export it, or delete it or other runs, in Runs; then try again.`,
      )
  }

  /** Takes a run off the disk; closes it first where it is open. */
  delete(id: string): Promise<void> {
    return this.turns.take(async () => {
      const open = this.openAs(id)
      if (open) await this.#close()
      const lock = await lockRun(id)
      if (!lock) throw new RunLockedError('Another tab has this run open. Close it there, then delete it.')
      try {
        if (open?.isKept ?? true) await this.store.delete(id)
      } finally {
        lock.release()
      }
      // There is room now, perhaps.
      await this.#run?.saveAgain()
      await this.announce()
    })
  }

  /** A run that begins. */
  async begin(spec: RunSpec, dataset: Dataset, text: string | null): Promise<Material> {
    const measured = text === null ? {} : measureTokens(dataset, spec.config.val_fraction)
    const record = newRecord({ ...spec, ...measured }, countParams(spec.config))
    return {
      record,
      dataset,
      text,
      checkpoint: null,
      history: emptyHistory(),
      lock: await lockRun(record.id),
      readOnly: null,
      broken: null,
      damage: [],
    }
  }

  /** A run that is kept. Throws CheckpointError where it is not. */
  async #kept(id: string): Promise<Material> {
    const lock = await lockRun(id)
    try {
      const { record, checkpoint, history, text, damage } = await this.store.load(id)
      const spec = checkpoint?.meta.spec ?? record.spec
      const whole = text === null ? null : await datasetOf(spec, text)
      const broken = !checkpoint
        ? `None of this run’s checkpoints can be read. ${damage.join(' ')} Its history is shown; restart it from Model.`
        : !whole
          ? `The text of this run, “${spec.corpus.name}”, is not kept on this device. It can be looked at and sampled from, not trained.`
          : null
      return {
        record,
        dataset: whole ?? (await textlessDataset(spec)),
        text: whole && text,
        checkpoint,
        history,
        lock,
        readOnly: lock ? null : HELD_ELSEWHERE,
        broken,
        damage,
      }
    } catch (error) {
      lock?.release()
      throw error
    }
  }

  async #open(material: Material): Promise<OpenRun> {
    const run = await ActiveRun.open(this.#around, material)
    this.#run = run
    // The page must know the run before it can hear of it: this goes up after the answer.
    setTimeout(() => run.tellFirst(material))
    return run.opened
  }

  async #comeBack(id: string): Promise<void> {
    try {
      await this.#open(await this.#kept(id))
    } catch {
      // The page hears of the error that came first; no run is open then.
    }
  }

  async #close(): Promise<void> {
    const run = this.#run
    this.#run = null
    await run?.close()
  }

  /** Every run, the open one as it is now. */
  async list(): Promise<{ runs: RunSummary[]; problem: string | null }> {
    let runs: RunSummary[] = []
    let problem: string | null = null
    try {
      const kept = await this.store.list()
      runs = kept.runs.map((record) => summaryOf(record))
      if (kept.unreadable > 0)
        problem = `${kept.unreadable} of the kept runs cannot be read by this page, perhaps because a newer one wrote them. They are left alone.`
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      problem = `This browser lets the page keep nothing (${why}). A run lives until the tab is closed: export what you want to keep.`
    }
    const open = this.#run?.summary
    if (!open) return { runs, problem }
    const others = runs.filter(({ id }) => id !== open.id)
    return {
      runs: others.length < runs.length ? runs.map((r) => (r.id === open.id ? open : r)) : [open, ...runs],
      problem,
    }
  }

  /** Tells the page what is kept and how much room it takes; `problem`: why the open run cannot be saved. */
  announce(problem: string | null = this.#run?.problem ?? null): Promise<void> {
    return this.#announcements.take(async () => {
      const listed = await this.list()
      this.emit({ runs: listed.runs })
      const usage = await estimateUsage()
      this.emit({ storage: { ...usage, problem: problem ?? listed.problem } })
    })
  }
}
