// The open run under a person's hands: made, opened, trained, changed; and whether settings fit the text and the device before that.
import { validate, type Problem } from '../config/validate'
import type { Config } from '../config/config'
import { fits, makeDataset, resplit, type Dataset } from '../data/dataset/dataset'
import { ladderOf } from '../data/dataset/ladder'
import { CheckpointError, ConfigError, OutOfMemoryError } from '../errors'
import { macrotask } from '../paced'
import { paramTable } from '../params'
import { forecast, meansOf, predictMemory } from '../train/plan'
import { tellTurned } from '../words/gates'
import type { TrainingChoice, TrainingPlan } from '../words/imports'
import type { Forecast, Gates, LiveChange, RunEvent, RunSpec } from '../words/run'
import { RunHistory } from '../words/history'
import type { Origin } from '../words/kept'
import type { CorpusShelf } from './corpus_shelf'
import { Desk } from './desk'
import { fitsDevice, type Room } from './fits'
import type { Shipped } from './look/shipped'
import { measure } from './measure'
import type { Measurement, RunCalls } from './protocol'
import type { TrainingLoop } from './training_loop'
import type { Material } from './material'
import { datasetOf } from './run_text'
import { transplant } from './transfer'
import type { Workbench } from './workbench'

export class RunControl implements RunCalls {
  readonly #workbench: Workbench
  readonly #shelf: CorpusShelf
  readonly #shipped: Shipped
  readonly #ladders = new Desk()
  /** Bytes of the smallest run that the device could not give memory to. */
  #refused = Infinity
  /** The current text as the open run's own tokenizer read it last. */
  #tuned: { text: string; run: string; dataset: Dataset } | null = null

  constructor(workbench: Workbench, shelf: CorpusShelf, shipped: Shipped) {
    this.#workbench = workbench
    this.#shelf = shelf
    this.#shipped = shipped
  }

  // -- settings, before they are a run

  check(config: Config): Promise<Problem[]> {
    return this.#problems(config, this.#shelf.isEmpty ? null : this.#shelf.current.dataset)
  }

  async forecast(config: Config): Promise<Forecast> {
    return forecast(config, (await this.#room()).device)
  }

  async measure(config: Config): Promise<Measurement> {
    const { turns, run, engines } = this.#workbench
    const { dataset } = this.#shelf.current
    const listen = (event: RunEvent) => this.#workbench.emit({ type: 'run', run: run?.id ?? '', event })
    const go = async () => measure(await engines.engine(), config, dataset, listen)
    return turns.next(async () => {
      await this.#refuse(config, dataset)
      try {
        return await (run?.isUsable ? run.withModel(go) : go())
      } catch (error) {
        if (error instanceof OutOfMemoryError) {
          const { memory } = predictMemory(config, (await this.#room()).device)
          this.#refused = Math.min(this.#refused, memory.total)
        }
        throw error
      }
    })
  }

  // -- one run after the other

  create({ name, config, prompt, gates }: Parameters<RunCalls['create']>[0]): Promise<void> {
    return this.#workbench.replace(async () => {
      const { dataset, text } = this.#shelf.current
      await this.#refuse(config, dataset)
      const spec = {
        name,
        config,
        corpus: dataset.corpus,
        tokenizer: dataset.tokenizer.state,
        prompt,
        ...(gates && { gates }),
      }
      return this.#workbench.begin(spec, dataset, text)
    })
  }

  open(id: string): Promise<void> {
    return this.#workbench.openKept(id)
  }

  openIfFree(id: string): Promise<void> {
    return this.#workbench.openIfFree(id)
  }

  async openBest(name: string): Promise<void> {
    const { store, opened } = this.#workbench
    await opened.save()
    const copy = await store.duplicate(opened.id, name, 'best')
    await this.#workbench.tellAdded(copy)
    await this.open(copy.id)
  }

  restart({ weights, config, name }: { weights: 'same' | 'new'; config: Config; name: string }): Promise<void> {
    return this.#workbench.replace(async () => {
      const run = this.#workbench.opened
      await this.#refuse(config, run.dataset)
      const spec = { ...run.spec, name, config }
      const donor = weights === 'same' ? await run.weights() : null
      const checkpoint = donor && transplant(donor, spec)
      const origin = { how: 'restart', run: run.id, name: run.spec.name, step: run.step }
      return {
        ...(await this.#workbench.begin(spec, run.dataset, run.text, donor ? origin : undefined)),
        checkpoint,
      }
    })
  }

  async fork(from: { run: string | null; step: number }, name: string): Promise<void> {
    await this.#workbench.replace(() =>
      from.run === null ? this.#forkShipped(from.step, name) : this.#forkKept(from.run, from.step, name),
    )
    this.#workbench.opened.notice(
      'info',
      `Goes on from step ${from.step} of another run; AdamW’s moments begin at zero.`,
    )
  }
  async #forkKept(run: string, step: number, name: string): Promise<Material> {
    const { store } = this.#workbench
    // What the open run has not saved yet is part of its curve.
    await this.#workbench.openAs(run)?.saveNew()
    const { record, history, text } = await store.load(run)
    const whole = text === null ? null : await datasetOf(record.spec, text)
    if (!whole)
      throw new CheckpointError(`The text of “${record.spec.name}” is not on this device: nothing can go on from it.`)
    const { weights, gates } = await store.readKeyframe(run, step, record.spec.config)
    const origin = { how: 'fork', run, name: record.spec.name, step }
    return this.#forked({ ...record.spec, gates }, origin, weights, { dataset: whole, text, history, name })
  }
  async #forkShipped(step: number, name: string): Promise<Material> {
    const { spec } = await this.#shipped.index()
    const whole = await this.#shipped.text()
    if (!whole) throw new CheckpointError(`The text of “${spec.name}” does not come with the page.`)
    const weights = await this.#shipped.weights(step)
    const origin = { how: 'fork', run: null, name: spec.name, step }
    return this.#forked(spec, origin, weights, { ...whole, history: new RunHistory(), name })
  }
  async #forked(
    spec: RunSpec,
    origin: Origin,
    weights: ReadonlyMap<string, Float32Array>,
    { dataset, text, history, name }: { dataset: Dataset; text: string | null; history: RunHistory; name: string },
  ): Promise<Material> {
    const { config } = spec
    const { step } = origin
    history.cut(step)
    const tensors = new Map(paramTable(config).map(({ name, shape }) => [name, { shape, data: weights.get(name)! }]))
    const fresh = transplant(tensors, { ...spec, name })
    const tokens = step * config.batch_size * config.block_size * config.gradient_accumulation_steps
    const best = history.evals.reduce((least, { val_loss }) => Math.min(least, val_loss), Infinity)
    const meta = {
      ...fresh.meta,
      step,
      tokens,
      elapsed_s: history.steps.view().elapsed_s.at(-1) ?? 0,
      best_val_loss: Number.isFinite(best) ? best : null,
    }
    return {
      ...(await this.#workbench.begin({ ...spec, name }, dataset, text, origin)),
      checkpoint: { ...fresh, meta },
      history,
    }
  }

  async planTuning(choice: TrainingChoice): Promise<TrainingPlan> {
    const { spec, dataset } = await this.#onText(choice)
    const { config } = spec
    const most = this.#workbench.opened.spec.config.block_size
    const problems: TrainingPlan['problems'] = await this.#problems(config, dataset)
    if (choice.block_size > most)
      problems.push({ field: 'block_size', message: `This model looks back over ${most} tokens at most.`, fix: most })
    const memory = validate(config).length > 0 ? 0 : predictMemory(config, (await this.#room()).device).memory.total
    const { train, val } = resplit(dataset, config.val_fraction)
    return { text: dataset.corpus.name, train_tokens: train.length, val_tokens: val.length, memory, problems }
  }
  tune(choice: TrainingChoice, name: string): Promise<void> {
    return this.#workbench.replace(async () => {
      const { spec, dataset, text } = await this.#onText(choice)
      await this.#refuse(spec.config, dataset)
      const { withContext } = await import('../share/formats/imported')
      const weights = withContext(await this.#workbench.opened.weights(), spec.config)
      const checkpoint = transplant(weights, { ...spec, name })
      return { ...(await this.#workbench.begin({ ...spec, name }, dataset, text)), checkpoint }
    })
  }
  /** The open run on the current text, which its own tokenizer reads. */
  async #onText(choice: TrainingChoice) {
    const { opened } = this.#workbench
    const { text, dataset: chosen } = this.#shelf.current
    const { corpus } = chosen
    const { specOnText } = await import('../share/formats/imported')
    const known = this.#tuned
    if (known?.text !== text || known.run !== opened.id) {
      const { dataset } = await makeDataset(
        text,
        corpus,
        opened.spec.config.val_fraction,
        opened.spec.tokenizer,
        macrotask,
      )
      this.#tuned = { text, run: opened.id, dataset }
    }
    const { dataset } = this.#tuned!
    const { min_lr } = opened.spec.config
    const change = {
      ...choice,
      min_lr: Math.min(min_lr, choice.learning_rate / 10),
      warmup_iters: Math.min(20, Math.floor(choice.max_iters / 10)),
    }
    return { spec: specOnText(opened.spec, dataset, change), dataset, text }
  }

  async close(): Promise<void> {
    await this.#workbench.close()
  }

  // -- training

  async start(): Promise<void> {
    this.#unended.start()
  }
  async pause(): Promise<void> {
    await this.#workbench.trainable.pause()
  }
  async step(): Promise<void> {
    await this.#unended.stepOnce()
  }
  async stop(): Promise<void> {
    await this.#workbench.trainable.stop()
  }

  async save(): Promise<void> {
    await this.#workbench.run?.saveNew()
  }

  async change(change: LiveChange): Promise<void> {
    const loop = this.#workbench.trainable
    const run = this.#workbench.opened
    const before = new Map<string, unknown>(Object.entries(run.spec.config))
    await loop.withSession((session) => session.change(change))
    const changes = Object.entries(change).filter(([name, value]) => before.get(name) !== value)
    const said = changes.map(([name, value]) => `${name} ${String(before.get(name))} → ${value}`)
    if (said.length > 0) run.notice('info', `From step ${loop.step} on: ${said.join(', ')}.`)
    if (said.length > 0 || 'max_iters' in change) await loop.changed('max_iters' in change)
  }

  async turn(gates: Gates): Promise<void> {
    const loop = this.#workbench.trainable
    const run = this.#workbench.opened
    const before = run.spec.gates ?? {}
    await loop.withSession((session) => session.turn(gates))
    const said = tellTurned(before, run.spec.gates ?? {})
    if (said.length === 0) return
    run.notice('info', `From step ${loop.step} on: ${said.join(', ')}.`)
    await loop.changed(false)
  }

  async setPrompt(prompt: string): Promise<void> {
    const loop = this.#workbench.trainable
    await loop.withSession(async (session) => session.setPrompt(prompt))
    await loop.changed(false)
  }

  async ladder(): Promise<number[] | null> {
    const { dataset, text, spec } = this.#workbench.opened
    if (text === null) return null
    return this.#ladders.begin((job) => ladderOf(dataset, spec.config.val_fraction, job.pause))
  }

  /** The loop of a run that can take a step. */
  get #unended(): TrainingLoop {
    const loop = this.#workbench.trainable
    if (loop.status === 'finished')
      throw new ConfigError(
        `This run ended at step ${loop.step}. Choose how far it should go on in Train, or restart it with the same weights.`,
      )
    return loop
  }

  async #room(): Promise<Room> {
    return { device: meansOf(await this.#workbench.engines.engine()), refused: this.#refused }
  }

  async #problems(config: Config, dataset: Dataset | null): Promise<Problem[]> {
    const problems = validate(config)
    if (problems.length > 0) return problems
    const room = await this.#room()
    if (!dataset) return fitsDevice(config, room)
    const { vocab_size } = dataset.tokenizer
    if (config.vocab_size !== vocab_size)
      return [
        {
          field: 'vocab_size',
          message: `${dataset.corpus.name} has ${vocab_size} different tokens, not ${config.vocab_size}; try ${vocab_size}.`,
          fix: vocab_size,
        },
      ]
    return [...fits(dataset, config), ...fitsDevice(config, room)]
  }

  /** Throws ConfigError with everything that is wrong. */
  async #refuse(config: Config, dataset: Dataset): Promise<void> {
    const problems = await this.#problems(config, dataset)
    if (problems.length > 0) throw new ConfigError(problems.map(({ message }) => message).join(' '))
  }
}
