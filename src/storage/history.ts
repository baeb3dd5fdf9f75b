// A run's history as it grows, as it is packed, and as JSON in an exported file. Packed, it goes to the browser's database and to
// other threads: a typed array clones in a thousandth of the time of as many objects.
import { CheckpointError } from '../errors'
import { StepColumns } from '../words/columns'
import type { PackedHistory, RunEvent, RunHistory } from '../words/run'
import { parseHistory } from './schema'

export function emptyHistory(): RunHistory {
  return { steps: new StepColumns(), evals: [], samples: [], events: [] }
}

/** A copy, which a history that grows on does not change. */
export function packHistory({ steps, evals, samples, events }: RunHistory): PackedHistory {
  return { steps: steps.packed(), evals: [...evals], samples: [...samples], events: [...events] }
}

/** The inverse, from anything: throws CheckpointError naming what is wrong with it. */
export function unpackHistory(value: unknown): RunHistory {
  const { steps, ...rest } = parseHistory(value)
  return { ...rest, steps: StepColumns.of(steps) }
}

/** Takes up what a run tells. One that went back repeats steps: what it repeats replaces what was there. */
export function addToHistory({ steps, evals, samples }: RunHistory, event: RunEvent): void {
  if (event.type === 'step') steps.push(event.metrics)
  else if (event.type === 'eval') append(evals, event.metrics)
  else if (event.type === 'sample') append(samples, event.sample)
}

function append<T extends { step: number }>(list: T[], entry: T): void {
  while ((list.at(-1)?.step ?? -1) >= entry.step) list.pop()
  list.push(entry)
}

/** The history as it was when the checkpoint of `step` was taken: a run that falls back repeats what came after. */
export function cutHistory(history: RunHistory, step: number): RunHistory {
  const before = (entry: { step: number }) => entry.step <= step
  return {
    steps: StepColumns.of(history.steps.packed(step)),
    evals: history.evals.filter(before),
    samples: history.samples.filter(before),
    events: history.events.filter(before),
  }
}

export function historyToJson(history: RunHistory): string {
  const packed = packHistory(history)
  const steps = Object.fromEntries(Object.entries(packed.steps).map(([name, column]) => [name, Array.from(column)]))
  return JSON.stringify({ ...packed, steps })
}

/** Throws CheckpointError. */
export function historyFromJson(json: string): RunHistory {
  let value: unknown
  try {
    value = JSON.parse(json)
  } catch (cause) {
    throw new CheckpointError('The run’s history is not JSON. The file is damaged: export it again.', { cause })
  }
  return unpackHistory(value)
}
