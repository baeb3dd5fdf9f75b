// A model and a text small enough that a step takes milliseconds on any engine, for the tests of this folder.
import { defaultConfig } from '../../src/config/fields'
import type { Config } from '../../src/config/config'
import { makeDataset, type Dataset } from '../../src/data/dataset/dataset'
import { Loader } from '../../src/data/dataset/loader'
import type { RunEvent, RunSpec } from '../../src/words/run'
import type { StepMetrics } from '../../src/words/columns'

const TEXT = Array.from({ length: 120 }, (_, i) => `${i} men went to mow, went to mow a meadow.\n`).join('')

export async function tinyRun(change: Partial<Config> = {}): Promise<{ spec: RunSpec; dataset: Dataset }> {
  const { dataset } = await makeDataset(TEXT, { name: 'meadow', licence: 'public domain' }, 0.1)
  const config: Config = {
    ...defaultConfig(dataset.tokenizer.vocab_size),
    n_layer: 2,
    n_head: 4,
    n_kv_head: 2,
    n_embd: 32,
    n_inner: 48,
    block_size: 16,
    batch_size: 4,
    warmup_iters: 5,
    max_iters: 60,
    eval_interval: 20,
    eval_iters: 2,
    learning_rate: 5e-3,
    min_lr: 5e-4,
    ...change,
  }
  const spec = { name: 'tiny', config, corpus: dataset.corpus, tokenizer: dataset.tokenizer.state, prompt: '1 ' }
  return { spec, dataset }
}

export function loaderOf(dataset: Dataset, { batch_size, block_size, vocab_size, seed }: Config): Loader {
  return new Loader(dataset.train, vocab_size, batch_size, block_size, seed, 2)
}

/** Collects what a session tells. */
export function recorder() {
  const events: RunEvent[] = []
  return {
    events,
    listen: (event: RunEvent) => void events.push(event),
    steps: (): StepMetrics[] => events.flatMap((event) => (event.type === 'step' ? [event.metrics] : [])),
    losses: () => events.flatMap((event) => (event.type === 'step' ? [event.metrics.loss] : [])),
  }
}
