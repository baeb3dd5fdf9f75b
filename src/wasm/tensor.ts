// The WebAssembly engine's tensors and work: a labelled shape with an address, and labelled calls of kernels on such addresses.
import type { Op, OpName, Tensor, Work } from '../engine'
import { invariant } from '../errors'
import { sizeOf } from '../params'
import { ADDS } from './statements'
import type { ParameterType } from './pointer'
import type { AnyKernel, Kernel } from './kernel'

export interface WasmTensor extends Tensor {
  /** Address of the first element in bytes. */
  readonly pointer: number
  /** Address of the block in which it lies. */
  readonly block: number
}

/** A kernel with the numbers that it is called with: addresses, sizes, constants. */
export interface Launch {
  readonly kernel: AnyKernel
  readonly values: readonly number[]
}

export interface WasmWork extends Work {
  /** Kernels, and functions of the host, in the order in which they run. */
  readonly steps: readonly (Launch | (() => void))[]
}

type Parameters = Readonly<Record<string, ParameterType>>
/** What a kernel is called with: a tensor for a pointer, none where it is absent, or an address of scratch memory. */
export type Arguments<P extends Parameters> = {
  readonly [K in keyof P]: P[K] extends 'pointer' ? WasmTensor | Address | undefined : number
}
/** A place in memory that is no tensor's. */
export interface Address {
  readonly pointer: number
}

/** What an op may ask of the engine beside its tensors. */
export interface Machine {
  /** Memory for a moment: so many elements each, side by side. Every work may use it, and finds what others left. */
  scratch(...elements: number[]): Address[]
  /** The elements of a tensor as they lie in memory now. The view is good until memory is allocated. */
  words(tensor: WasmTensor): Uint32Array<ArrayBuffer>
  floats(tensor: WasmTensor): Float32Array<ArrayBuffer>
}

export type WasmOp<K extends OpName> = Op<WasmTensor, WasmWork, K>

/** A call of a kernel, to be made as often as its work is replayed. */
export function launch<P extends Parameters>(kernel: Kernel<P>, given: Arguments<P>): Launch {
  const values = Object.keys(kernel.parameters).map((name) => {
    const value: WasmTensor | Address | number | undefined = given[name]
    return typeof value === 'object' ? value.pointer : (value ?? ABSENT)
  })
  return { kernel, values }
}
const ABSENT = 0

/** Returns a tensor whose elements are floats. Throws for another type, and for none. */
export function floating(tensor: WasmTensor | undefined, name: string): WasmTensor {
  invariant(tensor, () => `${name}: backward without the gradient of its output`)
  invariant(tensor.dtype === 'f32', () => `${tensor.label} is ${tensor.dtype}, not f32`)
  return tensor
}

/** A tensor as a matrix [rows, width], where width is its last dimension. */
export function rowsOf({ shape }: Tensor): { rows: number; width: number } {
  const width = shape.at(-1) ?? 1
  return { rows: sizeOf(shape.slice(0, -1)), width }
}

/** A kernel's `adds` for a gradient: ADDS where it is added to (`+=`), 0 where it is written (`=`). */
export function mask(adds: ReadonlySet<string>, key: string): number {
  return adds.has(key) ? ADDS : 0
}

/** A labelled piece of work. Its `bytes` count every entry of `tensors` once, so a tensor that is read and written is listed twice. */
export function work(
  label: string,
  flops: number,
  tensors: Iterable<WasmTensor | undefined>,
  steps: WasmWork['steps'],
): WasmWork {
  let bytes = 0
  for (const tensor of tensors) bytes += tensor ? 4 * sizeOf(tensor.shape) : 0
  return { label, flops, bytes, steps }
}
