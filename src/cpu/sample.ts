// From logits to one token: temperature, top-k (Fan et al., arXiv 1805.04833), top-p (Holtzman et al., arXiv 1904.09751), then one
// draw. The op reads the last row of logits [1, T, V] and writes the token to `tokens`, the next step's input.
import { DICE, SAMPLING, type SamplingOptions } from '../engine'
import { hash, STREAM } from '../rng'
import { floats, work, words, type CpuOp, type Floats } from './tensor'

/**
 * Draws a token from logits [V]. `uniform` in [0, 1) decides among the tokens that top-k and top-p leave, likeliest first. `probability`
 * is the token's after temperature, before the cuts.
 */
export function sampleToken(
  logits: Floats,
  { temperature, top_k, top_p }: SamplingOptions,
  uniform: number,
): { id: number; probability: number } {
  let most = -Infinity
  for (const logit of logits) if (logit > most) most = logit
  const divisor = temperature > 0 ? temperature : 1
  const weights = Float64Array.from(logits, (logit) => Math.exp((logit - most) / divisor))
  const sum = (ids: readonly number[]) => ids.reduce((total, id) => total + weights[id]!, 0)
  // Equal logits are ordered by id, so that a draw gives the same token on every engine.
  const order = Array.from(weights.keys()).sort((a, b) => logits[b]! - logits[a]! || a - b)
  const k = temperature > 0 ? top_k || order.length : 1
  let kept = order.slice(0, k)
  if (top_p < 1) {
    // Top-p is a share of what top-k left, since the two are filters in succession.
    const share = top_p * sum(kept)
    let mass = 0
    kept = kept.slice(0, 1 + kept.findIndex((id) => (mass += weights[id]!) >= share) || kept.length)
  }
  const goal = uniform * sum(kept)
  let mass = 0
  const id = kept.find((id) => (mass += weights[id]!) > goal) ?? kept.at(-1)!
  return { id, probability: weights[id]! / sum(order) }
}

export const sample: CpuOp<'sample'> = {
  forward({ name, t }) {
    const V = t.logits.shape.at(-1)!
    const [logits, sampling, drawn] = [floats(t.logits).subarray(-V), floats(t.sampling), floats(t.drawn)]
    const [dice, tokens, pos] = [words(t.dice), words(t.tokens), words(t.pos)]
    const run = () => {
      const options = {
        temperature: sampling[SAMPLING.temperature]!,
        top_k: sampling[SAMPLING.top_k]!,
        top_p: sampling[SAMPLING.top_p]!,
      }
      const uniform = hash(dice[DICE.seed]!, STREAM.sample, dice[DICE.step]!) / 2 ** 32
      const { id, probability } = sampleToken(logits, options, uniform)
      drawn.set([id, probability], 2 * dice[DICE.slot]!)
      tokens[0] = id
      pos[0]!++
      dice[DICE.step]!++
      dice[DICE.slot]!++
    }
    return [work(name, 10 * V, Object.values(t), run)]
  },
  backward: () => [],
}
