// Two or more runs as a table of what differs between them, and that table as text to take away.
import { FIELDS } from '../../config/fields'
import type { RunSummary } from '../../worker/client'
import { integer, loss } from '../format'
import { dataVersion } from './data_version'
import { FIELD_NAMES, fieldText } from './differences'
import { lossIn } from './losses'
import { beside, READS } from './messages_beside'

export type Section = keyof typeof beside.sections

export interface ComparedRow {
  section: Section
  label: string
  /** One for each run, in their order. */
  values: string[]
}

/** Rows whose values differ; results, data and settings, in this order. `statusOf` says how a run stands in words. */
export function compared(runs: readonly RunSummary[], statusOf: (run: RunSummary) => string): ComparedRow[] {
  const { rows } = beside
  const row = (section: Section, label: string, value: (run: RunSummary) => string): ComparedRow => ({
    section,
    label,
    values: runs.map(value),
  })
  const lossText = (value: number | null) => (value === null ? '' : loss(value))
  const all: ComparedRow[] = [
    row('result', rows.best, (run) => lossText(run.best_val_loss)),
    row('result', rows.bits, (run) => lossText(lossIn('bits', run, run.best_val_loss))),
    row('result', rows.last, (run) => lossText(run.last_val_loss)),
    row('result', rows.train, (run) => lossText(run.train_loss)),
    row('result', rows.step, ({ step }) => integer(step)),
    row('result', rows.status, statusOf),
    row('data', rows.text, ({ corpus }) => corpus.name),
    row('data', rows.fingerprint, ({ corpus }) => corpus.fingerprint.slice(0, 12)),
    row('data', rows.recipe, ({ corpus }) => {
      const version = dataVersion(corpus)
      return version === null ? beside.unknown : version === '' ? beside.asItCame : version
    }),
    row('data', rows.licence, ({ corpus }) => corpus.licence),
    row('data', rows.tokenizer, ({ tokenizer }) => READS[tokenizer]),
    row('data', rows.vocabulary, ({ config }) => integer(config.vocab_size)),
    row('data', rows.tokens, ({ tokenizer_key }) => tokenizer_key.split(' ').at(-1)!),
    row('settings', rows.params, ({ params }) => integer(params)),
    ...FIELD_NAMES.map((name) => row('settings', FIELDS[name].label, ({ config }) => fieldText(name, config[name]))),
    row('settings', rows.gates, ({ gates }) => Object.keys(gates).join(', ') || beside.none),
    row('origin', rows.origin, ({ origin }) => beside.originOf(origin)),
    row('origin', rows.notes, ({ notes }) => notes),
  ]
  return all.filter(({ values }) => values.some((value) => value !== values[0]))
}

/** A cell that a spreadsheet takes for text: what would be a formula begins with an apostrophe. */
const harmless = (cell: string) => (/^[=+@\t\r]|^-(?![\d.])/.test(cell) ? `'${cell}` : cell)
/** A number as machines read it. */
const plain = (cell: string) =>
  /^\d{1,3}(,\d{3})+$/.test(cell) ? cell.replaceAll(',', '') : cell.replace(/^([\d.]+e)−/, '$1-')
const quoted = (cell: string) => (/[",\n\r]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell)

const tableOf = (runs: readonly RunSummary[], rows: readonly ComparedRow[]) => [
  [beside.field, ...runs.map(({ name }) => name)],
  ...rows.map(({ label, values }) => [label, ...values]),
]

/** RFC 4180, with a header of the runs' names. */
export const asCsv = (runs: readonly RunSummary[], rows: readonly ComparedRow[]) =>
  tableOf(runs, rows)
    .map((cells) => cells.map((cell) => quoted(harmless(plain(cell)))).join(',') + '\r\n')
    .join('')

/** Columns with tabs between them, which spreadsheets and documents take as a table. */
export const asTabs = (runs: readonly RunSummary[], rows: readonly ComparedRow[]) =>
  tableOf(runs, rows)
    .map((cells) => cells.map((cell) => harmless(plain(cell.replace(/\s+/g, ' ')))).join('\t') + '\n')
    .join('')
