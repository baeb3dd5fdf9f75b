// The two models that are looked at. A slot of the open run reads its weights between two steps, at most four times a second and for
// a twentieth of the time; any other slot has weights of its own. Another step of the same run takes the place of the one before,
// so that scrubbing through a run compiles nothing.
import type { Dataset } from '../../data/dataset/dataset'
import { tokenizerOf } from '../../data/tokenize/tokenizers'
import type { Tokenizer } from '../../data/tokenize/tokenizer'
import { ProbeError } from '../../errors'
import { LivePace } from '../../inspect/live_pace'
import { Probe } from '../../inspect/probe'
import { countParams } from '../../params'
import { Slot, type Model } from '../../train/slot'
import type { Weights } from '../../train/weights'
import type { SlotInfo, SlotName, SlotSource } from '../../words/look'
import type { Gates, RunSpec } from '../../words/run'
import { ModelTurns } from '../model_turns'
import type { KeptSource, ModelShelf, ModelState } from '../models'
import { tokenizerKey } from '../summary'
import type { Workbench } from '../workbench'
import type { Shipped } from './shipped'

/** A model in a slot, as the views use it. */
export interface Looked {
  readonly info: SlotInfo
  readonly tokenizer: Tokenizer
  /** Updates made by now, and whether it goes on to make more. */
  now(): { step: number; trains: boolean }
  /** Its text with the held-out part; null where it is not at hand. */
  dataset(): Promise<Dataset | null>
  /**
   * Calls `ask` with a probe into the model, while nobody else uses the model. Of a run that trains, `ask` should be short: long
   * questions are asked in parts.
   */
  probe<T>(ask: (probe: Probe, model: Model) => Promise<T>): Promise<T>
  /** Frees what it holds. */
  close(): Promise<void>
}

/** The probe into a model, made anew where the model was opened anew. */
class ProbeKeeper {
  #probe: Probe | null = null

  into(weights: Weights): Probe {
    if (this.#probe?.weights !== weights) {
      this.#probe?.destroy()
      this.#probe = new Probe(weights)
    }
    return this.#probe
  }
  close(): void {
    this.#probe?.destroy()
    this.#probe = null
  }
}

/** The open run, whatever step it is at. */
class Live implements Looked {
  readonly info: SlotInfo
  readonly tokenizer: Tokenizer
  readonly #workbench: Workbench
  readonly #run: string
  readonly #probes = new ProbeKeeper()
  readonly #pace = new LivePace()

  constructor(workbench: Workbench) {
    const run = workbench.opened
    this.#workbench = workbench
    this.#run = run.id
    this.tokenizer = run.dataset.tokenizer
    this.info = infoOf({ of: 'live' }, run.spec, run.step, run.text !== null, run.spec.gates ?? {})
  }

  now() {
    const run = this.#opened()
    return { step: run.step, trains: run.summary.status === 'running' }
  }

  dataset(): Promise<Dataset | null> {
    const run = this.#opened()
    return Promise.resolve(run.text === null ? null : run.dataset)
  }

  async probe<T>(ask: (probe: Probe, model: Model) => Promise<T>): Promise<T> {
    const run = this.#opened()
    const trains = () => run.summary.status === 'running'
    while (trains() && this.#pace.wait_ms > 0)
      await new Promise((resolve) => setTimeout(resolve, Math.min(50, this.#pace.wait_ms)))
    return run.withModel((model) => this.#pace.ask(() => ask(this.#probes.into(model.weights), model)))
  }

  close(): Promise<void> {
    this.#probes.close()
    return Promise.resolve()
  }

  #opened() {
    const run = this.#workbench.openAs(this.#run)
    if (!run) throw new ProbeError('The run that was looked at is not open any more. Choose another model.')
    return run
  }
}

/** Weights that were put on the device to be looked at. */
class Own implements Looked {
  readonly tokenizer: Tokenizer
  readonly #turns: ModelTurns<Slot>
  readonly #probes = new ProbeKeeper()
  readonly #dataset: () => Promise<Dataset | null>
  readonly #hasText: boolean
  #source: KeptSource
  #spec: RunSpec

  constructor(
    source: KeptSource,
    slot: Slot,
    around: {
      tokenizer: Tokenizer
      hasText: boolean
      dataset: () => Promise<Dataset | null>
      reopen: (source: KeptSource, from: Slot, lost: boolean) => Promise<Slot>
    },
  ) {
    this.#source = source
    this.#spec = slot.spec
    this.tokenizer = around.tokenizer
    this.#dataset = around.dataset
    this.#hasText = around.hasText
    this.#turns = new ModelTurns(
      slot,
      (from, lost) => around.reopen(this.#source, from, lost !== null),
      () => undefined,
    )
  }

  get info(): SlotInfo {
    return infoOf(this.#source, this.#spec, this.#turns.model.step, this.#hasText, this.#turns.model.weights.gates)
  }
  now() {
    return { step: this.#turns.model.step, trains: false }
  }
  dataset(): Promise<Dataset | null> {
    return this.#dataset()
  }
  probe<T>(ask: (probe: Probe, model: Model) => Promise<T>): Promise<T> {
    return this.#turns.withModel((model) => ask(this.#probes.into(model.weights), model))
  }
  /** Calls `use` with the model, while nobody else uses it; see `ModelTurns.withModel`. */
  withModel<T>(use: (model: Model) => Promise<T>, once = false): Promise<T> {
    return this.#turns.withModel(use, once)
  }
  /** Another step of the same run. */
  become(source: KeptSource, { step, weights, spec }: ModelState): Promise<void> {
    return this.#turns.withModel(async (model) => {
      await model.become(step, weights, spec.gates)
      this.#source = source
    })
  }
  /** Whether weights of this source fit in the place of its own. */
  isOfRun(source: SlotSource): boolean {
    const own = this.#source
    return own.of === source.of && (own.of !== 'run' || source.of !== 'run' || own.run === source.run)
  }
  async close(): Promise<void> {
    this.#probes.close()
    await this.#turns.close()
  }
}

function infoOf(source: SlotSource, spec: RunSpec, step: number, hasText: boolean, gates: Gates): SlotInfo {
  return {
    source,
    name: spec.name,
    step,
    config: spec.config,
    params: countParams(spec.config),
    reads: spec.tokenizer.kind,
    tokenizer_key: tokenizerKey(spec.tokenizer),
    prompt: spec.prompt,
    hasText,
    gates,
  }
}

export class Slots {
  readonly #workbench: Workbench
  readonly #shipped: Shipped
  readonly #models: ModelShelf
  readonly #slots: { [K in SlotName]: Looked | null } = { A: null, B: null }
  #ownOfPage: Promise<Own> | null = null

  constructor(workbench: Workbench, shipped: Shipped, models: ModelShelf) {
    this.#workbench = workbench
    this.#shipped = shipped
    this.#models = models
  }

  /** The model in a slot. Throws ProbeError where it is empty. */
  at(slot: SlotName): Looked {
    const looked = this.#slots[slot]
    if (!looked) throw new ProbeError(`Slot ${slot} is empty. Choose a model for it.`)
    return looked
  }

  /** Whether a model is in a slot still. */
  hold(looked: Looked): boolean {
    return this.#slots.A === looked || this.#slots.B === looked
  }

  /** Puts a model into a slot, or empties it. Throws CheckpointError for a step that is not kept; the slot stays as it was then. */
  async fill(slot: SlotName, source: SlotSource | null): Promise<SlotInfo | null> {
    const before = this.#slots[slot]
    if (source === null) {
      this.#slots[slot] = null
      await before?.close()
      return null
    }
    if (before instanceof Own && before.isOfRun(source) && source.of !== 'live') {
      await before.become(source, await this.#models.weights(source))
      return before.info
    }
    const looked = source.of === 'live' ? new Live(this.#workbench) : await this.#open(source)
    this.#slots[slot] = looked
    await before?.close()
    return looked.info
  }

  /** The kept steps of the run in a slot, in order. */
  async steps(slot: SlotName): Promise<number[]> {
    const source = this.#keptSource(slot)
    if (source.of === 'shipped') return (await this.#shipped.index()).steps
    return (await this.#workbench.store.keyframes(source.run)).map(({ step }) => step)
  }
  /** The weights of one of them, by parameter name. Throws CheckpointError. */
  async weightsOf(slot: SlotName, step: number): Promise<Map<string, Float32Array>> {
    return (await this.#models.weights({ ...this.#keptSource(slot), step })).weights
  }
  /**
   * Calls `visit` at each of these kept steps of the run in a slot, in turn, with a model of its own that is led through them; the slot stays
   * as it is. `share` is what is done once this step is.
   */
  async walk(
    slot: SlotName,
    steps: readonly number[],
    visit: (looked: Looked, kept: ModelState, share: number) => Promise<void>,
  ): Promise<void> {
    const source = this.#keptSource(slot)
    let own: Own | null = null
    try {
      for (const [i, step] of steps.entries()) {
        const at = { ...source, step }
        const kept = await this.#models.weights(at)
        if (own) await own.become(at, kept)
        else own = await this.#open(at, kept)
        await visit(own, kept, (i + 1) / steps.length)
      }
    } finally {
      await own?.close()
    }
  }
  #keptSource(slot: SlotName): KeptSource {
    const { source } = this.at(slot).info
    return source.of === 'live' ? { of: 'run', run: this.#workbench.opened.id, step: null } : source
  }

  /** The model that comes with the page at its last step, for whoever has none. Throws CheckpointError. */
  shipped(): Promise<Own> {
    this.#ownOfPage ??= this.#shipped
      .index()
      .then(({ steps }) => this.#open({ of: 'shipped', step: steps.at(-1)! }))
      .catch((error: unknown) => {
        this.#ownOfPage = null
        throw error
      })
    return this.#ownOfPage
  }

  async #open(source: KeptSource, kept?: ModelState): Promise<Own> {
    const slot = await this.#openSlot(source, kept)
    const tokenizer = tokenizerOf(slot.spec.tokenizer)
    return new Own(source, slot, {
      tokenizer,
      hasText: await this.#models.hasText(source),
      dataset: () => this.#models.dataset(source),
      reopen: async (at, from, lost) => {
        from.destroy()
        if (lost) await this.#workbench.engines.discard(from.engine)
        return this.#openSlot(at)
      },
    })
  }

  async #openSlot(source: KeptSource, kept?: ModelState): Promise<Slot> {
    const engine = await this.#workbench.engines.engine()
    const { spec, step, weights } = kept ?? (await this.#models.weights(source))
    return Slot.of(engine, spec, step, tokenizerOf(spec.tokenizer), weights)
  }
}

/** At most `most` of a list, evenly chosen by their place, the first and the last included. */
export function evenly<T>(list: readonly T[], most: number): T[] {
  if (list.length <= most) return [...list]
  return Array.from({ length: most }, (_, i) => list[Math.round((i * (list.length - 1)) / (most - 1))]!)
}
