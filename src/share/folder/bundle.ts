// A run as one zip for other tools and for another browser: its settings and its corpus card, the tokenizer, the history for spreadsheets
// and for TensorBoard, the curve, and its checkpoint, which Glasshouse goes on from. The text goes along only where somebody chose so.
import { writeTokenizerJson } from '../../data/tokenize/tokenizer_json'
import { encodeCheckpoint } from '../../storage/checkpoint'
import { metricsTable } from '../../words/metrics_table'
import type { Checkpoint } from '../../words/run'
import type { RunHistory } from '../../words/history'
import { shareableSpec } from '../../words/shareable'
import { curveSvg } from './curve'
import { tensorboardEvents } from './tfevents'
import type { Files } from './zip'

export interface Bundled {
  /** As it was saved last. */
  latest: Checkpoint
  history: RunHistory
  notes: string
  /** Null: it stays here. */
  text: string | null
}

/** TensorBoard takes files whose names have `tfevents` in them; the number is a time, of which ours has none. */
const EVENTS = 'events.out.tfevents.0.glasshouse'

/** The files of a bundle by path. Throws CheckpointError where a number is not finite. */
export function bundleFiles({ latest, history, notes, text }: Bundled): Files {
  const spec = shareableSpec(latest.meta.spec)
  const bytes = text === null ? null : new TextEncoder().encode(text)
  const { config, corpus, tokenizer, ...said } = spec
  const files = new Map<string, string | Uint8Array>()
  files.set('settings.json', json({ ...said, step: latest.meta.step, config }))
  files.set('corpus.json', json(corpus))
  if (text !== null) files.set('corpus.txt', text)
  files.set('tokenizer.json', writeTokenizerJson(tokenizer))
  files.set('metrics.csv', metricsTable(history, spec.bytes_per_token))
  files.set(EVENTS, tensorboardEvents(history))
  const curve = curveSvg(history)
  if (curve !== null) files.set('curve.svg', curve)
  if (notes !== '') files.set('notes.txt', notes)
  const checkpoint = { ...latest, meta: { ...latest.meta, spec } }
  files.set('checkpoint.safetensors', encodeCheckpoint(checkpoint, { text: bytes, history, notes }))
  return files
}

const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`
