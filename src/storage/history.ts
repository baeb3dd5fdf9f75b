// A run's history between its three forms: objects while it runs, columns in the browser's database (one typed array clones in
// a thousandth of the time of as many objects), columns in JSON in an exported file.
import { CheckpointError } from '../errors'
import type { RunEvent, RunHistory, StepMetrics } from '../words/run'
import { parseHistory, type PackedHistory } from './schema'

/** The steps as columns; a copy, which a history that grows on does not change. */
export function packHistory({ steps, evals, samples, events }: RunHistory): PackedHistory {
  const column = (name: keyof StepMetrics) => Float64Array.from(steps, (metrics) => metrics[name])
  return {
    evals: [...evals],
    samples: [...samples],
    events: [...events],
    steps: {
      step: column('step'),
      loss: column('loss'),
      grad_norm: column('grad_norm'),
      learning_rate: column('learning_rate'),
      step_ms: column('step_ms'),
      tokens: column('tokens'),
    },
  }
}

/** The inverse, from anything: throws CheckpointError naming what is wrong with it. */
export function unpackHistory(value: unknown): RunHistory {
  const { steps, ...rest } = parseHistory(value)
  return {
    ...rest,
    steps: Array.from(steps.step, (step, i) => ({
      step,
      loss: steps.loss[i] ?? NaN,
      grad_norm: steps.grad_norm[i] ?? NaN,
      learning_rate: steps.learning_rate[i] ?? NaN,
      step_ms: steps.step_ms[i] ?? NaN,
      tokens: steps.tokens[i] ?? NaN,
    })),
  }
}

/** Takes up what a run tells. One that went back repeats steps: what it repeats replaces what was there. */
export function addToHistory({ steps, evals, samples }: RunHistory, event: RunEvent): void {
  if (event.type === 'step') append(steps, event.metrics)
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
    steps: history.steps.filter(before),
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
