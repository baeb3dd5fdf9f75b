// How much a step computes, from its timeline alone: multiplications and additions of the matrix products and of attention,
// which are all but a few percent of it.
import { sizeOf } from '../params'
import type { Tape } from './tape'
import type { Moment } from './timeline'

/** Floating-point operations of a tape's timeline. */
export function arithmetic(tape: Tape): number {
  return tape.timeline.reduce((sum, moment) => sum + flopsOf(moment), 0)
}

function flopsOf({ node, pass }: Moment): number {
  const [x, out] = [node.reads[0]!, node.writes.at(-1)!]
  if (node.op === 'matmul') {
    // As much again for each of dx and dweight.
    const products = pass === 'backward' ? node.grads.filter(({ key }) => key !== 'dbias').length : 1
    return products * 2 * sizeOf(x.shape) * out.shape.at(-1)!
  }
  if (node.op !== 'attention' && node.op !== 'flash_attention') return 0
  // q·kᵀ and att·v over half a square; backward has five such products for those two, or four where att was kept.
  const [B = 1, T = 1] = x.shape
  const C = node.writes.find(({ shape }) => shape.length === 3 && shape[1] === T)!.shape[2]!
  const products = pass !== 'backward' ? 2 : node.op === 'attention' ? 4 : 5
  return products * B * T * T * C
}
