// The current dataset: where its text comes from, and what a run's own text becomes when the run is opened again.
import { describe } from '../data/card'
import { buildCharVocab } from '../data/char_tokenizer'
import { CORPORA, loadCorpus, type LoadedCorpus } from '../data/corpora'
import { makeDataset, type Dataset } from '../data/dataset'
import { readFile, readText } from '../data/read_text'
import { FIELDS } from '../config'
import { CorpusError } from '../errors'
import type { BuiltInCorpus, RunSpec } from '../run'
import type { DatasetSummary } from './protocol'
import { describeDataset } from './summary'

/** What is held out until a config says otherwise. */
const VAL_FRACTION = Number(FIELDS.val_fraction.default)

export class CorpusShelf {
  readonly #fetchText: (path: string) => Promise<string>
  #current: { dataset: Dataset; text: string } | null = null

  /** `fetchText` reads a file beside the page. */
  constructor(fetchText: (path: string) => Promise<string>) {
    this.#fetchText = fetchText
  }

  get corpora(): BuiltInCorpus[] {
    return [...CORPORA]
  }
  /** The text and tokens that the next run is made of. Throws CorpusError where none was chosen. */
  get current(): { dataset: Dataset; text: string } {
    if (!this.#current) throw new CorpusError('There is no text yet. Choose one in Data, or paste your own.')
    return this.#current
  }
  get isEmpty(): boolean {
    return this.#current === null
  }

  async loadBuiltIn(id: string): Promise<DatasetSummary> {
    return this.#take(await loadCorpus(id, this.#fetchText), [])
  }

  async loadText(name: string, input: string | Blob): Promise<DatasetSummary> {
    const { text, notices } = readText(name, typeof input === 'string' ? input : await readFile(name, input))
    return this.#take({ name, text, licence: 'yours', special: [] }, notices)
  }

  /** The text of a kept run, read with its tokenizer. Throws CorpusError where the text is lost. */
  async loadOfRun(spec: RunSpec, text: string | null): Promise<DatasetSummary> {
    const dataset = text === null ? null : await datasetOf(spec, text)
    if (text === null || !dataset)
      throw new CorpusError(`The text of “${spec.name}” is not kept on this device. Paste it, or choose another.`)
    this.#current = { dataset, text }
    return describeDataset(dataset, text, [])
  }

  async #take({ name, licence, text, special, generated }: LoadedCorpus, notices: string[]): Promise<DatasetSummary> {
    const tokenizer = special.length > 0 ? buildCharVocab(text, special).state : undefined
    const card = describe(text, { recipe: [], ...(generated && { generated }) })
    const made = await makeDataset(text, { name, licence, card }, VAL_FRACTION, tokenizer)
    this.#current = { dataset: made.dataset, text }
    return describeDataset(made.dataset, text, [...notices, ...made.notices])
  }
}

/** A run's text as the run reads it; null where it is not the text that the run was trained on. */
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
