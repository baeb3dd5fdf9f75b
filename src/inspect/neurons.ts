// A neuron of an MLP: where in a text it is strongest, and which tokens it speaks for and against, which is its row of the output
// projection read by the head (Geva et al., arXiv 2012.14913). The final norm is left out but for its gain: a direction, in no unit.
import { headParameter } from './attribution'
import { dot, topOf } from './numbers'
import type { Probe, Question } from './probe'

/** The activation of every neuron of a layer along a text, [T, F], behind its nonlinearity. Throws as `Probe.ask` does. */
export async function activations(probe: Probe, question: Question, layer: number): Promise<Float32Array> {
  const address = `h.${layer}.mlp.fch_${probe.config.mlp}`
  return (await probe.ask({ ...question, keep: [address] })).tensors.get(address)!.data
}

/** A place where a neuron is strong: which text, and the position in it. */
export interface Strong {
  text: number
  position: number
  activation: number
}

/** The `k` strongest places of a neuron in several texts, strongest first, at most one a text. Throws as `Probe.ask` does. */
export async function strongest(
  probe: Probe,
  texts: readonly ArrayLike<number>[],
  { layer, neuron, k }: { layer: number; neuron: number; k: number },
): Promise<Strong[]> {
  const F = probe.config.n_inner
  const places: Strong[] = []
  for (const [text, tokens] of texts.entries()) {
    const all = await activations(probe, { tokens }, layer)
    const own = Float32Array.from({ length: tokens.length }, (_, t) => all[t * F + neuron]!)
    const position = topOf(own, 1)[0]!
    places.push({ text, position, activation: own[position]! })
  }
  return places.toSorted((a, b) => b.activation - a.activation).slice(0, k)
}

/** The tokens that a neuron raises and lowers most, with how much a unit of it moves each. Throws DeviceLostError. */
export async function speaks(
  probe: Probe,
  { layer, neuron, k }: { layer: number; neuron: number; k: number },
): Promise<{ raises: { id: number; by: number }[]; lowers: { id: number; by: number }[] }> {
  const { config: c, weights } = probe
  const C = c.n_embd
  const row = await probe.row(`transformer.h.${layer}.mlp.c_proj.weight`, neuron)
  const [gain, head] = await weights.engine.read([
    weights.param('transformer.ln_f.weight'),
    weights.param(headParameter(c)),
  ])
  const mean = c.norm === 'layernorm' ? row.reduce((a, b) => a + b, 0) / C : 0
  const direction = Float64Array.from(row, (x, i) => (x - mean) * gain![i]!)
  const by = Float64Array.from({ length: c.vocab_size }, (_, v) => dot(head!, v * C, direction, 0, C))
  const named = (ids: number[]) => ids.map((id) => ({ id, by: by[id]! }))
  return {
    raises: named(topOf(by, k)),
    lowers: named(
      topOf(
        by.map((x) => -x),
        k,
      ),
    ),
  }
}
