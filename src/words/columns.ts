// The numbers of a run's steps, as columns: one store from the session that fills it to the chart that reads it. The history holds
// it, the disk keeps its columns, and JSON has them as lists.

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

/** The columns that are kept, in the order of the exported file. */
export const KEPT = ['step', 'loss', 'grad_norm', 'learning_rate', 'step_ms', 'tokens'] as const
const NAMES = [...KEPT, 'elapsed_s'] as const

/** Kept columns of equal length, oldest step first: what is stored and sent. */
export type PackedSteps = Record<(typeof KEPT)[number], Float64Array | number[]>
/** Columns of equal length, oldest step first. Losses in nats a token; `elapsed_s`: seconds of training until then. */
export type Columns = Record<(typeof NAMES)[number], Float64Array>

const allocate = (capacity: number) =>
  Object.fromEntries(NAMES.map((name) => [name, new Float64Array(capacity)])) as Columns

export class StepColumns {
  #columns = allocate(1024)
  #length = 0

  static from(rows: Iterable<StepMetrics>): StepColumns {
    const steps = new StepColumns()
    for (const row of rows) steps.push(row)
    return steps
  }

  /** Steps that were packed. */
  static of(packed: PackedSteps): StepColumns {
    const steps = new StepColumns()
    const at = (name: keyof PackedSteps, i: number) => packed[name][i] ?? NaN
    for (let i = 0; i < packed.step.length; i++)
      steps.push({
        step: at('step', i),
        loss: at('loss', i),
        grad_norm: at('grad_norm', i),
        learning_rate: at('learning_rate', i),
        step_ms: at('step_ms', i),
        tokens: at('tokens', i),
      })
    return steps
  }

  get length(): number {
    return this.#length
  }

  /** Appends a step. A run that went back to a checkpoint repeats steps: what it repeats replaces what was there. */
  push(metrics: StepMetrics): void {
    this.cut(metrics.step - 1)
    const n = this.#length
    if (n === this.#columns.step.length) this.#grow()
    const to = this.#columns
    const before = n > 0 ? to.step[n - 1]! : 0
    const elapsed = n > 0 ? to.elapsed_s[n - 1]! : 0
    for (const name of KEPT) to[name][n] = metrics[name]
    to.elapsed_s[n] = elapsed + ((metrics.step - before) * metrics.step_ms) / 1000
    this.#length = n + 1
  }

  /** Forgets the steps after this one. */
  cut(step: number): void {
    while (this.#length > 0 && this.#columns.step[this.#length - 1]! > step) this.#length--
  }

  /** The steps so far, or the first of them. Costs nothing; a later `push` changes it only after a `cut`. */
  view(length = this.#length): Columns {
    const view = { ...this.#columns }
    for (const name of NAMES) view[name] = this.#columns[name].subarray(0, length)
    return view
  }

  /** What is kept, up to a step: a copy, which later steps do not change. */
  packed(until = Infinity): Record<(typeof KEPT)[number], Float64Array> {
    const view = this.view()
    const length = indexAtStep(view, until) + 1
    return {
      step: view.step.slice(0, length),
      loss: view.loss.slice(0, length),
      grad_norm: view.grad_norm.slice(0, length),
      learning_rate: view.learning_rate.slice(0, length),
      step_ms: view.step_ms.slice(0, length),
      tokens: view.tokens.slice(0, length),
    }
  }

  /** Step by step, for what is written as rows. */
  *rows(): Generator<StepMetrics, void> {
    const { step, loss, grad_norm, learning_rate, step_ms, tokens } = this.view()
    for (let i = 0; i < step.length; i++)
      yield {
        step: step[i]!,
        loss: loss[i]!,
        grad_norm: grad_norm[i]!,
        learning_rate: learning_rate[i]!,
        step_ms: step_ms[i]!,
        tokens: tokens[i]!,
      }
  }

  #grow(): void {
    const grown = allocate(this.#columns.step.length * 2)
    for (const name of NAMES) grown[name].set(this.#columns[name])
    this.#columns = grown
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
