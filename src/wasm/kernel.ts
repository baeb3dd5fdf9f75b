// A kernel: a function with named parameters that is written in the words of expressions.ts and statements.ts. `moduleWith` makes bytes of
// kernels and of those that they call.
import { Code, moduleOf, type Type, type Written } from './assembler'
import { listing } from './listing'
import { here, writeInto, float, int, type Float, type Int } from './expressions'
import { parameters, type ParameterType, type Pointer } from './pointer'
import { unsigned } from './assembler'

type Parameters = Readonly<Record<string, ParameterType>>
type ValueOf = { pointer: Pointer; i32: Int; f32: Float }
type Values<P extends Parameters> = { readonly [K in keyof P]: ValueOf[P[K]] }
/** What a kernel calls another with: numbers may stand for integers and floats. */
type Given<P extends Parameters> = {
  readonly [K in keyof P]: P[K] extends 'pointer' ? Pointer : ValueOf[P[K]] | number
}

const typed =
  <T extends ParameterType>(type: T) =>
  <const K extends string>(...names: readonly K[]) =>
    Object.fromEntries(names.map((name) => [name, type])) as { readonly [N in K]: T }
/** Parameters that point to memory: tensors. */
export const pointers = typed('pointer')
/** Whole parameters: sizes. */
export const integers = typed('i32')
/** Parameters that are single-precision numbers. */
export const floats = typed('f32')

export interface Kernel<P extends Parameters> {
  readonly name: string
  readonly parameters: P
  readonly body: (values: Values<P>) => void
}

/** A kernel whatever its parameters are. */
export interface AnyKernel {
  readonly name: string
  readonly parameters: Parameters
  readonly body: (values: never) => void
}

export function kernel<const P extends Parameters>(
  name: string,
  parameters: P,
  body: (values: Values<P>) => void,
): Kernel<P> {
  return { name, parameters, body }
}

/** Calls another kernel from within one. */
export function call<P extends Parameters>(called: Kernel<P>, given: Given<P>): void {
  for (const [name, type] of Object.entries(called.parameters)) {
    const value = given[name]!
    const whole = type === 'f32' ? float(value as Float | number) : type === 'i32' ? int(value as Int | number) : value
    ;(whole as Pointer).emit()
  }
  here().write(0x10, ...unsigned(here().indexOf(called)))
}

/** The bytes of a module with these kernels, each exported by its name, and all that they call. */
export function moduleWith(kernels: readonly AnyKernel[]): Uint8Array<ArrayBuffer> {
  const all = [...kernels]
  const indexOf = (called: object) => {
    const at = all.findIndex((kernel) => kernel === called)
    return at >= 0 ? at : all.push(called as AnyKernel) - 1
  }
  const written: Written[] = []
  // Kernels that are called join the list while it is walked.
  for (const { name, parameters: types, body } of all) written.push(write(name, types, body, indexOf))
  return moduleOf(written)
}

/** Kernels as text, with all that they call; see listing.ts. */
export function textOf(kernels: readonly AnyKernel[]): string {
  const all = [...kernels]
  const indexOf = (called: object) => {
    const at = all.findIndex((kernel) => kernel === called)
    return at >= 0 ? at : all.push(called as AnyKernel) - 1
  }
  const texts: string[] = []
  for (const { name, parameters: types, body } of all)
    texts.push(listing(write(name, types, body, indexOf), Object.keys(types), (index) => all[index]!.name))
  return texts.join('\n\n')
}

function write(
  name: string,
  types: Parameters,
  body: (values: never) => void,
  indexOf: (called: object) => number,
): Written {
  const names = Object.keys(types)
  const code = new Code(names.length, indexOf)
  const values = Object.fromEntries(names.map((key, i) => [key, parameters[types[key]!](i)]))
  writeInto(code, () => body(values as never))
  const wasmType = (type: ParameterType): Type => (type === 'f32' ? 'f32' : 'i32')
  return { name, parameters: names.map((key) => wasmType(types[key]!)), entry: code.finish() }
}
