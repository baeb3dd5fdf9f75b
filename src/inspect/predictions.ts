// What a model predicts along a text: the loss of each token, and how far two models' predictions lie apart.
import { streamAddresses } from './addresses'
import { divergence } from './numbers'
import type { Probe, Question } from './probe'
import { ProbeError } from '../errors'

/** The loss of each target, [T], nats; 0 where none counts. */
export async function tokenLosses(probe: Probe, question: Question): Promise<Float32Array> {
  const { tensors } = await probe.ask({ ...question, keep: ['losses'] })
  return tensors.get('losses')!.data
}

/** The loss of each token from what stands before it, [T], nats: it stands at the token that was to be foreseen. The first has none: NaN. */
export async function foreseen(probe: Probe, tokens: ArrayLike<number>): Promise<Float32Array> {
  const losses = await tokenLosses(probe, { tokens })
  return Float32Array.from(losses, (_, t) => (t === 0 ? NaN : losses[t - 1]!))
}

/** The logits at every position, [T, V]. */
export async function logits(probe: Probe, question: Question): Promise<Float32Array> {
  const { tensors } = await probe.ask({ ...question, keep: ['logits'] })
  return tensors.get('logits')!.data
}

/**
 * KL(a ‖ b) of two models' predictions after each token, [T], nats: what it costs to expect b where a is true. Models of different
 * tokenizers cannot be compared; those of different vocabularies throw ProbeError.
 */
export async function apart(a: Probe, b: Probe, question: Question): Promise<Float32Array> {
  const { vocab_size: V } = a.config
  if (V !== b.config.vocab_size)
    throw new ProbeError(
      `The models know ${V} and ${b.config.vocab_size} tokens: what they predict cannot be compared.`,
    )
  const last = async (probe: Probe) => {
    const address = streamAddresses(probe.config).at(-1)!
    const stream = (await probe.ask({ ...question, keep: [address] })).tensors.get(address)!.data
    const rows: Float32Array[] = []
    await probe.readout(stream, (_, row) => rows.push(row.slice()))
    return rows
  }
  const [ofA, ofB] = [await last(a), await last(b)]
  return Float32Array.from(ofA, (row, t) => divergence(row, ofB[t]!))
}
