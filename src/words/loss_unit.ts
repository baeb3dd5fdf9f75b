// The units of a loss. Nats and perplexity are for each token, so they compare runs that read alike. Bits a byte compare all runs:
// a token's nats, in bits, over the bytes of text that it stands for.
export const LOSS_UNITS = ['nats', 'perplexity', 'bits'] as const
export type LossUnit = (typeof LOSS_UNITS)[number]

export const bitsPerByte = (nats: number, bytes_per_token: number) => nats / Math.LN2 / bytes_per_token

/** Turns nats a token into a unit; `bytes_per_token` is needed for bits only. */
export function inUnit(unit: LossUnit, bytes_per_token: number | null): (nats: number) => number {
  if (unit === 'perplexity') return Math.exp
  if (unit === 'bits') return (nats) => bitsPerByte(nats, bytes_per_token ?? NaN)
  return (nats) => nats
}
