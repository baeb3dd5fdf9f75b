// The numbers of a run's steps, as columns: one store from the session that fills it to the chart that reads it. The history holds
// it, the disk keeps its columns, and JSON has them as lists. The newest steps are whole; of old ones a row stands for several.
import { believable, GROUP, LEFT, Pieces, type Piece } from './pieces'

/** One update's numbers. Losses in nats a token. */
export interface StepMetrics {
  step: number
  loss: number
  /** Global gradient norm before clipping. */
  grad_norm: number
  learning_rate: number
  /** Wall time of this step, averaged over the steps since the last report. */
  step_ms: number
  /** Tokens trained on so far. */
  tokens: number
}

/** What each step reports, in the order of the exported file. */
export const KEPT = ['step', 'loss', 'grad_norm', 'learning_rate', 'step_ms', 'tokens'] as const
/** Beside it, of rows that stand for several steps: lowest and highest loss, and how many steps. */
const SPREAD = ['low', 'high', 'span'] as const
/** The columns that are stored and sent. */
export const PACKED = [...KEPT, ...SPREAD] as const
const NAMES = [...PACKED, 'elapsed_s'] as const

type Column = Float64Array | number[]
/** Stored columns of equal length, oldest step first, and the pieces that they were kept in; what is younger is absent in older runs. */
export type PackedSteps = Record<(typeof KEPT)[number], Column> &
  Partial<Record<(typeof SPREAD)[number], Column | undefined>> & { pieces?: readonly Piece[] | undefined }
/** A copy of the stored columns. */
export type PackedColumns = Record<(typeof PACKED)[number], Float64Array> & { pieces: readonly Piece[] }
/**
 * Columns of equal length, oldest step first. Losses in nats a token; `elapsed_s`: seconds of training until then. A row of old
 * steps stands for `span` of them, the last of which it names: `loss`, `grad_norm` and `step_ms` are their means.
 */
export type Columns = Record<(typeof NAMES)[number], Float64Array>

/** Steps are whole for the newest 12,000 at least, and for the first 4,000. */
const BOUNDS = { size: 512, pieces: 32, coarsest: 1 / 1024 }

const allocate = (capacity: number) =>
  Object.fromEntries(NAMES.map((name) => [name, new Float64Array(capacity)])) as Columns

export class StepColumns {
  #columns = allocate(1024)
  #length = 0
  #pieces = new Pieces(BOUNDS)

  static from(rows: Iterable<StepMetrics>): StepColumns {
    const steps = new StepColumns()
    for (const row of rows) steps.push(row)
    return steps
  }

  /** Steps that were packed. */
  static of(packed: PackedSteps): StepColumns {
    const steps = new StepColumns()
    const pieces = believable(packed.pieces, packed.step.length, BOUNDS)
    const inside = pieces.length * BOUNDS.size
    steps.#pieces = new Pieces(BOUNDS, pieces)
    for (let i = 0; i < packed.step.length; i++) {
      const at = (name: (typeof KEPT)[number]) => packed[name][i] ?? NaN
      const loss = at('loss')
      const metrics: StepMetrics = {
        step: at('step'),
        loss,
        grad_norm: at('grad_norm'),
        learning_rate: at('learning_rate'),
        step_ms: at('step_ms'),
        tokens: at('tokens'),
      }
      steps.#append(metrics, packed.low?.[i] ?? loss, packed.high?.[i] ?? loss, packed.span?.[i] ?? 1)
      if (i >= inside) steps.#close()
    }
    return steps
  }

  get length(): number {
    return this.#length
  }
  /** Closed pieces, oldest first. */
  get closed(): readonly Piece[] {
    return this.#pieces.closed
  }
  /** Whether each row is one step. */
  get isWhole(): boolean {
    return this.view().span.every((span) => span === 1)
  }

  /** Appends a step. A run that went back to a checkpoint repeats steps: what it repeats replaces what was there. */
  push(metrics: StepMetrics): void {
    this.cut(metrics.step - 1)
    this.#append(metrics, metrics.loss, metrics.loss, 1)
    this.#close()
  }

  /** Forgets the steps after this one. */
  cut(step: number): void {
    const before = this.#length
    while (this.#length > 0 && this.#columns.step[this.#length - 1]! > step) this.#length--
    this.#pieces.cut(before - this.#length)
  }

  /** The steps so far, or the first of them. Costs nothing; a later `push` changes it only after a `cut`. */
  view(length = this.#length): Columns {
    const view = { ...this.#columns }
    for (const name of NAMES) view[name] = this.#columns[name].subarray(0, length)
    return view
  }

  /** What is kept: a copy, which later steps do not change. */
  packed(): PackedColumns {
    return { ...this.#slice(0, this.#length), pieces: [...this.#pieces.closed] }
  }
  /** The rows of a piece by its place, or of the open end: a copy. */
  stretch(place: number): Omit<PackedColumns, 'pieces'> {
    return this.#slice(place * BOUNDS.size, Math.min((place + 1) * BOUNDS.size, this.#length))
  }

  /** Row by row, for what is written as rows. */
  *rows(): Generator<StepMetrics & { low: number; high: number; span: number }, void> {
    const view = this.view()
    for (let i = 0; i < view.step.length; i++)
      yield Object.fromEntries(PACKED.map((name) => [name, view[name][i]!])) as Record<(typeof PACKED)[number], number>
  }

  #append(metrics: StepMetrics, low: number, high: number, span: number): void {
    const n = this.#length
    if (n === this.#columns.step.length) this.#move(n * 2, n)
    const to = this.#columns
    const before = n > 0 ? to.step[n - 1]! : 0
    const elapsed = n > 0 ? to.elapsed_s[n - 1]! : 0
    to.step[n] = metrics.step
    to.loss[n] = metrics.loss
    to.grad_norm[n] = metrics.grad_norm
    to.learning_rate[n] = metrics.learning_rate
    to.step_ms[n] = metrics.step_ms
    to.tokens[n] = metrics.tokens
    to.low[n] = low
    to.high[n] = high
    to.span[n] = span
    to.elapsed_s[n] = elapsed + ((metrics.step - before) * metrics.step_ms) / 1000
    this.#length = n + 1
  }

  /** Counts the row that was appended, and thins old ones where it is time; a view keeps what it shows. */
  #close(): void {
    const fold = this.#pieces.push()
    if (!fold) return
    this.#move(this.#columns.step.length, this.#length)
    const end = fold.from + fold.length
    const rows = GROUP / LEFT
    for (let i = 0; i < fold.length / rows; i++) this.#gather(fold.from + i * rows, rows, fold.from + i)
    const left = fold.length / rows
    for (const name of NAMES) this.#columns[name].copyWithin(fold.from + left, end, this.#length)
    this.#length -= fold.length - left
  }

  /** Makes one row, at `to`, of neighbours. */
  #gather(from: number, rows: number, to: number): void {
    const columns = this.#columns
    const last = from + rows - 1
    const mean = (name: 'loss' | 'grad_norm') => {
      let [sum, count] = [0, 0]
      for (let i = from; i <= last; i++)
        if (Number.isFinite(columns[name][i])) {
          sum += columns[name][i]! * columns.span[i]!
          count += columns.span[i]!
        }
      return sum / count
    }
    const before = to > 0 ? to - 1 : -1
    const [step, elapsed_s] = [columns.step[last]!, columns.elapsed_s[last]!]
    const steps = step - (before < 0 ? 0 : columns.step[before]!)
    const seconds = elapsed_s - (before < 0 ? 0 : columns.elapsed_s[before]!)
    const row: Record<(typeof NAMES)[number], number> = {
      step,
      loss: mean('loss'),
      grad_norm: mean('grad_norm'),
      learning_rate: columns.learning_rate[last]!,
      step_ms: (1000 * seconds) / steps,
      tokens: columns.tokens[last]!,
      low: Math.min(...columns.low.subarray(from, last + 1)),
      high: Math.max(...columns.high.subarray(from, last + 1)),
      span: columns.span.subarray(from, last + 1).reduce((sum, x) => sum + x, 0),
      elapsed_s,
    }
    for (const name of NAMES) columns[name][to] = row[name]
  }

  #slice(from: number, to: number): Omit<PackedColumns, 'pieces'> {
    return Object.fromEntries(PACKED.map((name) => [name, this.#columns[name].slice(from, to)])) as Omit<
      PackedColumns,
      'pieces'
    >
  }

  #move(capacity: number, length: number): void {
    const moved = allocate(capacity)
    for (const name of NAMES) moved[name].set(this.#columns[name].subarray(0, length))
    this.#columns = moved
  }
}

/** The last index whose step is at most `step`, or −1. */
export function indexAtStep(columns: Pick<Columns, 'step'>, step: number): number {
  let [low, high] = [0, columns.step.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((columns.step[middle] ?? Infinity) <= step) low = middle + 1
    else high = middle
  }
  return low - 1
}
