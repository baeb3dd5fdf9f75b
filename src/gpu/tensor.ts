// A tensor on the GPU: a labelled, shaped window on a buffer. Makes the buffers and says in numbers when one does not fit.
import type { Block, Tensor } from '../engine'
import { OutOfMemoryError } from '../errors'
import type { Gpu } from './device'

export interface GpuTensor extends Tensor {
  readonly buffer: GPUBuffer
  /** In bytes, a multiple of 256. */
  readonly offset: number
  /** In bytes. */
  readonly size: number
}

/** Whether two tensors are one window by two names. */
export function sharesMemory(a: GpuTensor, b: GpuTensor): boolean {
  return a.buffer === b.buffer && a.offset === b.offset
}

const mib = (bytes: number) => `${(bytes / 2 ** 20).toFixed(1)} MiB`

/** One zeroed buffer a block, and every window on it by label. Throws OutOfMemoryError naming the block and the limit. */
export async function allocate({ device }: Gpu, blocks: readonly Block[]): Promise<Map<string, GpuTensor>> {
  const limit = Math.min(device.limits.maxStorageBufferBindingSize, device.limits.maxBufferSize)
  for (const { label, size } of blocks)
    if (size * 4 > limit)
      throw new OutOfMemoryError(
        `${label} needs ${mib(size * 4)}, and this device takes at most ${mib(limit)} in one piece. Choose a smaller model, batch or context.`,
      )
  const tensors = new Map<string, GpuTensor>()
  device.pushErrorScope('out-of-memory')
  const buffers = blocks.map((block) => {
    const buffer = device.createBuffer({
      label: block.label,
      size: block.size * 4,
      usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST,
    })
    for (const { tensor, offset } of block.windows) {
      const elements = tensor.shape.reduce((a, b) => a * b, 1)
      tensors.set(tensor.label, { ...tensor, buffer, offset: offset * 4, size: elements * 4 })
    }
    return buffer
  })
  const error = await device.popErrorScope()
  if (error) {
    for (const buffer of buffers) buffer.destroy()
    const total = blocks.reduce((sum, block) => sum + block.size * 4, 0)
    throw new OutOfMemoryError(
      `The device could not give ${mib(total)} (${error.message}). Choose a smaller model, batch or context.`,
    )
  }
  return tensors
}
