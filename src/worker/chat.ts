// Text on demand: tokens are written between the steps of a training run, a few milliseconds' worth a turn, and streamed up.
import { DeviceLostError } from '../errors'
import { macrotask } from '../paced'
import type { GeneratedToken, SampleOptions } from '../words/run'
import type { Session } from '../train/session'
import type { TrainingLoop } from './training_loop'

/** How long training waits for each turn of writing. */
const TURN_MS = 30

export type Ending = 'length' | 'stop' | 'cancelled'

/** Writes text with the run's weights. Rejects with DeviceLostError if the device is lost on the way; the run is kept. */
export async function write(
  loop: TrainingLoop,
  options: SampleOptions,
  onTokens: (tokens: GeneratedToken[]) => void,
  signal: AbortSignal,
): Promise<Ending> {
  let writing: { by: Session; text: AsyncGenerator<GeneratedToken, Ending> } | null = null
  for (;;) {
    const tokens: GeneratedToken[] = []
    const ending = await loop.take(async (session): Promise<Ending | 'lost' | null> => {
      writing ??= { by: session, text: session.generate(options, signal) }
      if (writing.by !== session) return 'lost'
      const until = performance.now() + TURN_MS
      do {
        const next = await writing.text.next()
        if (next.done) return next.value
        tokens.push(next.value)
      } while (performance.now() < until || session.ahead > 0)
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
