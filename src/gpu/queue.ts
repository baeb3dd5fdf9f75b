// The one place that submits to the GPU and the one place that waits for it.
import { invariant } from '../errors'
import type { Gpu } from './device'
import type { Dispatch } from './kernel'
import type { GpuTensor } from './tensor'

/** Bytes read back at once: far below any device's largest buffer, and a model of 5M parameters with its moments in one go. */
const STAGING = 64 * 2 ** 20

/** Part of a tensor, and where its bytes go. */
interface Piece {
  buffer: GPUBuffer
  offset: number
  into: Uint8Array
}

export class Queue {
  readonly #gpu: Gpu
  constructor(gpu: Gpu) {
    this.#gpu = gpu
  }

  /** Encodes and submits a program; resolves when the GPU has done it. */
  async run(program: readonly Dispatch[]): Promise<void> {
    const { device } = this.#gpu
    const encoder = device.createCommandEncoder({ label: 'program' })
    const pass = encoder.beginComputePass({ label: 'program' })
    for (const dispatch of program) encode(pass, dispatch)
    pass.end()
    device.queue.submit([encoder.finish()])
    await device.queue.onSubmittedWorkDone()
    this.#gpu.check()
  }

  write(tensor: GpuTensor, data: Float32Array | Uint32Array | Int32Array): void {
    invariant(data.byteLength <= tensor.size, () => `${tensor.label}: ${data.byteLength} bytes into ${tensor.size}`)
    this.#gpu.device.queue.writeBuffer(tensor.buffer, tensor.offset, data.buffer, data.byteOffset, data.byteLength)
  }

  /**
   * Copies tensors out, after everything submitted before, through staging buffers of at most STAGING bytes. What does not fit
   * into one is read in turn: run nothing in between that writes it.
   */
  async read(tensors: readonly GpuTensor[]): Promise<Float32Array[]> {
    const results = tensors.map(({ size }) => new Uint8Array(size))
    let pieces: Piece[] = []
    let room = STAGING
    for (const [i, tensor] of tensors.entries())
      for (let at = 0; at < tensor.size;) {
        const size = Math.min(tensor.size - at, room)
        pieces.push({ buffer: tensor.buffer, offset: tensor.offset + at, into: results[i]!.subarray(at, at + size) })
        at += size
        room -= size
        if (room > 0) continue
        await this.#stage(pieces)
        pieces = []
        room = STAGING
      }
    if (pieces.length > 0) await this.#stage(pieces)
    this.#gpu.check()
    return results.map((bytes) => new Float32Array(bytes.buffer))
  }

  async #stage(pieces: readonly Piece[]): Promise<void> {
    const { device } = this.#gpu
    const size = pieces.reduce((sum, { into }) => sum + into.length, 0)
    const usage = GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST
    const staging = device.createBuffer({ label: 'staging', size, usage })
    const encoder = device.createCommandEncoder({ label: 'read' })
    let at = 0
    for (const { buffer, offset, into } of pieces) {
      encoder.copyBufferToBuffer(buffer, offset, staging, at, into.length)
      at += into.length
    }
    device.queue.submit([encoder.finish()])
    try {
      await staging.mapAsync(GPUMapMode.READ)
      const bytes = new Uint8Array(staging.getMappedRange())
      at = 0
      for (const { into } of pieces) into.set(bytes.subarray(at, (at += into.length)))
    } finally {
      staging.destroy()
    }
  }
}

/** Puts one dispatch into a pass. */
export function encode(pass: GPUComputePassEncoder, { kernel, bindGroup, workgroups, label }: Dispatch): void {
  invariant(kernel.pipeline, () => `${label}: not compiled yet`)
  pass.setPipeline(kernel.pipeline)
  pass.setBindGroup(0, bindGroup)
  pass.dispatchWorkgroups(...workgroups)
}
