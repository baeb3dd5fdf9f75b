// The logit lens (nostalgebraist 2020): final norm and head applied to the residual stream at every depth, as if the model ended there.
// Its last row is the prediction itself. Early depths speak another basis: what they say there is not what they know.
import { streamAddresses } from './addresses'
import { divergence, entropy, logSumExp, rankOf, topOf } from './numbers'
import type { Probe, Question } from './probe'
import type { TunedLens } from './tuned_lens'

/** log-probabilities [2L + 1, T, V], in nats: for models whose vocabulary is small enough to hold it. */
export async function lens(probe: Probe, question: Question): Promise<Float32Array> {
  const { vocab_size: V } = probe.config
  const stream = await streamOf(probe, question)
  const out = new Float32Array((stream.length / probe.config.n_embd) * V)
  await probe.readout(stream, (row, logits) => {
    const all = logSumExp(logits)
    for (let v = 0; v < V; v++) out[row * V + v] = logits[v]! - all
  })
  return out
}

/** What the lens shows at each depth and position, rows of [2L + 1, T]. */
export interface LensView {
  depths: number
  T: number
  k: number
  /** The k likeliest tokens, [2L + 1, T, k], likeliest first, and their probabilities. */
  top: Uint32Array
  chance: Float32Array
  /** Of the whole prediction, [2L + 1, T], nats. */
  entropy: Float32Array
  /** KL of the last depth's prediction from this depth's, [2L + 1, T], nats. */
  toEnd: Float32Array
  /** Of the followed tokens, [followed, 2L + 1, T]: 0 where it is the likeliest; and its log-probability, nats. */
  rank: Uint32Array
  log: Float32Array
}

/**
 * The lens without the whole of V: the `k` likeliest tokens at each depth and position, and how those of `follow` fare on the way; through
 * the readers of `tuned` where given.
 */
export async function lensView(
  probe: Probe,
  question: Question,
  { k = 10, follow = [], tuned }: { k?: number; follow?: readonly number[]; tuned?: TunedLens | undefined } = {},
): Promise<LensView> {
  const { n_embd: C, vocab_size: V } = probe.config
  const T = question.tokens.length
  const plain = await streamOf(probe, question)
  const { stream, lengths } = tuned?.translate(plain) ?? { stream: plain, lengths: null }
  const shift = lengths ? await biasLogits(probe) : null
  const rows = stream.length / C
  const most = Math.min(k, V)
  const view: LensView = {
    ...{ depths: rows / T, T, k: most },
    top: new Uint32Array(rows * most),
    chance: new Float32Array(rows * most),
    entropy: new Float32Array(rows),
    toEnd: new Float32Array(rows),
    rank: new Uint32Array(follow.length * rows),
    log: new Float32Array(follow.length * rows),
  }
  // At each position the last depth comes first, so that the others can be compared with it.
  const { depths } = view
  const order = Array.from({ length: rows }, (_, n) => (depths - 1 - (n % depths)) * T + Math.floor(n / depths))
  const turned = new Float32Array(stream.length)
  for (const [n, row] of order.entries()) turned.set(stream.subarray(row * C, (row + 1) * C), n * C)
  let last = new Float32Array()
  await probe.readout(turned, (n, logits) => {
    const row = order[n]!
    if (lengths)
      for (let v = 0; v < V; v++) logits[v] = (logits[v]! - (shift?.[v] ?? 0)) * lengths[row]! + (shift?.[v] ?? 0)
    const first = n % depths === 0
    if (first) last = logits.slice()
    const all = logSumExp(logits)
    const likeliest = topOf(logits, most)
    view.top.set(likeliest, row * most)
    for (const [i, id] of likeliest.entries()) view.chance[row * most + i] = Math.exp(logits[id]! - all)
    view.entropy[row] = entropy(logits)
    view.toEnd[row] = first ? 0 : divergence(last, logits)
    for (const [f, id] of follow.entries()) {
      view.rank[f * rows + row] = rankOf(logits, id)
      view.log[f * rows + row] = logits[id]! - all
    }
  })
  return view
}

/** The residual stream at every depth, [2L + 1, T, C]. */
export async function streamOf(probe: Probe, question: Question): Promise<Float32Array> {
  const keep = streamAddresses(probe.config)
  const { tensors } = await probe.ask({ ...question, keep })
  const size = question.tokens.length * probe.config.n_embd
  const stream = new Float32Array(keep.length * size)
  for (const [depth, address] of keep.entries()) stream.set(tensors.get(address)!.data, depth * size)
  return stream
}

/** What final norm's bias alone adds to the logits, [V]; null where it has none. */
async function biasLogits(probe: Probe): Promise<Float32Array | null> {
  if (!probe.weights.params.some(({ name }) => name === 'transformer.ln_f.bias')) return null
  let found: Float32Array | null = null
  await probe.readout(new Float32Array(probe.config.n_embd), (_, logits) => (found = logits.slice()))
  return found
}

/** Rows of logits of one model that are held while the other's are read, at most so many numbers. */
const HELD = 2 ** 22

/**
 * KL(a ‖ b) of two models' lenses at every depth and position, [2L + 1, T], nats. Both have as many depths and tokens; of other widths
 * they may be.
 */
export async function lensApart(a: Probe, b: Probe, question: Question): Promise<Float32Array> {
  const [ofA, ofB] = [await streamOf(a, question), await streamOf(b, question)]
  const rows = ofA.length / a.config.n_embd
  const most = Math.max(1, Math.floor(HELD / a.config.vocab_size))
  const out = new Float32Array(rows)
  for (let from = 0; from < rows; from += most) {
    const stretch = (stream: Float32Array, { n_embd: C }: { n_embd: number }) =>
      stream.subarray(from * C, Math.min(rows, from + most) * C)
    const held: Float32Array[] = []
    await a.readout(stretch(ofA, a.config), (_, logits) => held.push(logits.slice()))
    await b.readout(stretch(ofB, b.config), (row, logits) => (out[from + row] = divergence(held[row]!, logits)))
  }
  return out
}
