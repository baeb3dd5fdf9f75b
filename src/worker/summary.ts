// What the page shows of a kept run and of a dataset.
import { alphabet, type Dataset } from '../data/dataset/dataset'
import type { Preparation } from '../words/recipe'
import { isWithoutText, type RunStatus } from '../words/run'
import type { TokenizerState } from '../words/tokens'
import { checkpointsOf } from '../storage/run_record'
import type { RunRecord } from '../storage/schema'
import type { DatasetSummary, RunSummary } from './protocol'

const EXCERPT = 2000
/** Tokens of a vocabulary that the page is told of. */
const MOST_FREQUENT = 200

/** `live`: how far the run is in this worker, where it is open. */
export function summaryOf(record: RunRecord, live: { status: RunStatus; step: number } | null = null): RunSummary {
  const { id, created, updated, spec, notes, params, last_val_loss, best_val_loss, kept } = record
  return {
    id,
    name: spec.name,
    created,
    updated,
    status: live?.status ?? record.status,
    step: live?.step ?? kept.latest?.step ?? 0,
    config: spec.config,
    corpus: spec.corpus,
    tokenizer: spec.tokenizer.kind,
    prompt: spec.prompt,
    notes,
    params,
    last_val_loss,
    best_val_loss,
    size_bytes: checkpointsOf(record).reduce((sum, { size_bytes }) => sum + size_bytes, 0),
    tokenizer_key: tokenizerKey(spec.tokenizer),
    bytes_per_token: spec.bytes_per_token ?? null,
    gates: spec.gates ?? {},
    imported: spec.imported ?? null,
    without_text: isWithoutText(spec),
    starred: record.starred ?? false,
    train_loss: record.train_loss ?? null,
    origin: record.origin ?? null,
  }
}

/** `done`: how the text was made ready and what that did; null for a run's own, of which the card tells. */
export function describeDataset(
  dataset: Dataset,
  text: string,
  notices: string[],
  done:
    (Pick<DatasetSummary, 'reports' | 'personal' | 'collected' | 'own'> & { preparation: Preparation }) | null = null,
): DatasetSummary {
  return {
    corpus: dataset.corpus,
    lines: countLines(text),
    alphabet: alphabet(dataset).slice(0, MOST_FREQUENT),
    tokenizer: dataset.tokenizer.state.kind,
    vocab_size: dataset.tokenizer.vocab_size,
    train_tokens: dataset.train.length,
    val_tokens: dataset.val.length,
    // Not half of a surrogate pair.
    excerpt: text.slice(0, EXCERPT).replace(/[\ud800-\udbff]$/, ''),
    notices,
    preparation: done?.preparation ?? null,
    reports: done?.reports ?? [],
    personal: done?.personal ?? null,
    own: done?.own ?? false,
    collected: done?.collected ?? null,
    tokenizer_key: tokenizerKey(dataset.tokenizer.state),
  }
}

/** A line break at the very end begins no line. */
function countLines(text: string): number {
  let lines = text === '' || text.endsWith('\n') ? 0 : 1
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) lines++
  return lines
}

const keys = new WeakMap<TokenizerState, string>()

/** The same string for tokenizers that read alike, another for others: FNV-1a, twice, over all that a state has. */
export function tokenizerKey(state: TokenizerState): string {
  const known = keys.get(state)
  if (known !== undefined) return known
  let [a, b] = [0x811c9dc5, 0x1000193]
  const add = (text: string) => {
    for (let i = 0; i <= text.length; i++) {
      // A number that no character has ends each string.
      const unit = i < text.length ? text.charCodeAt(i) : 0x10000
      a = Math.imul(a ^ unit, 0x01000193)
      b = Math.imul(b ^ (unit + i), 0x85ebca6b)
    }
  }
  state.vocab.forEach(add)
  for (const [left, right] of state.merges ?? []) {
    add(left)
    add(right)
  }
  state.special?.forEach(add)
  const key = `${state.kind} ${state.vocab.length} ${(a >>> 0).toString(16)}${(b >>> 0).toString(16)}`
  keys.set(state, key)
  return key
}
