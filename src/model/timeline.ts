// The order of a step: forward down the tape, backward up again. Two kinds of stretches depart from it. Of one that is run
// `again` only what goes in is kept: its forward is run a second time just before its backward (gradient checkpointing, Chen
// et al., arXiv 1604.06174). The backward of one that turns back `at once` follows its own forward, so that nothing of it
// outlives it. Whoever plans memory and whoever records a program follow this one list.
import type { Engine, OpName, Tensor, Work } from '../engine'

/** A run of neighbouring nodes with an order of their own. */
export interface Stretch {
  readonly kind: 'again' | 'at once'
}

/** One op call. `reads` and `writes` are its forward's tensors; `saved` are those its backward reads again. */
export interface Node {
  readonly op: OpName
  readonly name: string
  readonly reads: readonly Tensor[]
  readonly writes: readonly Tensor[]
  readonly saved: readonly Tensor[]
  /** The gradient that the backward reads, if it has one. */
  readonly dout: Tensor | undefined
  /** Gradients that the backward writes: `=` where `first`, else `+=`. Filled when the tape is reversed. */
  readonly grads: { readonly key: string; readonly tensor: Tensor; first: boolean }[]
  readonly scratch: readonly Tensor[]
  /** The gradient that is `dout` itself, in the same memory: no work, and nothing may read dout afterwards. */
  readonly passes: Tensor | undefined
  readonly stretch: Stretch | undefined
  forward<T extends Tensor, W extends Work>(engine: Engine<T, W>, place: (tensor: Tensor) => T): W[]
  /** `accumulate`: add to the gradients of parameters even where this node is the first to write them (later micro-batches). */
  backward<T extends Tensor, W extends Work>(
    engine: Engine<T, W>,
    place: (tensor: Tensor) => T,
    accumulate: boolean,
  ): W[]
}

/** One node's turn. `again` is its forward a second time. */
export interface Moment {
  readonly node: Node
  readonly pass: 'forward' | 'again' | 'backward'
}

/** The moments of a training step over a tape's nodes; without `training`, of its forward. */
export function timelineOf(nodes: readonly Node[], training: boolean): Moment[] {
  const forward = (node: Node): Moment => ({ node, pass: 'forward' })
  if (!training) return nodes.map(forward)
  const backward = (stretch: readonly Node[]) =>
    stretch.toReversed().map((node): Moment => ({ node, pass: 'backward' }))
  const stretches = stretchesOf(nodes)
  const turnsAtOnce = (stretch: readonly Node[]) => stretch[0]!.stretch?.kind === 'at once'
  const down = stretches.flatMap((s) => [...s.map(forward), ...(turnsAtOnce(s) ? backward(s) : [])])
  const up = stretches
    .toReversed()
    .filter((s) => !turnsAtOnce(s))
    .flatMap((s) => [...again(s), ...backward(s)])
  return [...down, ...up]
}

/** Neighbours of one stretch together; nodes of none lie between. */
function stretchesOf(nodes: readonly Node[]): Node[][] {
  const found: Node[][] = []
  for (const node of nodes) {
    const last = found.at(-1)
    if (last && last[0]!.stretch === node.stretch) last.push(node)
    else found.push([node])
  }
  return found
}

/** What must be run again for a stretch's backward: whoever writes what it reads, and what they in turn read. */
function again(stretch: readonly Node[]): Moment[] {
  if (stretch[0]!.stretch?.kind !== 'again') return []
  const wanted = new Set(stretch.flatMap(({ saved }) => saved))
  const found: Moment[] = []
  for (const node of stretch.toReversed()) {
    if (!node.writes.some((tensor) => wanted.has(tensor))) continue
    for (const tensor of node.reads) wanted.add(tensor)
    found.unshift({ node, pass: 'again' })
  }
  return found
}
