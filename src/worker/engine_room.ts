// The worker's one engine: opened at its first use, and again after its device was lost. Its listener hears of both.
import type { Engine, EngineInfo, KernelChoice } from '../engine'
import type { Threads } from '../threads'
import { DeviceLostError } from '../errors'
import { keepKernels, recallKernels } from '../storage/kernels'
import { compare, openEngine } from '../train/open_engine'
import type { EnginePreference } from './protocol'

export interface EngineListener {
  opened(info: EngineInfo, fallback: string | null): void
  lost(engine: Engine, error: DeviceLostError): void
  /** Kernels were chosen by measurement, or recalled from an earlier visit. */
  tuned(choices: readonly KernelChoice[]): void
}

export class EngineRoom {
  /** Which engine is opened next. */
  preference: EnginePreference = 'auto'
  readonly #gpu: GPU | undefined
  readonly #threads: Threads | undefined
  readonly #listener: EngineListener
  #opened: Promise<Engine> | null = null
  /** A device was lost while kernels were tried on it: they are not tried again. */
  #wary = false

  /** `gpu` is the browser's `navigator.gpu`, or Dawn's in Node; `threads` are those that may compute beside this one. */
  constructor(gpu: GPU | undefined, threads: Threads | undefined, listener: EngineListener) {
    this.#gpu = gpu
    this.#threads = threads
    this.#listener = listener
  }

  /** The engine. Throws NoWebGpuError where only a GPU was asked for and there is none. */
  engine(): Promise<Engine> {
    if (this.#opened) return this.#opened
    const opened = this.#open()
    this.#opened = opened
    opened.catch(() => this.#forget(opened))
    return opened
  }

  /** The device of this engine is gone: the next call of `engine` opens another. */
  discard(engine: Engine): Promise<void> {
    this.#wary ||= engine.trying === true
    const opened = this.#opened
    if (!opened) return Promise.resolve()
    return opened.then(
      (current) => (current === engine ? this.#forget(opened) : undefined),
      () => undefined, // An engine that did not open is forgotten already.
    )
  }

  /** Times the adapter, if there is one, against WebAssembly. */
  compare(): ReturnType<typeof compare> {
    return compare(this.#gpu)
  }

  /** Destroys the device, as a driver's reset would; does nothing on the CPU engine. */
  async lose(): Promise<void> {
    const engine = await this.engine()
    if (engine.info.kind === 'gpu') engine.destroy()
  }

  async #open(): Promise<Engine> {
    const adapter = () => `${engine.info.vendor} ${engine.info.architecture} ${engine.info.name}`
    const { engine, fallback } = await openEngine(this.preference, this.#gpu, {
      tune: !this.#wary,

      ...(this.#threads && { threads: this.#threads }),
      tuned: (choices) => {
        this.#listener.tuned(choices)
        void keepKernels(adapter(), choices)
      },
    })
    if (engine.info.kind === 'gpu') engine.recall(await recallKernels(adapter()))
    void engine.lost.then(async (cause) => {
      await this.discard(engine)
      this.#listener.lost(engine, cause instanceof DeviceLostError ? cause : new DeviceLostError(cause.message))
    })
    this.#listener.opened(engine.info, fallback)
    this.#listener.tuned(engine.choices)
    return engine
  }

  #forget(opened: Promise<Engine>): void {
    if (this.#opened === opened) this.#opened = null
  }
}
