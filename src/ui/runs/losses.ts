// Losses of several runs in one unit. Nats a token compare runs that read alike; where they do not, bits a byte do.
import { bitsPerByte } from '../../words/loss_unit'
import type { RunSummary } from '../../worker/client'

export type SharedUnit = 'nats' | 'bits'

/** Whether these runs read by different tokens, so that nats a token do not compare them. */
export const readDifferently = (runs: readonly Pick<RunSummary, 'tokenizer_key'>[]) =>
  new Set(runs.map(({ tokenizer_key }) => tokenizer_key)).size > 1

/** Nats a token of a run in a unit; null where they are not known, or not how many bytes a token stands for. */
export function lossIn(
  unit: SharedUnit,
  { bytes_per_token }: Pick<RunSummary, 'bytes_per_token'>,
  nats: number | null,
) {
  if (nats === null || unit === 'nats') return nats
  return bytes_per_token === null ? null : bitsPerByte(nats, bytes_per_token)
}
