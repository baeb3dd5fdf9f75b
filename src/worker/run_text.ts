// A run's text as the run reads it, with the tokenizer and the split that the run has.
import { makeDataset, type Dataset } from '../data/dataset/dataset'
import type { RunSpec } from '../words/run'

/** Null where it is not the text that the run was trained on. */
export async function datasetOf(spec: RunSpec, text: string): Promise<Dataset | null> {
  const { corpus, config, tokenizer } = spec
  const { dataset } = await makeDataset(text, corpus, config.val_fraction, tokenizer)
  return dataset.corpus.fingerprint === corpus.fingerprint ? dataset : null
}

/** A dataset with a run's tokenizer and no text: enough to sample from the run, not to train it. */
export async function textlessDataset(spec: RunSpec): Promise<Dataset> {
  const { dataset } = await makeDataset('', spec.corpus, spec.config.val_fraction, spec.tokenizer)
  return dataset
}
