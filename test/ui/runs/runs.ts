// Runs as the list has them, made up.
import { defaultConfig } from '../../../src/config/fields'
import type { RunSummary } from '../../../src/worker/client'

const CORPUS = { name: 'letters', fingerprint: 'a'.repeat(64), characters: 100, licence: 'CC0-1.0' }

export function madeRun(
  id: string,
  change: Partial<RunSummary> = {},
  config: Partial<RunSummary['config']> = {},
): RunSummary {
  return {
    id,
    name: id,
    created: 1,
    updated: 1,
    status: 'paused',
    step: 0,
    config: { ...defaultConfig(65), ...config },
    corpus: CORPUS,
    tokenizer: 'char',
    prompt: '',
    notes: '',
    params: 100,
    last_val_loss: null,
    best_val_loss: null,
    size_bytes: 10,
    tokenizer_key: 'char 65 aa',
    bytes_per_token: 1,
    gates: {},
    imported: null,
    without_text: false,
    starred: false,
    train_loss: null,
    origin: null,
    ...change,
  }
}
