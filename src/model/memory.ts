// Which activation may reuse which buffer. A training step is one timeline, forward nodes then backward nodes; a tensor lives
// from its first write to its last read on it. A greedy first-fit over those intervals, largest tensors first, gives each a
// buffer. Two tensors that one dispatch touches are both alive at that moment, so they never share a buffer, which WebGPU
// would refuse. Sizes in elements of 4 bytes.
import { ALIGN, type Block, type Tensor } from '../engine'
import { sizeOf } from '../params'
import type { Tape } from './tape'

interface Interval {
  tensor: Tensor
  from: number
  to: number
}

/** Every tensor that the tape itself owns, with the time of its first write and its last use. */
export function intervals(tape: Tape, keep: ReadonlySet<string> = new Set()): Interval[] {
  const n = tape.nodes.length
  const found = new Map<Tensor, Interval>()
  const use = (tensor: Tensor, time: number) => {
    if (tape.isExternal(tensor)) return
    const known = found.get(tensor)
    if (known) [known.from, known.to] = [Math.min(known.from, time), Math.max(known.to, time)]
    else found.set(tensor, { tensor, from: time, to: keep.has(tensor.label) ? 2 * n : time })
  }
  tape.nodes.forEach((node, i) => {
    const backward = 2 * n - 1 - i
    for (const tensor of [...node.reads, ...node.writes]) use(tensor, i)
    for (const tensor of node.saved) use(tensor, backward)
    for (const tensor of [...node.scratch, ...node.grads.map((g) => g.tensor)]) use(tensor, backward)
    if (node.dout) use(node.dout, backward)
  })
  return [...found.values()]
}

/**
 * Blocks for a tape's activations and activation gradients. `keep` names tensors that must survive to the end.
 * The sum of their sizes is the activation memory of the program.
 */
export function planMemory(tape: Tape, keep: ReadonlySet<string> = new Set()): Block[] {
  const blocks: { size: number; users: Interval[] }[] = []
  const bySize = intervals(tape, keep).toSorted((a, b) => sizeOf(b.tensor.shape) - sizeOf(a.tensor.shape))
  for (const interval of bySize) {
    const free = blocks.find((block) =>
      block.users.every((other) => other.to < interval.from || interval.to < other.from),
    )
    if (free) free.users.push(interval)
    else blocks.push({ size: Math.ceil(sizeOf(interval.tensor.shape) / ALIGN) * ALIGN, users: [interval] })
  }
  return blocks.map(({ size, users }, i) => ({
    label: `activations.${i}`,
    size,
    windows: users.map(({ tensor }) => ({ tensor, offset: 0 })),
  }))
}
