// What the plain engine computes on: a labelled shape with a typed array, and a labelled function over such arrays. Floats
// are stored in the engine's precision (f32 or f64) and summed in f64 always, so that an element is rounded once.
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

/** The numbers of an f32 tensor. */
export function floats(tensor: CpuTensor): Floats {
  const { data } = tensor
  invariant(
    data instanceof Float32Array || data instanceof Float64Array,
    () => `${tensor.label} is ${tensor.dtype}, not f32`,
  )
  return data
}

/** The numbers of a u32 tensor. */
export function words(tensor: CpuTensor): Uint32Array {
  const { data } = tensor
  invariant(data instanceof Uint32Array, () => `${tensor.label} is ${tensor.dtype}, not u32`)
  return data
}

/** The numbers of an i32 tensor. */
export function integers(tensor: CpuTensor): Int32Array {
  const { data } = tensor
  invariant(data instanceof Int32Array, () => `${tensor.label} is ${tensor.dtype}, not i32`)
  return data
}

/** The gradient that a backward reads; a call without it was recorded wrongly. */
export function gradient(tensor: CpuTensor | undefined, call: { readonly name: string }): Floats {
  invariant(tensor, () => `${call.name}: backward without the gradient of its output`)
  return floats(tensor)
}

/** A gradient ready to be added to: as it stands where the call adds (`+=`), zeroed where it is the first (`=`). */
export function opened(gradient: Floats, adds: boolean): Floats {
  return adds ? gradient : gradient.fill(0)
}

/** Width of a tensor's rows, and how many there are. */
export function rowsOf({ shape }: Tensor): { rows: number; width: number } {
  const width = shape.at(-1) ?? 1
  return { rows: shape.slice(0, -1).reduce((a, b) => a * b, 1), width }
}

/** A piece of work that touches each of `tensors` once. */
export function work(label: string, flops: number, tensors: Iterable<CpuTensor | undefined>, run: () => void): CpuWork {
  let bytes = 0
  for (const tensor of tensors) bytes += tensor ? tensor.data.byteLength : 0
  return { label, flops, bytes, run }
}
