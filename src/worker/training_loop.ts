// The loop that trains a run: while it is wanted, one step after another, with a save every few seconds and at every stop.
// Whoever else needs the session (chat, a change, a profile) gets its turn between two steps. Survives the loss of the
// device. Knows no disk and no page: keeping, reopening and telling are done by its keeper.
import type { Engine } from '../engine'
import { DeviceLostError } from '../errors'
import { macrotask } from '../paced'
import type { Checkpoint, RunStatus } from '../words/run'
import type { Session } from '../train/session'
import { Turns } from './turns'

/** How a run is kept, brought back and talked about. */
export interface Keeper {
  /** Keeps a state; `null` keeps status and history alone. A full disk is not an error here: the run goes on. */
  keep(checkpoint: Checkpoint | null, status: 'paused' | 'finished' | 'failed', reason: string | null): Promise<void>
  /** A session from the newest state kept, in place of one that is no good any more; on another device if that one is lost. */
  reopen(from: Session, lost: DeviceLostError | null): Promise<Session>
  /** Status, step and reason have changed. */
  tell(status: RunStatus, step: number, reason: string | null): void
  /** A step was taken. */
  tick(): void
}

/** Time between two saves while training, and the largest share of the time that saving may take. */
const SAVE_EVERY_MS = 10_000
const SAVE_SHARE = 0.05
/** How long the loop may keep the worker from hearing a call. */
const BREATH_MS = 8
/** So often may the device be lost without the run getting any further. */
const LOSSES = 3

export class TrainingLoop {
  #session: Session
  readonly #keeper: Keeper
  readonly #saveEvery: number
  readonly #turns = new Turns()
  #status: RunStatus
  #running: Promise<void> | null = null
  #wanted = false
  #saved: { at: number; cost: number }
  /** Something changed that the next session must know, beside a step. */
  #dirty = false
  /** The session cannot be used; the next turn replaces it. */
  #spoiled = false
  #losses = { count: 0, furthest: -1 }

  constructor(session: Session, keeper: Keeper, status: RunStatus, saveEvery = SAVE_EVERY_MS) {
    this.#session = session
    this.#keeper = keeper
    this.#status = status
    this.#saveEvery = saveEvery
    this.#saved = { at: performance.now(), cost: 0 }
  }

  get status(): RunStatus {
    return this.#status
  }
  get step(): number {
    return this.#session.step
  }

  /**
   * Gives `use` the session, alone, between two steps. If the device is lost meanwhile it is reopened and `use` called again;
   * `once`: it is reopened, and DeviceLostError thrown.
   */
  take<T>(use: (session: Session) => Promise<T>, once = false): Promise<T> {
    return this.#turns.take(async () => {
      for (;;) {
        if (this.#spoiled) await this.#reopen(null)
        try {
          return await use(this.#session)
        } catch (error) {
          if (!(error instanceof DeviceLostError)) throw error
          await this.#recover(error)
          if (once) throw error
        }
      }
    })
  }

  /** Trains until `pause`, the last step or an error. */
  start(): void {
    this.#wanted = true
    this.#launch(() => this.#wanted)
  }

  /** Ends after the step under way, with a save. */
  async pause(): Promise<void> {
    this.#wanted = false
    await this.#running
  }

  /** One update, with a save. */
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

  /** Saves at the next step what changed beside the weights. `longer`: a run that has ended may go on. */
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

  /** The newest state, also saved. */
  async save(): Promise<void> {
    if (this.#status === 'failed') return
    await this.#save(this.#status === 'finished' ? 'finished' : 'paused')
  }

  /** The device of a session that nobody uses at the moment is gone. */
  deviceLost(engine: Engine, error: DeviceLostError): Promise<void> {
    return this.#turns.take(async () => {
      if (this.#session.engine === engine && !this.#spoiled) await this.#recover(error)
    })
  }

  async close(): Promise<void> {
    await this.pause()
    await this.#turns.take(async () => this.#session.destroy())
  }

  #launch(more: () => boolean): void {
    this.#running ??= this.#train(more).finally(() => (this.#running = null))
  }

  async #train(more: () => boolean): Promise<void> {
    this.#become('running', null)
    try {
      let breath = performance.now()
      while (!this.#session.finished) {
        await this.take((session) => session.advance())
        this.#keeper.tick()
        if (this.#isSaveDue()) await this.#save('paused')
        if (performance.now() - breath > BREATH_MS) {
          await macrotask()
          breath = performance.now()
        }
        if (!more()) break
      }
      const status = this.#session.finished ? 'finished' : 'paused'
      await this.#save(status)
      this.#become(status, null)
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      this.#spoiled = true
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
    return this.#dirty || performance.now() - at > Math.max(this.#saveEvery, cost / SAVE_SHARE)
  }

  async #save(status: 'paused' | 'finished'): Promise<void> {
    const from = performance.now()
    this.#dirty = false
    await this.#keeper.keep(await this.take((session) => session.checkpoint()), status, null)
    const at = performance.now()
    this.#saved = { at, cost: at - from }
  }

  /** Opens the device again and goes on from the newest state kept; gives up when that does not help. */
  async #recover(error: DeviceLostError): Promise<void> {
    const { step } = this.#session
    if (step > this.#losses.furthest) this.#losses = { count: 0, furthest: step }
    for (;;) {
      if (++this.#losses.count > LOSSES) {
        this.#spoiled = true
        this.#losses.count = 0
        throw new Error(
          `The graphics device was lost ${LOSSES + 1} times near step ${step}. ${error.message} Close other programs that use it, or choose a smaller batch or the CPU engine; then start again.`,
        )
      }
      try {
        return await this.#reopen(error)
      } catch (again) {
        if (!(again instanceof DeviceLostError)) throw again
      }
    }
  }

  async #reopen(lost: DeviceLostError | null): Promise<void> {
    this.#spoiled = true
    this.#session = await this.#keeper.reopen(this.#session, lost)
    this.#spoiled = false
    this.#saved = { at: performance.now(), cost: 0 }
    if (this.#status !== 'failed') this.#keeper.tell(this.#status, this.#session.step, null)
  }
}
