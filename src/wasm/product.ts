// c [rows, columns] (+)= a [rows, inner] · b [inner, columns], the kernels under matmul and attention. b is copied into panels of eight columns
// that lie side by side; a tile of 4 × 8 sums stays in eight registers while k runs:
//   sums[r] += a[r, k] · b[k, 0…7]
// This is the scheme of Goto and van de Geijn (ACM TOMS 34, 12, 2008). k is added in turn within DEPTH of them, and these sums in turn.
import { int, once, select, shuffle, splat, variable, type Float, type Int } from './expressions'
import { address, type Pointer } from './pointer'
import { call, integers, kernel, pointers } from './kernel'
import { ADDS, loop, put, repeat, when } from './statements'

/**
 * Rows and columns of a tile. x86 has 16 registers: eight hold the sums, two b, and the rest what is multiplied. V8 moves all loads of a loop's
 * body to its front, so that larger tiles, and several k in a turn, keep their sums in memory and are half as fast.
 */
const ROWS = 4
export const COLUMNS = 8
/** Where the vectors of a row of a tile begin. */
const FOURS = Array.from({ length: COLUMNS / 4 }, (_, i) => 4 * i)
/** Sizes of a block: k's in a panel, rows of a, and columns of b. A panel of b then fits the first cache, and a block of each the second. */
export const DEPTH = 256
const HEIGHT = 96
const BREADTH = 256

/** Sums that reach past the last row or column wait here, before they are copied: a tile below the heap. */
const CORNER = 64

/** Elements of scratch memory that `product` needs for panels of b and rows of a. */
export const PANELS = DEPTH * BREADTH
export const LEFT = DEPTH * HEIGHT

/** Elements of the panels of b [inner, columns], each `depth` long. */
export const panelsOf = (depth: number, columns: number) => depth * Math.ceil(columns / COLUMNS) * COLUMNS

/**
 * Copies b into panels [columns / 8, depth, 8], of which the first `inner` rows are filled. `rows`: element (k, j) of b is b[k · step + j];
 * columns past the last are zero.
 */
export const pack_rows = kernel(
  'pack_rows',
  { ...pointers('b', 'panels'), ...integers('step', 'inner', 'columns', 'depth') },
  ({ b, step, inner, columns, panels, depth }) => {
    loop(
      columns,
      (j) => {
        const to = variable(panels.row(j, depth))
        const from = variable(once(b.plus(j)))
        const left = once(columns.sub(j))
        const next = () => {
          from.set(from.plus(step))
          to.set(to.plus(COLUMNS))
        }
        when(
          left.lt(COLUMNS),
          () =>
            repeat(inner, () => {
              for (const at of FOURS) to.store(at, splat(0))
              loop(left, (column) => to.store(column, from.at(column)))
              next()
            }),
          () =>
            repeat(inner, () => {
              for (const at of FOURS) to.store(at, from.four(at))
              next()
            }),
        )
      },
      { by: COLUMNS },
    )
  },
)

/** The same where b lies by columns: element (k, j) of b is b[j · step + k]. Four by four they are turned. */
export const pack_columns = kernel(
  'pack_columns',
  { ...pointers('b', 'panels'), ...integers('step', 'inner', 'columns', 'depth') },
  ({ b, step, inner, columns, panels, depth }) => {
    loop(
      columns,
      (first) => {
        const panel = panels.row(first, depth)
        const left = once(columns.sub(first))
        when(left.lt(COLUMNS), () => {
          const to = variable(panel)
          repeat(inner, () => {
            for (const at of FOURS) to.store(at, splat(0))
            to.set(to.plus(COLUMNS))
          })
        })
        // Four columns of a panel where all are there, else one by one.
        for (const quarter of FOURS) {
          const to = variable(panel)
          to.set(panel.plus(quarter))
          when(
            left.lt(quarter + 4),
            () =>
              loop(
                left,
                (j) => {
                  const from = variable(b.row(first.add(j), step))
                  const target = variable(panel)
                  target.set(panel.plus(j))
                  repeat(inner, () => {
                    target.store(0, from.at(0))
                    from.set(from.plus(1))
                    target.set(target.plus(COLUMNS))
                  })
                },
                { from: quarter },
              ),
            () => {
              const from = [0, 1, 2, 3].map((j) => variable(b.row(first.add(quarter + j), step)))
              repeat(once(inner.shr(2)), () => {
                turned(from.map((column) => once(column.four(0)))).forEach((row, k) => to.store(COLUMNS * k, row))
                for (const column of from) column.set(column.plus(4))
                to.set(to.plus(4 * COLUMNS))
              })
              repeat(once(inner.and(3)), () => {
                from.forEach((column, j) => to.store(j, column.at(0)))
                for (const column of from) column.set(column.plus(1))
                to.set(to.plus(COLUMNS))
              })
            },
          )
        }
      },
      { by: COLUMNS },
    )
  },
)
/** The columns of a 4 × 4 matrix by its rows. */
function turned(rows: readonly Float[]): Float[] {
  const [a, b, c, d] = rows as [Float, Float, Float, Float]
  const [ab, cd] = [once(shuffle(a, b, [0, 4, 1, 5])), once(shuffle(c, d, [0, 4, 1, 5]))]
  const [AB, CD] = [once(shuffle(a, b, [2, 6, 3, 7])), once(shuffle(c, d, [2, 6, 3, 7]))]
  return [
    shuffle(ab, cd, [0, 1, 4, 5]),
    shuffle(ab, cd, [2, 3, 6, 7]),
    shuffle(AB, CD, [0, 1, 4, 5]),
    shuffle(AB, CD, [2, 3, 6, 7]),
  ]
}

const MULTIPLY = {
  ...pointers('a', 'panels', 'c'),
  ...integers('step', 'depth', 'width', 'rows', 'inner', 'columns', 'adds'),
}

/** c (=, or += where `adds` is ADDS) a · panels. c has `width` elements a row. Element (i, k) of a is a[i · step + k]. */
export const multiply_rows = kernel('multiply_rows', MULTIPLY, (sizes) =>
  tiles(sizes, (i) => {
    // Rows past the last are the last again, and their sums are left out.
    const left = Array.from({ length: ROWS }, (_, r) =>
      variable(sizes.a.row(i.add(r).min(sizes.rows.sub(1)), sizes.step)),
    )
    return {
      at: (r) => left[r]!.splat(0),
      next: () => left.forEach((row) => row.set(row.plus(1))),
    }
  }),
)

/** The same where a lies by columns: element (i, k) of a is a[k · step + i]. */
export const multiply_columns = kernel('multiply_columns', MULTIPLY, (sizes) =>
  tiles(sizes, (i) => {
    const left = variable(sizes.a.plus(i))
    return { at: (r) => left.splat(r), next: () => left.set(left.plus(sizes.step)) }
  }),
)

/** The same where `pack_left` has copied a: left [rows / 4, inner, 4]. `step` is not read. */
const multiply_packed = kernel('multiply_packed', MULTIPLY, (sizes) =>
  tiles(sizes, (i) => {
    const left = variable(sizes.a.row(i, sizes.inner))
    return { at: (r) => left.splat(r), next: () => left.set(left.plus(ROWS)) }
  }),
)

/** The rows of a in one tile: the r-th row's element at k, in all four lanes, and the step to the next k. */
interface Left {
  at(r: number): Float
  next(): void
}
type Sizes = { [K in keyof typeof MULTIPLY]: (typeof MULTIPLY)[K] extends 'pointer' ? Pointer : Int }

/** Every tile of c: panel by panel, and down the rows in each. */
function tiles({ panels, depth, c, width, rows, inner, columns, adds }: Sizes, leftOf: (i: Int) => Left): void {
  const corner = once(address(CORNER))
  loop(
    columns,
    (j) => {
      const panel = panels.row(j, depth)
      const right = variable(panel)
      loop(
        rows,
        (i) => {
          const left = leftOf(i)
          const sums = Array.from({ length: ROWS }, () => FOURS.map(() => variable(splat(0))))
          right.set(panel)
          repeat(inner, () => {
            const b = FOURS.map((at) => once(right.four(at)))
            sums.forEach((row, r) => {
              const a = once(left.at(r))
              row.forEach((sum, i) => sum.set(sum.add(a.mul(b[i]!))))
            })
            left.next()
            right.set(right.plus(COLUMNS))
          })
          const tile = once(c.row(i, width).plus(j))
          const [height, breadth] = [once(rows.sub(i).min(ROWS)), once(columns.sub(j).min(COLUMNS))]
          when(
            height.mul(breadth).lt(ROWS * COLUMNS),
            () => {
              sums.forEach((row, r) => row.forEach((sum, i) => corner.store(COLUMNS * r + FOURS[i]!, sum)))
              loop(height, (r) => {
                const [from, to] = [corner.row(r, COLUMNS), tile.row(r, width)]
                loop(breadth, (column) => put(to, column, from.at(column), adds))
              })
            },
            () => {
              const to = variable(tile)
              const every = (write: (at: number, sum: Float) => void) =>
                sums.forEach((row) => {
                  row.forEach((sum, i) => write(FOURS[i]!, sum))
                  to.set(to.plus(width))
                })
              when(
                adds.ne(0),
                () => every((at, sum) => to.store(at, to.four(at).add(sum))),
                () => every((at, sum) => to.store(at, sum)),
              )
            },
          )
        },
        { by: ROWS },
      )
    },
    { by: COLUMNS },
  )
}

/** Copies rows of a that lie by columns, four at a time, so that a tile reads them side by side: left [rows / 4, inner, 4]. */
const pack_left = kernel(
  'pack_left',
  { ...pointers('a', 'left'), ...integers('step', 'rows', 'inner') },
  ({ a, step, rows, inner, left }) => {
    loop(
      rows,
      (i) => {
        const from = variable(once(a.plus(i)))
        const to = variable(left.row(i, inner))
        repeat(inner, () => {
          to.store(0, from.four(0))
          from.set(from.plus(step))
          to.set(to.plus(ROWS))
        })
      },
      { by: ROWS },
    )
  },
)

export const FORMS = ['nn', 'nt', 'tn'] as const
export type Form = (typeof FORMS)[number]

/**
 * c [rows, columns] (+)= a · b of any size, block by block. The forms are those of shaders/matmul.wgsl: nn: a [rows, inner] · b [inner,
 * columns]; nt: b is [columns, inner]; tn: a is [inner, rows]. `panels` and `left` are scratch memory of PANELS and LEFT elements.
 */
export const product = Object.fromEntries(FORMS.map((form) => [form, productOf(form)])) as Record<
  Form,
  ReturnType<typeof productOf>
>
function productOf(form: Form) {
  const [aTurned, bTurned] = [form === 'tn', form === 'nt']
  return kernel(
    `product_${form}`,
    { ...pointers('a', 'b', 'c', 'panels', 'left'), ...integers('rows', 'inner', 'columns', 'adds') },
    ({ a, b, c, rows, inner, columns, adds, panels, left }) => {
      loop(
        inner,
        (k) => {
          const K = once(inner.sub(k).min(DEPTH))
          // The first block of k writes, later ones add to it.
          const adding = once(select(k.gt(0), int(ADDS), adds))
          loop(
            columns,
            (j) => {
              const J = once(columns.sub(j).min(BREADTH))
              const block = { inner: K, columns: J, panels, depth: K }
              if (bTurned) call(pack_columns, { b: b.row(j, inner).plus(k), step: inner, ...block })
              else call(pack_rows, { b: b.row(k, columns).plus(j), step: columns, ...block })
              loop(
                rows,
                (i) => {
                  const I = once(rows.sub(i).min(HEIGHT))
                  const tile = { ...block, c: c.row(i, columns).plus(j), width: columns, rows: I, adds: adding }
                  if (!aTurned) call(multiply_rows, { a: a.row(i, inner).plus(k), step: inner, ...tile })
                  else {
                    call(pack_left, { a: a.row(k, rows).plus(i), step: rows, rows: I, inner: K, left })
                    call(multiply_packed, { a: left, step: ROWS, ...tile })
                  }
                },
                { by: HEIGHT },
              )
            },
            { by: BREADTH },
          )
        },
        { by: DEPTH },
      )
    },
  )
}
