// A model as it leaves: plain weights and no gates. A gate multiplies what a matrix reads or writes, so it goes into that matrix:
// a head's or a neuron's into the rows of c_proj that read it, those of attention and MLP into all of c_proj, a position's into its row of wpe.
import type { ModelConfig } from '../../config/config'
import { gateLabels, POSITION_GATES } from '../../words/gates'
import type { Gates, RunSpec } from '../../words/run'

/** A model at a step; weights by our parameter names, flat in row-major order. */
export interface Outgoing {
  spec: RunSpec
  step: number
  weights: ReadonlyMap<string, Float32Array>
}

/** The same model without gates: it computes the same. Weights that no gate touches are shared with `model`. */
export function foldGates<M extends Outgoing>(model: M): M {
  const { gates, ...spec } = model.spec
  if (!gates) return model
  return { ...model, spec, weights: foldInto(model.weights, gates, spec.config) }
}

function foldInto(from: Outgoing['weights'], gates: Gates, c: ModelConfig): Map<string, Float32Array> {
  const weights = new Map(from)
  const turn = (name: string, factor: (row: number) => number, columns: number) => {
    const before = weights.get(name)
    if (before)
      weights.set(
        name,
        before.map((x, i) => x * factor(Math.floor(i / columns))),
      )
  }
  const { n_embd: C } = c
  const positions = gates[POSITION_GATES]
  if (positions) turn('transformer.wpe.weight', (row) => positions[row] ?? 1, C)
  for (let l = 0; l < c.n_layer; l++) {
    const set = gateLabels(l)
    const h = `transformer.h.${l}`
    const parts = [
      { rows: gates[set.heads], each: C / c.n_head, whole: gates[set.attn]?.[0] ?? 1, into: `${h}.attn.c_proj` },
      { rows: gates[set.neurons], each: 1, whole: gates[set.mlp]?.[0] ?? 1, into: `${h}.mlp.c_proj` },
    ]
    for (const { rows, each, whole, into } of parts) {
      if (!rows && whole === 1) continue
      turn(`${into}.weight`, (row) => (rows?.[Math.floor(row / each)] ?? 1) * whole, C)
      turn(`${into}.bias`, () => whole, 1)
    }
  }
  return weights
}
