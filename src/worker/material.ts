// What a run is opened from, and what it needs of the worker around it. Types only.
import type { Dataset } from '../data/dataset/dataset'
import type { Checkpoint, RunEvent } from '../words/run'
import type { RunHistory } from '../words/history'
import type { Keyframe } from '../words/keyframes'
import type { RunLock } from '../storage/lock'
import type { RunStore } from '../storage/runs'
import type { RunRecord } from '../storage/schema'
import type { EngineRoom } from './engine_room'

/** What a run needs from the worker around it. */
export interface Surroundings {
  store: RunStore
  engines: EngineRoom
  /** Sends an event of a run to the page, after those sent before. */
  emit(run: string, event: RunEvent): void
  /** The open run was saved, has changed, or could not be saved. */
  kept(): void
  /** A step was taken. */
  tick(): void
  /** What a run's kept steps may take of the disk. */
  keyframe_bytes(): number
  /** The kept steps of a run have changed. */
  keyframes(run: string, frames: readonly Keyframe[]): void
}

/** Everything that a run is opened from. */
export interface Material {
  record: RunRecord
  dataset: Dataset
  /** The text that the run is trained on; null where it is lost. */
  text: string | null
  /** The state to open; null for a new run, and for one whose checkpoints cannot be read. */
  checkpoint: Checkpoint | null
  history: RunHistory
  /** Held by this tab alone while the run is open; null where another tab holds it. */
  lock: RunLock | null
  /** Why the run can be looked at, not changed: another tab has its lock. Null where this tab has it. */
  readOnly: string | null
  /** Why the run cannot be trained as it stands; null where it can. */
  broken: string | null
  /** What was found damaged on the disk, one message each. */
  damage: string[]
}
