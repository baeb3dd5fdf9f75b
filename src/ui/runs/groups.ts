// Runs with equal values of a setting together, with the mean and the range of their best losses.
import { FIELDS, type FieldName } from '../../config/fields'
import type { RunSummary } from '../../worker/client'
import { FIELD_NAMES, fieldText, versionText } from './differences'
import { lossIn, type SharedUnit } from './losses'
import { beside, READS } from './messages_beside'

export type GroupField = FieldName | 'text' | 'tokenizer'

export interface Group {
  value: string
  runs: RunSummary[]
  /** How many of them have been measured. */
  measured: number
  /** Of the best validation losses; null where no run of the group was measured. */
  best: { mean: number; low: number; high: number } | null
}

export const groupLabel = (field: GroupField) =>
  field === 'text' ? beside.groupText : field === 'tokenizer' ? beside.groupTokenizer : FIELDS[field].label

/** The group that a run belongs to, and what the groups are ordered by. */
function valueOf(run: RunSummary, field: GroupField): { text: string; order: number | string } {
  if (field === 'text') {
    const text = `${run.corpus.name}, ${beside.dataset(versionText(run))}`
    return { text, order: text }
  }
  if (field === 'tokenizer') {
    const text = `${READS[run.tokenizer]}, ${run.config.vocab_size}`
    return { text, order: text }
  }
  const value = run.config[field]
  return { text: fieldText(field, value), order: typeof value === 'number' ? value : String(value) }
}

/** What the runs differ in: only by that can they be grouped. */
export function groupFields(runs: readonly RunSummary[]): GroupField[] {
  const fields: GroupField[] = ['text', 'tokenizer', ...FIELD_NAMES]
  return fields.filter((field) => new Set(runs.map((run) => valueOf(run, field).order)).size > 1)
}

/** In the order of the values. */
export function groupsBy(runs: readonly RunSummary[], field: GroupField, unit: SharedUnit): Group[] {
  const groups = new Map<number | string, { text: string; runs: RunSummary[] }>()
  for (const run of runs) {
    const { text, order } = valueOf(run, field)
    const group = groups.get(order) ?? { text, runs: [] }
    group.runs.push(run)
    groups.set(order, group)
  }
  return [...groups]
    .sort(([a], [b]) => (typeof a === 'number' && typeof b === 'number' ? a - b : String(a) < String(b) ? -1 : 1))
    .map(([, { text, runs: members }]) => {
      const losses = members
        .map((run) => lossIn(unit, run, run.best_val_loss))
        .filter((value): value is number => value !== null && Number.isFinite(value))
      const mean = losses.reduce((sum, value) => sum + value, 0) / losses.length
      const best = losses.length > 0 ? { mean, low: Math.min(...losses), high: Math.max(...losses) } : null
      return { value: text, runs: members, measured: losses.length, best }
    })
}
