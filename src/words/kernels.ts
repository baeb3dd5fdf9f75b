// A training step taken apart, as page and worker say it: its dispatches with their times, what the device can do at best, and how each
// kernel compares with its reference. Times in milliseconds.
import type { KernelClass, OpName } from '../engine'

/** One dispatch, or one call of kernels on the processor. */
export interface Piece {
  label: string
  op: OpName
  pass: 'forward' | 'backward' | 'update'
  /** Shader, entry point and constants; null where the engine has no kernels to show. */
  kernel: string | null
  workgroups: readonly number[]
  flops: number
  bytes: number
  ms: number
  tensors: { name: string; address: string; shape: readonly number[]; dtype: string }[]
  attrs: Readonly<Record<string, unknown>>
  /** The class of its call, where several kernels could compute it. */
  key: string | null
}

/** A step and its pieces. */
export interface Measured {
  pieces: Piece[]
  /** A whole step by the clock, the median of a few; pieces are timed one by one, so their sum differs. */
  step_ms: number
  /** `timestamps`: the GPU's own; `clock`: each piece repeated until the clock can tell. */
  by: 'timestamps' | 'clock'
  /** The classes with several kernels: what was taken, and what could be. */
  classes: KernelClass[]
  /** The final source of each kernel by its name. */
  sources: Record<string, string>
}

/** What a device does at best, on this page's own kernels. */
export interface Peaks {
  gflop_per_s: number
  gb_per_s: number
  /** The product is n × n × n. */
  n: number
  /** Bytes that the sum of two arrays moves. */
  moved: number
}

/** One kernel against its reference, over all of its calls. */
export interface Verdict {
  op: OpName
  pass: 'forward' | 'backward'
  /** Shader and entry point; the op's name where an engine has no kernels to name. */
  kernel: string
  calls: number
  /** The worst of what it wrote: ‖got − want‖ / ‖want‖, and of one element in units of the largest. */
  norm: number
  element: number
  /** Which tensor that was. */
  tensor: string
  shape: readonly number[]
  /** Milliseconds of a call, the median: small calls, so mostly what starting a kernel costs. */
  ms: number
  agrees: boolean
}
