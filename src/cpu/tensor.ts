// The CPU engine's tensors and work: a labelled shape with a typed array, and a labelled function over such arrays. Floats are stored in
// the engine's precision (f32 or f64). Sums are in f64, so that each element is rounded once.
import type { Op, OpName, Tensor, Work } from '../engine'
import { invariant } from '../errors'

export type Floats = Float32Array | Float64Array

export interface CpuTensor extends Tensor {
  readonly data: Floats | Uint32Array | Int32Array
}

export interface CpuWork extends Work {
  run(): void
}

export type CpuOp<K extends OpName> = Op<CpuTensor, CpuWork, K>

/** The array of an f32 tensor, in the engine's precision. Throws for another type. */
export function floats(tensor: CpuTensor): Floats {
  const { data } = tensor
  invariant(
    data instanceof Float32Array || data instanceof Float64Array,
    () => `${tensor.label} is ${tensor.dtype}, not f32`,
  )
  return data
}

/** The array of a u32 tensor. Throws for another type. */
export function words(tensor: CpuTensor): Uint32Array {
  const { data } = tensor
  invariant(data instanceof Uint32Array, () => `${tensor.label} is ${tensor.dtype}, not u32`)
  return data
}

/** The array of an i32 tensor. Throws for another type. */
export function integers(tensor: CpuTensor): Int32Array {
  const { data } = tensor
  invariant(data instanceof Int32Array, () => `${tensor.label} is ${tensor.dtype}, not i32`)
  return data
}

/** The gradient that a backward reads. Throws where the call was recorded without it. */
export function gradient(tensor: CpuTensor | undefined, call: { readonly name: string }): Floats {
  invariant(tensor, () => `${call.name}: backward without the gradient of its output`)
  return floats(tensor)
}

/** Prepares a gradient for summing: keeps its values where the call adds (`+=`), zeroes them where it writes (`=`). Returns it. */
export function opened(gradient: Floats, adds: boolean): Floats {
  return adds ? gradient : gradient.fill(0)
}

/** A tensor as a matrix [rows, width], where width is its last dimension. */
export function rowsOf({ shape }: Tensor): { rows: number; width: number } {
  const width = shape.at(-1) ?? 1
  return { rows: shape.slice(0, -1).reduce((a, b) => a * b, 1), width }
}

/** A labelled piece of work. Its `bytes` count every entry of `tensors` once, so a tensor that is read and written is listed twice. */
export function work(label: string, flops: number, tensors: Iterable<CpuTensor | undefined>, run: () => void): CpuWork {
  let bytes = 0
  for (const tensor of tensors) bytes += tensor ? tensor.data.byteLength : 0
  return { label, flops, bytes, run }
}
