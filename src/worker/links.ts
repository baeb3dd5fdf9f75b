// Links, made of a model and opened: what goes into one and what rounding its weights costs, what one carries, and what becomes of it
// here. The codec is src/share/link, which is loaded when somebody shares or opens; nothing of a link is used before it was read whole.
import type { Config } from '../config/config'
import { fingerprint } from '../data/dataset/dataset'
import { ConfigError, LinkError } from '../errors'
import { RoundingBench } from '../inspect/rounding_bench'
import { countParams, paramTable } from '../params'
import { learningRate } from '../train/schedule'
import { checkGates } from '../train/weights'
import { newRecord } from '../storage/run_record'
import { RunHistory } from '../words/history'
import {
  ZONES,
  type LinkBits,
  type LinkChoice,
  type LinkCurve,
  type LinkOffer,
  type LinkTold,
  type RoundedLosses,
} from '../words/link'
import type { SlotSource } from '../words/look'
import type { Gates } from '../words/run'
import type { LinkParts, ReadLink } from '../share/link/link'
import type { CorpusShelf } from './corpus_shelf'
import type { Desk, Job } from './desk'
import type { Shipped } from './look/shipped'
import type { ModelShelf, ModelState } from './models'
import type { DatasetSummary, LinkCalls, RunSummary } from './protocol'
import { transplant } from './transfer'
import type { Workbench } from './workbench'

/** Characters that a byte of weights takes, at least: what is surely too long is not rounded to find out. */
const LEAST = 1.1

/** A model as it was when it was described. */
interface Held {
  key: string
  state: ModelState
  history: RunHistory
  text: Awaited<ReturnType<ModelShelf['text']>>
  sha256: string
  /** Weights rounded as well as can be, and what that costs; once it has been asked for. */
  measured: Promise<{ losses: RoundedLosses | null; weights: Record<LinkBits, Uint8Array> }> | null
}

export class Links implements LinkCalls {
  readonly #workbench: Workbench
  readonly #models: ModelShelf
  readonly #shipped: Shipped
  readonly #shelf: CorpusShelf
  readonly #rounding: Desk<number>
  #held: Held | null = null

  constructor(
    workbench: Workbench,
    { models, shipped, shelf }: { models: ModelShelf; shipped: Shipped; shelf: CorpusShelf },
    rounding: Desk<number>,
  ) {
    this.#workbench = workbench
    this.#models = models
    this.#shipped = shipped
    this.#shelf = shelf
    this.#rounding = rounding
  }

  // -- made

  async describe(source: SlotSource): Promise<LinkOffer> {
    const held = await this.#hold(source)
    const { linkLength } = await import('../share/link/link')
    const { roundWeights } = await import('../share/link/weights')
    const { spec, step, weights } = held.state
    const lengthOf = (parts: LinkParts) => linkLength(parts)
    const { cardOf, curveOf, settingsOf } = await import('../share/link/parts')
    const curve = curveOf(held.history)
    const text = held.text?.text
    const fits = text !== undefined && text.length < 3 * ZONES.paste
    const params = countParams(spec.config)
    const weightsAt = async (bits: LinkBits) => {
      if ((params * bits * LEAST) / 8 > ZONES.paste) return null
      const length = await lengthOf({ weights: await roundWeights(spec.config, step, weights, bits) })
      return length > ZONES.paste ? null : length
    }
    return {
      name: spec.name,
      step,
      params,
      sizes: {
        settings: await lengthOf({ settings: settingsOf(spec) }),
        card: await lengthOf({ card: cardOf(spec, step, held.history, held.sha256, null) }),
        curve: curve && (await lengthOf({ curve })),
        tokenizer: await lengthOf({ tokenizer: spec.tokenizer }),
        text: fits ? await lengthOf({ text }) : null,
      },
      weights: { 8: await weightsAt(8), 4: await weightsAt(4) },
      hasText: text !== undefined,
      sha256: held.sha256,
    }
  }

  async losses(source: SlotSource): Promise<RoundedLosses | null> {
    return (await this.#measured(await this.#heldOf(source))).losses
  }

  async make(source: SlotSource, { sections, bits, view, device }: LinkChoice): Promise<string> {
    const held = await this.#heldOf(source)
    const { writeLink } = await import('../share/link/link')
    const has = (name: LinkChoice['sections'][number]) => sections.includes(name)
    const weights = has('weights') ? (await this.#measured(held)).weights[bits] : null
    const { cardOf, curveOf, settingsOf } = await import('../share/link/parts')
    const curve = has('curve') ? curveOf(held.history) : null
    const { spec, step } = held.state
    const { info } = await this.#workbench.engines.engine()
    // Characters and bytes are read off the text; any other tokenizer is needed to read it alike.
    const isOdd = has('settings') && spec.tokenizer.kind !== 'char' && spec.tokenizer.kind !== 'byte'
    return writeLink({
      ...((has('settings') || weights || has('text')) && { settings: settingsOf(spec) }),
      ...(has('card') && { card: cardOf(spec, step, held.history, held.sha256, device ? info.name : null) }),
      ...(has('view') && view && { view }),
      ...(curve && { curve }),
      ...((has('tokenizer') || weights || isOdd) && { tokenizer: spec.tokenizer }),
      ...(has('text') && held.text && { text: held.text.text }),
      ...(weights && { weights }),
    })
  }

  async #hold(source: SlotSource): Promise<Held> {
    const state = await this.#models.weights(source)
    const [{ weightDigest }, history, text] = await Promise.all([
      import('../share/link/weights'),
      this.#history(source),
      this.#models.text(source).catch(() => null),
    ])
    history.cut(state.step)
    this.#rounding.supersede()
    return (this.#held = {
      key: JSON.stringify(source),
      state,
      history,
      text,
      sha256: await weightDigest(state.spec.config, state.weights),
      measured: null,
    })
  }
  async #heldOf(source: SlotSource): Promise<Held> {
    return this.#held?.key === JSON.stringify(source) ? this.#held : this.#hold(source)
  }

  async #history(source: SlotSource): Promise<RunHistory> {
    if (source.of === 'live') return new RunHistory(this.#workbench.opened.opened.history)
    if (source.of === 'run') return (await this.#workbench.store.load(source.run)).history
    return this.#shipped.history()
  }

  #measured(held: Held): NonNullable<Held['measured']> {
    held.measured ??= this.#rounding
      .begin((job) => this.#round(held, job))
      .catch((error: unknown) => {
        held.measured = null
        throw error
      })
    return held.measured
  }
  /** Without text nothing can be measured, and nothing made up for. */
  async #round({ state, text }: Held, job: Job<number>): Promise<Awaited<NonNullable<Held['measured']>>> {
    const { roundWeights, weightsFromBytes } = await import('../share/link/weights')
    const { spec, step, weights } = state
    const { config } = spec
    await job.before
    const rounded = async (moments?: ReadonlyMap<string, Float64Array>) => {
      const at = (bits: LinkBits) => roundWeights(config, step, weights, bits, moments, job.pause)
      return { 8: await at(8), 4: await at(4) }
    }
    const bench =
      text && (await RoundingBench.open(await this.#workbench.engines.engine(), spec, weights, text.dataset))
    if (!bench) return { losses: null, weights: await rounded() }
    try {
      job.tell(0)
      const moments = await bench.moments(async (share) => {
        job.tell(share * 0.6)
        await job.pause()
      })
      const made = await rounded(moments)
      job.tell(0.7)
      const f32 = await bench.loss(weights)
      const lossAt = async (bits: LinkBits) => {
        await job.pause()
        job.tell(bits === 8 ? 0.8 : 0.9)
        return bench.loss(weightsFromBytes(config, made[bits]).values)
      }
      const losses = { on: bench.on, tokens: bench.tokens, f32, int8: await lossAt(8), int4: await lossAt(4) }
      return { losses, weights: made }
    } finally {
      bench.destroy()
    }
  }

  /** SHA-256 of the weights of the open run as they stand. */
  async fingerprint(): Promise<{ step: number; sha256: string }> {
    const { step, spec, weights } = await this.#models.weights({ of: 'live' })
    const { weightDigest } = await import('../share/link/weights')
    return { step, sha256: await weightDigest(spec.config, weights) }
  }

  // -- opened

  async read(fragment: string): Promise<LinkTold> {
    const link = await this.#read(fragment)
    const { settings = null, card = null, view = null, curve = null, text } = link.contents
    const weights = link.head && settings && link.weights()
    return {
      characters: fragment.length,
      sections: link.sizes,
      unknown: link.unknown,
      settings,
      card,
      view,
      curve,
      text: text?.length ?? null,
      weights:
        weights && settings
          ? {
              bits: weights.bits,
              step: weights.step,
              params: countParams(settings.config),
              sha256: await (await import('../share/link/weights')).weightDigest(settings.config, weights.values),
            }
          : null,
    }
  }

  /** Read, and found to fit together in all that can be told without a device. */
  async #read(fragment: string): Promise<ReadLink> {
    const { readLink } = await import('../share/link/link')
    const link = await readLink(fragment)
    const { settings, text, view } = link.contents
    if (settings?.gates) checkedGates(settings.config, settings.gates)
    if (view?.gates) {
      // They are turned in the model that is shown.
      const shown = view.slots?.[view.slots.shows === 'B' ? 'B' : 'A']
      const config = shown?.of === 'shipped' ? (await this.#shipped.index()).spec.config : settings?.config
      if (!config) throw new LinkError('The link turns gates of a model that it does not name.')
      checkedGates(config, view.gates)
    }
    if (settings && text !== undefined && (await fingerprint(text)) !== settings.corpus.fingerprint)
      throw new LinkError(`The link’s text is not “${settings.corpus.name}”, which its settings name.`)
    return link
  }

  async openModel(fragment: string): Promise<RunSummary> {
    const link = await this.#read(fragment)
    const weights = link.weights()
    const { settings, tokenizer, text = null, curve, card } = link.contents
    if (!weights || !settings || !tokenizer) throw new LinkError('This link carries no model.')
    const { config, name, prompt, corpus, gates, bytes_per_token } = settings
    const spec = {
      ...{ name, config, corpus, tokenizer, prompt },
      ...(gates && { gates }),
      ...(bytes_per_token !== undefined && { bytes_per_token }),
    }
    const tensors = new Map(
      paramTable(config).map(({ name, shape }) => [name, { shape, data: weights.values.get(name)! }]),
    )
    const fresh = transplant(tensors, spec)
    const history = curve ? historyOf(curve, weights.step, config) : new RunHistory()
    const { step } = weights
    const tokens = step * config.batch_size * config.block_size * config.gradient_accumulation_steps
    const best = history.evals.reduce((least, { val_loss }) => Math.min(least, val_loss), Infinity)
    const best_val_loss = Number.isFinite(best) ? best : (card?.val_loss ?? null)
    const record = await this.#workbench.store.save(newRecord(spec, countParams(config)), text, {
      status: step >= config.max_iters ? 'finished' : 'paused',
      reason: null,
      latest: { ...fresh, meta: { ...fresh.meta, step, tokens, best_val_loss } },
      best: null,
      last_val_loss: history.evals.at(-1)?.val_loss ?? card?.val_loss ?? null,
      best_val_loss,
      history,
    })
    const summary = await this.#workbench.tellAdded(record)
    await this.#workbench.openKept(record.id)
    return summary
  }

  async openText(fragment: string): Promise<DatasetSummary | null> {
    const { settings, text, tokenizer } = (await this.#read(fragment)).contents
    if (!settings || (text === undefined && settings.builtIn === null)) return null
    const { name, licence, split = { by: 'position' } } = settings.corpus
    const loaded =
      text !== undefined
        ? await this.#shelf.loadShared({ name, licence, text, special: tokenizer?.special ?? [] })
        : await this.#shelf.loadBuiltIn(settings.builtIn!)
    if (split.by === 'position' && settings.reads === 'char' && (!tokenizer || text === undefined)) return loaded
    const given = tokenizer ? ({ kind: 'given', state: tokenizer } as const) : null
    const reads = settings.reads === 'char' || settings.reads === 'byte' ? { kind: settings.reads } : null
    const choice = given ?? reads
    if (!choice) return loaded
    return this.#shelf.prepare({ clean: [], anonymise: null, split, tokenizer: choice })
  }
}

function checkedGates(config: Config, gates: Gates): void {
  try {
    checkGates(config, gates)
  } catch (cause) {
    if (!(cause instanceof ConfigError)) throw cause
    throw new LinkError(`The link’s gates are none of its model: ${cause.message}`, { cause })
  }
}

/** The history of a run of which no more is known than its curve. */
function historyOf({ train, validation }: LinkCurve, last: number, config: Config): RunHistory {
  const history = new RunHistory()
  train.step.forEach((step, i) => {
    const tokens = step * config.batch_size * config.block_size * config.gradient_accumulation_steps
    const learning_rate = learningRate(config, step - 1)
    const metrics = { step, loss: train.loss[i]!, grad_norm: NaN, learning_rate, step_ms: 0, tokens }
    history.add({ type: 'step', metrics })
  })
  validation.step.forEach((step, i) =>
    history.add({ type: 'eval', metrics: { step, val_loss: validation.loss[i]!, train_loss: null } }),
  )
  history.cut(last)
  return history
}
