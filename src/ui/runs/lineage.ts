// Which run came from which, as rows of a tree: each run under the one that its first weights came from. A parent that is gone has a row
// of its own, by the name that it had then.
import type { Origin } from '../../words/kept'
import type { RunSummary } from '../../worker/client'

/** A run, as far as its origin is concerned. */
export type Member = Pick<RunSummary, 'id' | 'name' | 'created' | 'origin' | 'imported'>

export interface Row {
  /** The run's id; of what is no run here, a name that no run has. */
  key: string
  name: string
  run: string | null
  /** `gone`: a run that is not here any more. `shipped`: the model that comes with the page. `elsewhere`: made by another program. */
  kind: 'run' | 'gone' | 'shipped' | 'elsewhere'
  /** How it came from the row above it that is one level less deep; null for what came from nothing here. */
  came: Pick<Origin, 'how' | 'step'> | null
  depth: number
  /** Row of its parent, or −1. */
  parent: number
}

/** The rows of all families, parents first and siblings by age. Runs that neither came from another nor have one after them are left out. */
export function lineageOf(runs: readonly Member[]): Row[] {
  const byId = new Map(runs.map((run) => [run.id, run]))
  const roots: Omit<Row, 'depth' | 'parent'>[] = []
  const children = new Map<string, Member[]>()
  const addRoot = (root: (typeof roots)[number]) => {
    if (!roots.some(({ key }) => key === root.key)) roots.push(root)
    return root.key
  }
  const parentOf = (run: Member): string | null => {
    const { origin, imported } = run
    if (origin && origin.how !== 'file' && origin.run === null)
      return addRoot({ key: 'shipped', name: origin.name, run: null, kind: 'shipped', came: null })
    if (origin && origin.run !== null && origin.run !== run.id)
      return byId.has(origin.run)
        ? origin.run
        : addRoot({ key: `gone ${origin.run}`, name: origin.name, run: null, kind: 'gone', came: null })
    if (imported)
      return addRoot({ key: `from ${imported.from}`, name: imported.from, run: null, kind: 'elsewhere', came: null })
    return null
  }
  const parents = new Map<string, string | null>()
  for (const run of runs) parents.set(run.id, parentOf(run))
  // Records that were tampered with may name each other: a run that would come from itself came from nothing.
  for (const run of runs) {
    const seen = new Set([run.id])
    for (let up = parents.get(run.id); up; up = parents.get(up)) {
      if (seen.has(up)) {
        parents.set(run.id, null)
        break
      }
      seen.add(up)
    }
  }
  for (const run of runs.toSorted((a, b) => a.created - b.created)) {
    const parent = parents.get(run.id) ?? null
    if (parent !== null) children.set(parent, [...(children.get(parent) ?? []), run])
    else roots.push({ key: run.id, name: run.name, run: run.id, kind: 'run', came: null })
  }
  const rows: Row[] = []
  const put = (row: Omit<Row, 'depth' | 'parent'>, depth: number, parent: number) => {
    const at = rows.push({ ...row, depth, parent }) - 1
    for (const run of children.get(row.key) ?? []) {
      const came = run.origin ?? { how: 'imported', step: 0 }
      put({ key: run.id, name: run.name, run: run.id, kind: 'run', came }, depth + 1, at)
    }
  }
  for (const root of roots) if (children.has(root.key)) put(root, 0, -1)
  return rows
}
