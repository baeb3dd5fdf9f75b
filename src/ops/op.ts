// What every op file is: from a GPU's kernels, the two directions of one op as lists of dispatches.
import type { Dropout, Op, OpName } from '../engine'
import type { Dispatch, Kernels } from '../gpu/kernel'
import type { GpuTensor } from '../gpu/tensor'
import { dropoutThreshold, STREAM } from '../rng'

export type GpuOp<K extends OpName> = (kernels: Kernels) => Op<GpuTensor, Dispatch, K>

/** An op without a backward. */
export const noBackward = () => []

/** Overrides for an op that draws: the share dropped as a threshold of 32 random bits. */
export function dropoutConstants({ p, stream }: Dropout): Record<string, number> {
  return { STREAM: STREAM.dropout + stream, THRESHOLD: dropoutThreshold(p), RESCALE: 1 / (1 - p) }
}
