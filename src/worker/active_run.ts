// The run that the worker holds open: its record, its history, its text, and the loop that trains it. Keeps the loop's work on
// the disk and tells the page what happens; when the disk refuses, the run lives on in memory.
import { measureTokens, type Dataset } from '../data/dataset/dataset'
import type { Engine } from '../engine'
import { CheckpointError, type DeviceLostError } from '../errors'
import type {
  Checkpoint,
  CheckpointMeta,
  GeneratedToken,
  RunEvent,
  RunHistory,
  RunSpec,
  RunStatus,
  SampleOptions,
} from '../words/run'
import { addToHistory, cutHistory, packHistory } from '../storage/history'
import type { RunLock } from '../storage/lock'
import { checkpointsOf, type RunStore } from '../storage/runs'
import type { RunRecord } from '../storage/schema'
import { Session } from '../train/session'
import { write, type Ending } from './chat'
import type { EngineRoom } from './engine_room'
import type { OpenRun, RunSummary } from './protocol'
import { summaryOf } from './summary'
import { TrainingLoop, type Keeper } from './training_loop'
import { Turns } from './turns'

/** What a run needs from the worker around it. */
export interface Surroundings {
  store: RunStore
  engines: EngineRoom
  /** To the page, in order. */
  emit(run: string, event: RunEvent): void
  /** The list of runs or what the disk holds has changed; `problem` says why the run in hand cannot be saved. */
  kept(problem: string | null): void
  tick(): void
}

/** A run as it is before it is opened. */
export interface Material {
  record: RunRecord
  dataset: Dataset
  /** The corpus; null where it is lost. */
  text: string | null
  checkpoint: Checkpoint | null
  history: RunHistory
  lock: RunLock | null
  readOnly: string | null
  broken: string | null
  /** What was found damaged on the disk, one message each. */
  damage: string[]
}

export class ActiveRun implements Keeper {
  readonly dataset: Dataset
  readonly text: string | null
  readonly readOnly: string | null
  readonly broken: string | null
  readonly #around: Surroundings
  readonly #lock: RunLock | null
  #loop: TrainingLoop | null = null
  #session: Session | null = null
  #record: RunRecord
  #history: RunHistory
  #meta: CheckpointMeta | null
  /** The state that validated best since the last save. */
  #best: Promise<Checkpoint | null> = Promise.resolve(null)
  /** The newest state, where the disk refused it. */
  #unsaved: Checkpoint | null = null
  #problem: string | null = null
  /** What was last to be kept beside a state. */
  #ending: { status: RunRecord['status']; reason: string | null }
  /** One save after the other. */
  readonly #saves = new Turns()
  #writing: { abort: AbortController; done: Promise<unknown> } | null = null

  private constructor(around: Surroundings, material: Material) {
    this.#around = around
    this.dataset = material.dataset
    this.text = material.text
    this.readOnly = material.readOnly
    this.broken = material.broken
    this.#lock = material.lock
    this.#record = material.record
    this.#history = material.history
    this.#meta = material.checkpoint?.meta ?? null
    this.#ending = { status: material.record.status, reason: material.record.reason }
  }

  /** Opens a run; one that is new is kept at once. Throws what `Session.open` throws. */
  static async open(around: Surroundings, material: Material): Promise<ActiveRun> {
    const run = new ActiveRun(around, material)
    const { record, dataset, checkpoint, lock } = material
    const isNew = checkpointsOf(record).length === 0
    if (!checkpoint && !isNew) return run
    try {
      // The checkpoint knows the config as it was last changed; the record knows the name as it was last set.
      const kept = isNew ? record.spec : (checkpoint?.meta.spec ?? record.spec)
      // Older runs do not say it.
      const measured = material.text === null ? {} : measureTokens(dataset, kept.config.val_fraction)
      const spec = { ...measured, ...kept, name: record.spec.name }
      const engine = await around.engines.engine()
      run.#session = await Session.open(engine, spec, dataset, checkpoint, (event) => run.#listen(event), run.#history)
      run.#loop = new TrainingLoop(run.#session, run, record.status)
      if (isNew) await run.#loop.save()
    } catch (error) {
      run.#session?.destroy()
      lock?.release()
      throw error
    }
    return run
  }

  get id(): string {
    return this.#record.id
  }
  /** The loop of a run that can be used. Throws CheckpointError, with the reason, where it cannot. */
  get loop(): TrainingLoop {
    if (this.#loop) return this.#loop
    throw new CheckpointError(this.broken ?? 'This run has no checkpoint that can be opened.')
  }
  get spec(): RunSpec {
    return { ...(this.#session?.spec ?? this.#record.spec), name: this.#record.spec.name }
  }
  get record(): RunRecord {
    return this.#record
  }
  /** What an export is made of, beside the weights. */
  get parts(): { record: RunRecord; text: string | null; history: RunHistory } {
    return { record: this.#record, text: this.text, history: this.#history }
  }
  /** Of the newest checkpoint that is kept. */
  get meta(): CheckpointMeta | null {
    return this.#meta
  }
  get isUsable(): boolean {
    return this.#loop !== null
  }
  /** Why it cannot be saved. */
  get problem(): string | null {
    return this.#problem
  }
  get isKept(): boolean {
    return this.#record.kept.latest !== null
  }
  /** It is further than the disk, which refused it. */
  get isUnsaved(): boolean {
    return this.#unsaved !== null
  }
  get summary(): RunSummary {
    const live = this.#loop && { status: this.#loop.status, step: this.#loop.step }
    return summaryOf({ ...this.#record, spec: this.spec }, live)
  }
  get opened(): OpenRun {
    return { run: this.summary, history: packHistory(this.#history), readOnly: this.readOnly, broken: this.broken }
  }

  rename(name: string): void {
    this.#record = { ...this.#record, spec: { ...this.#record.spec, name } }
  }
  note(notes: string): void {
    this.#record = { ...this.#record, notes }
  }

  /** Something that a person should read, also kept as a flag on the curve. */
  notice(level: 'info' | 'warning' | 'error', message: string): void {
    this.#history.events.push({ step: this.#session?.step ?? 0, text: message })
    this.#around.emit(this.id, { type: 'notice', level, message })
  }

  /** What the page should hear first of a run that was opened: damage that was found, and why it failed last time. */
  tellFirst({ damage, record }: Material): void {
    for (const message of damage) this.notice('warning', message)
    if (this.#loop?.status === 'failed') this.tell('failed', this.#loop.step, record.reason)
  }

  /** Reopens the device where nothing was under way that would have noticed its loss. */
  async deviceLost(engine: Engine, error: DeviceLostError): Promise<void> {
    try {
      await this.#loop?.deviceLost(engine, error)
    } catch (cause) {
      this.notice('error', cause instanceof Error ? cause.message : String(cause))
    }
  }

  /** Writes text; what was being written before ends first. */
  async write(
    options: SampleOptions,
    onTokens: (tokens: GeneratedToken[]) => void,
  ): Promise<{ reason: Ending; unknown: string[] }> {
    const { loop } = this
    const { unknown } = this.dataset.tokenizer.encode(options.prompt)
    return { reason: await this.holdPen((signal) => write(loop, options, onTokens, signal)), unknown }
  }

  /** Work that writes, until its signal: `stopWriting`, or whoever wants to write next. */
  async holdPen<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const before = this.stopWriting()
    const abort = new AbortController()
    const done = before.then(() => work(abort.signal))
    const writing = { abort, done }
    this.#writing = writing
    try {
      return await done
    } finally {
      if (this.#writing === writing) this.#writing = null
    }
  }

  async stopWriting(): Promise<void> {
    const writing = this.#writing
    writing?.abort.abort()
    // Whoever asked for the text hears how it ended.
    await writing?.done.catch(() => undefined)
  }

  /** Offers the disk once more what it refused. */
  async saveAgain(): Promise<void> {
    if (this.#unsaved) await this.keep(this.#unsaved, this.#ending.status, this.#ending.reason)
  }

  /** Ends all work on the run, and saves what is not saved yet. */
  async rest(): Promise<void> {
    await this.stopWriting()
    await this.#loop?.pause()
    await this.saveAgain()
  }

  async close(): Promise<void> {
    try {
      await this.rest()
      await this.#loop?.close()
    } finally {
      this.#lock?.release()
    }
  }

  // -- what the loop asks for

  keep(checkpoint: Checkpoint | null, status: RunRecord['status'], reason: string | null): Promise<void> {
    return this.#saves.take(() => this.#keep(checkpoint, status, reason))
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
      // The disk was busy meanwhile: a new name, a note or a better validation may have come.
      const { spec, notes, best_val_loss } = this.#record
      this.#record = { ...saved, spec: { ...saved.spec, name: spec.name }, notes, best_val_loss }
      if (this.#best === pending) this.#best = Promise.resolve(null)
      this.#unsaved = null
      this.#problem = null
    } catch (error) {
      // Weights that are not finite are the run's own trouble, not the disk's.
      if (error instanceof CheckpointError) throw error
      const message = error instanceof Error ? error.message : String(error)
      this.#unsaved = latest
      if (this.#problem === null) this.notice('error', `The run goes on, but could not be saved. ${message}`)
      this.#problem = message
    }
    if (latest && this.#problem === null) {
      this.#meta = latest.meta
      const size_bytes = this.#record.kept.latest?.size_bytes ?? 0
      this.#around.emit(this.id, { type: 'checkpoint', step: latest.meta.step, size_bytes })
    }
    this.#around.kept(this.#problem)
  }

  async reopen(from: Session, lost: DeviceLostError | null): Promise<Session> {
    const { engines, store } = this.#around
    const { step, spec } = from
    from.destroy()
    if (lost) await engines.discard(from.engine)
    const engine = await engines.engine()
    const loaded = this.#unsaved ? null : await store.load(this.id)
    const checkpoint = this.#unsaved ?? loaded?.checkpoint
    if (!checkpoint)
      throw new CheckpointError('No checkpoint of this run can be read any more. Restart it, or open an exported file.')
    this.#history = cutHistory(this.#history, checkpoint.meta.step)
    const session = await Session.open(
      engine,
      spec,
      this.dataset,
      checkpoint,
      (event) => this.#listen(event),
      this.#history,
    )
    this.#session = session
    for (const damage of loaded?.damage ?? []) this.notice('warning', damage)
    const back =
      session.step < step ? `the run went back to its checkpoint of step ${session.step}` : 'nothing was lost'
    const where = engine.info.kind === from.engine.info.kind ? '' : ` It computes on ${engine.info.name} now.`
    if (lost) this.notice('warning', `The graphics device was lost at step ${step} and opened again: ${back}.${where}`)
    else this.notice('info', `After the stop at step ${step}, ${back}.`)
    return session
  }

  tell(status: RunStatus, step: number, reason: string | null): void {
    this.#around.emit(this.id, { type: 'status', status, step, ...(reason !== null && { reason }) })
    this.#around.kept(this.#problem)
  }

  tick(): void {
    this.#around.tick()
  }

  // -- what the session tells

  #listen(event: RunEvent): void {
    addToHistory(this.#history, event)
    if (event.type === 'eval') {
      const { val_loss } = event.metrics
      const best = this.#record.best_val_loss
      if (Number.isFinite(val_loss) && (best === null || val_loss < best)) {
        this.#record = { ...this.#record, best_val_loss: val_loss }
        // Asked for here, between the evaluation and the next update: these are the very weights that were measured. If
        // they cannot be had, the loop is about to hear why.
        if (this.readOnly === null) this.#best = this.#session?.checkpoint().catch(() => null) ?? this.#best
      }
    }
    this.#around.emit(this.id, event)
  }
}
