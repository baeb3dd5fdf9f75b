// A tensor on the GPU: a labelled, shaped window on a buffer. Allocates the buffers; an error says in numbers what does not fit.
import { ALIGN, type Block, type Tensor } from '../engine'
import { invariant, OutOfMemoryError } from '../errors'
import { sizeOf } from '../params'
import type { Gpu } from './device'
import { bytes } from '../words/sizes'

export interface GpuTensor extends Tensor {
  readonly buffer: GPUBuffer
  /** In bytes, a multiple of 256. */
  readonly offset: number
  /** In bytes. */
  readonly size: number
}

/** Whether two tensors start at the same place of the same buffer. */
export function sharesMemory(a: GpuTensor, b: GpuTensor): boolean {
  return a.buffer === b.buffer && a.offset === b.offset
}

/** A window on part of `of`, from element `offset` on, a multiple of ALIGN. Throws where it does not fit. */
export function windowOn(of: GpuTensor, tensor: Tensor, offset: number): GpuTensor {
  const size = sizeOf(tensor.shape) * 4
  invariant(
    offset % ALIGN === 0 && offset * 4 + size <= of.size,
    () => `${tensor.label} [${offset}, +${size / 4}] is no window on ${of.label} of ${of.size / 4}`,
  )
  return { ...tensor, buffer: of.buffer, offset: of.offset + offset * 4, size }
}

/** One zeroed buffer a block, and every window on it by label. Throws OutOfMemoryError naming the block and the limit. */
export async function allocate({ device }: Gpu, blocks: readonly Block[]): Promise<Map<string, GpuTensor>> {
  const limit = Math.min(device.limits.maxStorageBufferBindingSize, device.limits.maxBufferSize)
  for (const { label, size } of blocks)
    if (size * 4 > limit)
      throw new OutOfMemoryError(
        `${label} needs ${bytes(size * 4)}, and this device takes at most ${bytes(limit)} in one piece. Choose a smaller model, batch or context.`,
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
      tensors.set(tensor.label, { ...tensor, buffer, offset: offset * 4, size: sizeOf(tensor.shape) * 4 })
    }
    return buffer
  })
  const error = await device.popErrorScope()
  if (error) {
    for (const buffer of buffers) buffer.destroy()
    const total = blocks.reduce((sum, block) => sum + block.size * 4, 0)
    throw new OutOfMemoryError(
      `The device could not give ${bytes(total)} (${error.message}). Choose a smaller model, batch or context.`,
    )
  }
  return tensors
}
