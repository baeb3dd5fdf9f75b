// What if a part were off: the model as it is and with its gates turned, side by side, on the same text and with the same seed.
import { logits } from '../../inspect/predictions'
import { hash } from '../../rng'
import type { GateSettings, LookViews } from '../../words/look'
import type { Job } from '../desk'
import type { Looked } from './slots'
import { drawn, likelyTokens, readText } from './texts'
import { heldOut, LOSS_WINDOWS } from './windows'

type Turned = LookViews['turned']

/** Both answers. Throws ProbeError, ConfigError for gates that the model lacks. */
export async function turnedView(
  looked: Looked,
  { text, gates, seed, length }: Turned['asks'],
  job: Job<never>,
): Promise<Turned['tells']> {
  const { ids } = readText(looked, text)
  const { vocab_size: V } = looked.info.config
  const windows = looked.info.hasText ? await heldOut(looked, LOSS_WINDOWS) : []
  const settings = { asIs: {}, turned: gates } as const
  const tell = async (setting: GateSettings) => {
    await job.pause()
    return looked.probe(async (probe) => {
      let sum = 0
      for (const tokens of windows) sum += (await probe.losses({ tokens }, [setting]))[0]!
      const row = (await logits(probe, { tokens: ids, gates: setting })).subarray(-V)
      const sample = await write(probe, setting)
      return {
        val_loss: windows.length > 0 ? sum / windows.length : null,
        next: likelyTokens(looked.tokenizer, row, 5),
        sample,
      }
    })
  }
  /** Draws token by token from the whole text each time: a few dozen tokens, at temperature 1, with dice of the seed. */
  const write = async (probe: Parameters<Parameters<Looked['probe']>[0]>[0], setting: GateSettings) => {
    const { block_size } = looked.info.config
    const written = [...ids]
    for (let n = 0; n < length; n++) {
      const row = (await logits(probe, { tokens: written.slice(-block_size), gates: setting })).subarray(-V)
      written.push(drawn(row, hash(seed, 0, n) / 2 ** 32))
    }
    return looked.tokenizer.decode(written.slice(ids.length))
  }
  return { asIs: await tell(settings.asIs), turned: await tell(settings.turned) }
}
