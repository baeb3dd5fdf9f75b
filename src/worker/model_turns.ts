// Who uses the open model: training, text, measurements and saves take turns, in the order of asking. A model whose device is lost
// is opened again before the next turn.
import type { Engine } from '../engine'
import { DeviceLostError } from '../errors'
import type { Model } from '../train/slot'
import { Turns } from './turns'

/** How many times in a row the device may be lost before the run has got any further. */
const LOSSES = 3

export class ModelTurns<M extends Model> {
  #model: M
  readonly #reopen: (from: M, lost: DeviceLostError | null) => Promise<M>
  readonly #reopened: (model: M) => void
  readonly #turns = new Turns()
  /** The model cannot be used; the next turn replaces it. */
  #spoiled = false
  #losses = { count: 0, furthest: -1 }

  /**
   * `reopen` opens the newest state kept in place of a model that cannot be used, on another device where `lost` says that its own
   * is gone; `reopened` is called once the new model is in place.
   */
  constructor(model: M, reopen: (from: M, lost: DeviceLostError | null) => Promise<M>, reopened: (model: M) => void) {
    this.#model = model
    this.#reopen = reopen
    this.#reopened = reopened
  }

  get model(): M {
    return this.#model
  }

  /**
   * Calls `use` with the model, while nobody else uses it. If the device is lost meanwhile, the model is opened again and `use` called
   * again; with `once`, the model is opened again and DeviceLostError thrown.
   */
  withModel<T>(use: (model: M) => Promise<T>, once = false): Promise<T> {
    return this.#turns.next(async () => {
      for (;;) {
        if (this.#spoiled) await this.#replace(null)
        try {
          return await use(this.#model)
        } catch (error) {
          if (!(error instanceof DeviceLostError)) throw error
          await this.#recover(error)
          if (once) throw error
        }
      }
    })
  }

  /** The model cannot be used any more: the next turn opens it again. */
  spoil(): void {
    this.#spoiled = true
  }

  /** The device of this engine is gone. Opens the model again if it was there; nobody was using it, or they would have noticed. */
  deviceLost(engine: Engine, error: DeviceLostError): Promise<void> {
    return this.#turns.next(async () => {
      if (this.#model.engine === engine && !this.#spoiled) await this.#recover(error)
    })
  }

  /** Frees the model after the turns asked for so far. */
  close(): Promise<void> {
    return this.#turns.next(() => Promise.resolve(this.#model.destroy()))
  }

  /** Opens the device and the newest state kept again. Throws once that has been in vain LOSSES times. */
  async #recover(error: DeviceLostError): Promise<void> {
    const { step } = this.#model
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
        return await this.#replace(error)
      } catch (again) {
        if (!(again instanceof DeviceLostError)) throw again
      }
    }
  }

  async #replace(lost: DeviceLostError | null): Promise<void> {
    this.#spoiled = true
    this.#model = await this.#reopen(this.#model, lost)
    this.#spoiled = false
    this.#reopened(this.#model)
  }
}
