// The current dataset: where its text comes from, and what a run's own text becomes when the run is opened again.
import type { CollectedSummary, Loading, ReadAs, TablePreview } from '../words/collecting'
import { FIELDS } from '../config/fields'
import type { Dropped } from '../data/collect/collect'
import { CORPORA, loadCorpus, type LoadedCorpus } from '../data/made/corpora'
import { measureTokens, type Dataset } from '../data/dataset/dataset'
import { prepare, type Means } from '../data/dataset/prepare'
import { ladderOf } from '../data/dataset/ladder'
import type { Settings } from '../data/made/generated'
import { CorpusError } from '../errors'
import { bitsPerByte } from '../words/loss_unit'
import type { CleanReport, PersonalReport, Preparation } from '../words/recipe'
import type { BuiltInCorpus } from '../words/corpus'
import type { RunSpec } from '../words/run'
import { SUGGESTED_TEXTS } from '../words/suggested'
import type { Collection } from './collection'
import { Desk, type Job } from './desk'
import type { DataCalls, DatasetSummary, TextLadder } from './protocol'
import { datasetOf } from './run_text'
import { describeDataset } from './summary'

/** What is held out until a config says otherwise. */
const VAL_FRACTION = FIELDS.val_fraction.default

/** What every text is given until a person asks for more: read by characters, its end held out. */
export const UNTOUCHED: Preparation = {
  clean: [],
  anonymise: null,
  split: { by: 'position' },
  tokenizer: { kind: 'char' },
}

const LONGEST_LICENCE = 200

/** What reads a person's own files; fetched when the first comes. */
const readers = () => import('./collection')

/** A text as it was collected, with what was said on the way. */
interface Source extends LoadedCorpus {
  notices: string[]
  /** Comes with the page, and its licence with it. */
  builtIn?: boolean
  /** What it was made of, where a person gave it, and what the page is told of that. */
  collection?: Collection
  collected?: CollectedSummary
}
/** What a preparation did to a text. */
interface Done {
  preparation: Preparation
  reports: CleanReport[]
  personal: PersonalReport | null
}

/** What the shelf needs from the worker around it. */
export interface ShelfOptions {
  /** Reads a file beside the page. */
  fetchText: (path: string) => Promise<string>
  /** What a run was made of, and its text where it is here. Throws CheckpointError where there is no such run. */
  textOfRun: (id: string) => Promise<{ spec: RunSpec; text: string | null }>
  loading: Desk<Loading>
  /** Another dataset is the current one; `isOtherText`: of another text, not the same in another way. */
  changed: (isOtherText: boolean) => void
}

export class CorpusShelf implements DataCalls {
  readonly #fetchText: ShelfOptions['fetchText']
  readonly #textOfRun: ShelfOptions['textOfRun']
  readonly #loading: Desk<Loading>
  readonly #changed: ShelfOptions['changed']
  readonly #ladders = new Desk()
  /** What `prepare` starts from; null for a run's own text, which is prepared. */
  #source: Source | null = null
  #current: { dataset: Dataset; text: string } | null = null
  #done: (Done & { notices: string[] }) | null = null
  #firstNames: Promise<string[]> | null = null
  /** Set by whoever learns tokenizers of the current text to try them: what it has learned need not be learned again. */
  learned: NonNullable<Means['learned']> = () => undefined

  constructor({ fetchText, textOfRun, loading, changed }: ShelfOptions) {
    this.#fetchText = fetchText
    this.#textOfRun = textOfRun
    this.#loading = loading
    this.#changed = changed
  }

  get corpora(): BuiltInCorpus[] {
    return [...CORPORA]
  }
  /** The text and tokens that the next run is made of. Throws CorpusError where none was chosen. */
  get current(): { dataset: Dataset; text: string } {
    if (!this.#current) throw new CorpusError('There is no text yet. Choose one in Data, or paste your own.')
    return this.#current
  }
  /** Special tokens that stand in the current text. */
  get special(): readonly string[] {
    return this.#source?.special ?? this.current.dataset.tokenizer.state.special ?? []
  }
  get isEmpty(): boolean {
    return this.#current === null
  }

  /** The text that `prepare` starts from. Throws CorpusError where it is a run's own. */
  get collected(): Source {
    if (!this.#source)
      throw new CorpusError('The text of a run stays as the run reads it. Choose a text in Data to prepare one.')
    return this.#source
  }

  loadBuiltIn(id: string, made: { settings?: Settings; seed?: number } = {}): Promise<DatasetSummary> {
    return this.#load(async (job) => {
      job.tell({ phase: 'read', name: id, done: 0, total: 0 })
      return this.#prepareFirst({ ...(await loadCorpus(id, this.#fetchText, made)), notices: [], builtIn: true }, job)
    })
  }

  /** A text that was typed or pasted. */
  loadText(name: string, text: string): Promise<DatasetSummary> {
    return this.loadFiles([{ name, data: text }])
  }

  /** A text that somebody shared, as it was trained on, with the tokens between its documents and turns. */
  loadShared(text: Pick<Source, 'name' | 'licence' | 'text' | 'special'>): Promise<DatasetSummary> {
    return this.#load((job) => this.#prepareFirst({ ...text, notices: [] }, job))
  }

  /** Files of any kind that can be read. Throws CorpusError where none can be. */
  loadFiles(files: readonly Dropped[]): Promise<DatasetSummary> {
    return this.#load(async (job) => {
      const { readFiles, sourceOf } = await readers()
      const collection = await readFiles(files, { as: 'auto', assistant: null }, job)
      return this.#prepareFirst(sourceOf(collection, 'yours'), job)
    })
  }

  /** What stands at an address, fetched once. Throws CorpusError: it cannot be reached, or not be read. */
  loadUrl(address: string, fetched: typeof fetch = (...args) => fetch(...args)): Promise<DatasetSummary> {
    return this.#load(async (job) => {
      const tell = (at: { done: number; total: number }) => job.tell({ phase: 'fetch', name: address, ...at })
      tell({ done: 0, total: 0 })
      const [{ fetchText }, { readFiles, sourceOf }] = await Promise.all([
        import('../data/collect/fetch_text'),
        readers(),
      ])
      const file = await fetchText(address, { fetch: fetched, onProgress: tell, signal: job.signal })
      const collection = await readFiles([file], { as: 'auto', assistant: null }, job)
      const known = SUGGESTED_TEXTS.find(({ url }) => url === address)
      const source = sourceOf(collection, known?.licence ?? 'not stated')
      return this.#prepareFirst(known ? { ...source, name: known.name, builtIn: true } : source, job)
    })
  }

  /** The files in hand, read as something else; what was done to their text is done again. Throws CorpusError. */
  async readAs(as: ReadAs, assistant: string | null): Promise<DatasetSummary> {
    const { files } = this.#collection
    return this.#load(async (job) => {
      const { readFiles } = await readers()
      return this.#prepareAlike(await readFiles(files, { as, assistant }, job), job)
    })
  }

  /** Other columns of a table in hand. Throws CorpusError. */
  async chooseColumns(part: string, columns: readonly string[]): Promise<DatasetSummary> {
    const { rechoose } = await readers()
    const chosen = rechoose(this.#collection, part, columns)
    return this.#load((job) => this.#prepareAlike(chosen, job))
  }

  /** The first rows of a table in hand. Throws CorpusError. */
  async previewTable(part: string): Promise<TablePreview> {
    const { tableOf } = await readers()
    return tableOf(this.#collection, part)
  }

  /** The text of a kept run, read with its tokenizer. Throws CorpusError where the text is lost. */
  loadOfRun(id: string): Promise<DatasetSummary> {
    return this.#load(async (job) => {
      const { spec, text } = await this.#textOfRun(id)
      const dataset = text === null ? null : await datasetOf(spec, text)
      if (text === null || !dataset)
        throw new CorpusError(`The text of “${spec.name}” is not kept on this device. Paste it, or choose another.`)
      await job.pause()
      this.#source = this.#done = null
      this.#show({ dataset, text })
      return describeDataset(dataset, text, [])
    })
  }

  /** Makes the dataset anew from the collected text. What fails leaves the one before. */
  async prepare(preparation: Preparation): Promise<DatasetSummary> {
    const source = this.collected
    return this.#load((job) => this.#prepare(source, preparation, job))
  }

  /** Says under which licence one's own text stands. Throws CorpusError for a text that brought its licence along. */
  async setLicence(licence: string): Promise<DatasetSummary> {
    const said = licence.trim()
    const { dataset, text } = this.current
    if (!this.#source || !this.#done || this.#source.builtIn)
      throw new CorpusError(`${dataset.corpus.name} brought its licence along. Choose a text of your own to name one.`)
    if (said === '' || said.length > LONGEST_LICENCE)
      throw new CorpusError(`A licence has 1 to ${LONGEST_LICENCE} characters. Name it, or write “yours”.`)
    this.#source.licence = said
    const named = { ...dataset, corpus: { ...dataset.corpus, licence: said } }
    this.#show({ dataset: named, text })
    return this.#describe(this.#source, this.#done)
  }

  /** How well blind guessing and 1- to 5-grams predict the held-out part; null where nothing is held out. */
  async ladder(val_fraction: number): Promise<TextLadder | null> {
    const { dataset } = this.current
    const nats = await this.#ladders.begin((job) => ladderOf(dataset, val_fraction, job.pause))
    if (!nats) return null
    const { bytes_per_token = NaN } = measureTokens(dataset, val_fraction)
    return { nats, bits_per_byte: nats.map((loss) => bitsPerByte(loss, bytes_per_token)) }
  }

  /** The list that names are found with. Throws CorpusError where it cannot be read. */
  firstNames(): Promise<string[]> {
    this.#firstNames ??= this.#fetchText('corpora/first-names.txt').then(
      (list) => list.split('\n'),
      (cause: unknown) => {
        this.#firstNames = null
        const why = cause instanceof Error ? cause.message : String(cause)
        throw new CorpusError(`The list of first names could not be read (${why}). Reload the page and try again.`)
      },
    )
    return this.#firstNames
  }

  get #collection(): Collection {
    const { collection, name } = this.collected
    if (!collection) throw new CorpusError(`${name} comes with the page and is read in one way only.`)
    return collection
  }

  /** One text at a time: what is on its way ends. */
  #load<T>(work: (job: Job<Loading>) => Promise<T>): Promise<T> {
    return this.#loading.begin(async (job) => {
      await job.pause()
      return work(job)
    })
  }

  /** Makes another text the current one. */
  async #prepareFirst(source: Source, job: Job<Loading>, preparation = UNTOUCHED): Promise<DatasetSummary> {
    const summary = await this.#prepare(source, preparation, job)
    this.#source = source
    return summary
  }

  /** The same files as another text, under the licence and recipe that they have. */
  async #prepareAlike(collection: Collection, job: Job<Loading>): Promise<DatasetSummary> {
    const { licence, name } = this.collected
    const { sourceOf } = await readers()
    return this.#prepareFirst({ ...sourceOf(collection, licence), name }, job, this.#done?.preparation)
  }

  /** The dataset that the next run is made of; questions about the one before are out of date. */
  #show(current: { dataset: Dataset; text: string }): void {
    const before = this.#current?.dataset
    this.#current = current
    this.#ladders.supersede()
    this.#changed(before?.corpus.fingerprint !== current.dataset.corpus.fingerprint)
  }

  async #prepare(source: Source, preparation: Preparation, job: Job<Loading>): Promise<DatasetSummary> {
    const { text, dataset, reports, personal, notices } = await prepare(source, preparation, {
      val_fraction: VAL_FRACTION,
      firstNames: () => this.firstNames(),
      learned: this.learned,
      pause: (phase, share) => {
        job.tell({ phase, name: source.name, done: share, total: 1 })
        return job.pause()
      },
    })
    await job.pause()
    this.#show({ dataset, text })
    this.#done = { preparation, reports, personal, notices: [...source.notices, ...notices] }
    return this.#describe(source, this.#done)
  }

  #describe(source: Source, done: Done & { notices: string[] }): DatasetSummary {
    const { dataset, text } = this.current
    const { builtIn, collected = null } = source
    return describeDataset(dataset, text, done.notices, { ...done, collected, own: builtIn !== true })
  }
}
