// The one place that submits to the GPU and the one place that waits for it. A program that runs again costs the CPU its encoding only:
// its division into submits is remembered, and small reads reuse a few readback buffers.
import type { Stage } from '../engine'
import { invariant } from '../errors'
import type { Gpu } from './device'
import type { Dispatch } from './kernel'
import { Nudge } from './nudge'
import type { GpuTensor } from './tensor'

/** Largest readback buffer, in bytes: far below any device's limit, and enough for 5M parameters with their moments. */
const READBACK = 64 * 2 ** 20
/** Size of the readback buffers that are kept for small reads (losses, norms, tokens). There are KEPT: one filled, one mapped, one spare. */
const SMALL = 64 * 2 ** 10
const KEPT = 3

/** Wanted length of one submit. The page is drawn between two submits, and Windows resets a device after about 2 s of one. */
const SUBMIT_MS = 100
/** Shortest measurement of the rate: shorter ones measure waiting rather than the device. */
const SHORTEST_MS = 10
/** Rate before the first measurement, in units of `costOf` a millisecond: 20 GFLOP/s, less than any GPU's. */
const FIRST_RATE = 2e7
/** FLOPs that a GPU computes in the time of moving one byte. */
const FLOPS_PER_BYTE = 10
/** Factor by which the budget must change before a program is divided again. */
const RECUT = 1.25

const PROGRAM = { label: 'program' }
const READ = { label: 'read' }
const ARRAYS = { f32: Float32Array, u32: Uint32Array, i32: Int32Array }

/** Cost of a dispatch in FLOPs, its memory traffic included. */
const costOf = ({ flops, bytes }: Dispatch) => flops + FLOPS_PER_BYTE * bytes

/** Dispatches `from` to `to` (not included) of a program, and their cost. */
interface Piece {
  from: number
  to: number
  cost: number
}

/** Divides a program into the fewest pieces that cost at most `budget` each; a dispatch that costs more is a piece of its own. */
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

/** A program's pieces, and the budget that they were made for. */
interface Cut {
  budget: number
  pieces: Piece[]
  cost: number
}

/** A stretch of a buffer to be read, and the memory that its bytes go to. */
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
  /** Number of programs submitted and not known to be done. */
  #running = 0
  /** Cost of the work done since `#since`, in milliseconds of `performance.now()`. */
  #done = 0
  #since = 0
  /** Small readback buffers that are free. */
  readonly #readbacks: GPUBuffer[] = []

  constructor(gpu: Gpu) {
    this.#gpu = gpu
    this.#nudge = new Nudge(() => gpu.device.queue.submit([]))
    // `gpu.lost` reports a device that is lost meanwhile.
    this.#nudge.probe(() => gpu.device.queue.onSubmittedWorkDone()).catch(() => undefined)
  }

  /**
   * Encodes and submits a program `times` times, in submits of about SUBMIT_MS by the rate measured so far. Resolves when the GPU has
   * computed it. The program's division is remembered by the array, which must not change between two runs.
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
   * Updates the rate from a program that is done, over a stretch of time in which the device was never idle. A browser that reports late
   * (nudge.ts) reports many programs at once, and only their sum gives the rate.
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

  /** Resolves when the GPU has computed everything submitted so far. */
  async idle(): Promise<void> {
    await this.#nudge.wait(this.#gpu.device.queue.onSubmittedWorkDone())
  }

  submit(encoder: GPUCommandEncoder): void {
    this.#gpu.device.queue.submit([encoder.finish()])
  }

  /** Maps a buffer when what was submitted into it is done, passes its bytes to `use`, and destroys it. */
  async take<R>(readback: GPUBuffer, use: (bytes: ArrayBuffer) => R): Promise<R> {
    try {
      await this.#nudge.wait(readback.mapAsync(GPUMapMode.READ))
      return use(readback.getMappedRange())
    } finally {
      readback.destroy()
    }
  }

  /** Writes from the start of a tensor, before the next submit. Throws where the data is larger than the tensor. */
  write(tensor: GpuTensor, data: Float32Array | Uint32Array | Int32Array): void {
    invariant(data.byteLength <= tensor.size, () => `${tensor.label}: ${data.byteLength} bytes into ${tensor.size}`)
    this.#gpu.device.queue.writeBuffer(tensor.buffer, tensor.offset, data.buffer, data.byteOffset, data.byteLength)
  }

  /** Arrays for tensors of one buffer, at the same offsets in one piece of memory, so that one write uploads them all. */
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
   * Reads tensors after everything submitted before. More than one readback buffer's bytes are read in several submits, between which
   * nothing may write the tensors.
   */
  async read(tensors: readonly GpuTensor[]): Promise<Float32Array[]> {
    const results = tensors.map(({ size }) => new Uint8Array(size))
    let parts: Part[] = []
    let room = READBACK
    for (const [i, tensor] of tensors.entries())
      for (let at = 0; at < tensor.size;) {
        const size = Math.min(tensor.size - at, room)
        parts.push({ buffer: tensor.buffer, offset: tensor.offset + at, into: results[i]!.subarray(at, at + size) })
        at += size
        room -= size
        if (room > 0) continue
        await this.#copyOut(parts)
        parts = []
        room = READBACK
      }
    if (parts.length > 0) await this.#copyOut(parts)
    this.#gpu.check()
    return results.map((bytes) => new Float32Array(bytes.buffer))
  }

  /** Copies parts into one readback buffer, waits for it, and copies its bytes to where they go. */
  async #copyOut(parts: readonly Part[]): Promise<void> {
    const { device } = this.#gpu
    const size = parts.reduce((sum, { into }) => sum + into.length, 0)
    const readback = (size <= SMALL ? this.#readbacks.pop() : undefined) ?? this.#readbackOf(Math.max(size, SMALL))
    const encoder = device.createCommandEncoder(READ)
    let at = 0
    for (const { buffer, offset, into } of parts) {
      encoder.copyBufferToBuffer(buffer, offset, readback, at, into.length)
      at += into.length
    }
    this.submit(encoder)
    await this.#nudge.wait(readback.mapAsync(GPUMapMode.READ, 0, size))
    const bytes = readback.getMappedRange(0, size)
    at = 0
    for (const { into } of parts) {
      into.set(new Uint8Array(bytes, at, into.length))
      at += into.length
    }
    readback.unmap()
    if (readback.size === SMALL && this.#readbacks.length < KEPT) this.#readbacks.push(readback)
    else readback.destroy()
  }

  #readbackOf(size: number): GPUBuffer {
    const usage = GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST
    return this.#gpu.device.createBuffer({ label: 'readback', size, usage })
  }
}

/** Encodes dispatches `from` to `to` (not included) into a pass. A pipeline that is set already is not set again. Throws before `compile`. */
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
