// The one place that submits to the GPU and the one place that waits for it. A program that is run again costs this side its
// encoding and nothing else: where it is cut into submits is remembered, and small readings share a few staging buffers.
import type { Stage } from '../engine'
import { invariant } from '../errors'
import type { Gpu } from './device'
import type { Dispatch } from './kernel'
import { Nudge } from './nudge'
import type { GpuTensor } from './tensor'

/** Bytes read back at once: far below any device's largest buffer, and a model of 5M parameters with its moments in one go. */
const STAGING = 64 * 2 ** 20
/** Readings up to this size (losses, norms, tokens) go through buffers that are kept, KEPT of them: one is filled, one mapped, one spare. */
const SMALL = 64 * 2 ** 10
const KEPT = 3

/** How long one submit should keep the device: a page is drawn between two, and Windows resets a device after about 2 s. */
const SUBMIT_MS = 100
/** Work that took less says more about waiting than about the device. */
const SHORTEST_MS = 10
/** Before anything has been measured: 20 GFLOP/s, less than any GPU does. In units of `costOf` a millisecond. */
const FIRST_RATE = 2e7
/** Arithmetic that a GPU does while it moves one byte. */
const FLOPS_PER_BYTE = 10
/** A program is cut anew when the budget has moved by more than this factor. */
const RECUT = 1.25

const PROGRAM = { label: 'program' }
const READ = { label: 'read' }
const ARRAYS = { f32: Float32Array, u32: Uint32Array, i32: Int32Array }

const costOf = ({ flops, bytes }: Dispatch) => flops + FLOPS_PER_BYTE * bytes

/** Dispatches `from` to `to` of a program, and what they cost. */
interface Piece {
  from: number
  to: number
  cost: number
}

/** A program in as few pieces as keep each within `budget`; a dispatch that is more by itself is a piece by itself. */
export function cut(program: readonly Dispatch[], budget: number): Piece[] {
  const pieces: Piece[] = []
  program.forEach((dispatch, i) => {
    const more = costOf(dispatch)
    const piece = pieces.at(-1)
    if (piece && piece.cost + more <= budget) {
      piece.to = i + 1
      piece.cost += more
    } else pieces.push({ from: i, to: i + 1, cost: more })
  })
  return pieces
}

/** How a program was cut, and for which budget. */
interface Cut {
  budget: number
  pieces: Piece[]
  cost: number
}

/** Part of a tensor, and where its bytes go. */
interface Part {
  buffer: GPUBuffer
  offset: number
  into: Uint8Array
}

export class Queue {
  readonly #gpu: Gpu
  readonly #nudge: Nudge
  readonly #cuts = new WeakMap<readonly Dispatch[], Cut>()
  #rate = FIRST_RATE
  /** Programs submitted and not known to be done. */
  #running = 0
  /** What was done since when, for the rate. */
  #done = 0
  #since = 0
  readonly #staging: GPUBuffer[] = []

  constructor(gpu: Gpu) {
    this.#gpu = gpu
    this.#nudge = new Nudge(() => gpu.device.queue.submit([]))
    // A device that is lost meanwhile has others who say so.
    this.#nudge.probe(() => gpu.device.queue.onSubmittedWorkDone()).catch(() => undefined)
  }

  /**
   * Encodes and submits a program, `times` over, in submits sized by what was measured before; resolves when the GPU has done
   * it. The array is remembered: it must not change between two runs.
   */
  async run(program: readonly Dispatch[], times = 1): Promise<void> {
    const { device } = this.#gpu
    const { budget, pieces, cost } = this.#cut(program)
    if (this.#running++ === 0) this.#begin()
    let encoder = device.createCommandEncoder(PROGRAM)
    let pass = encoder.beginComputePass(PROGRAM)
    let left = budget
    for (let round = 0; round < times; round++)
      for (const piece of pieces) {
        if (piece.cost > left && left < budget) {
          pass.end()
          this.submit(encoder)
          encoder = device.createCommandEncoder(PROGRAM)
          pass = encoder.beginComputePass(PROGRAM)
          left = budget
        }
        encode(pass, program, piece.from, piece.to)
        left -= piece.cost
      }
    pass.end()
    this.submit(encoder)
    await this.idle()
    this.#running--
    this.#measure(cost * times)
    this.#gpu.check()
  }

  #cut(program: readonly Dispatch[]): Cut {
    const budget = SUBMIT_MS * this.#rate
    const known = this.#cuts.get(program)
    if (known && budget < known.budget * RECUT && budget > known.budget / RECUT) return known
    const pieces = cut(program, budget)
    const made = { budget, pieces, cost: pieces.reduce((sum, piece) => sum + piece.cost, 0) }
    this.#cuts.set(program, made)
    return made
  }

  #begin(): void {
    this.#since = performance.now()
    this.#done = 0
  }

  /**
   * Work over time, over stretches in which the device had something to do all along. Where a browser tells late (nudge.ts), many
   * programs are done at one time: only together do they say how fast the device is.
   */
  #measure(cost: number): void {
    this.#done += cost
    const ms = performance.now() - this.#since
    const rate = this.#done / Math.max(ms, SHORTEST_MS)
    if (ms >= SHORTEST_MS) {
      this.#rate = rate
      this.#begin()
    } else if (this.#running === 0) this.#rate = Math.max(this.#rate, rate)
  }

  /** Resolves when the GPU has done all that was submitted. */
  async idle(): Promise<void> {
    await this.#nudge.wait(this.#gpu.device.queue.onSubmittedWorkDone())
  }

  submit(encoder: GPUCommandEncoder): void {
    this.#gpu.device.queue.submit([encoder.finish()])
  }

  /** Waits for what was submitted into a staging buffer, lets `use` see its bytes, and destroys it. */
  async take<R>(staging: GPUBuffer, use: (bytes: ArrayBuffer) => R): Promise<R> {
    try {
      await this.#nudge.wait(staging.mapAsync(GPUMapMode.READ))
      return use(staging.getMappedRange())
    } finally {
      staging.destroy()
    }
  }

  write(tensor: GpuTensor, data: Float32Array | Uint32Array | Int32Array): void {
    invariant(data.byteLength <= tensor.size, () => `${tensor.label}: ${data.byteLength} bytes into ${tensor.size}`)
    this.#gpu.device.queue.writeBuffer(tensor.buffer, tensor.offset, data.buffer, data.byteOffset, data.byteLength)
  }

  /** See Engine.stage: arrays that lie in one piece of memory as the tensors do in their buffer, so that one write takes them all. */
  stage(tensors: readonly GpuTensor[]): Stage {
    const buffer = tensors[0]?.buffer
    invariant(buffer && tensors.every((t) => t.buffer === buffer), () => 'staged tensors are windows of one block')
    const from = Math.min(...tensors.map(({ offset }) => offset))
    const memory = new ArrayBuffer(Math.max(...tensors.map(({ offset, size }) => offset + size)) - from)
    const arrays = new Map(
      tensors.map(({ label, dtype, offset, size }) => [label, new ARRAYS[dtype](memory, offset - from, size / 4)]),
    )
    return { arrays, write: () => this.#gpu.device.queue.writeBuffer(buffer, from, memory) }
  }

  /**
   * Copies tensors out, after everything submitted before. What is too large for one staging buffer is read in turn: run nothing
   * in between that writes it.
   */
  async read(tensors: readonly GpuTensor[]): Promise<Float32Array[]> {
    const results = tensors.map(({ size }) => new Uint8Array(size))
    let parts: Part[] = []
    let room = STAGING
    for (const [i, tensor] of tensors.entries())
      for (let at = 0; at < tensor.size;) {
        const size = Math.min(tensor.size - at, room)
        parts.push({ buffer: tensor.buffer, offset: tensor.offset + at, into: results[i]!.subarray(at, at + size) })
        at += size
        room -= size
        if (room > 0) continue
        await this.#stage(parts)
        parts = []
        room = STAGING
      }
    if (parts.length > 0) await this.#stage(parts)
    this.#gpu.check()
    return results.map((bytes) => new Float32Array(bytes.buffer))
  }

  async #stage(parts: readonly Part[]): Promise<void> {
    const { device } = this.#gpu
    const size = parts.reduce((sum, { into }) => sum + into.length, 0)
    const staging = (size <= SMALL ? this.#staging.pop() : undefined) ?? this.#stagingOf(Math.max(size, SMALL))
    const encoder = device.createCommandEncoder(READ)
    let at = 0
    for (const { buffer, offset, into } of parts) {
      encoder.copyBufferToBuffer(buffer, offset, staging, at, into.length)
      at += into.length
    }
    this.submit(encoder)
    await this.#nudge.wait(staging.mapAsync(GPUMapMode.READ, 0, size))
    const bytes = staging.getMappedRange(0, size)
    at = 0
    for (const { into } of parts) {
      into.set(new Uint8Array(bytes, at, into.length))
      at += into.length
    }
    staging.unmap()
    if (staging.size === SMALL && this.#staging.length < KEPT) this.#staging.push(staging)
    else staging.destroy()
  }

  #stagingOf(size: number): GPUBuffer {
    const usage = GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST
    return this.#gpu.device.createBuffer({ label: 'staging', size, usage })
  }
}

/** Puts dispatches `from` to `to` into a pass. A pipeline that is set already is not set again. */
export function encode(pass: GPUComputePassEncoder, program: readonly Dispatch[], from: number, to: number): void {
  let last: GPUComputePipeline | null = null
  for (let i = from; i < to; i++) {
    const { kernel, bindGroup, workgroups, label } = program[i]!
    const { pipeline } = kernel
    if (!pipeline) throw new Error(`${label}: not compiled yet`)
    if (pipeline !== last) pass.setPipeline(pipeline)
    last = pipeline
    pass.setBindGroup(0, bindGroup)
    pass.dispatchWorkgroups(workgroups[0], workgroups[1], workgroups[2])
  }
}
