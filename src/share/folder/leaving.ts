// A run as it leaves: the model, and what is known of how it came to be.
import type { Tokens } from '../../data/tokenize/tokenizer'
import type { RunHistory } from '../../words/history'
import type { Checkpoint } from '../../words/run'
import type { EndToken } from '../formats/end_row'
import type { Outgoing } from '../formats/fold'

export interface Leaving extends Outgoing {
  /** As far as it goes; null where it is not at hand. */
  history: RunHistory | null
  /** Tokens trained on. */
  tokens: number | null
  elapsed_s: number | null
  /** On what it was trained, as its engine names it. */
  adapter: string | null
  /** What ends a text in GGUF, where the tokenizer has nothing (gguf_tokenizer.ts). */
  end: EndToken | null
  /** What only a run's last save has, and only where its text may go along: to train on from this very step. */
  training: Training | null
}

export interface Training {
  /** AdamW's, under `m.` and `v.` and our parameter names. */
  moments: ReadonlyMap<string, Float32Array>
  /** All of them in the run's own order, the first `train` to train on. */
  ids: Tokens
  train: number
}

/** AdamW's moments of a checkpoint, by name; null where it has weights alone. */
export function momentsOf({ tensors }: Checkpoint): ReadonlyMap<string, Float32Array> | null {
  const moments = new Map<string, Float32Array>()
  for (const [name, { data }] of tensors) if (/^[mv]\./.test(name)) moments.set(name, data)
  return moments.size > 0 ? moments : null
}
