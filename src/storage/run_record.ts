// A run's record: how one begins, and which checkpoints it has.
import type { RunSpec } from '../words/run'
import type { Kept, RunRecord } from './schema'

/** A record of a run that has not begun. */
export function newRecord(spec: RunSpec, params: number): RunRecord {
  const now = Date.now()
  return {
    id: newId(),
    created: now,
    updated: now,
    status: 'paused',
    reason: null,
    spec,
    notes: '',
    params,
    last_val_loss: null,
    best_val_loss: null,
    kept: { latest: null, previous: null, best: null },
  }
}

export function newId(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(8)), (x) => x.toString(16).padStart(2, '0')).join('')
}

/** The checkpoints of a run, each once: newest first, the best last unless it is one of them. */
export function checkpointsOf({ kept }: RunRecord): Kept[] {
  const all = [kept.latest, kept.previous, kept.best].filter((k) => k !== null)
  return all.filter((k, i) => all.findIndex((other) => other.serial === k.serial) === i)
}
