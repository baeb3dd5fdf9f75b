// The loop that trains a run: one step after another until it is paused, with a save every few seconds and at every stop. Whoever
// else needs the session (text, a change, a measurement) gets a turn between two steps. Knows no disk and no page: its keeper saves,
// reopens and tells.
import { macrotask } from '../paced'
import type { Engine } from '../engine'
import type { DeviceLostError } from '../errors'
import type { Checkpoint, RunStatus } from '../words/run'
import type { Session } from '../train/session'
import { ModelTurns } from './model_turns'

/** Saves a run, opens it again and tells the page of it. */
export interface Keeper {
  /** Saves a state; with `null`, status and history alone. A full disk is not an error here: the run goes on. */
  keep(checkpoint: Checkpoint | null, status: 'paused' | 'finished' | 'failed', reason: string | null): Promise<void>
  /** Opens a session from the newest state kept, in place of one that cannot be used; on another device if `lost` is set. */
  reopen(from: Session, lost: DeviceLostError | null): Promise<Session>
  /** Status, step or reason has changed. */
  tell(status: RunStatus, step: number, reason: string | null): void
  /** A step was taken. */
  tick(): void
  /** Between two steps: may keep the weights to look back at. */
  keepStep(session: Session): Promise<void>
}

/** Milliseconds between two saves while training, and the largest share of the time that saving may take: the larger wait counts. */
const SAVE_EVERY_MS = 3_000
const SAVE_SHARE = 0.02
/** No run goes longer without a save, whatever that costs: a busy machine once made a small save look as dear as a large one. */
const SAVE_WITHIN_MS = 60_000
/** Milliseconds of training after which the worker hears its messages. */
const BREATH_MS = 8

export class TrainingLoop {
  readonly #keeper: Keeper
  readonly #turns: ModelTurns<Session>
  #status: RunStatus
  #running: Promise<void> | null = null
  #wanted = false
  /** The newest save: its step, when it ended, and the milliseconds of training that it took. */
  #saved: { step: number; at: number; cost: number }
  #saving: Promise<void> | null = null
  /** Something beside the weights has changed since the last save. */
  #dirty = false

  constructor(session: Session, keeper: Keeper, status: RunStatus) {
    this.#keeper = keeper
    this.#status = status
    this.#saved = { step: session.step, at: performance.now(), cost: 0 }
    this.#turns = new ModelTurns(
      session,
      (from, lost) => keeper.reopen(from, lost),
      ({ step }) => {
        this.#saved = { step, at: performance.now(), cost: 0 }
        if (this.#status !== 'failed') keeper.tell(this.#status, step, null)
      },
    )
  }

  get status(): RunStatus {
    return this.#status
  }
  get step(): number {
    return this.#session.step
  }
  get #session(): Session {
    return this.#turns.model
  }

  /** Calls `use` with the session between two steps; see `ModelTurns.withModel`. */
  withSession<T>(use: (session: Session) => Promise<T>, once = false): Promise<T> {
    return this.#turns.withModel(use, once)
  }

  /** Trains until `pause`, the last step or an error. */
  start(): void {
    this.#wanted = true
    this.#launch(() => this.#wanted)
  }

  /** Ends training after the step under way, and saves. */
  async pause(): Promise<void> {
    this.#wanted = false
    await this.#running
  }

  /** Takes one step, and saves. */
  async stepOnce(): Promise<void> {
    await this.pause()
    this.#launch(() => false)
    await this.#running
  }

  /** Pauses and ends the run for good. */
  async stop(): Promise<void> {
    await this.pause()
    await this.#save('finished')
    if (!this.#running) this.#become('finished', null)
  }

  /** Something beside the weights has changed: it is saved with the next step, or now. `longer`: a run that has ended may go on. */
  async changed(longer: boolean): Promise<void> {
    this.#dirty = true
    if (this.#running) return
    const before = this.#status
    const status = longer && before === 'finished' && !this.#session.finished ? 'paused' : before
    // A failed run keeps its reason until it is started again.
    if (status === 'running' || status === 'failed') return
    await this.#save(status)
    // Unless it was started while the disk was busy.
    if (status !== before && this.#status === before) this.#become(status, null)
  }

  /** Saves the newest state; of a run that has failed, nothing. */
  async save(): Promise<void> {
    if (this.#status === 'failed') return
    await this.#save(this.#status === 'finished' ? 'finished' : 'paused')
  }

  /** Saves what has come since the last save, after the step under way. Training goes on meanwhile. */
  async saveNew(): Promise<void> {
    // A save under way may be the last of a run, after which there is nothing new.
    await this.#saving
    if (this.#dirty || this.step !== this.#saved.step) await this.save()
  }

  /** The device of this engine is gone; see `ModelTurns.deviceLost`. */
  deviceLost(engine: Engine, error: DeviceLostError): Promise<void> {
    return this.#turns.deviceLost(engine, error)
  }

  async close(): Promise<void> {
    await this.pause()
    await this.#turns.close()
  }

  #launch(more: () => boolean): void {
    this.#running ??= this.#train(more).finally(() => (this.#running = null))
  }

  async #train(more: () => boolean): Promise<void> {
    this.#become('running', null)
    try {
      let breath = performance.now()
      while (!this.#session.finished) {
        await this.withSession(async (session) => {
          await this.#keeper.keepStep(session)
          await session.advance()
        })
        this.#keeper.tick()
        if (this.#isSaveDue()) await this.#save('paused')
        if (performance.now() - breath > BREATH_MS) {
          await macrotask()
          breath = performance.now()
        }
        if (!more()) break
      }
      if (this.#session.finished) await this.withSession((session) => this.#keeper.keepStep(session))
      const status = this.#session.finished ? 'finished' : 'paused'
      await this.#save(status)
      this.#become(status, null)
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      this.#turns.spoil()
      await this.#keeper.keep(null, 'failed', reason)
      this.#become('failed', reason)
    }
  }

  #become(status: RunStatus, reason: string | null): void {
    this.#status = status
    this.#keeper.tell(status, this.#session.step, reason)
  }

  #isSaveDue(): boolean {
    const { at, cost } = this.#saved
    return this.#dirty || performance.now() - at > Math.min(SAVE_WITHIN_MS, Math.max(SAVE_EVERY_MS, cost / SAVE_SHARE))
  }

  #save(status: 'paused' | 'finished'): Promise<void> {
    const saving = this.#saveOnce(status).finally(() => {
      if (this.#saving === saving) this.#saving = null
    })
    return (this.#saving = saving)
  }
  async #saveOnce(status: 'paused' | 'finished'): Promise<void> {
    this.#dirty = false
    // Text that waits for its turn costs training nothing that a save could spare.
    let from = 0
    const checkpoint = await this.withSession((session) => {
      from = performance.now()
      return session.checkpoint()
    })
    await this.#keeper.keep(checkpoint, status, null)
    const at = performance.now()
    this.#saved = { step: checkpoint.meta.step, at, cost: at - from }
  }
}
