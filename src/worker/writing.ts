// Writing between the steps of a training run: a few milliseconds' worth of tokens a turn, streamed up. A run that is only looked at
// writes in the same way.
import { macrotask } from '../paced'
import { DeviceLostError } from '../errors'
import type { Model } from '../train/slot'
import type { GeneratedToken, SampleOptions } from '../words/run'
import type { Ending } from './protocol'

/** How long training waits for each turn of writing. */
const TURN_MS = 30

/** Gives a model to one user at a time. */
export interface ModelHolder {
  withModel<T>(use: (model: Model) => Promise<T>, once: boolean): Promise<T>
}

/** Writes text with a model's weights. Throws DeviceLostError if the device is lost meanwhile; the model is opened again. */
export async function write(
  models: ModelHolder,
  options: SampleOptions,
  onTokens: (tokens: GeneratedToken[]) => void,
  signal: AbortSignal,
): Promise<Ending> {
  let writing: { by: Model; text: AsyncGenerator<GeneratedToken, Ending> } | null = null
  for (;;) {
    const tokens: GeneratedToken[] = []
    const ending = await models.withModel(async (model): Promise<Ending | 'lost' | null> => {
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
