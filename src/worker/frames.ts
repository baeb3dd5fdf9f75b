// The kept steps of the run that trains: takes its weights when words/keyframes.ts says so, rounds them to 16 bits and writes them
// while training goes on. If the disk is full, half of them make room; if it keeps refusing, no more are kept. The run goes on.
import { CheckpointError, StorageFullError, StorageRefusedError } from '../errors'
import { encodeKeyframe } from '../storage/keyframe'
import type { RunStore } from '../storage/runs'
import type { Session } from '../train/session'
import { KeyframePlan, type Keyframe } from '../words/keyframes'

export interface FramesAround {
  store: RunStore
  /** What a run's kept steps may take of the disk. */
  budget_bytes(): number
  /** The kept steps have changed. */
  kept(frames: readonly Keyframe[]): void
  /** Something that a person should read. */
  notice(message: string): void
}

export class Frames {
  readonly #id: string
  readonly #around: FramesAround
  readonly #plan = new KeyframePlan()
  /** The write under way; there is one at a time. */
  #writing: Promise<void> = Promise.resolve()
  #hasEnded = false

  constructor(id: string, around: FramesAround) {
    this.#id = id
    this.#around = around
  }

  /** Something happened to the run: the step that follows is kept. */
  mark(): void {
    this.#plan.mark()
  }

  /** Between two steps: keeps the weights as they stand, where it is time. Throws DeviceLostError. */
  async take(session: Session): Promise<void> {
    const { step, spec } = session
    const why = session.finished ? 'last' : step % spec.config.eval_interval === 0 ? 'evaluated' : null
    if (this.#hasEnded || !this.#plan.isDue(step, why)) return
    await this.#writing
    const started = performance.now()
    const weights = await session.weightsNow()
    this.#plan.took(step)
    this.#writing = this.#write(step, () => encodeKeyframe(step, spec.config, weights, spec.gates)).then(() =>
      this.#plan.cost(performance.now() - started),
    )
  }

  /** Resolves when the write under way has ended. */
  settle(): Promise<void> {
    return this.#writing
  }

  async #write(step: number, encode: () => Uint8Array<ArrayBuffer>): Promise<void> {
    const { store, budget_bytes, kept, notice } = this.#around
    try {
      const bytes = encode()
      const put = () => store.keepKeyframe(this.#id, step, bytes, budget_bytes())
      kept(
        await put().catch(async (error: unknown) => {
          if (!(error instanceof StorageFullError)) throw error
          const total = (await store.keyframes(this.#id)).reduce((sum, { size_bytes }) => sum + size_bytes, 0)
          await store.thinKeyframes(this.#id, total / 2)
          return put()
        }),
      )
    } catch (error) {
      // Weights that are not finite: the next step ends the run, and says why.
      if (error instanceof CheckpointError) return
      this.#hasEnded = true
      // That nothing is kept here at all, the run's own save says.
      if (error instanceof StorageRefusedError) return
      notice(
        `From step ${step} on, no more steps are kept to look back at. ${error instanceof Error ? error.message : String(error)}`,
      )
    }
  }
}
