// The finished run that the page opens on, replayed from a file that `npm run record` writes. The numbers in it come from a real
// run; `note` says which one.
import type { Config } from '../../config'
import type { RunHistory, RunSummary } from '../../worker/client'

export interface RecordedRun {
  name: string
  config: Config
  tokenizer: RunSummary['tokenizer']
  /** Of its held-out text. */
  bytes_per_token: number
  history: RunHistory
  /** What counting reaches on the same text, as `Lab.ladder` tells it. */
  ladder: number[] | null
  /** Where and how the run was made, for the reader. */
  note: string
}

/** Reads the recorded run; null where the page is served without one. Throws when the file is not what it should be. */
export async function loadRecordedRun(): Promise<RecordedRun | null> {
  const response = await fetch('./recorded_run.json')
  if (!response.ok) return null
  return parseRecordedRun(await response.json())
}

/** Throws where it is not what `npm run record` writes. */
export function parseRecordedRun(value: unknown): RecordedRun {
  if (!isRecordedRun(value)) throw new Error('recorded_run.json is not a recorded run')
  return value
}

function isRecordedRun(value: unknown): value is RecordedRun {
  if (typeof value !== 'object' || value === null) return false
  if (!['name', 'config', 'tokenizer', 'note', 'ladder', 'history'].every((field) => field in value)) return false
  if (typeof Reflect.get(value, 'bytes_per_token') !== 'number') return false
  const history: unknown = Reflect.get(value, 'history')
  return (
    typeof history === 'object' &&
    history !== null &&
    ['steps', 'evals', 'samples', 'events'].every((column) => Array.isArray(Reflect.get(history, column)))
  )
}
