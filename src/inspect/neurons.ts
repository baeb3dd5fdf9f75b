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

/** Where the neurons of a layer are strongest, of all texts that were added: at most one place a text. */
export class Strongest {
  readonly most: Float32Array
  readonly least: Float32Array
  readonly #absolute: Float64Array
  readonly #places: Record<'up' | 'down', { values: Float32Array; text: Uint32Array; position: Uint32Array }>
  readonly #k: number
  #tokens = 0
  #texts = 0

  /** `F` neurons, the `k` strongest places of each. */
  constructor(F: number, k: number) {
    this.most = new Float32Array(F).fill(-Infinity)
    this.least = new Float32Array(F).fill(Infinity)
    this.#absolute = new Float64Array(F)
    this.#k = k
    const places = () => ({
      values: new Float32Array(F * k).fill(-Infinity),
      text: new Uint32Array(F * k),
      position: new Uint32Array(F * k),
    })
    this.#places = { up: places(), down: places() }
  }

  /** Tokens that were seen. */
  get tokens(): number {
    return this.#tokens
  }
  /** Places of each neuron that are filled: one a text, at most k. */
  get k(): number {
    return Math.min(this.#k, this.#texts)
  }
  /** Mean absolute activation of each neuron. */
  get mean(): Float32Array {
    return Float32Array.from(this.#absolute, (sum) => sum / this.#tokens)
  }
  /** Numbers of texts and positions, [F, k], strongest first; of `down` the least activation first. */
  places(side: 'up' | 'down'): { text: Uint32Array; position: Uint32Array } {
    const { text, position } = this.#places[side]
    const filled = (all: Uint32Array) => all.filter((_, i) => i % this.#k < this.k)
    return { text: filled(text), position: filled(position) }
  }

  /** The next text: activations [T, F]. */
  add(activations: Float32Array): void {
    const F = this.most.length
    const T = activations.length / F
    for (let f = 0; f < F; f++) {
      let [most, least] = [0, 0]
      for (let t = 0; t < T; t++) {
        const value = activations[t * F + f]!
        this.#absolute[f]! += Math.abs(value)
        if (value > activations[most * F + f]!) most = t
        if (value < activations[least * F + f]!) least = t
      }
      this.#place('up', f, activations[most * F + f]!, most)
      this.#place('down', f, -activations[least * F + f]!, least)
      this.most[f] = Math.max(this.most[f]!, activations[most * F + f]!)
      this.least[f] = Math.min(this.least[f]!, activations[least * F + f]!)
    }
    this.#tokens += T
    this.#texts++
  }

  #place(side: 'up' | 'down', f: number, value: number, position: number): void {
    const places = this.#places[side]
    const [first, last] = [f * this.#k, (f + 1) * this.#k - 1]
    if (value <= places.values[last]!) return
    let at = last
    while (at > first && places.values[at - 1]! < value) {
      places.values[at] = places.values[at - 1]!
      places.text[at] = places.text[at - 1]!
      places.position[at] = places.position[at - 1]!
      at--
    }
    places.values[at] = value
    places.text[at] = this.#texts
    places.position[at] = position
  }
}

/** The tokens that a neuron raises and lowers most, with how much a unit of it moves each. Throws DeviceLostError. */
export async function speaks(
  probe: Probe,
  { layer, neuron, k }: { layer: number; neuron: number; k: number },
): Promise<{ raises: { id: number; by: number }[]; lowers: { id: number; by: number }[] }> {
  const { config: c, weights } = probe
  const C = c.n_embd
  const row = await probe.row(projection(layer), neuron)
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

/** How much a unit of each neuron of a layer moves a token, [F], in the unit of `speaks`. Throws DeviceLostError. */
export async function moves(probe: Probe, { layer, token }: { layer: number; token: number }): Promise<Float32Array> {
  const { config: c, weights } = probe
  const C = c.n_embd
  const unembedding = await probe.row(headParameter(c), token)
  const [gain, rows] = await weights.engine.read([
    weights.param('transformer.ln_f.weight'),
    weights.param(projection(layer)),
  ])
  const direction = Float64Array.from(unembedding, (u, i) => u * gain![i]!)
  // A row is centred before the gain: the same as taking the mean out of the direction.
  const mean = c.norm === 'layernorm' ? direction.reduce((a, b) => a + b, 0) / C : 0
  for (let i = 0; i < C; i++) direction[i]! -= mean
  return Float32Array.from({ length: c.n_inner }, (_, f) => dot(rows!, f * C, direction, 0, C))
}

/** The output rows of a layer's neurons, [F, C]. */
const projection = (layer: number): string => `transformer.h.${layer}.mlp.c_proj.weight`
