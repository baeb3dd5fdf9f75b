// The one place that submits to the GPU and the one place that waits for it.
import { invariant } from '../errors'
import type { Gpu } from './device'
import type { Dispatch } from './kernel'
import type { GpuTensor } from './tensor'

/** Bytes read back at once: far below any device's largest buffer, and a model of 5M parameters with its moments in one go. */
const STAGING = 64 * 2 ** 20

/** How long one submit should keep the device: a page is drawn between two, and Windows resets a device after about 2 s. */
const SUBMIT_MS = 100
/** Programs shorter than this say more about waiting than about the device. */
const SHORTEST_MS = 10
/** Before anything has been measured: 20 GFLOP/s, less than any GPU does. In units of `cost` a millisecond. */
const FIRST_RATE = 2e7
/** Arithmetic that a GPU does while it moves one byte. */
const FLOPS_PER_BYTE = 10

const cost = ({ flops, bytes }: Dispatch) => flops + FLOPS_PER_BYTE * bytes

/** A program in as few pieces as keep each within `budget`; a dispatch that is more by itself is a piece by itself. */
export function cut(program: readonly Dispatch[], budget: number): Dispatch[][] {
  const pieces: Dispatch[][] = []
  let left = 0
  for (const dispatch of program) {
    const piece = pieces.at(-1)
    if (piece && cost(dispatch) <= left) piece.push(dispatch)
    else {
      pieces.push([dispatch])
      left = budget
    }
    left -= cost(dispatch)
  }
  return pieces
}

/** Part of a tensor, and where its bytes go. */
interface Piece {
  buffer: GPUBuffer
  offset: number
  into: Uint8Array
}

export class Queue {
  readonly #gpu: Gpu
  #rate = FIRST_RATE
  /** When the device was last known to have done everything. */
  #idle = 0
  constructor(gpu: Gpu) {
    this.#gpu = gpu
  }

  /** Encodes and submits a program, in pieces sized by what was measured before; resolves when the GPU has done it. */
  async run(program: readonly Dispatch[]): Promise<void> {
    const { device } = this.#gpu
    const submitted = performance.now()
    for (const piece of cut(program, SUBMIT_MS * this.#rate)) {
      const encoder = device.createCommandEncoder({ label: 'program' })
      const pass = encoder.beginComputePass({ label: 'program' })
      for (const dispatch of piece) encode(pass, dispatch)
      pass.end()
      this.submit(encoder)
    }
    await device.queue.onSubmittedWorkDone()
    this.#measure(program, submitted)
    this.#gpu.check()
  }

  /** A program's time begins when the one before it was done. */
  #measure(program: readonly Dispatch[], submitted: number): void {
    const now = performance.now()
    const ms = now - Math.max(submitted, this.#idle)
    this.#idle = now
    const rate = program.reduce((sum, dispatch) => sum + cost(dispatch), 0) / Math.max(ms, SHORTEST_MS)
    if (ms >= SHORTEST_MS || rate > this.#rate) this.#rate = rate
  }

  /** Resolves when the GPU has done all that was submitted. */
  async idle(): Promise<void> {
    await this.#gpu.device.queue.onSubmittedWorkDone()
  }

  submit(encoder: GPUCommandEncoder): void {
    this.#gpu.device.queue.submit([encoder.finish()])
  }

  /** Waits for what was submitted into a staging buffer, lets `use` see its bytes, and destroys it. */
  async take<R>(staging: GPUBuffer, use: (bytes: ArrayBuffer) => R): Promise<R> {
    try {
      await staging.mapAsync(GPUMapMode.READ)
      return use(staging.getMappedRange())
    } finally {
      staging.destroy()
    }
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
    this.submit(encoder)
    await this.take(staging, (bytes) => {
      at = 0
      for (const { into } of pieces) {
        into.set(new Uint8Array(bytes, at, into.length))
        at += into.length
      }
    })
  }
}

/** Puts one dispatch into a pass. */
export function encode(pass: GPUComputePassEncoder, { kernel, bindGroup, workgroups, label }: Dispatch): void {
  invariant(kernel.pipeline, () => `${label}: not compiled yet`)
  pass.setPipeline(kernel.pipeline)
  pass.setBindGroup(0, bindGroup)
  pass.dispatchWorkgroups(...workgroups)
}
