// How a list that grows for as long as a run lasts stays small. It is cut into pieces that never change again: what a save must
// write is a new piece, or the open end. Once a level has too many pieces, the oldest of them are thinned to a quarter and become
// pieces of the next level. So a list of n entries takes memory like log n. Its newest part is whole, and so is its beginning, which a
// logarithmic axis shows as large.

/** A closed stretch of a list, `Bounds.size` entries long. An entry of a level stands for four of the level below. */
export interface Piece {
  /** Names the piece for good: one that is folded or cut never comes back under its id. */
  readonly id: number
  readonly level: number
}

/** When pieces are closed and folded. */
export interface Bounds {
  /** Entries of a piece. */
  size: number
  /** Pieces of one level, from which on its oldest are folded. At least `FOLD`. */
  pieces: number
  /** What a thinned entry stands for is at most this share of all that came before it. */
  coarsest: number
}

/** Neighbours that are thinned together, and what is left of them. */
export const GROUP = 8
export const LEFT = 2
/** Pieces that are folded together into `FOLD · LEFT / GROUP` of the next level. */
const FOLD = 8

/** What the list's owner has to thin: the entries from `from` on, `length` of them, a multiple of GROUP. */
export interface Fold {
  from: number
  length: number
}

/** The pieces that a list of so many entries came with, where it can have had them; else none: it is cut anew. */
export function believable(closed: readonly Piece[] = [], entries: number, { size }: Bounds): readonly Piece[] {
  const fits = closed.length * size <= entries && entries < (closed.length + 1) * size
  const differ = new Set(closed.map(({ id }) => id)).size === closed.length
  return fits && differ ? closed : []
}

/** Where the pieces of a list end. The list itself belongs to the caller. */
export class Pieces {
  readonly #bounds: Bounds
  readonly #closed: Piece[]
  #open = 0
  #nextId: number

  /** `closed`: the pieces of a list that was kept; its open end is pushed after them. */
  constructor(bounds: Bounds, closed: readonly Piece[] = []) {
    this.#bounds = bounds
    this.#closed = [...closed]
    this.#nextId = Math.max(-1, ...closed.map(({ id }) => id)) + 1
  }

  /** Closed pieces, oldest first; after them comes the open end. */
  get closed(): readonly Piece[] {
    return this.#closed
  }
  /** Entries of the open end, fewer than a piece has. */
  get open(): number {
    return this.#open
  }

  /** An entry was appended. Tells what has to be thinned now, if anything. */
  push(): Fold | null {
    if (++this.#open < this.#bounds.size) return null
    this.#closed.push({ id: this.#nextId++, level: 0 })
    this.#open = 0
    return this.#fold()
  }

  /** So many entries at the end are gone. A piece that lost some of its own is open again. */
  cut(entries: number): void {
    let left = entries
    while (left > this.#open && this.#closed.length > 0) {
      left -= this.#open
      this.#closed.pop()
      this.#open = this.#bounds.size
    }
    this.#open = Math.max(0, this.#open - left)
  }

  #fold(): Fold | null {
    const { size, pieces, coarsest } = this.#bounds
    /** Pieces of one level, side by side, that are far enough from the beginning; and what came before the next piece. */
    let run = { first: 0, level: -1, length: 0 }
    let before = 0
    for (const [i, { level }] of this.#closed.entries()) {
      const stands = (GROUP / LEFT) ** level
      const mayFold = (GROUP / LEFT) * stands <= before * coarsest
      before += size * stands
      if (!mayFold) run = { first: i + 1, level: -1, length: 0 }
      else if (run.level === level) run.length++
      else run = { first: i, level, length: 1 }
      if (run.length < pieces) continue
      const made = Array.from({ length: (FOLD * LEFT) / GROUP }, () => ({ id: this.#nextId++, level: level + 1 }))
      this.#closed.splice(run.first, FOLD, ...made)
      return { from: run.first * size, length: FOLD * size }
    }
    return null
  }
}

/** A list that thins itself. */
export class ThinnedList<T extends { step: number }> {
  readonly #bounds: Bounds
  /** Leaves LEFT of GROUP neighbours, in their order. */
  readonly #thin: (group: readonly T[]) => readonly T[]
  readonly #pieces: Pieces
  /** Oldest first. */
  readonly items: T[] = []

  /** `kept` with the pieces that it was kept in; the rest of it is the open end. */
  constructor(
    bounds: Bounds,
    thin: (group: readonly T[]) => readonly T[],
    kept: readonly T[] = [],
    pieces?: readonly Piece[],
  ) {
    this.#bounds = bounds
    this.#thin = thin
    const closed = believable(pieces, kept.length, bounds)
    const inside = closed.length * bounds.size
    this.#pieces = new Pieces(bounds, closed)
    this.items.push(...kept.slice(0, inside))
    for (const item of kept.slice(inside)) this.push(item)
  }

  get closed(): readonly Piece[] {
    return this.#pieces.closed
  }
  /** The entries of a piece by its place, or of the open end. */
  stretch(place: number): T[] {
    const { size } = this.#bounds
    return this.items.slice(place * size, Math.min((place + 1) * size, this.items.length))
  }

  push(item: T): void {
    this.items.push(item)
    const fold = this.#pieces.push()
    if (!fold) return
    const left: T[] = []
    for (let at = fold.from; at < fold.from + fold.length; at += GROUP)
      left.push(...this.#thin(this.items.slice(at, at + GROUP)))
    this.items.splice(fold.from, fold.length, ...left)
  }

  /** Forgets what came after this step. */
  cut(step: number): void {
    const before = this.items.findLastIndex((item) => item.step <= step) + 1
    this.#pieces.cut(this.items.length - before)
    this.items.length = before
  }
}
