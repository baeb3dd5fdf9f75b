// The finished run that the page opens on, replayed from a file that `npm run record` writes. The numbers in it come from a real
// run; `note` says which one.
import * as v from 'valibot'
import { RecordingSchema } from '../../words/schema'

export type RecordedRun = v.InferOutput<typeof RecordingSchema>

/** Reads the recorded run; null where the page is served without one. Throws when the file is not what it should be. */
export async function loadRecordedRun(): Promise<RecordedRun | null> {
  const response = await fetch('./recorded_run.json')
  if (!response.ok) return null
  return parseRecordedRun(await response.json())
}

/** Throws where it is not what `npm run record` writes. */
export function parseRecordedRun(value: unknown): RecordedRun {
  const { success, output, issues } = v.safeParse(RecordingSchema, value)
  if (success) return output
  const where = v.getDotPath(issues[0])
  throw new Error(`recorded_run.json is not a recorded run${where === null ? '' : `: ${where} is wrong`}`)
}
