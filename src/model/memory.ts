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
    if (node.passes) use(node.passes, backward)
  })
  return [...found.values()]
}

/** Intervals that are one memory, since the gradient of an input is handed on as it came: the longest chain of them each. */
function together(tape: Tape, all: readonly Interval[]): Interval[][] {
  const groups = new Map(all.map((interval) => [interval.tensor, [interval]]))
  for (const { passes, dout } of tape.nodes) {
    if (!passes || !dout) continue
    const joined = [...groups.get(dout)!, ...groups.get(passes)!]
    for (const { tensor } of joined) groups.set(tensor, joined)
  }
  return [...new Set(groups.values())]
}

/**
 * Blocks for a tape's activations and activation gradients. `keep` names tensors that must survive to the end.
 * The sum of their sizes is the activation memory of the program.
 */
export function planMemory(tape: Tape, keep: ReadonlySet<string> = new Set()): Block[] {
  const size = ([first]: readonly Interval[]) => sizeOf(first!.tensor.shape)
  const blocks: { size: number; users: Interval[] }[] = []
  const bySize = together(tape, intervals(tape, keep)).toSorted((a, b) => size(b) - size(a))
  for (const group of bySize) {
    const [from, to] = [Math.min(...group.map((one) => one.from)), Math.max(...group.map((one) => one.to))]
    const free = blocks.find((block) => block.users.every((other) => other.to < from || to < other.from))
    if (free) free.users.push(...group)
    else blocks.push({ size: Math.ceil(size(group) / ALIGN) * ALIGN, users: [...group] })
  }
  return blocks.map(({ size, users }, i) => ({
    label: `activations.${i}`,
    size,
    windows: users.map(({ tensor }) => ({ tensor, offset: 0 })),
  }))
}
