// The gates of a model: multipliers of the learned positions, of what each head gathered, before the output projection, of what attention
// and the MLP of each layer add to the residual stream, and of the MLP's neurons. They lie in one small buffer, the input `gates`, each
// set at an address of its own, and are read by the op `gate` between the others: no kernel of a fused step has to bind one more buffer,
// and no set is recorded unless asked. Positions that are rotations (RoPE) are no addition, so a model that has them has no gate there.
import type { ModelConfig } from '../config/config'
import { ALIGN, type Tensor } from '../engine'
import { ConfigError } from '../errors'
import { gateLabels, POSITION_GATES } from '../words/gates'
import type { Gates } from '../words/run'
import type { Recorder } from './recorder'

/** One set of gates: its address, how many, and where in `gates` they begin. */
export interface GateSet {
  label: string
  count: number
  offset: number
}

/** Every set of gates of a model: positions [P] where they are learned; of each layer heads [NH], attention [1], neurons [F], MLP [1]. */
export function gateTable(c: ModelConfig): GateSet[] {
  const sets = [
    ...(c.position === 'learned' ? [{ label: POSITION_GATES, count: c.block_size }] : []),
    ...Array.from({ length: c.n_layer }, (_, l) => {
      const { heads, attn, neurons, mlp } = gateLabels(l)
      return [
        { label: heads, count: c.n_head },
        { label: attn, count: 1 },
        { label: neurons, count: c.n_inner },
        { label: mlp, count: 1 },
      ]
    }).flat(),
  ]
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

/** The input `gates` [gatesSize]: 1 but for what is given. Throws ConfigError where the model lacks a set, or a set has another length. */
export function gateValues(c: ModelConfig, gates: Gates): Float32Array<ArrayBuffer> {
  const values = new Float32Array(gatesSize(c)).fill(1)
  const table = new Map(gateTable(c).map((set) => [set.label, set]))
  for (const [label, given] of Object.entries(gates)) {
    const set = table.get(label)
    if (!set) throw new ConfigError(lacking(c, label))
    if (given.length !== set.count)
      throw new ConfigError(`${label} has ${set.count} gates in this model, not ${given.length}.`)
    if (!given.every(Number.isFinite))
      throw new ConfigError(`A gate of ${label} is not a number. Take one from 0 to 1.`)
    values.set(given, set.offset)
  }
  return values
}

function lacking(c: ModelConfig, label: string): string {
  if (label !== POSITION_GATES)
    return `This model has no part ${label} that a gate could turn: it has ${c.n_layer} layers.`
  return c.position === 'rope'
    ? 'This model’s positions are rotations (RoPE) inside attention; nothing is added that a gate could turn.'
    : 'This model has no positions that a gate could turn.'
}

/** The addresses of the sets that have a gate other than 1: those that a program must read. */
export function turnedSets(gates: Gates): Set<string> {
  return new Set(Object.keys(gates).filter((label) => gates[label]!.some((gate) => gate !== 1)))
}

/** The sets that have a gate other than 1, alone; undefined where none has. */
export function turnedGates(gates: Gates): Gates | undefined {
  const turned = turnedSets(gates)
  return turned.size === 0
    ? undefined
    : Object.fromEntries(Object.entries(gates).filter(([label]) => turned.has(label)))
}

/** Whether two lists name the same sets. */
export function sameSets(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  return a.size === b.size && [...a].every((label) => b.has(label))
}

/** Every set but the neurons': what a program reads that is not told which. */
export function usualSets(c: ModelConfig): Set<string> {
  return new Set(
    gateTable(c)
      .map(({ label }) => label)
      .filter((label) => !label.endsWith('.neurons')),
  )
}

/**
 * Records the input `gates` [gatesSize]; returns the set at an address where `sets` has it. `measure`: they have gradients, together
 * `dgates`, of which only the parts of `sets` are written.
 */
export function recordGates(
  record: Recorder,
  c: ModelConfig,
  sets: ReadonlySet<string>,
  measure: boolean,
): (label: string) => Tensor | undefined {
  const gates = record.input('gates', [gatesSize(c)], 'f32', measure)
  const placed = new Map(
    gateTable(c)
      .filter(({ label }) => sets.has(label))
      .map(({ label, count, offset }) => [label, record.window(label, gates, [count], offset)]),
  )
  return (label) => placed.get(label)
}
