// The order of the list of runs, by any of its columns. What is not known comes last, whichever way the order goes.
import type { RunSummary } from '../../worker/client'
import { lossIn, type SharedUnit } from './losses'

export const COLUMNS = ['name', 'updated', 'step', 'params', 'last', 'best', 'bits', 'train', 'size'] as const
export type Column = (typeof COLUMNS)[number]
export interface Order {
  by: Column
  isDown: boolean
}

/** The direction in which a column is of use first: names from A, losses from the lowest, all else from the largest. */
export const startsDown = (by: Column) => ['updated', 'step', 'params', 'size'].includes(by)

/** What a column shows of a run; losses in the unit. */
export function valueOf(run: RunSummary, by: Column, unit: SharedUnit): number | string | null {
  switch (by) {
    case 'name':
      return run.name
    case 'updated':
      return run.updated
    case 'step':
      return run.step
    case 'params':
      return run.params
    case 'size':
      return run.size_bytes
    case 'last':
      return lossIn(unit, run, run.last_val_loss)
    case 'best':
      return lossIn(unit, run, run.best_val_loss)
    case 'bits':
      return lossIn('bits', run, run.best_val_loss)
    case 'train':
      return lossIn(unit, run, run.train_loss)
  }
}

const byName = new Intl.Collator('en', { numeric: true })

export function sorted(runs: readonly RunSummary[], { by, isDown }: Order, unit: SharedUnit): RunSummary[] {
  const known = (value: number | string | null) => (typeof value === 'number' && Number.isNaN(value) ? null : value)
  return runs.toSorted((a, b) => {
    const [x, y] = [known(valueOf(a, by, unit)), known(valueOf(b, by, unit))]
    if (x === null || y === null) return x === y ? b.updated - a.updated : x === null ? 1 : -1
    const order = typeof x === 'string' ? byName.compare(x, String(y)) : x - Number(y)
    return (isDown ? -order : order) || b.updated - a.updated
  })
}
