// Gates by name: the addresses of their sets, the parts that a person turns, and how a change of gates is told.
import type { Gates } from './run'

/** The address of the learned positions' gates, one a position. */
export const POSITION_GATES = 'wpe.gate'
/** The addresses of a layer's gates: of its heads [NH], of what attention adds [1], of its neurons [F], of what the MLP adds [1]. */
export const gateLabels = (layer: number) => ({
  heads: `h.${layer}.attn.heads`,
  attn: `h.${layer}.attn.gate`,
  neurons: `h.${layer}.mlp.neurons`,
  mlp: `h.${layer}.mlp.gate`,
})

/** A part that is turned as a whole; `layer` is attention and MLP of a layer together. */
export type Part =
  | { readonly of: 'head'; readonly layer: number; readonly head: number }
  | { readonly of: 'attn' | 'mlp' | 'layer'; readonly layer: number }
  | { readonly of: 'positions' }

/** What of a model decides how long its sets are. */
interface Sizes {
  n_head: number
  block_size: number
}

/** The gates with one part at `value`; other parts stay as they are. */
export function withPart(gates: Gates, part: Part, value: number, { n_head, block_size }: Sizes): Gates {
  if (part.of === 'positions') return { ...gates, [POSITION_GATES]: Array<number>(block_size).fill(value) }
  const { heads, attn, mlp } = gateLabels(part.layer)
  if (part.of === 'head') {
    const before = gates[heads] ?? Array<number>(n_head).fill(1)
    return { ...gates, [heads]: before.map((gate, head) => (head === part.head ? value : gate)) }
  }
  const sets = { attn: [attn], mlp: [mlp], layer: [attn, mlp] }[part.of]
  return { ...gates, ...Object.fromEntries(sets.map((set) => [set, [value]])) }
}

/** Where a part's gate stands; of a layer the lower of its two. */
export function gateOf(gates: Gates, part: Part): number {
  if (part.of === 'positions') return gates[POSITION_GATES]?.[0] ?? 1
  const { heads, attn, mlp } = gateLabels(part.layer)
  if (part.of === 'head') return gates[heads]?.[part.head] ?? 1
  const [ofAttn, ofMlp] = [gates[attn]?.[0] ?? 1, gates[mlp]?.[0] ?? 1]
  return part.of === 'attn' ? ofAttn : part.of === 'mlp' ? ofMlp : Math.min(ofAttn, ofMlp)
}

/** Neurons and positions that are told one by one; of more, only how many. */
const TOLD = 3

/** Every gate in which two settings differ, in words: "head 3 of layer 1 is at 0". */
export function tellTurned(before: Gates, after: Gates): string[] {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].sort(byNumber).flatMap((label) => {
    const [from, to] = [before[label] ?? [], after[label] ?? []]
    const count = Math.max(from.length, to.length)
    const changed = Array.from({ length: count }, (_, i) => i).filter((i) => (from[i] ?? 1) !== (to[i] ?? 1))
    const values = new Set(changed.map((i) => to[i] ?? 1))
    const at = (i: number) => `is at ${short(to[i] ?? 1)}`
    const [, layer = '', kind = ''] = /^h\.(\d+)\.(.+)$/.exec(label) ?? []
    if (label === POSITION_GATES || kind === 'mlp.neurons') {
      const [one, many] = label === POSITION_GATES ? ['position', 'positions'] : ['neuron', 'neurons']
      const where = label === POSITION_GATES ? '' : ` of layer ${layer}`
      if (values.size === 1 && changed.length === count) return [`all ${many}${where} are at ${short([...values][0]!)}`]
      if (changed.length > TOLD) return [`${changed.length} ${many}${where} are turned`]
      return changed.map((i) => `${one} ${i}${where} ${at(i)}`)
    }
    if (kind === 'attn.heads') return changed.map((i) => `head ${i} of layer ${layer} ${at(i)}`)
    const name = kind === 'attn.gate' ? 'attention' : 'the MLP'
    return changed.map((i) => `${name} of layer ${layer} ${at(i)}`)
  })
}

/** h.2 before h.10. */
const byNumber = (a: string, b: string) => a.localeCompare(b, 'en', { numeric: true })
const short = (gate: number) => String(Number(gate.toFixed(3)))
