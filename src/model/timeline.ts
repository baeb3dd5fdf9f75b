// The timeline: the order in which a step runs the nodes of a tape, forward from first to last, then backward from last to first.
// Two kinds of stretches depart from it. Gradient checkpointing (Chen et al., arXiv 1604.06174), `again`, keeps only a stretch's
// inputs, and runs its forward a second time before its backward. A stretch of kind `at once` runs its backward right after its own
// forward, so that its activations can be dropped. The memory plan and the recorded program both follow this list.
import type { Engine, OpName, Tensor, Work } from '../engine'

/** Neighbouring nodes that have an order of their own. */
export interface Stretch {
  readonly kind: 'again' | 'at once'
}

/** A node: one op call with its gradients. Forward reads `reads` and writes `writes`; backward reads `saved` again. */
export interface Node {
  readonly op: OpName
  readonly name: string
  readonly reads: readonly Tensor[]
  readonly writes: readonly Tensor[]
  readonly saved: readonly Tensor[]
  /** The gradient that the backward reads, if it has one. */
  readonly dout: Tensor | undefined
  /** Gradients that the backward writes: `=` where `first`, else `+=`. The timeline decides which is first. */
  readonly grads: { readonly key: string; readonly tensor: Tensor; first: boolean }[]
  readonly scratch: readonly Tensor[]
  /** The gradient of a residual's input: `dout` itself, in the same memory. It costs no work; nothing may read dout afterwards. */
  readonly passes: Tensor | undefined
  readonly stretch: Stretch | undefined
  forward<T extends Tensor, W extends Work>(engine: Engine<T, W>, place: (tensor: Tensor) => T): W[]
  /** `accumulate`: a later micro-batch. Gradients of parameters are added to, also where this node is the first to write them. */
  backward<T extends Tensor, W extends Work>(
    engine: Engine<T, W>,
    place: (tensor: Tensor) => T,
    accumulate: boolean,
  ): W[]
}

/** One turn of a node on the timeline. `again` is its forward, run a second time. */
export interface Moment {
  readonly node: Node
  readonly pass: 'forward' | 'again' | 'backward'
}

/** The timeline of a training step over a tape's nodes; without `training`, of the forward alone. */
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

/** The nodes in groups: neighbours of the same stretch, or of none, together. */
function stretchesOf(nodes: readonly Node[]): Node[][] {
  const found: Node[][] = []
  for (const node of nodes) {
    const last = found.at(-1)
    if (last && last[0]!.stretch === node.stretch) last.push(node)
    else found.push([node])
  }
  return found
}

/** The forwards to run again before a stretch's backward: those that write what it reads, and what those read in turn. */
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
