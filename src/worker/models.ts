// Every model at hand by its source: what it is made of, its weights by name, and its text. Nothing here is on the device.
import type { Dataset } from '../data/dataset/dataset'
import { CheckpointError } from '../errors'
import type { SlotSource } from '../words/look'
import type { RunSpec } from '../words/run'
import type { Shipped } from './look/shipped'
import { datasetOf } from './run_text'
import type { Workbench } from './workbench'

/** A source that does not move. */
export type KeptSource = Exclude<SlotSource, { of: 'live' }>

/** A model as it stands at a step; its gates stand in the spec. */
export interface ModelState {
  spec: RunSpec
  step: number
  /** By parameter name, flat in row-major order. */
  weights: Map<string, Float32Array>
}

export class ModelShelf {
  readonly #workbench: Workbench
  readonly #shipped: Shipped
  /** The spec and text of the kept run that was asked for last. */
  #run: { run: string; spec: RunSpec; text: string | null; dataset: Promise<Dataset | null> | null } | null = null

  constructor(workbench: Workbench, shipped: Shipped) {
    this.#workbench = workbench
    this.#shipped = shipped
  }

  /** A copy of the weights of a source. Throws CheckpointError for a step that is not kept, or damaged. */
  async weights(source: SlotSource): Promise<ModelState> {
    if (source.of === 'live') {
      const run = this.#workbench.opened
      return run.withModel(async ({ spec, step, weights }) => ({
        spec: { ...spec, name: run.spec.name },
        step,
        weights: new Map([...(await weights.state())].map(([name, { data }]) => [name, data])),
      }))
    }
    if (source.of === 'shipped') {
      const { spec } = await this.#shipped.index()
      return { spec, step: source.step, weights: await this.#shipped.weights(source.step) }
    }
    const { run, step } = source
    if (step !== null) {
      const { spec } = await this.#kept(run)
      const { weights, gates } = await this.#workbench.store.readKeyframe(run, step, spec.config)
      return { spec: { ...spec, gates }, step, weights }
    }
    const { checkpoint, record } = await this.#workbench.store.load(run)
    if (!checkpoint) throw new CheckpointError(`“${record.spec.name}” has no checkpoint that can be read.`)
    const weights = new Map([...checkpoint.tensors].map(([name, { data }]) => [name, data]))
    return { spec: { ...checkpoint.meta.spec, name: record.spec.name }, step: checkpoint.meta.step, weights }
  }

  /** Whether the text of a source is at hand. Throws CheckpointError where there is no such source. */
  async hasText(source: SlotSource): Promise<boolean> {
    if (source.of === 'live') return this.#workbench.opened.text !== null
    if (source.of === 'shipped') return (await this.#shipped.index()).corpus !== null
    return (await this.#kept(source.run)).text !== null
  }

  /** The text of a source, with its tokens and its held-out part; null where it is not at hand. */
  async dataset(source: SlotSource): Promise<Dataset | null> {
    return (await this.text(source))?.dataset ?? null
  }

  /** The same beside the text as it was read; null where it is not at hand. Throws as `hasText` does. */
  async text(source: SlotSource): Promise<{ dataset: Dataset; text: string } | null> {
    if (source.of === 'shipped') return this.#shipped.text()
    const { text, dataset } = source.of === 'live' ? this.#workbench.opened : await this.#textOf(source.run)
    return text === null || dataset === null ? null : { text, dataset }
  }

  async #textOf(run: string): Promise<{ text: string | null; dataset: Dataset | null }> {
    const kept = await this.#kept(run)
    if (kept.text === null) return { text: null, dataset: null }
    kept.dataset ??= datasetOf(kept.spec, kept.text)
    return { text: kept.text, dataset: await kept.dataset }
  }

  async #kept(run: string) {
    if (this.#run?.run !== run) this.#run = { run, ...(await this.#workbench.textOf(run)), dataset: null }
    return this.#run
  }
}
