// The model that comes with the page: the recorded run's weights at some ten of its steps, in 16 bits. They are fetched when they are
// first asked for; step 0 is made from the run's seed. `npm run record` writes the files.
import * as v from 'valibot'
import { makeDataset, type Dataset } from '../../data/dataset/dataset'
import { loadCorpus } from '../../data/made/corpora'
import { tokenizerOf } from '../../data/tokenize/tokenizers'
import type { Tokenizer } from '../../data/tokenize/tokenizer'
import { CheckpointError } from '../../errors'
import { decodeKeyframe } from '../../storage/keyframe'
import { parseMeta } from '../../storage/schema'
import { initialWeights } from '../../train/slot'
import { RunHistory } from '../../words/history'
import type { RunSpec } from '../../words/run'
import { RecordingSchema } from '../../words/schema'

/** The folder beside the page. */
const FOLDER = 'recorded'

const IndexSchema = v.object({ meta: v.unknown(), corpus: v.nullable(v.string()), steps: v.array(v.number()) })

interface Index {
  spec: RunSpec
  tokenizer: Tokenizer
  /** The built-in corpus that it was trained on; null where its text does not come with the page. */
  corpus: string | null
  /** Steps whose weights can be had, in order. */
  steps: number[]
}

export class Shipped {
  readonly #fetchFile: (path: string) => Promise<Uint8Array>
  #index: Promise<Index> | null = null
  #text: Promise<{ dataset: Dataset; text: string } | null> | null = null

  /** `fetchFile` reads a file whose path is relative to the page. */
  constructor(fetchFile: (path: string) => Promise<Uint8Array>) {
    this.#fetchFile = fetchFile
  }

  /** The run, and which of its steps can be had. Throws CheckpointError where the page is served without. */
  index(): Promise<Index> {
    this.#index ??= this.#readIndex().catch((error: unknown) => {
      this.#index = null
      throw error
    })
    return this.#index
  }

  /** The run's text, and the same in tokens; null where it does not come with the page. */
  text(): Promise<{ dataset: Dataset; text: string } | null> {
    this.#text ??= this.#readText().catch((error: unknown) => {
      this.#text = null
      throw error
    })
    return this.#text
  }

  /** The weights after `step` updates, by name. Throws CheckpointError. */
  async weights(step: number): Promise<Map<string, Float32Array>> {
    const { spec, steps } = await this.index()
    if (!steps.includes(step))
      throw new CheckpointError(`The page has no step ${step} of its own run; it has ${steps.join(', ')}.`)
    return step === 0
      ? initialWeights(spec)
      : decodeKeyframe(await this.#file(`${step}.safetensors`), step, spec.config).weights
  }

  /** Its curve, as the page replays it. Throws CheckpointError. */
  async history(): Promise<RunHistory> {
    const file: unknown = JSON.parse(new TextDecoder().decode(await this.#file('../recorded_run.json')))
    const { success, output } = v.safeParse(RecordingSchema, file)
    if (!success) throw new CheckpointError('The curve that comes with this page cannot be read. Load the page again.')
    return new RunHistory(output.history)
  }

  async #readIndex(): Promise<Index> {
    const { success, output } = v.safeParse(
      IndexSchema,
      JSON.parse(new TextDecoder().decode(await this.#file('run.json'))),
    )
    if (!success) throw new CheckpointError('The run that comes with this page cannot be read. Load the page again.')
    const { spec } = parseMeta(output.meta)
    return { spec, tokenizer: tokenizerOf(spec.tokenizer), corpus: output.corpus, steps: [0, ...output.steps] }
  }

  async #readText(): Promise<{ dataset: Dataset; text: string } | null> {
    const { spec, corpus } = await this.index()
    if (corpus === null) return null
    const { text } = await loadCorpus(corpus, async (path) => new TextDecoder().decode(await this.#fetchFile(path)))
    const { dataset } = await makeDataset(text, spec.corpus, spec.config.val_fraction, spec.tokenizer)
    return { dataset, text }
  }

  async #file(name: string): Promise<Uint8Array> {
    try {
      return await this.#fetchFile(`${FOLDER}/${name}`)
    } catch (cause) {
      throw new CheckpointError(
        `The run that comes with this page could not be loaded (${cause instanceof Error ? cause.message : String(cause)}). Check the connection and ask again.`,
        { cause },
      )
    }
  }
}
