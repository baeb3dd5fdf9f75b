// The current dataset: where its text comes from, and what a run's own text becomes when the run is opened again.
import { anonymise, type Anonymised } from '../data/anonymise'
import { describe } from '../data/card'
import { clean } from '../data/clean'
import { CORPORA, loadCorpus, type LoadedCorpus } from '../data/corpora'
import { makeDataset, type Dataset } from '../data/dataset'
import { learnTokenizer } from '../data/learn'
import { readFile, readText } from '../data/read_text'
import { FIELDS } from '../config'
import { CorpusError } from '../errors'
import { PII_KINDS, type CleanReport, type PersonalReport } from '../recipe'
import type { BuiltInCorpus, PersonalSummary, Preparation, RunSpec } from '../run'
import type { DatasetSummary } from './protocol'
import { describeDataset } from './summary'
import { macrotask } from './turns'

/** What is held out until a config says otherwise. */
const VAL_FRACTION = Number(FIELDS.val_fraction.default)

/** What every text is given until a person asks for more: read by characters, its end held out. */
export const UNTOUCHED: Preparation = {
  clean: [],
  anonymise: null,
  split: { by: 'position' },
  tokenizer: { kind: 'char' },
}

const LONGEST_LICENCE = 200

/** A text as it was collected, with what was said on the way. */
interface Source extends LoadedCorpus {
  notices: string[]
  /** Comes with the page, and its licence with it. */
  builtIn?: boolean
}
/** What a preparation did to a text. */
interface Done {
  preparation: Preparation
  reports: CleanReport[]
  personal: PersonalReport | null
}

export class CorpusShelf {
  readonly #fetchText: (path: string) => Promise<string>
  /** What `prepare` starts from; null for a run's own text, which is prepared. */
  #source: Source | null = null
  #current: { dataset: Dataset; text: string } | null = null
  #done: (Done & { notices: string[] }) | null = null
  #firstNames: Promise<string[]> | null = null

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

  async loadBuiltIn(id: string): Promise<DatasetSummary> {
    return this.#take({ ...(await loadCorpus(id, this.#fetchText)), notices: [], builtIn: true })
  }

  async loadText(name: string, input: string | Blob): Promise<DatasetSummary> {
    const { text, notices } = readText(name, typeof input === 'string' ? input : await readFile(name, input))
    return this.#take({ name, text, licence: 'yours', special: [], notices })
  }

  /** The text of a kept run, read with its tokenizer. Throws CorpusError where the text is lost. */
  async loadOfRun(spec: RunSpec, text: string | null): Promise<DatasetSummary> {
    const dataset = text === null ? null : await datasetOf(spec, text)
    if (text === null || !dataset)
      throw new CorpusError(`The text of “${spec.name}” is not kept on this device. Paste it, or choose another.`)
    this.#source = this.#done = null
    this.#current = { dataset, text }
    return describeDataset(dataset, text, [])
  }

  /** Makes the dataset anew from the collected text. What fails leaves the one before. */
  async prepare(preparation: Preparation): Promise<DatasetSummary> {
    return this.#prepare(this.collected, preparation)
  }

  /** Says under which licence one's own text stands. Throws CorpusError for a text that brought its licence along. */
  setLicence(licence: string): DatasetSummary {
    const said = licence.trim()
    const { dataset, text } = this.current
    if (!this.#source || !this.#done || this.#source.builtIn)
      throw new CorpusError(`${dataset.corpus.name} brought its licence along. Choose a text of your own to name one.`)
    if (said === '' || said.length > LONGEST_LICENCE)
      throw new CorpusError(`A licence has 1 to ${LONGEST_LICENCE} characters. Name it, or write “yours”.`)
    this.#source.licence = said
    const named = { ...dataset, corpus: { ...dataset.corpus, licence: said } }
    this.#current = { dataset: named, text }
    return describeDataset(named, text, this.#done.notices, this.#done, true)
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

  async #take(source: Source): Promise<DatasetSummary> {
    const summary = await this.#prepare(source, UNTOUCHED)
    this.#source = source
    return summary
  }

  async #prepare(source: Source, preparation: Preparation): Promise<DatasetSummary> {
    const { name, licence, special, generated, notices } = source
    const { text: tidy, reports } = clean(source.text, preparation.clean, special)
    const anonymised = preparation.anonymise ? await this.#withoutPeople(tidy, preparation.anonymise, special) : null
    const text = anonymised?.text ?? tidy
    // A plain text's characters are what it is read by if nothing is said, with a notice of those left out.
    const plain = preparation.tokenizer.kind === 'char' && special.length === 0
    const state = plain ? undefined : learnTokenizer(text, preparation.tokenizer, special)
    const recipe = reports.map(({ step, count }) => ({ step, count }))
    const card = describe(text, {
      recipe,
      ...(preparation.anonymise && { anonymise: preparation.anonymise }),
      ...(anonymised && { personal: summed(anonymised) }),
      ...(generated && { generated }),
    })
    const { split } = preparation
    const made = await makeDataset(text, { name, licence, split, card }, VAL_FRACTION, state)
    this.#current = { dataset: made.dataset, text }
    const personal = anonymised && reportOf(anonymised)
    this.#done = { preparation, reports, personal, notices: [...notices, ...made.notices] }
    return describeDataset(made.dataset, text, this.#done.notices, this.#done, source.builtIn !== true)
  }

  async #withoutPeople(
    text: string,
    setting: NonNullable<Preparation['anonymise']>,
    special: readonly string[],
  ): Promise<Anonymised> {
    return anonymise(text, setting, { names: await this.firstNames(), special, onProgress: macrotask })
  }
}

function reportOf({ counts, dropped_lines, went_through, places }: Anonymised): PersonalReport {
  return { counts, dropped_lines, went_through, places }
}

/** What the card keeps of it. */
function summed({ counts, dropped_lines }: PersonalReport): PersonalSummary {
  const kinds = PII_KINDS.map((kind) => {
    const { found, refused, kept } = counts[kind]
    return { kind, found, went_through: refused + kept }
  })
  return { kinds: kinds.filter(({ found }) => found > 0), dropped_lines }
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
