// Writing between the steps of a training run: a few milliseconds' worth of tokens a turn, streamed up.
import { DeviceLostError } from '../errors'
import type { Session } from '../train/session'
import type { GeneratedToken, SampleOptions } from '../words/run'
import type { Ending } from './protocol'
import type { TrainingLoop } from './training_loop'
import { macrotask } from './turns'

/** How long training waits for each turn of writing. */
const TURN_MS = 30

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
    const ending = await loop.withSession(async (session): Promise<Ending | 'lost' | null> => {
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
