// What the worker has in hand: the engine, the disk, the way up to the page, and at most one open run. Runs are opened and
// closed here, one after the other, and the page is told which one is open.
import { measureTokens, type Dataset } from '../data/dataset/dataset'
import type { EngineInfo } from '../engine'
import type { Threads } from '../threads'
import { CheckpointError, RunLockedError, StorageFullError } from '../errors'
import { countParams } from '../params'
import { isWithoutText, type RunSpec } from '../words/run'
import { awaitRun, HELD_ELSEWHERE, lockFreeRun, lockRun, type RunLock } from '../storage/lock'
import { newRecord } from '../storage/run_record'
import type { RunStore } from '../storage/runs'
import type { RunRecord } from '../storage/schema'
import { ActiveRun } from './active_run'
import type { Desk } from './desk'
import { EngineRoom } from './engine_room'
import type { Material, Surroundings } from './material'
import type { Outbox } from './outbox'
import type { EnginePreference, LabEvent, RunSummary } from './protocol'
import { RunList, type Change } from './run_list'
import { datasetOf, textlessDataset } from './run_text'
import { summaryOf } from './summary'
import type { TrainingLoop } from './training_loop'
import { Turns } from './turns'
import { RunHistory } from '../words/history'
import type { Origin } from '../words/kept'
import { KEYFRAME_BUDGET } from '../words/keyframes'

export class Workbench {
  readonly store: RunStore
  readonly engines: EngineRoom
  readonly list: RunList
  /** Opening, closing and whatever must not happen meanwhile. */
  readonly turns = new Turns()
  /** What the kept steps of a run may take of the disk. */
  keyframe_bytes = KEYFRAME_BUDGET
  /** Text that the open run writes; it ends before the run does. */
  /** Resolves when calls that wait for their files have begun. */
  readonly #begun: () => Promise<void>
  readonly #writing: Desk
  readonly #outbox: Outbox
  readonly #around: Surroundings
  #engine: { engine: EngineInfo; fallback: string | null } | null = null
  #run: ActiveRun | null = null
  /** The id of the run that the page believes to be open. */
  #told: string | null = null
  /** Ends the wait for a run that can only be looked at; null where there is no such wait. */
  #waiting: AbortController | null = null

  constructor(
    store: RunStore,
    { gpu, threads }: { gpu: GPU | undefined; threads: Threads | undefined },
    outbox: Outbox,
    writing: Desk,
    begun: () => Promise<void>,
  ) {
    this.#begun = begun
    this.store = store
    this.#outbox = outbox
    this.#writing = writing
    this.list = new RunList(
      store,
      (event) => this.emit(event),
      (change) => this.#hear(change),
    )
    this.engines = new EngineRoom(gpu, threads, {
      opened: (engine, fallback) => {
        this.#engine = { engine, fallback }
        this.emit({ type: 'engine', engine, fallback })
      },
      tuned: (kernels) => this.emit({ type: 'kernels', kernels: [...kernels] }),
      lost: (engine, error) => void this.#run?.deviceLost(engine, error),
    })
    this.#around = {
      store,
      engines: this.engines,
      emit: (run, event) => this.emit({ type: 'run', run, event }),
      kept: () => void this.tellKept(),
      tick: () => this.#outbox.tick(),
      keyframe_bytes: () => this.keyframe_bytes,
      keyframes: (run, frames) => this.emit({ type: 'keyframes', run, frames }),
    }
  }

  emit(event: LabEvent): void {
    this.#outbox.push(event)
  }

  /** Opens the engine that is asked for, or the one that can be had instead. */
  async openEngine(preference: EnginePreference): Promise<{ engine: EngineInfo; fallback: string | null }> {
    this.engines.preference = preference
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
  /** The loop of the open run. Throws RunLockedError or CheckpointError, with the reason, where it cannot be trained. */
  get trainable(): TrainingLoop {
    return this.opened.loop
  }

  /** Opens what `make` gives in place of the open run, which comes back if that fails. Throws StorageFullError as `close` does. */
  replace(make: () => Promise<Material>): Promise<void> {
    return this.turns.next(() => this.#replace(make))
  }
  /** Opens a kept run; one that could only be looked at is tried again. */
  openKept(id: string): Promise<void> {
    return this.turns.next(async () => {
      const open = this.openAs(id)
      if (open && open.readOnly === null) this.#tellOpen()
      else await this.#replace(() => this.#kept(id))
    })
  }
  /** Opens a kept run unless another tab has it open. */
  openIfFree(id: string): Promise<void> {
    return this.turns.next(async () => {
      const lock = await lockFreeRun(id)
      if (lock) await this.#replace(() => this.#kept(id, lock))
    })
  }
  async #replace(make: () => Promise<Material>): Promise<void> {
    const before = this.#run?.id
    const material = await make()
    try {
      await this.#secure()
      await this.#close()
      await this.#open(material)
    } catch (error) {
      material.lock?.release()
      if (before !== undefined && !this.#run) await this.#comeBack(before)
      if (this.#told !== (this.#run?.id ?? null)) this.#tellOpen()
      throw error
    }
  }

  /** Closes the open run. Throws StorageFullError where it cannot be saved: it stays open then, and nothing of it is lost. */
  close(): Promise<void> {
    return this.turns.next(async () => {
      await this.#secure()
      await this.#close()
      this.#tellOpen()
    })
  }
  async #secure(): Promise<void> {
    // What was asked of the open run before is no question to the next.
    await this.#begun()
    await this.#writing.cancel()
    const run = this.#run
    await run?.rest()
    if (run?.isUnsaved)
      throw new StorageFullError(
        `“${run.spec.name}” is not saved, and closing it would lose it. ${run.problem?.text ?? ''}`,
      )
  }

  /** Takes a run off the disk; closes it first where it is open. */
  delete(id: string): Promise<void> {
    return this.turns.next(async () => {
      const open = this.openAs(id)
      // The lock is kept meanwhile: a tab that looks at the run waits for it.
      const lock = open ? open.readOnly === null && (await this.#end()) : await lockRun(id)
      if (!lock) throw new RunLockedError('Another tab has this run open. Close it there, then delete it.')
      try {
        if (open?.isKept ?? true) await this.store.delete(id)
      } finally {
        lock.release()
        if (open) this.#tellOpen()
      }
      this.list.removed(id)
      // There is room now, perhaps.
      await this.#run?.saveAgain()
      await this.tellStorage()
    })
  }

  /** A run that begins. `origin`: where its weights come from, unless they are drawn by chance. */
  async begin(spec: RunSpec, dataset: Dataset, text: string | null, origin?: Origin): Promise<Material> {
    const measured = text === null ? {} : measureTokens(dataset, spec.config.val_fraction)
    const record = { ...newRecord({ ...spec, ...measured }, countParams(spec.config)), ...(origin && { origin }) }
    return {
      record,
      dataset,
      text,
      checkpoint: null,
      history: new RunHistory(),
      lock: await lockRun(record.id),
      readOnly: null,
      broken: null,
      damage: [],
    }
  }

  /** What a run was made of. Throws CheckpointError where there is no such run. */
  async textOf(id: string): Promise<{ spec: RunSpec; text: string | null }> {
    const open = this.openAs(id)
    if (open) return { spec: open.spec, text: open.text }
    const { record, text } = await this.store.load(id)
    return { spec: record.spec, text }
  }

  /** A run that is kept, with its lock if this tab has it already. Throws CheckpointError where it is not kept. */
  async #kept(id: string, held?: RunLock): Promise<Material> {
    const lock = held ?? (await lockRun(id))
    try {
      const { record, checkpoint, history, text, damage } = await this.store.load(id)
      const spec = checkpoint?.meta.spec ?? record.spec
      const whole = text === null ? null : await datasetOf(spec, text)
      const broken = !checkpoint
        ? `None of this run’s checkpoints can be read. ${damage.join(' ')} Its history is shown; restart it from Model.`
        : isWithoutText(spec)
          ? `This model was opened from ${spec.imported?.from} as weights alone. It writes, and can be looked into; to train it, choose a text in Data and say so here in Train.`
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

  async #open(material: Material): Promise<void> {
    const run = await ActiveRun.open(this.#around, material)
    this.#run = run
    this.#tellOpen()
    this.#await(run)
    try {
      await run.begin(material)
    } catch (error) {
      await this.#close()
      throw error
    }
  }

  async #comeBack(id: string): Promise<void> {
    try {
      await this.#open(await this.#kept(id))
    } catch {
      // The page hears of the error that came first; no run is open then.
    }
  }

  async #close(): Promise<void> {
    const lock = await this.#end()
    lock?.release()
  }
  async #end(): Promise<RunLock | null> {
    const run = this.#run
    this.#run = null
    this.#waiting?.abort()
    this.#waiting = null
    await this.#writing.cancel()
    return (await run?.end()) ?? null
  }

  // -- beside other tabs

  /** Waits for a run that another tab has open, where it is not waited for already. */
  #await(run: ActiveRun): void {
    if (run.readOnly === null || this.#waiting) return
    const { signal } = (this.#waiting = new AbortController())
    this.#takeOver(run, signal).catch((error: unknown) => {
      if (this.#run === run) run.notice('warning', error instanceof Error ? error.message : String(error))
    })
  }
  /** Opens a run that could only be looked at from its newest state, once it is free and the text under way is written. */
  async #takeOver(run: ActiveRun, signal: AbortSignal): Promise<void> {
    const lock = await awaitRun(run.id, signal)
    if (!lock) return
    const open = async () => {
      if (signal.aborted) lock.release()
      else if (!this.#writing.isIdle) return false
      else await this.#replace(() => this.#kept(run.id, lock))
      return true
    }
    try {
      do await this.#writing.idle()
      while (!(await this.turns.next(open)))
    } catch (error) {
      if (this.#run === run) this.#waiting = null
      // Deleted: the page has heard so. Undone, the run is waited for again.
      if (!(error instanceof CheckpointError)) throw error
    }
  }

  /** Another tab has changed or deleted a run. */
  #hear(change: Change): void {
    const open = this.openAs(change.type === 'kept' ? change.run.id : change.run)
    if (open && change.type === 'removed') open.removedElsewhere()
    if (open && change.type === 'kept') {
      open.rename(change.run.name)
      open.note(change.run.notes)
      open.star(change.run.starred)
      this.#await(open)
    }
    // Of a run that this tab trains, another knows the name and no more.
    this.emit(open?.readOnly === null && change.type === 'kept' ? { type: 'kept', run: open.summary } : change)
  }

  /** Tells the page which run is open, with its history as it is now: steps that come later are told one by one. */
  #tellOpen(): void {
    this.#told = this.#run?.id ?? null
    this.emit({ type: 'open', open: this.#run?.opened ?? null })
    this.#outbox.flush()
  }

  /** Tells the page of a run that is new on the disk. */
  async tellAdded(record: RunRecord): Promise<RunSummary> {
    const summary = summaryOf(record)
    this.list.changed(summary)
    await this.tellStorage()
    return summary
  }
  /** Tells the page that the open run was saved, has changed, or could not be saved. The tab that trains a run tells of it. */
  tellKept(): Promise<void> {
    if (this.#run?.readOnly === null) this.list.changed(this.#run.summary)
    return this.tellStorage()
  }
  tellStorage(): Promise<void> {
    return this.list.tellStorage(this.#run?.problem ?? null)
  }
}
