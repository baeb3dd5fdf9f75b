// What a kernel computes with: numbers with the operations of the formula, and pointers into memory. A value is an expression, which is
// computed where a statement uses it. `once` computes it at that place and gives the result a name. Floats and integers have one lane (f32,
// i32) or four (f32x4, i32x4); where both meet, the single one is repeated in all four. See README.md.
import { invariant } from '../errors'
import { signed, single, unsigned, type Code, type Type } from './assembler'

export type Lanes = 1 | 4

let current: Code | null = null
/** The function that is being written. Throws outside of a kernel. */
export function here(): Code {
  invariant(current, () => 'an expression outside of a kernel')
  return current
}
/** Writes statements into a function. */
export function writeInto(code: Code, statements: () => void): void {
  const outer = current
  current = code
  try {
    statements()
  } finally {
    current = outer
  }
}

/** Puts a value on the stack of the function that is being written. */
type Emit = () => void

export abstract class Value {
  readonly lanes: Lanes
  readonly emit: Emit
  /** The local of a value that has a name. */
  readonly local: number | undefined

  constructor(lanes: Lanes, emit: Emit, local?: number) {
    this.lanes = lanes
    this.emit = emit
    this.local = local
  }
  /** The type of the local that can hold it. */
  abstract get type(): Type
  /** A value of the same kind that is read from a local. */
  abstract named(local: number): this
  /** Gives a variable its next value. */
  set(next: this): void {
    invariant(this.local !== undefined, () => 'only a variable can be set')
    next.emit()
    here().write(0x21, ...unsigned(this.local))
  }
}

/** Computes a value here, once, and returns it by name. */
export function once<V extends Value>(value: V): V {
  const local = here().local(value.type)
  value.emit()
  here().write(0x21, ...unsigned(local))
  return value.named(local)
}
/** The same, for a value that is set again. */
export const variable = once

/** Reads a local. */
export const get =
  (local: number): Emit =>
  () =>
    here().write(0x20, ...unsigned(local))

/** An instruction for one lane and for four. */
type Instruction = readonly [one: number, four: number]

/** Puts a value on the stack in so many lanes. */
export function widened(value: Value, lanes: Lanes): void {
  if (value.lanes === lanes) return value.emit()
  const constant = value instanceof Float || value instanceof Int ? value.constant : undefined
  if (constant !== undefined) return get(here().constant(value instanceof Float ? 'f32' : 'i32', constant))()
  value.emit()
  here().vector(value instanceof Float ? 0x13 : 0x11)
}
const wider = (a: Value, b: Value): Lanes => (a.lanes === 4 || b.lanes === 4 ? 4 : 1)
function both([one, four]: Instruction, a: Value, b: Value, lanes: Lanes): Emit {
  return () => {
    widened(a, lanes)
    widened(b, lanes)
    if (lanes === 4) here().vector(four)
    else here().write(one)
  }
}

/** A floating-point number, or four. */
export class Float extends Value {
  /** The number itself, where it is known now. */
  readonly constant: number | undefined
  constructor(lanes: Lanes, emit: Emit, local?: number, constant?: number) {
    super(lanes, emit, local)
    this.constant = constant
  }
  get type(): Type {
    return this.lanes === 4 ? 'v128' : 'f32'
  }
  override named(local: number): this {
    return new Float(this.lanes, get(local), local) as this
  }
  #with(instruction: Instruction, other: Float | number): Float {
    const right = float(other)
    const lanes = wider(this, right)
    return new Float(lanes, both(instruction, this, right, lanes))
  }
  #alone([one, four]: Instruction): Float {
    return new Float(this.lanes, () => {
      this.emit()
      if (this.lanes === 4) here().vector(four)
      else here().write(one)
    })
  }
  #compared(instruction: Instruction, other: Float | number): Truth {
    const right = float(other)
    const lanes = wider(this, right)
    return new Truth(lanes, both(instruction, this, right, lanes))
  }
  add(other: Float | number): Float {
    return this.#with([0x92, 0xe4], other)
  }
  sub(other: Float | number): Float {
    return this.#with([0x93, 0xe5], other)
  }
  mul(other: Float | number): Float {
    return this.#with([0x94, 0xe6], other)
  }
  div(other: Float | number): Float {
    return this.#with([0x95, 0xe7], other)
  }
  /** The smaller; of four lanes, this one where it is no number. */
  min(other: Float | number): Float {
    return this.#with([0x96, 0xea], other)
  }
  /** The larger; of four lanes, this one where it is no number. */
  max(other: Float | number): Float {
    return this.#with([0x97, 0xeb], other)
  }
  sqrt(): Float {
    return this.#alone([0x91, 0xe3])
  }
  abs(): Float {
    return this.#alone([0x8b, 0xe0])
  }
  /** Its square; for a value with a name. */
  square(): Float {
    return this.mul(this)
  }
  eq(other: Float | number): Truth {
    return this.#compared([0x5b, 0x41], other)
  }
  ne(other: Float | number): Truth {
    return this.#compared([0x5c, 0x42], other)
  }
  lt(other: Float | number): Truth {
    return this.#compared([0x5d, 0x43], other)
  }
  gt(other: Float | number): Truth {
    return this.#compared([0x5e, 0x44], other)
  }
  /** The same bits as an integer. */
  bits(): Int {
    return new Int(this.lanes, () => {
      this.emit()
      if (this.lanes === 1) here().write(0xbc)
    })
  }
  /** One of four lanes. */
  lane(i: number): Float {
    return new Float(1, () => {
      this.emit()
      here().vector(0x1f, i)
    })
  }
}

/** An integer of 32 bits, or four. */
export class Int extends Value {
  readonly constant: number | undefined
  constructor(lanes: Lanes, emit: Emit, local?: number, constant?: number) {
    super(lanes, emit, local)
    this.constant = constant
  }
  get type(): Type {
    return this.lanes === 4 ? 'v128' : 'i32'
  }
  override named(local: number): this {
    return new Int(this.lanes, get(local), local) as this
  }
  #with(instruction: Instruction, other: Int | number): Int {
    const right = int(other)
    const lanes = wider(this, right)
    return new Int(lanes, both(instruction, this, right, lanes))
  }
  #compared(instruction: Instruction, other: Int | number): Truth {
    const right = int(other)
    const lanes = wider(this, right)
    return new Truth(lanes, both(instruction, this, right, lanes))
  }
  #shifted([one, four]: Instruction, bits: number): Int {
    return new Int(this.lanes, () => {
      this.emit()
      here().write(0x41, ...signed(bits))
      if (this.lanes === 4) here().vector(four)
      else here().write(one)
    })
  }
  add(other: Int | number): Int {
    return this.#with([0x6a, 0xae], other)
  }
  sub(other: Int | number): Int {
    return this.#with([0x6b, 0xb1], other)
  }
  mul(other: Int | number): Int {
    return this.#with([0x6c, 0xb5], other)
  }
  /** Quotient of unsigned integers, of one lane, rounded down. */
  div(other: Int | number): Int {
    return this.#with([0x6e, NONE], other)
  }
  /** Remainder of unsigned integers, of one lane. */
  rem(other: Int | number): Int {
    return this.#with([0x70, NONE], other)
  }
  and(other: Int | number): Int {
    return this.#with([0x71, 0x4e], other)
  }
  or(other: Int | number): Int {
    return this.#with([0x72, 0x50], other)
  }
  xor(other: Int | number): Int {
    return this.#with([0x73, 0x51], other)
  }
  /** Shifted left. */
  shl(bits: number): Int {
    return this.#shifted([0x74, 0xab], bits)
  }
  /** Shifted right, as an unsigned integer. */
  shr(bits: number): Int {
    return this.#shifted([0x76, 0xad], bits)
  }
  /** The smaller of two signed integers of one lane. */
  min(other: Int | number): Int {
    const right = int(other)
    return select(this.lt(right), this, right)
  }
  eq(other: Int | number): Truth {
    return this.#compared([0x46, 0x37], other)
  }
  ne(other: Int | number): Truth {
    return this.#compared([0x47, 0x38], other)
  }
  lt(other: Int | number): Truth {
    return this.#compared([0x48, 0x39], other)
  }
  gt(other: Int | number): Truth {
    return this.#compared([0x4a, 0x3b], other)
  }
  /** Whether it is at least `other`, both unsigned. */
  reaches(other: Int | number): Truth {
    return this.#compared([0x4f, 0x40], other)
  }
  /** The nearest float to a signed integer. */
  toFloat(): Float {
    return new Float(this.lanes, () => {
      this.emit()
      if (this.lanes === 4) here().vector(0xfa)
      else here().write(0xb2)
    })
  }
  /** The same bits as a float. */
  asFloat(): Float {
    return new Float(this.lanes, () => {
      this.emit()
      if (this.lanes === 1) here().write(0xbe)
    })
  }
}
/** Unreachable in one lane, and refused in four: there is no such instruction. */
const NONE = 0xfff

/** What a comparison says, of one lane or of each of four. */
export class Truth extends Value {
  get type(): Type {
    return this.lanes === 4 ? 'v128' : 'i32'
  }
  override named(local: number): this {
    return new Truth(this.lanes, get(local), local) as this
  }
}

/** `yes` where the condition holds, lane by lane, else `no`. Both are computed. */
export function select<V extends Float | Int>(condition: Truth, yes: V, no: V): V {
  const lanes = condition.lanes === 4 ? 4 : wider(yes, no)
  const emit = () => {
    widened(yes, lanes)
    widened(no, lanes)
    condition.emit()
    if (condition.lanes === 4) here().vector(0x52)
    else here().write(0x1b)
  }
  return (yes instanceof Float ? new Float(lanes, emit) : new Int(lanes, emit)) as V
}

export function float(value: Float | number): Float {
  if (value instanceof Float) return value
  return new Float(1, () => here().write(0x43, ...single(value)), undefined, value)
}
export function int(value: Int | number): Int {
  if (value instanceof Int) return value
  return new Int(1, () => here().write(0x41, ...signed(value)), undefined, value | 0)
}
/** A float in all four lanes. */
export function splat(value: Float | number): Float {
  return new Float(4, () => widened(float(value), 4))
}
/** Four integers that count up: first, first + 1, first + 2, first + 3. */
export function counting(first: Int): Int {
  const steps = [0, 1, 2, 3].flatMap((i) => [i, 0, 0, 0])
  return new Int(4, () => here().vector(0x0c, ...steps)).add(first)
}
/** Lanes picked from a and b, numbered 0 to 3 and 4 to 7. */
export function shuffle(a: Float, b: Float, lanes: readonly [number, number, number, number]): Float {
  return new Float(4, () => {
    a.emit()
    b.emit()
    here().vector(0x0d, ...lanes.flatMap((lane) => [0, 1, 2, 3].map((byte) => 4 * lane + byte)))
  })
}
