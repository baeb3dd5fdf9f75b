// From logits to one token: temperature, top-k (Fan et al., arXiv 1805.04833), top-p (Holtzman et al., arXiv 1904.09751), then one
// draw. Plain functions over one row of logits.

export interface SamplerOptions {
  /** 0 takes the likeliest token. */
  temperature: number
  /** 0 switches it off. */
  top_k: number
  /** 1 switches it off. */
  top_p: number
}

/** softmax(logits / temperature), in double precision; temperature 0 counts as 1. */
export function probabilities(logits: Float32Array, temperature: number): Float64Array {
  const divisor = temperature > 0 ? temperature : 1
  let most = -Infinity
  for (const logit of logits) if (logit > most) most = logit
  const p = Float64Array.from(logits, (logit) => Math.exp((logit - most) / divisor))
  const total = p.reduce((a, b) => a + b, 0)
  return p.map((x) => x / total)
}

/**
 * Chooses a token: `uniform` in [0, 1) decides among those that top-k and top-p leave, likeliest first. `probability` is what the
 * model gave it after temperature, before the cut.
 */
export function sampleToken(
  logits: Float32Array,
  o: SamplerOptions,
  uniform: number,
): { id: number; probability: number } {
  const p = probabilities(logits, o.temperature)
  // Equal probabilities keep the order of their ids, so that the same draw gives the same token everywhere.
  const order = Array.from(p.keys()).sort((a, b) => p[b]! - p[a]! || a - b)
  if (o.temperature <= 0) return { id: order[0]!, probability: p[order[0]!]! }
  const kept = o.top_k > 0 ? order.slice(0, o.top_k) : order
  // The share that top-p asks for is of what top-k left, as where they are filters in a row.
  const share = o.top_p * kept.reduce((sum, id) => sum + p[id]!, 0)
  let mass = 0
  let end = 0
  while (end < kept.length && (end === 0 || mass < share)) mass += p[kept[end++]!]!
  let left = uniform * mass
  for (const id of kept.slice(0, end)) {
    left -= p[id]!
    if (left < 0) return { id, probability: p[id]! }
  }
  const last = kept[end - 1]!
  return { id: last, probability: p[last]! }
}
