// What differs between two runs in a few words: settings by the one table of them, the text and its version, the tokens.
import type { Config } from '../../config/config'
import { defaultInner, FIELDS, type FieldName } from '../../config/fields'
import type { RunSummary } from '../../worker/client'
import { integer, rate } from '../format'
import { dataVersion } from './data_version'
import { beside, READS } from './messages_beside'

export const FIELD_NAMES = Object.keys(FIELDS) as FieldName[]

/** A setting's value as text. */
export function fieldText(name: FieldName, value: unknown): string {
  if (typeof value === 'boolean') return value ? beside.on : beside.off
  if (typeof value !== 'number') return String(value ?? beside.unknown)
  // A seed or a count is whole; a rate may be tiny.
  return FIELDS[name].kind === 'int' ? integer(value) : rate(value)
}

/** Settings that follow others by habit: they need no words where both runs keep to it. */
const HABITS: Partial<Record<FieldName, (config: Config) => boolean>> = {
  n_inner: ({ n_inner, n_embd, mlp }) => n_inner === defaultInner(n_embd, mlp),
  n_kv_head: ({ n_kv_head, n_head }) => n_kv_head === n_head,
  min_lr: ({ min_lr, learning_rate }) => Math.abs(min_lr * 10 - learning_rate) < 1e-9 * learning_rate,
}

/** Settings that differ, in the order of the table. */
export const changedFields = (a: Config, b: Config): FieldName[] => FIELD_NAMES.filter((name) => a[name] !== b[name])

/** What differs from `base`, from the text to the smallest setting, a phrase each: "4 → 6 layers", "learning rate 0.001 → 3e−4". */
export function differencesFrom(base: RunSummary, run: RunSummary): string[] {
  const said: string[] = []
  const quoted = ({ corpus }: RunSummary) => `“${corpus.name}”`
  const otherText = base.corpus.fingerprint !== run.corpus.fingerprint
  const [before, after] = [dataVersion(base.corpus), dataVersion(run.corpus)]
  if (otherText && base.corpus.name !== run.corpus.name)
    said.push(beside.change(beside.text, quoted(base), quoted(run), false))
  else if (before !== after || otherText)
    said.push(beside.change(beside.data, versionText(base), versionText(run), false))
  if (base.tokenizer !== run.tokenizer)
    said.push(beside.change(beside.reads, READS[base.tokenizer], READS[run.tokenizer], false))
  const [old, now] = [base.config, run.config]
  if (old.vocab_size !== now.vocab_size)
    said.push(beside.change(beside.vocabulary, integer(old.vocab_size), integer(now.vocab_size), false))
  else if (base.tokenizer === run.tokenizer && base.tokenizer_key !== run.tokenizer_key) said.push(beside.otherTokens)
  for (const name of changedFields(old, now)) {
    const follows = HABITS[name]
    if (follows?.(old) && follows(now)) continue
    const { label, kind } = FIELDS[name]
    // "Layers" counts what its value is a number of; "Context" does not.
    const isCount = kind === 'int' && label.endsWith('s')
    said.push(beside.change(lowered(label), fieldText(name, old[name]), fieldText(name, now[name]), isCount))
  }
  if (JSON.stringify(base.gates) !== JSON.stringify(run.gates)) said.push(beside.turned)
  return said
}

/** A label within a sentence: names like AdamW and MLP keep their capitals. */
const lowered = (label: string) =>
  /^[A-Z][a-z]/.test(label) && !/^Adam/.test(label) ? label[0]!.toLowerCase() + label.slice(1) : label

/** The version of a run's data in words; of a text that nothing was done to, the beginning of its fingerprint. */
export function versionText({ corpus }: Pick<RunSummary, 'corpus'>): string {
  return dataVersion(corpus) || corpus.fingerprint.slice(0, 8)
}

/**
 * The run that another is compared with: the one that a person chose, else of those on the same text the starred one, else the oldest.
 * Null where there is none but itself.
 */
export function baselineOf(run: RunSummary, runs: readonly RunSummary[], chosen: string | null): RunSummary | null {
  const byHand = runs.find(({ id }) => id === chosen)
  if (byHand) return byHand.id === run.id ? null : byHand
  const same = runs.filter(({ corpus }) => corpus.fingerprint === run.corpus.fingerprint)
  const starred = same.filter((one) => one.starred)
  const [base] = (starred.length > 0 ? starred : same).toSorted((a, b) => a.created - b.created)
  return !base || base.id === run.id ? null : base
}
