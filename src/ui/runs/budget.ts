// Which runs to delete so that what is kept fits into a budget.
import type { Space } from '../../words/kept'
import type { RunSummary } from '../../worker/client'

/**
 * Runs whose deletion brings `used` bytes within `budget`, as few as can be, the largest first, and what that frees; never a run that has a
 * star or is open. Where all of them together are not enough, all of them.
 */
export function toDelete(
  spaces: readonly Space[],
  runs: readonly Pick<RunSummary, 'id' | 'starred'>[],
  open: string | null,
  used: number,
  budget: number,
): { ids: string[]; freed: number } {
  const may = new Set(runs.filter(({ id, starred }) => !starred && id !== open).map(({ id }) => id))
  const candidates = spaces
    .filter(({ what, id }) => what === 'run' && may.has(id))
    .sort((a, b) => (b.freed_bytes ?? b.size_bytes) - (a.freed_bytes ?? a.size_bytes))
  const ids: string[] = []
  let freed = 0
  for (const { id, freed_bytes, size_bytes } of candidates) {
    if (used - freed <= budget) break
    ids.push(id)
    freed += freed_bytes ?? size_bytes
  }
  return { ids, freed }
}
