// Where the points of a map lie on its canvas: one scale for both axes, a grid that finds what is under a finger, and labels that do not
// cover each other.

export interface Frame {
  width: number
  height: number
  /** Pixels a unit, and where (0, 0) lies. */
  scale: number
  x0: number
  y0: number
  /** The values at the edges. */
  range: { x: [number, number]; y: [number, number] }
}

/** Around the points, for marks and labels. */
const MARGIN = 24
/** Room of a grid's cell. */
const CELL = 20

/** A frame in which all points [n, 2] of every table lie. */
export function frameOf(tables: readonly Float32Array[], width: number, height: number): Frame {
  let [left, right, low, high] = [Infinity, -Infinity, Infinity, -Infinity]
  for (const points of tables)
    for (let i = 0; i < points.length; i += 2) {
      left = Math.min(left, points[i]!)
      right = Math.max(right, points[i]!)
      low = Math.min(low, points[i + 1]!)
      high = Math.max(high, points[i + 1]!)
    }
  const [wide, tall] = [Math.max(1e-9, right - left), Math.max(1e-9, high - low)]
  const scale = Math.min((width - 2 * MARGIN) / wide, (height - 2 * MARGIN) / tall)
  const x0 = width / 2 - (scale * (left + right)) / 2
  const y0 = height / 2 + (scale * (low + high)) / 2
  const range = {
    x: [-x0 / scale, (width - x0) / scale] as [number, number],
    y: [(y0 - height) / scale, y0 / scale] as [number, number],
  }
  return { width, height, scale, x0, y0, range }
}

/** Points [n, 2] in pixels. */
export function pixels(points: Float32Array, { scale, x0, y0 }: Frame): Float32Array {
  return points.map((value, i) => (i % 2 === 0 ? x0 + scale * value : y0 - scale * value))
}

/** Finds points by place, whatever their number. */
export class Grid {
  readonly #at: Float32Array
  readonly #columns: number
  readonly #rows: number
  /** Points of a cell: `members` from `starts`[cell] on. */
  readonly #starts: Uint32Array
  readonly #members: Uint32Array

  /** `at`: pixels [n, 2]. */
  constructor(at: Float32Array, { width, height }: Frame) {
    this.#at = at
    this.#columns = Math.max(1, Math.ceil(width / CELL))
    this.#rows = Math.max(1, Math.ceil(height / CELL))
    const n = at.length / 2
    const cells = Uint32Array.from({ length: n }, (_, i) => this.#cell(at[2 * i]!, at[2 * i + 1]!))
    this.#starts = new Uint32Array(this.#columns * this.#rows + 1)
    for (const cell of cells) this.#starts[cell + 1]!++
    for (let cell = 0; cell < this.#columns * this.#rows; cell++) this.#starts[cell + 1]! += this.#starts[cell]!
    const next = this.#starts.slice()
    this.#members = new Uint32Array(n)
    for (let i = 0; i < n; i++) this.#members[next[cells[i]!]!++] = i
  }

  /** The point nearest to a place, if one is within a cell's width of it. */
  nearest(x: number, y: number): number | null {
    let [best, least] = [null as number | null, CELL * CELL]
    const [column, row] = [this.#column(x), this.#row(y)]
    for (let r = Math.max(0, row - 1); r <= Math.min(this.#rows - 1, row + 1); r++)
      for (let c = Math.max(0, column - 1); c <= Math.min(this.#columns - 1, column + 1); c++) {
        const cell = r * this.#columns + c
        for (let i = this.#starts[cell]!; i < this.#starts[cell + 1]!; i++) {
          const point = this.#members[i]!
          const square = (this.#at[2 * point]! - x) ** 2 + (this.#at[2 * point + 1]! - y) ** 2
          if (square < least) [best, least] = [point, square]
        }
      }
    return best
  }

  #column(x: number): number {
    return Math.min(this.#columns - 1, Math.max(0, Math.floor(x / CELL)))
  }
  #row(y: number): number {
    return Math.min(this.#rows - 1, Math.max(0, Math.floor(y / CELL)))
  }
  #cell(x: number, y: number): number {
    return this.#row(y) * this.#columns + this.#column(x)
  }
}

/** The next point in a direction (dx, dy): near, and rather ahead than aside. `at` in pixels [n, 2]. */
export function ahead(at: Float32Array, from: number, dx: number, dy: number): number {
  let [best, least] = [from, Infinity]
  for (let i = 0; i < at.length / 2; i++) {
    const [x, y] = [at[2 * i]! - at[2 * from]!, at[2 * i + 1]! - at[2 * from + 1]!]
    const along = x * dx + y * dy
    const aside = Math.abs(x * dy - y * dx)
    if (i === from || along <= 0 || aside > along) continue
    if (along + 2 * aside < least) [best, least] = [i, along + 2 * aside]
  }
  return best
}

/** A label: whose it is, and where its left end and its middle lie. */
export interface Placed {
  point: number
  x: number
  y: number
}

/** Height of a label, and how far it stands from its point. */
const TALL = 13
const OFF = 6
/** A pixel square that is taken or free. */
const SQUARE = 4
/** Points whose marks no label may cover, and points that are tried. */
const FEW = 400
const TRIED = 2500

/** Points [n, 2] from the edge of the cloud towards its middle, as many as labels are tried for: what stands apart is named first. */
export function outermost(points: Float32Array): number[] {
  const far = Float32Array.from({ length: points.length / 2 }, (_, i) => Math.hypot(points[2 * i]!, points[2 * i + 1]!))
  const least = far.toSorted()[Math.max(0, far.length - TRIED)] ?? 0
  const rows: number[] = []
  for (let i = 0; i < far.length; i++) if (far[i]! >= least) rows.push(i)
  return rows.sort((a, b) => far[b]! - far[a]!)
}

/** Labels of as many points as there is room for, in the order of `order`. `widths`: of each label in pixels. */
export function placeLabels(
  at: Float32Array,
  order: ArrayLike<number>,
  widthOf: (point: number) => number,
  { width, height }: { width: number; height: number },
): Placed[] {
  const [columns, rows] = [Math.ceil(width / SQUARE), Math.ceil(height / SQUARE)]
  const taken = new Uint8Array(columns * rows)
  const squares = (x: number, y: number, w: number, h: number) => ({
    left: Math.floor(x / SQUARE),
    right: Math.floor((x + w) / SQUARE),
    top: Math.floor(y / SQUARE),
    bottom: Math.floor((y + h) / SQUARE),
  })
  const isFree = (box: ReturnType<typeof squares>) => {
    if (box.left < 0 || box.top < 0 || box.right >= columns || box.bottom >= rows) return false
    for (let r = box.top; r <= box.bottom; r++)
      for (let c = box.left; c <= box.right; c++) if (taken[r * columns + c]) return false
    return true
  }
  const take = (box: ReturnType<typeof squares>) => {
    for (let r = Math.max(0, box.top); r <= Math.min(rows - 1, box.bottom); r++)
      taken.fill(1, r * columns + Math.max(0, box.left), r * columns + Math.min(columns - 1, box.right) + 1)
  }
  if (at.length / 2 <= FEW)
    for (let i = 0; i < at.length / 2; i++) take(squares(at[2 * i]! - 2, at[2 * i + 1]! - 2, 4, 4))
  const placed: Placed[] = []
  for (let k = 0; k < Math.min(TRIED, order.length); k++) {
    const point = order[k]!
    const [x, y, w] = [at[2 * point]!, at[2 * point + 1]!, widthOf(point)]
    const places = [
      { x: x + OFF, y },
      { x: x - OFF - w, y },
      { x: x - w / 2, y: y - OFF - TALL / 2 },
      { x: x - w / 2, y: y + OFF + TALL / 2 },
    ]
    const found = places.find((place) => isFree(squares(place.x, place.y - TALL / 2, w, TALL)))
    if (!found) continue
    take(squares(found.x, found.y - TALL / 2, w, TALL))
    placed.push({ point, ...found })
  }
  return placed
}
