// Text on demand: tokens are written between the steps of a training run, a few milliseconds' worth a turn, and streamed up.
import { DeviceLostError } from '../errors'
import type { GeneratedToken, SampleOptions } from '../words/run'
import type { Model } from '../train/slot'
import { macrotask } from './turns'

/** How long training waits for each turn of writing. */
const TURN_MS = 30

export type Ending = 'length' | 'stop' | 'cancelled'

/** Gives a model to one user at a time. */
export interface Turntable {
  take<T>(use: (model: Model) => Promise<T>, once: boolean): Promise<T>
}

/** Writes text with a model's weights. Throws DeviceLostError if the device is lost meanwhile; the model is opened again. */
export async function write(
  models: Turntable,
  options: SampleOptions,
  onTokens: (tokens: GeneratedToken[]) => void,
  signal: AbortSignal,
): Promise<Ending> {
  let writing: { by: Model; text: AsyncGenerator<GeneratedToken, Ending> } | null = null
  for (;;) {
    const tokens: GeneratedToken[] = []
    const ending = await models.take(async (model): Promise<Ending | 'lost' | null> => {
      writing ??= { by: model, text: model.generate(options, signal) }
      if (writing.by !== model) return 'lost'
      const until = performance.now() + TURN_MS
      do {
        const next = await writing.text.next()
        if (next.done) return next.value
        tokens.push(next.value)
      } while (performance.now() < until || model.ahead > 0)
      return null
    }, true)
    // From another thread this is a promise: the text has arrived before its end is told, and a slow page slows the writing.
    if (tokens.length > 0) await Promise.resolve(onTokens(tokens))
    if (ending === 'lost')
      throw new DeviceLostError('The run was opened anew while this text was written. Nothing is lost: ask again.')
    if (ending !== null) return ending
    await macrotask()
  }
}

/** One text at a time: whoever wants to write ends the text that is being written. */
export class Pen {
  #writing: { abort: AbortController; done: Promise<unknown> } | null = null

  /** Waits until the text that is being written has ended, then does `work`. Its signal is aborted when it must end in turn. */
  async hold<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const before = this.stop()
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

  /** Ends the text that is being written; resolves when it has ended. */
  async stop(): Promise<void> {
    const writing = this.#writing
    writing?.abort.abort()
    // How it ended is told to whoever asked for the text.
    await writing?.done.catch(() => undefined)
  }
}
