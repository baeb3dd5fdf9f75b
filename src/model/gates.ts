// The gates of a model: multipliers of what each head gathered, before the output projection, and of what attention and the MLP of
// each layer add to the residual stream. They lie in one small buffer, the input `gates`, each set at an address of its own, and are
// read by the op `gate` between the others: no kernel of a fused step has to bind one more buffer, and none is recorded unless asked.
import type { ModelConfig } from '../config/config'
import { ALIGN, type Tensor } from '../engine'
import type { Recorder } from './recorder'

/** One set of gates: its address, how many, and where in `gates` they begin. */
export interface GateSet {
  label: string
  count: number
  offset: number
}

/** Every set of gates of a model, in the order of the layers: heads [NH], attention [1], MLP [1]. */
export function gateTable(c: ModelConfig): GateSet[] {
  const sets = Array.from({ length: c.n_layer }, (_, l) => [
    { label: `h.${l}.attn.heads`, count: c.n_head },
    { label: `h.${l}.attn.gate`, count: 1 },
    { label: `h.${l}.mlp.gate`, count: 1 },
  ]).flat()
  let offset = 0
  return sets.map((set) => {
    const placed = { ...set, offset }
    offset += Math.ceil(set.count / ALIGN) * ALIGN
    return placed
  })
}

/** Elements of the input `gates`. */
export function gatesSize(c: ModelConfig): number {
  const { count, offset } = gateTable(c).at(-1)!
  return offset + Math.ceil(count / ALIGN) * ALIGN
}

/** Records the input `gates` [gatesSize]; returns each set of it by address. `measure`: they have gradients, together `dgates`. */
export function recordGates(record: Recorder, c: ModelConfig, measure: boolean): (label: string) => Tensor {
  const gates = record.input('gates', [gatesSize(c)], 'f32', measure)
  const sets = new Map(
    gateTable(c).map(({ label, count, offset }) => [label, record.window(label, gates, [count], offset)]),
  )
  return (label) => sets.get(label)!
}
