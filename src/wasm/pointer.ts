// Pointers into memory, and places along a row. Elements are floats or integers of 32 bits.
import { signed, unsigned, type Type } from './assembler'
import { float, Float, get, here, int, Int, once, Truth, Value, widened, type Lanes } from './expressions'

/** A place in a row: four neighbours, or one where fewer than four are left. */
export interface Place {
  readonly lanes: Lanes
  /** Distance from the row's start in bytes. */
  readonly bytes: Int
  /** The element's number, or the first one's of four. */
  readonly number: Int
}
type Element = Place | Int | number

/** The address of 32-bit elements. Elements are numbered from the pointer on; a `Place` says whether one or four are meant. */
export class Pointer extends Value {
  constructor(emit: () => void, local?: number) {
    super(1, emit, local)
  }
  get type(): Type {
    return 'i32'
  }
  override named(local: number): this {
    return parameters.pointer(local) as this
  }
  /** The float at an element, or four at a place of four. */
  at(element: Element): Float {
    const lanes = lanesOf(element)
    return new Float(lanes, () => {
      const offset = this.#address(element)
      if (lanes === 4) here().vector(0x00, 2, ...offset)
      else here().write(0x2a, 2, ...offset)
    })
  }
  /** Four floats from an element on. */
  four(element: Int | number): Float {
    return new Float(4, () => here().vector(0x00, 2, ...this.#address(element)))
  }
  /** The float at an element in all four lanes. */
  splat(element: Int | number): Float {
    return new Float(4, () => here().vector(0x09, 2, ...this.#address(element)))
  }
  /** The integer at an element. */
  int(element: Int | number): Int {
    return new Int(1, () => here().write(0x28, 2, ...this.#address(element)))
  }
  /** Writes a float, or four, from an element on. */
  store(element: Element, value: Float | Int | number): void {
    const stored = typeof value === 'number' ? float(value) : value
    const lanes = typeof element === 'object' && !(element instanceof Int) ? element.lanes : stored.lanes
    const offset = this.#address(element)
    widened(stored, lanes)
    if (lanes === 4) here().vector(0x0b, 2, ...offset)
    else here().write(stored instanceof Float ? 0x38 : 0x36, 2, ...offset)
  }
  /** The pointer so many elements further on. */
  plus(elements: Int | number): Pointer {
    return new Pointer(() => {
      this.emit()
      if (typeof elements === 'number') here().write(0x41, ...signed(4 * elements))
      else elements.shl(2).emit()
      here().write(0x6a)
    })
  }
  /** The n-th row of a matrix with `width` elements a row, as a pointer with a name. */
  row(n: Int | number, width: Int | number): Pointer {
    return once(this.plus(int(n).mul(width)))
  }
  /** Whether it points to anything. */
  exists(): Truth {
    return new Truth(1, this.emit)
  }
  /** Puts the address of an element on the stack; returns the constant part, for the instruction. */
  #address(element: Element): number[] {
    this.emit()
    if (typeof element === 'number') return unsigned(4 * element)
    if (element instanceof Int) element.shl(2).emit()
    else element.bytes.emit()
    here().write(0x6a)
    return unsigned(0)
  }
}
const lanesOf = (element: Element): Lanes => (typeof element === 'number' || element instanceof Int ? 1 : element.lanes)

/** A pointer to a fixed address, in bytes. */
export function address(bytes: number): Pointer {
  return new Pointer(() => here().write(0x41, ...signed(bytes)))
}

/** A value by its parameter's number. */
export const parameters = {
  pointer: (local: number) => new Pointer(get(local), local),
  i32: (local: number) => new Int(1, get(local), local),
  f32: (local: number) => new Float(1, get(local), local),
} as const
export type ParameterType = keyof typeof parameters
