// Which activation may reuse which buffer. On the timeline of a step a tensor lives from a write to the last use of what was
// written; one that is computed again has a second life, and in between its memory is free. A greedy first-fit over those
// lives, largest tensors first, gives each a buffer. Two tensors that one dispatch touches are both alive at that moment, so
// they never share a buffer, which WebGPU would refuse. Sizes in elements of 4 bytes.
import { ALIGN, type Block, type Tensor } from '../engine'
import { sizeOf } from '../params'
import type { Tape } from './tape'
import type { Moment } from './timeline'

/** First and last moment, both included. */
type Life = [from: number, to: number]
interface Living {
  tensor: Tensor
  lives: Life[]
}

/** Every tensor that a moment reads or writes. */
function touched({ node, pass }: Moment): readonly Tensor[] {
  if (pass !== 'backward') return [...node.reads, ...node.writes]
  return [...node.saved, ...node.scratch, ...node.grads.map((g) => g.tensor), ...(node.dout ? [node.dout] : [])]
}

/** Every tensor that the tape itself owns, with its lives on the timeline; a window lives in its home. */
function livesOf(tape: Tape, keep: ReadonlySet<string>): Living[] {
  const found = new Map<Tensor, Living>()
  tape.timeline.forEach((moment, now) => {
    for (const tensor of new Set(touched(moment).map((t) => tape.home(t)))) {
      if (tape.isExternal(tensor)) continue
      const living = found.get(tensor) ?? { tensor, lives: [] }
      found.set(tensor, living)
      const last = living.lives.at(-1)
      const reborn = moment.pass === 'again' && moment.node.writes.includes(tensor) && !keep.has(tensor.label)
      if (last && !reborn) last[1] = Math.max(last[1], now)
      else living.lives.push([now, keep.has(tensor.label) ? tape.timeline.length : now])
    }
  })
  return [...found.values()]
}

const meet = (a: Living, b: Living) => a.lives.some(([from, to]) => b.lives.some((l) => l[0] <= to && from <= l[1]))

/**
 * Blocks for a tape's activations and activation gradients. `keep` names tensors that must survive to the end.
 * The sum of their sizes is the activation memory of the program.
 */
export function planMemory(tape: Tape, keep: ReadonlySet<string> = new Set()): Block[] {
  const blocks: { size: number; users: Living[] }[] = []
  const bySize = livesOf(tape, keep).toSorted((a, b) => sizeOf(b.tensor.shape) - sizeOf(a.tensor.shape))
  for (const living of bySize) {
    const free = blocks.find(({ users }) => !users.some((other) => meet(other, living)))
    if (free) free.users.push(living)
    else blocks.push({ size: Math.ceil(sizeOf(living.tensor.shape) / ALIGN) * ALIGN, users: [living] })
  }
  return blocks.map(({ size, users }, i) => ({
    label: `activations.${i}`,
    size,
    windows: users.map(({ tensor }) => ({ tensor, offset: 0 })),
  }))
}
