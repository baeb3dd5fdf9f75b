// What a run went through, as it grows: its steps, measurements, samples and notices, each list thinned where it is old. The worker
// keeps one, the page keeps one beside it, and both hear the same events.
import { StepColumns, type PackedSteps } from './columns'
import { LEFT, ThinnedList, type Bounds, type Piece } from './pieces'
import type { EvalMetrics, RunEvent, Mark, Sample } from './run'

/** The lists of a history beside its steps. */
export const LISTS = ['evals', 'samples', 'events'] as const
type ListName = (typeof LISTS)[number]
interface Entries {
  evals: EvalMetrics
  samples: Sample
  events: Mark
}

/** A history as it is stored and sent: between threads a class is lost, columns are not. `pieces` are absent in older runs. */
export interface PackedHistory {
  steps: PackedSteps
  evals: readonly EvalMetrics[]
  samples: readonly Sample[]
  events: readonly Mark[]
  pieces?: Readonly<Record<ListName, readonly Piece[]>> | undefined
}

const BOUNDS: Record<ListName, Bounds> = {
  evals: { size: 64, pieces: 32, coarsest: 1 / 256 },
  samples: { size: 16, pieces: 16, coarsest: 1 / 16 },
  events: { size: 32, pieces: 32, coarsest: 1 / 16 },
}

/** The lowest and the highest of neighbouring measurements: what a curve of them reaches. One that is not finite is the highest. */
function extremes(group: readonly EvalMetrics[]): EvalMetrics[] {
  const height = ({ val_loss }: EvalMetrics) => (Number.isFinite(val_loss) ? val_loss : Infinity)
  const low = group.reduce((a, b) => (height(b) < height(a) ? b : a))
  const high = group.reduce((a, b) => (b !== low && (a === low || height(b) > height(a)) ? b : a))
  return [low, high].sort((a, b) => a.step - b.step)
}
/** The first of each part, so that the very first stays. */
const firsts = <T>(group: readonly T[]) => group.filter((_, i) => i % (group.length / LEFT) === 0)

export class RunHistory {
  readonly steps: StepColumns
  readonly #lists: { readonly [K in ListName]: ThinnedList<Entries[K]> }

  /** A history that was packed, or an empty one. */
  constructor(packed: PackedHistory | null = null) {
    const pieces = packed?.pieces
    this.steps = packed ? StepColumns.of(packed.steps) : new StepColumns()
    this.#lists = {
      evals: new ThinnedList(BOUNDS.evals, extremes, packed?.evals, pieces?.evals),
      samples: new ThinnedList(BOUNDS.samples, firsts, packed?.samples, pieces?.samples),
      events: new ThinnedList(BOUNDS.events, firsts, packed?.events, pieces?.events),
    }
  }

  /** Each oldest first; they grow with the run. */
  get evals(): readonly EvalMetrics[] {
    return this.#lists.evals.items
  }
  get samples(): readonly Sample[] {
    return this.#lists.samples.items
  }
  get events(): readonly Mark[] {
    return this.#lists.events.items
  }
  /** Whether a list has lost entries to its bounds. */
  get isThinned(): boolean {
    return LISTS.some((name) => this.#lists[name].closed.some(({ level }) => level > 0))
  }
  list<K extends ListName>(name: K): ThinnedList<Entries[K]> {
    return this.#lists[name]
  }

  /** Takes up what a run tells. One that went back repeats steps: what it repeats replaces what was there. */
  add(event: RunEvent): void {
    if (event.type === 'step') this.steps.push(event.metrics)
    else if (event.type === 'eval') this.#replace('evals', event.metrics)
    else if (event.type === 'sample') this.#replace('samples', event.sample)
    // A history that was sent may have the mark already.
    else if (event.type === 'notice' && !this.events.some(({ id }) => id === event.mark.id))
      this.#lists.events.push(event.mark)
  }
  #replace<K extends ListName>(name: K, entry: Entries[K]): void {
    this.#lists[name].cut(entry.step - 1)
    this.#lists[name].push(entry)
  }

  /** Mean training loss of the last steps, nats a token: of a twentieth of all, and of 100 at most. Null before the first. */
  get recentLoss(): number | null {
    const { loss, span } = this.steps.view()
    const wanted = Math.min(100, Math.max(1, (this.steps.view().step.at(-1) ?? 0) / 20))
    let [sum, count] = [0, 0]
    for (let i = loss.length - 1; i >= 0 && count < wanted; i--) {
      if (!Number.isFinite(loss[i])) continue
      sum += loss[i]! * span[i]!
      count += span[i]!
    }
    return count > 0 ? sum / count : null
  }

  /** As it was at this step: what came after is forgotten. */
  cut(step: number): void {
    this.goBack(step)
    this.#lists.events.cut(step)
  }
  /** Forgets what will be repeated; what happened meanwhile is still told. */
  goBack(step: number): void {
    this.steps.cut(step)
    this.#lists.evals.cut(step)
    this.#lists.samples.cut(step)
  }

  /** A copy, which a history that grows on does not change. */
  packed(): PackedHistory & { steps: ReturnType<StepColumns['packed']> } {
    return {
      steps: this.steps.packed(),
      evals: [...this.evals],
      samples: [...this.samples],
      events: [...this.events],
      pieces: {
        evals: [...this.#lists.evals.closed],
        samples: [...this.#lists.samples.closed],
        events: [...this.#lists.events.closed],
      },
    }
  }
}
