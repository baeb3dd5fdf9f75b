// A WebAssembly module as bytes (webassembly.github.io/spec/core/binary): an imported memory and functions that are exported by name. Knows
// numbers of instructions and how they are written down, and nothing of what is computed.
import { invariant } from '../errors'

/** Types of parameters and locals, as the format numbers them. */
export const TYPE = { i32: 0x7f, f32: 0x7d, v128: 0x7b } as const
export type Type = keyof typeof TYPE

/** Where a module finds its memory among its imports. */
export const MEMORY = { module: 'host', name: 'memory' } as const

/** An unsigned number, seven bits a byte, the lowest first (LEB128). */
export function unsigned(value: number): number[] {
  const bytes: number[] = []
  let rest = value >>> 0
  do {
    const more = rest >= 0x80
    bytes.push((rest & 0x7f) | (more ? 0x80 : 0))
    rest >>>= 7
  } while (rest > 0)
  return bytes
}
/** A signed 32-bit number in the same way; the sixth bit of the last byte is the sign. */
export function signed(value: number): number[] {
  const bytes: number[] = []
  let rest = value | 0
  for (;;) {
    const low = rest & 0x7f
    rest >>= 7
    const last = (rest === 0 && (low & 0x40) === 0) || (rest === -1 && (low & 0x40) !== 0)
    bytes.push(last ? low : low | 0x80)
    if (last) return bytes
  }
}
const word = new DataView(new ArrayBuffer(4))
/** A 32-bit float, its four bytes. */
export function single(value: number): number[] {
  word.setFloat32(0, value, true)
  return [0, 1, 2, 3].map((i) => word.getUint8(i))
}

/** The instructions of one function while they are written. */
export class Code {
  readonly #parameters: number
  readonly #locals: Type[] = []
  readonly #body: number[] = []
  /** Runs before the body: constants that live in locals. */
  readonly #prologue: number[] = []
  readonly #constants = new Map<string, number>()
  /** The number of another function of the module, by what it is made of. */
  readonly indexOf: (called: object) => number

  constructor(parameters: number, indexOf: (called: object) => number) {
    this.#parameters = parameters
    this.indexOf = indexOf
  }
  write(...bytes: number[]): void {
    this.#body.push(...bytes)
  }
  /** An instruction of the 128-bit set. */
  vector(instruction: number, ...operands: number[]): void {
    this.write(0xfd, ...unsigned(instruction), ...operands)
  }
  /** A new local variable: its number. */
  local(type: Type): number {
    return this.#parameters + this.#locals.push(type) - 1
  }
  /**
   * The local that holds a constant in all four lanes. It is filled once, at the function's start: compilers build a vector constant from
   * several instructions wherever it stands.
   */
  constant(type: 'i32' | 'f32', value: number): number {
    const key = `${type} ${Object.is(value, -0) ? '-0' : value}`
    const known = this.#constants.get(key)
    if (known !== undefined) return known
    const local = this.local('v128')
    const [one, splat] = type === 'f32' ? [[0x43, ...single(value)], 0x13] : [[0x41, ...signed(value)], 0x11]
    this.#prologue.push(...one, 0xfd, splat, 0x21, ...unsigned(local))
    this.#constants.set(key, local)
    return local
  }
  /** The function's entry in the code section. */
  finish(): number[] {
    const locals = this.#locals.flatMap((type) => [1, TYPE[type]])
    const entry = [...unsigned(this.#locals.length), ...locals, ...this.#prologue, ...this.#body, 0x0b]
    return [...unsigned(entry.length), ...entry]
  }
}

/** A function without results, as a module holds it. */
export interface Written {
  name: string
  parameters: readonly Type[]
  entry: readonly number[]
}

/** The bytes of a module whose functions are all exported. */
export function moduleOf(functions: readonly Written[]): Uint8Array<ArrayBuffer> {
  invariant(new Set(functions.map(({ name }) => name)).size === functions.length, () => 'two kernels have one name')
  const text = (words: string) => {
    const bytes = new TextEncoder().encode(words)
    return [...unsigned(bytes.length), ...bytes]
  }
  const vector = (items: readonly (readonly number[])[]) => [...unsigned(items.length), ...items.flat()]
  const section = (id: number, content: number[]) => [id, ...unsigned(content.length), ...content]
  const types = functions.map(({ parameters }) => [0x60, ...vector(parameters.map((type) => [TYPE[type]])), 0])
  const memory = [...text(MEMORY.module), ...text(MEMORY.name), 0x02, 0x00, ...unsigned(0)]
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, vector(types)),
    ...section(2, vector([memory])),
    ...section(3, vector(functions.map((_, i) => unsigned(i)))),
    ...section(7, vector(functions.map(({ name }, i) => [...text(name), 0x00, ...unsigned(i)]))),
    ...section(10, vector(functions.map(({ entry }) => entry))),
  ])
}
