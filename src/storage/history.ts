// A run's history as JSON in an exported file, and read back from anything.
import { CheckpointError } from '../errors'
import { KEPT, PACKED } from '../words/columns'
import { RunHistory } from '../words/history'
import { parseJson } from './json'
import { parseHistory } from './schema'

/** What a history may hold: older ones have every step, measurement and sample of a long run. */
const HISTORY = { length: 500_000_000, depth: 5, nodes: 10_000_000 }

/** Throws CheckpointError naming what is wrong with it. */
export function unpackHistory(value: unknown): RunHistory {
  return new RunHistory(parseHistory(value))
}

/** What no step needs is left out: a run whose steps are whole is written as it was before there were others. */
export function historyToJson(history: RunHistory): string {
  const { steps, pieces, ...lists } = history.packed()
  const { isWhole } = history.steps
  const column = (name: (typeof PACKED)[number]) => [name, Array.from(steps[name])] as const
  const columns = Object.fromEntries((isWhole ? KEPT : PACKED).map(column))
  const kept = isWhole ? columns : { ...columns, pieces: steps.pieces }
  return JSON.stringify({ steps: kept, ...lists, ...(history.isThinned && { pieces }) })
}

/** Throws CheckpointError. */
export function historyFromJson(json: string): RunHistory {
  let value: unknown
  try {
    value = parseJson(json, HISTORY)
  } catch (cause) {
    throw new CheckpointError('The run’s history is not JSON. The file is damaged: export it again.', { cause })
  }
  return unpackHistory(value)
}
