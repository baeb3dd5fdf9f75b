// The run that the worker holds open: its record, history and text, and the loop that trains it, or, where it cannot be trained
// here, its weights alone. Saves what the loop has done and tells the page of it; if saving fails, the run goes on in memory.
import { measureTokens, type Dataset } from '../data/dataset/dataset'
import type { Engine } from '../engine'
import { CheckpointError, RunLockedError, StorageFullError, StorageRefusedError, type DeviceLostError } from '../errors'
import type { Checkpoint, RunEvent, RunSpec, RunStatus } from '../words/run'
import type { RunHistory } from '../words/history'
import type { RunLock } from '../storage/lock'
import { checkpointsOf } from '../storage/run_record'
import type { LoadedRun } from '../storage/runs'
import type { RunRecord } from '../storage/schema'
import { Session } from '../train/session'
import { Slot, type Model } from '../train/slot'
import { Frames } from './frames'
import type { Material, Surroundings } from './material'
import { ModelTurns } from './model_turns'
import type { OpenRun, RunSummary, SaveProblem } from './protocol'
import { summaryOf } from './summary'
import { TrainingLoop, type Keeper } from './training_loop'
import { Turns } from './turns'

export class ActiveRun implements Keeper {
  readonly dataset: Dataset
  readonly text: string | null
  readonly readOnly: string | null
  readonly broken: string | null
  readonly #around: Surroundings
  readonly #lock: RunLock | null
  /** Trains the run; null where it cannot be trained here. */
  #loop: TrainingLoop | null = null
  /** The weights of a run that cannot be trained here; null where it can, and where no checkpoint can be read. */
  #slot: ModelTurns<Slot> | null = null
  /** The open session or slot. */
  #model: Model | null = null
  #record: RunRecord
  readonly #history: RunHistory
  /** The last mark's identity. A run that goes back to a checkpoint uses none twice, so that the page can tell its marks apart. */
  #lastMark: number
  /** The state with the lowest validation loss since the last save. */
  #best: Promise<Checkpoint | null> = Promise.resolve(null)
  /** The newest state, if saving it failed. */
  #unsaved: Checkpoint | null = null
  /** Why the last save failed; null if it did not. */
  #problem: SaveProblem | null = null
  /** Status and reason of the last save, whether or not it failed. */
  #ending: { status: RunRecord['status']; reason: string | null }
  /** Saves, one after the other. */
  readonly #saves = new Turns()
  /** Steps kept to look back at. */
  readonly #frames: Frames

  private constructor(around: Surroundings, material: Material) {
    this.#around = around
    this.dataset = material.dataset
    this.text = material.text
    this.readOnly = material.readOnly
    this.broken = material.broken
    this.#lock = material.lock
    this.#record = material.record
    this.#history = material.history
    this.#lastMark = material.history.events.at(-1)?.id ?? 0
    this.#ending = { status: material.record.status, reason: material.record.reason }
    this.#frames = new Frames(this.id, {
      store: around.store,
      budget_bytes: around.keyframe_bytes,
      kept: (frames) => around.keyframes(this.id, frames),
      notice: (message) => this.notice('warning', message),
    })
  }

  /**
   * Opens a run, which `begin` is to follow. One that cannot be trained here takes weights only: no gradients, moments or step
   * program. Throws what `Session.open` and `Slot.open` throw, and releases the lock then.
   */
  static async open(around: Surroundings, material: Material): Promise<ActiveRun> {
    const run = new ActiveRun(around, material)
    const { record, dataset, checkpoint, lock, readOnly, broken } = material
    const isNew = checkpointsOf(record).length === 0
    if (!checkpoint && !isNew) return run
    try {
      // The checkpoint knows the config as it was last changed; the record knows the name as it was last set.
      const kept = isNew ? record.spec : (checkpoint?.meta.spec ?? record.spec)
      // Older runs have no bytes a token.
      const measured = material.text === null ? {} : measureTokens(dataset, kept.config.val_fraction)
      const spec = { ...measured, ...kept, name: record.spec.name }
      const engine = await around.engines.engine()
      if (checkpoint && (readOnly !== null || broken !== null)) {
        const slot = await run.#openSlot(engine, spec, checkpoint)
        const reopen = (from: Slot, lost: DeviceLostError | null) =>
          run.#reopen(from, lost, (...state) => run.#openSlot(...state))
        run.#slot = new ModelTurns(slot, reopen, ({ step }) => {
          if (record.status !== 'failed') run.tell(record.status, step, null)
        })
      } else {
        const session = await run.#openSession(engine, spec, checkpoint)
        run.#loop = new TrainingLoop(session, run, record.status)
      }
    } catch (error) {
      run.#model?.destroy()
      lock?.release()
      throw error
    }
    return run
  }
  async #openSession(engine: Engine, spec: RunSpec, from: Checkpoint | null): Promise<Session> {
    const session = await Session.open(engine, spec, this.dataset, from, (event) => this.#listen(event), this.#history)
    this.#model = session
    return session
  }
  async #openSlot(engine: Engine, spec: RunSpec, from: Checkpoint): Promise<Slot> {
    const slot = await Slot.open(engine, spec, this.dataset.tokenizer, from)
    this.#model = slot
    return slot
  }

  get id(): string {
    return this.#record.id
  }
  /** The loop of a run that can be trained here. Throws RunLockedError or CheckpointError, with the reason, where it cannot. */
  get loop(): TrainingLoop {
    if (this.#loop) return this.#loop
    if (this.readOnly !== null) throw new RunLockedError(this.readOnly)
    throw this.#unusable()
  }
  /**
   * Calls `use` with the session or the slot, while nobody else uses it; see `ModelTurns.withModel`. Throws CheckpointError where neither
   * is open.
   */
  withModel<T>(use: (model: Model) => Promise<T>, once = false): Promise<T> {
    if (this.#loop) return this.#loop.withSession(use, once)
    if (this.#slot) return this.#slot.withModel(use, once)
    throw this.#unusable()
  }
  #unusable(): CheckpointError {
    return new CheckpointError(this.broken ?? 'This run has no checkpoint that can be opened.')
  }
  /** Whether it has weights: it can be asked for text. */
  get isUsable(): boolean {
    return this.#model !== null
  }
  /** Updates made; 0 where no checkpoint can be read. */
  get step(): number {
    return this.#model?.step ?? 0
  }
  get #status(): RunStatus {
    return this.#loop?.status ?? this.#record.status
  }
  get spec(): RunSpec {
    return { ...(this.#model?.spec ?? this.#record.spec), name: this.#record.spec.name }
  }
  get history(): RunHistory {
    return this.#history
  }
  get record(): RunRecord {
    return this.#record
  }
  /** Why it cannot be saved; null if it can. */
  get problem(): SaveProblem | null {
    return this.#problem
  }
  /** Whether it has been saved at least once. */
  get isKept(): boolean {
    return this.#record.kept.latest !== null
  }
  /** Whether steps have been taken that could not be saved. */
  get isUnsaved(): boolean {
    return this.#unsaved !== null
  }
  get summary(): RunSummary {
    const live = this.#model && { status: this.#status, step: this.#model.step }
    return summaryOf({ ...this.#record, spec: this.spec }, live)
  }
  get opened(): OpenRun {
    const { kept, updated } = this.#record
    return {
      run: this.summary,
      history: this.#history.packed(),
      saved: kept.latest && { step: kept.latest.step, at: updated },
      readOnly: this.readOnly,
      broken: this.broken,
    }
  }

  /** The weights by parameter name, and the moments where it is trained here. Throws CheckpointError where it has no weights. */
  async weights(): Promise<Checkpoint['tensors']> {
    if (this.#loop) return (await this.#loop.withSession((session) => session.checkpoint())).tensors
    if (!this.#slot) throw this.#unusable()
    return this.#slot.withModel(({ weights }) => weights.state())
  }
  /**
   * Everything that an export holds: the state in memory where the run is trained here, else the newest on the disk, since a slot
   * has no moments. Throws CheckpointError where the disk no longer has the run.
   */
  async newest(): Promise<Pick<LoadedRun, 'record' | 'text' | 'history' | 'checkpoint'>> {
    const { record, text } = this
    if (!this.#loop) return { ...(await this.#around.store.load(this.id)), text }
    const checkpoint = await this.#loop.withSession((session) => session.checkpoint())
    return { record, text, history: this.#history, checkpoint }
  }
  /** Saves the newest state; what is not trained here is saved already. Throws CheckpointError where the run has no weights. */
  async save(): Promise<void> {
    if (!this.#model) throw this.#unusable()
    await this.#loop?.save()
  }

  rename(name: string): void {
    this.#record = { ...this.#record, spec: { ...this.#record.spec, name } }
  }
  note(notes: string): void {
    this.#record = { ...this.#record, notes }
  }
  star(starred: boolean): void {
    this.#record = { ...this.#record, starred }
  }
  /** The run was deleted in another tab: what is open here stays. */
  removedElsewhere(): void {
    this.notice(
      'warning',
      'This run was deleted in another tab. It stays here to be looked at until it is closed; Undo there brings it back.',
    )
  }

  /** Tells the page something that a person should read, and marks it on the curve. */
  notice(level: 'info' | 'warning' | 'error', message: string): void {
    const mark = { id: ++this.#lastMark, step: this.step, text: message }
    const event = { type: 'notice', level, mark } as const
    this.#history.add(event)
    this.#frames.mark()
    this.#around.emit(this.id, event)
  }

  /** Tells the page what it should know of a run that was just opened: damage, and why it failed last time. Saves a new run. */
  async begin({ damage, record, checkpoint }: Material): Promise<void> {
    for (const message of damage) this.notice('warning', message)
    const made = checkpoint?.meta.kernels?.adapter
    const here = this.#loop && this.#model?.engine.info.name
    if (made !== undefined && here && made !== here && this.step > 0)
      this.notice(
        'info',
        `Until step ${this.step} ${made} computed. Here it is ${here}: from now on the last digits may differ from what they would have been there.`,
      )
    if (this.#model && this.#status === 'failed') this.tell('failed', this.step, record.reason)
    if (checkpointsOf(record).length === 0) await this.#loop?.save()
  }

  /** The device of this engine is gone: opens the run again on another, unless whoever uses it has noticed. */
  async deviceLost(engine: Engine, error: DeviceLostError): Promise<void> {
    try {
      await (this.#loop ?? this.#slot)?.deviceLost(engine, error)
    } catch (cause) {
      this.notice('error', cause instanceof Error ? cause.message : String(cause))
    }
  }

  /** Saves again what could not be saved. */
  async saveAgain(): Promise<void> {
    if (this.#unsaved) await this.keep(this.#unsaved, this.#ending.status, this.#ending.reason)
  }

  /** Saves what is not on the disk yet, between two steps. */
  async saveNew(): Promise<void> {
    if (this.#loop && this.#unsaved?.meta.step !== this.step) await this.#loop.saveNew()
    else await this.saveAgain()
  }

  /** Ends all work on the run, and saves what is unsaved. */
  async rest(): Promise<void> {
    await this.#loop?.pause()
    await this.saveAgain()
  }

  /** Ends all work and frees the model. The lock goes to whoever called, if this tab had it. */
  async end(): Promise<RunLock | null> {
    try {
      await this.rest()
      await this.#frames.settle()
      await (this.#loop ?? this.#slot)?.close()
      return this.#lock
    } catch (error) {
      this.#lock?.release()
      throw error
    }
  }

  // -- called by the loop

  keep(checkpoint: Checkpoint | null, status: RunRecord['status'], reason: string | null): Promise<void> {
    return this.#saves.next(() => this.#keep(checkpoint, status, reason))
  }

  async #keep(checkpoint: Checkpoint | null, status: RunRecord['status'], reason: string | null): Promise<void> {
    if (this.readOnly !== null) return
    const pending = this.#best
    const latest = checkpoint ?? this.#unsaved
    this.#ending = { status, reason }
    try {
      const saved = await this.#around.store.save(this.#record, this.text, {
        status,
        reason,
        latest,
        best: await pending,
        last_val_loss: this.#history.evals.findLast(({ val_loss }) => Number.isFinite(val_loss))?.val_loss ?? null,
        best_val_loss: this.#record.best_val_loss,
        history: this.#history,
      })
      // Name, notes, star or the best validation may have changed while the disk was busy.
      const { spec, notes, starred, best_val_loss } = this.#record
      this.#record = { ...saved, spec: { ...saved.spec, name: spec.name }, notes, starred, best_val_loss }
      if (this.#best === pending) this.#best = Promise.resolve(null)
      this.#unsaved = null
      this.#problem = null
    } catch (error) {
      // Weights that are not finite are no fault of the disk.
      if (error instanceof CheckpointError) throw error
      const problem = problemOf(error)
      this.#unsaved = latest
      if (this.#problem === null) this.notice('error', `The run goes on, but could not be saved. ${problem.text}`)
      this.#problem = problem
    }
    if (latest && this.#problem === null) {
      const size_bytes = this.#record.kept.latest?.size_bytes ?? 0
      this.#around.emit(this.id, { type: 'checkpoint', step: latest.meta.step, size_bytes })
    }
    this.#around.kept()
  }

  reopen(from: Session, lost: DeviceLostError | null): Promise<Session> {
    return this.#reopen(from, lost, (...state) => this.#openSession(...state))
  }

  /** Frees a model and opens the newest state in its place, on another device where its own is lost; tells the page what that cost. */
  async #reopen<M extends Model>(
    from: M,
    lost: DeviceLostError | null,
    open: (engine: Engine, spec: RunSpec, from: Checkpoint) => Promise<M>,
  ): Promise<M> {
    const { engines, store } = this.#around
    const { step, spec } = from
    const tried = from.engine.trying ? ' Other kernels were being tried on it, which are not tried again.' : ''
    from.destroy()
    if (lost) await engines.discard(from.engine)
    const engine = await engines.engine()
    const loaded = this.#unsaved ? null : await store.load(this.id)
    const checkpoint = this.#unsaved ?? loaded?.checkpoint
    if (!checkpoint)
      throw new CheckpointError('No checkpoint of this run can be read any more. Restart it, or open an exported file.')
    this.#history.cut(checkpoint.meta.step)
    const model = await open(engine, spec, checkpoint)
    for (const damage of loaded?.damage ?? []) this.notice('warning', damage)
    const back = model.step < step ? `the run went back to its checkpoint of step ${model.step}` : 'nothing was lost'
    const where = engine.info.kind === from.engine.info.kind ? '' : ` It computes on ${engine.info.name} now.`
    if (lost)
      this.notice('warning', `The graphics device was lost at step ${step} and opened again: ${back}.${tried}${where}`)
    else this.notice('info', `After the stop at step ${step}, ${back}.`)
    return model
  }

  tell(status: RunStatus, step: number, reason: string | null): void {
    this.#around.emit(this.id, { type: 'status', status, step, ...(reason !== null && { reason }) })
    this.#around.kept()
  }

  tick(): void {
    this.#around.tick()
  }

  keepStep(session: Session): Promise<void> {
    return this.#frames.take(session)
  }

  // -- called by the session

  #listen(event: RunEvent): void {
    this.#history.add(event)
    if (event.type === 'thread_lost') return this.notice('warning', event.text)
    if (event.type === 'eval') {
      const { val_loss } = event.metrics
      const best = this.#record.best_val_loss
      if (Number.isFinite(val_loss) && (best === null || val_loss < best)) {
        this.#record = { ...this.#record, best_val_loss: val_loss }
        // Read here, between the evaluation and the next update: these are the very weights that were measured. Where the reading
        // fails, the next step throws the reason.
        if (this.#model instanceof Session) this.#best = this.#model.checkpoint().catch(() => null)
      }
    }
    this.#around.emit(this.id, event)
  }
}

function problemOf(error: unknown): SaveProblem {
  const text = error instanceof Error ? error.message : String(error)
  if (error instanceof StorageFullError) return { why: 'full', text }
  return { why: error instanceof StorageRefusedError ? 'refused' : 'other', text }
}
