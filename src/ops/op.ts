// What every op file is: from a GPU's kernels, the two directions of one op as lists of dispatches.
import type { Dropout, Op, OpName } from '../engine'
import type { Autotuner } from '../gpu/autotune'
import { grid, type Dispatch, type Kernels, type Shader } from '../gpu/kernel'
import type { GpuTensor } from '../gpu/tensor'
import { sizeOf } from '../params'
import { dropoutThreshold, STREAM } from '../rng'

export type GpuOp<K extends OpName> = (kernels: Kernels, tuner: Autotuner) => Op<GpuTensor, Dispatch, K>

/** An op without a backward. */
export const noBackward = () => []

/** An op whose out[i] depends on x[i] alone, one thread an element. `flops` are those of one element, forward and backward. */
export function elementwise(shader: Shader, flops: [number, number]): GpuOp<'gelu'> & GpuOp<'relu2'> {
  return (kernels) => ({
    forward({ name, t }) {
      const SIZE = sizeOf(t.out.shape)
      return [
        kernels.dispatch(shader, 'forward', {
          label: `${name}.${shader.name}`,
          tensors: t,
          constants: { SIZE },
          workgroups: grid(Math.ceil(SIZE / 64)),
          flops: flops[0] * SIZE,
        }),
      ]
    },
    backward({ name, t, d, adds }) {
      const SIZE = sizeOf(t.out.shape)
      return [
        kernels.dispatch(shader, 'backward', {
          label: `${name}.${shader.name}.dx`,
          tensors: { ...t, ...d },
          constants: { SIZE, ACCUMULATE: Number(adds.has('dx')) },
          workgroups: grid(Math.ceil(SIZE / 64)),
          flops: flops[1] * SIZE,
        }),
      ]
    },
  })
}

/** Overrides for an op that draws: the share dropped as a threshold of 32 random bits. */
export function dropoutConstants({ p, stream }: Dropout): Record<string, number> {
  return { STREAM: STREAM.dropout + stream, THRESHOLD: dropoutThreshold(p), RESCALE: 1 / (1 - p) }
}
