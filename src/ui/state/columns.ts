// A run's step metrics as growing typed-array columns: appended in place, handed out as views that cost nothing.
import type { StepMetrics } from '../../words/run'

/** Columns of equal length, oldest first. Losses in nats, time in seconds of training, tokens counted from the start. */
export interface Columns {
  step: Float64Array
  loss: Float64Array
  grad_norm: Float64Array
  learning_rate: Float64Array
  tokens: Float64Array
  elapsed_s: Float64Array
}

const NAMES = ['step', 'loss', 'grad_norm', 'learning_rate', 'tokens', 'elapsed_s'] as const

const allocate = (capacity: number): Columns => ({
  step: new Float64Array(capacity),
  loss: new Float64Array(capacity),
  grad_norm: new Float64Array(capacity),
  learning_rate: new Float64Array(capacity),
  tokens: new Float64Array(capacity),
  elapsed_s: new Float64Array(capacity),
})

export const NO_COLUMNS: Columns = allocate(0)

export class ColumnBuffer {
  #columns = allocate(1024)
  #length = 0

  get length() {
    return this.#length
  }

  /** Appends a step. A run that went back to a checkpoint repeats steps: what it repeats replaces what was there. */
  push(metrics: StepMetrics) {
    this.cut(metrics.step - 1)
    const n = this.#length
    if (n === this.#columns.step.length) this.#grow()
    const to = this.#columns
    const before = n > 0 ? (to.step[n - 1] ?? 0) : 0
    const elapsed = n > 0 ? (to.elapsed_s[n - 1] ?? 0) : 0
    to.step[n] = metrics.step
    to.loss[n] = metrics.loss
    to.grad_norm[n] = metrics.grad_norm
    to.learning_rate[n] = metrics.learning_rate
    to.tokens[n] = metrics.tokens
    to.elapsed_s[n] = elapsed + ((metrics.step - before) * metrics.step_ms) / 1000
    this.#length = n + 1
  }

  /** Forgets the rows after a step. */
  cut(step: number) {
    while (this.#length > 0 && (this.#columns.step[this.#length - 1] ?? 0) > step) this.#length--
  }

  /** The rows so far; a later `push` does not change what a view shows, except after a run went back. */
  view(length = this.#length): Columns {
    const view = { ...this.#columns }
    for (const name of NAMES) view[name] = this.#columns[name].subarray(0, length)
    return view
  }

  #grow() {
    const grown = allocate(this.#columns.step.length * 2)
    for (const name of NAMES) grown[name].set(this.#columns[name])
    this.#columns = grown
  }
}

/** The last index whose step is at most `step`, or −1. */
export function indexAtStep(columns: Columns, step: number): number {
  let [low, high] = [0, columns.step.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((columns.step[middle] ?? Infinity) <= step) low = middle + 1
    else high = middle
  }
  return low - 1
}
