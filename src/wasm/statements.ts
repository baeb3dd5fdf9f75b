// The words between expressions: loops, rows, sums along a row, conditions.
import { unsigned } from './assembler'
import { float, here, int, once, splat, variable, type Float, type Int, type Lanes, type Truth } from './expressions'
import type { Place, Pointer } from './pointer'

const VOID = 0x40

/** Runs `then` where the condition holds, else `otherwise`. */
export function when(condition: Truth, then: () => void, otherwise?: () => void): void {
  condition.emit()
  here().write(0x04, VOID)
  then()
  if (otherwise) {
    here().write(0x05)
    otherwise()
  }
  here().write(0x0b)
}

/** Leaves the kernel where the condition holds. */
export function leaveWhen(condition: Truth): void {
  when(condition, () => here().write(0x0f))
}

/** Runs `body` while a signed `counter` is below `end`, and adds `by` after each round. */
function counted(counter: Int, end: Int | number, by: number, body: () => void): void {
  here().write(0x02, VOID, 0x03, VOID)
  counter.lt(end).emit()
  here().write(0x45, 0x0d, 1)
  body()
  counter.set(counter.add(by))
  here().write(0x0c, 0, 0x0b, 0x0b)
}

/** For i = from, from + by, … below `end`. */
export function loop(
  end: Int | number,
  body: (i: Int) => void,
  { from = 0, by = 1 }: { from?: Int | number; by?: number } = {},
): void {
  const i = variable(int(from))
  counted(i, end, by, () => body(i))
}

/** Runs `body` so many times. */
export function repeat(times: Int, body: () => void): void {
  const left = variable(times)
  when(left.gt(0), () => {
    here().write(0x03, VOID)
    body()
    left.set(left.sub(1))
    left.emit()
    here().write(0x0d, 0, 0x0b)
  })
}

/** Along a row of `length` elements, from the element `from` on: `body` at each place of four, then at each that is left. */
export function across(length: Int, body: (place: Place) => void, from: Int | number = 0): void {
  const bytes = variable(int(from).shl(2))
  const place = (lanes: 1 | 4): Place => ({ lanes, bytes, number: bytes.shr(2) })
  counted(bytes, once(length.shl(2).sub(12)), 16, () => body(place(4)))
  counted(bytes, once(length.shl(2)), 4, () => body(place(1)))
}
/** Along a row whose length is rounded up to fours: `body` at places of four alone. Memory behind the row is read and written. */
export function fours(length: Int, body: (place: Place) => void): void {
  const bytes = variable(int(0))
  counted(bytes, once(length.shl(2)), 16, () => body({ lanes: 4, bytes, number: bytes.shr(2) }))
}

/** The sum of four lanes: 0, 1, 2, 3 in turn. */
export function total(four: Float): Float {
  return four.lane(0).add(four.lane(1)).add(four.lane(2)).add(four.lane(3))
}
/** Σ term along a row: each of four lanes by itself, the lanes in turn, then what is left of the row. */
export function sum(length: Int, term: (place: Place) => Float, from: Int | number = 0): Float {
  const lanes = variable(splat(0))
  const rest = variable(float(0))
  across(
    length,
    (place) => {
      const partial = place.lanes === 4 ? lanes : rest
      partial.set(partial.add(term(place)))
    },
    from,
  )
  return once(total(lanes).add(rest))
}
/** The largest term along a row of at least one element. */
export function largest(length: Int, term: (place: Place) => Float): Float {
  const lanes = variable(splat(-Infinity))
  const rest = variable(float(-Infinity))
  across(length, (place) => {
    const most = place.lanes === 4 ? lanes : rest
    most.set(most.max(term(place)))
  })
  return once(lanes.lane(0).max(lanes.lane(1)).max(lanes.lane(2)).max(lanes.lane(3)).max(rest))
}

/** A variable that begins at zero wherever the kernel comes by, in the lanes of a place. */
export function zero({ lanes }: { lanes: Lanes }): Float {
  return variable(lanes === 4 ? splat(0) : float(0))
}

/** Rows that are summed by themselves before they are added to those before: partial sums stay small, and rounding with them. */
const STRETCH = 64
/** target[c] (=, or += where `adds` is ADDS) Σ term(n, c) over N rows, for each of `width` columns. */
export function sumOfRows(N: Int, width: Int, target: Pointer, adds: Int, term: (n: Int, c: Place) => Float): void {
  across(width, (c) => {
    const all = zero(c)
    loop(
      N,
      (from) => {
        const part = zero(c)
        loop(once(from.add(STRETCH).min(N)), (n) => part.set(part.add(term(n, c))), { from })
        all.set(all.add(part))
      },
      { by: STRETCH },
    )
    put(target, c, all, adds)
  })
}

/** What a kernel's `adds` is where it adds to what is there (`+=`); 0 where it writes (`=`). It masks what was there. */
export const ADDS = -1
/** Writes a gradient, or adds to it: what is not to be added to is masked, so that noise leaves no trace. */
export function put(target: Pointer, place: Place | Int, value: Float, adds: Int): void {
  const before = target.at(place).bits().and(adds).asFloat()
  target.store(place, value.add(before))
}

/** Fills so many elements with zeros. */
export function clear(target: Pointer, elements: Int): void {
  target.emit()
  int(0).emit()
  elements.shl(2).emit()
  here().write(0xfc, ...unsigned(11), 0)
}
