// The worker's side of protocol.ts, each call a few lines: what it means, in terms of the workbench, the open run and the
// text. Knows no thread: worker.ts puts it behind one.
import { transfer } from 'comlink'
import type { BenchResult, BenchSize } from '../words/bench'
import type { ReadAs, TablePreview } from '../words/collecting'
import { validate, type Config, type Problem } from '../config'
import { fits, measureTokens, type Dataset } from '../data/dataset/dataset'
import { ladderOf } from '../data/dataset/ladder'
import type { EngineInfo, Timing } from '../engine'
import { CheckpointError, ConfigError, invariant, OutOfMemoryError } from '../errors'
import { macrotask } from '../paced'
import { bitsPerByte } from '../words/loss_unit'
import type { CleanPreview, CleanStep, LeakReport, PersonalFound, PersonalQuery, Preparation } from '../words/recipe'
import type { Answer, Answers, BuiltInCorpus } from '../words/corpus'
import type { CheckpointMeta, Forecast, GeneratedToken, RunEvent, SampleOptions } from '../words/run'
import type { TokenizerChoice, CompressionPoint, MergeReplay, Merges, PassageReading } from '../words/tokens'
import { RunStore } from '../storage/runs'
import { forecast, predictMemory } from '../train/plan'
import { measureSize } from '../train/benchmark'
import { checkAnswers } from './answers'
import type { Ending } from './chat'
import { CorpusShelf } from './corpus_shelf'
import { fitsDevice, type Room } from './fits'
import { measure } from './measure'
import type {
  DatasetSummary,
  EnginePreference,
  Lab,
  LabEvent,
  LiveChange,
  Measurement,
  OpenRun,
  RunSummary,
  TextLadder,
} from './protocol'
import { RecipeBench } from './recipe_bench'
import { summaryOf } from './summary'
import { TokenizerBench } from './tokenizer_bench'
import type { TrainingLoop } from './training_loop'
import { pack, transplant, unpack } from './transfer'
import { Workbench } from './workbench'

export interface LabOptions {
  /** The browser's `navigator.gpu`, or Dawn's in Node. */
  gpu: GPU | undefined
  /** Reads a file beside the page. */
  fetchText: (path: string) => Promise<string>
  store?: RunStore
}

export class LocalLab implements Lab {
  readonly #gpu: GPU | undefined
  readonly #store: RunStore
  readonly #shelf: CorpusShelf
  readonly #recipes: RecipeBench
  readonly #tokenizers: TokenizerBench
  #workbench: Workbench | null = null
  #benching: AbortController | null = null
  /** Bytes of the smallest run that the device could not give memory to. */
  #refused = Infinity

  constructor({ gpu, fetchText, store = new RunStore() }: LabOptions) {
    this.#gpu = gpu
    this.#store = store
    this.#shelf = new CorpusShelf(fetchText, (loading) => this.#workbench?.emit({ loading }))
    this.#recipes = new RecipeBench(this.#shelf)
    this.#tokenizers = new TokenizerBench(this.#shelf, (learning) => this.#workbench?.emit({ learning }))
  }

  get #bench(): Workbench {
    invariant(this.#workbench, () => '`open` is the first call')
    return this.#workbench
  }

  async open(
    preference: EnginePreference,
    listen: (events: LabEvent[]) => void,
  ): Promise<{ engine: EngineInfo; fallback: string | null; runs: RunSummary[]; corpora: BuiltInCorpus[] }> {
    const bench = new Workbench(this.#store, this.#gpu, preference, listen)
    const opened = await bench.engine()
    this.#workbench = bench
    const { runs } = await bench.list()
    await bench.announce()
    return { ...opened, runs, corpora: this.#shelf.corpora }
  }

  // -- data

  loadCorpus(...[id, made]: Parameters<Lab['loadCorpus']>): Promise<DatasetSummary> {
    return this.#shelf.loadBuiltIn(id, made)
  }
  loadText(name: string, text: string): Promise<DatasetSummary> {
    return this.#shelf.loadText(name, text)
  }
  loadFiles(files: readonly { name: string; file: Blob }[]): Promise<DatasetSummary> {
    return this.#shelf.loadFiles(files.map(({ name, file }) => ({ name, data: file })))
  }
  loadUrl(address: string): Promise<DatasetSummary> {
    return this.#shelf.loadUrl(address)
  }
  async readAs(as: ReadAs, assistant: string | null): Promise<DatasetSummary> {
    return this.#shelf.readAs(as, assistant)
  }
  async chooseColumns(part: string, columns: readonly string[]): Promise<DatasetSummary> {
    return this.#shelf.chooseColumns(part, columns)
  }
  async previewTable(part: string): Promise<TablePreview> {
    return Promise.resolve(this.#shelf.previewTable(part))
  }
  async cancelLoading(): Promise<void> {
    return Promise.resolve(this.#shelf.cancelLoading())
  }
  prepare(preparation: Preparation): Promise<DatasetSummary> {
    return this.#shelf.prepare(preparation)
  }
  async ladderOfText(val_fraction: number): Promise<TextLadder | null> {
    const { dataset } = this.#shelf.current
    const nats = await ladderOf(dataset, val_fraction, macrotask, () => this.#shelf.current.dataset !== dataset)
    if (!nats) return null
    const { bytes_per_token = NaN } = measureTokens(dataset, val_fraction)
    return { nats, bits_per_byte: nats.map((loss) => bitsPerByte(loss, bytes_per_token)) }
  }
  async loadRunCorpus(id: string): Promise<DatasetSummary> {
    const { run, store } = this.#bench
    if (run?.id === id) return this.#shelf.loadOfRun(run.spec, run.text)
    const { record, text } = await store.load(id)
    return this.#shelf.loadOfRun(record.spec, text)
  }
  previewClean(steps: readonly CleanStep[]): Promise<CleanPreview | null> {
    return this.#recipes.previewClean(steps)
  }
  findPersonal(query: PersonalQuery): Promise<PersonalFound | null> {
    return this.#recipes.findPersonal(query)
  }
  leaks(val_fraction: number, onProgress: (share: number) => void): Promise<LeakReport | null> {
    return this.#recipes.leaks(val_fraction, onProgress)
  }
  async stopLeaks(): Promise<void> {
    return Promise.resolve(this.#recipes.stopLeaks())
  }
  async setLicence(licence: string): Promise<DatasetSummary> {
    return Promise.resolve(this.#shelf.setLicence(licence))
  }

  // -- a run

  check(config: Config): Promise<Problem[]> {
    return this.#problems(config, this.#shelf.isEmpty ? null : this.#shelf.current.dataset)
  }

  async forecast(config: Config): Promise<Forecast> {
    return forecast(config, (await this.#room()).maxBlock)
  }

  measure(config: Config): Promise<Measurement> {
    const { turns, run, engines } = this.#bench
    const { dataset } = this.#shelf.current
    const listen = (event: RunEvent) => this.#bench.emit({ run: run?.id ?? '', event })
    const go = async () => measure(await engines.engine(), config, dataset, listen)
    return turns.take(async () => {
      await this.#refuse(config, dataset)
      try {
        return await (run?.isUsable ? run.loop.take(go) : go())
      } catch (error) {
        if (error instanceof OutOfMemoryError) {
          const { memory } = predictMemory(config, (await this.#room()).maxBlock)
          this.#refused = Math.min(this.#refused, memory.total)
        }
        throw error
      }
    })
  }

  createRun({ name, config, prompt }: { name: string; config: Config; prompt: string }): Promise<OpenRun> {
    return this.#bench.replace(async () => {
      const { dataset, text } = this.#shelf.current
      await this.#refuse(config, dataset)
      const spec = { name, config, corpus: dataset.corpus, tokenizer: dataset.tokenizer.state, prompt }
      return this.#bench.begin(spec, dataset, text)
    })
  }

  openRun(id: string): Promise<OpenRun> {
    return this.#bench.openKept(id)
  }

  async start(): Promise<void> {
    this.#unended.start()
  }
  async pause(): Promise<void> {
    await this.#bench.trainable.pause()
  }
  async step(): Promise<void> {
    await this.#unended.stepOnce()
  }
  async stop(): Promise<void> {
    await this.#bench.trainable.stop()
  }

  async change(change: LiveChange): Promise<void> {
    const loop = this.#bench.trainable
    const run = this.#bench.opened
    const before = new Map<string, unknown>(Object.entries(run.spec.config))
    await loop.take((session) => session.change(change))
    const changes = Object.entries(change).filter(([name, value]) => before.get(name) !== value)
    const said = changes.map(([name, value]) => `${name} ${String(before.get(name))} → ${value}`)
    if (said.length > 0) run.notice('info', `From step ${loop.step} on: ${said.join(', ')}.`)
    if (said.length > 0 || 'max_iters' in change) await loop.changed('max_iters' in change)
  }

  restart({ weights, config, name }: { weights: 'same' | 'new'; config: Config; name: string }): Promise<OpenRun> {
    return this.#bench.replace(async () => {
      const run = this.#bench.opened
      await this.#refuse(config, run.dataset)
      const spec = { ...run.spec, name, config }
      const donor = weights === 'same' ? await run.loop.take((session) => session.checkpoint()) : null
      const checkpoint = donor && transplant(donor, spec)
      return { ...(await this.#bench.begin(spec, run.dataset, run.text)), checkpoint }
    })
  }

  async openBest(name: string): Promise<OpenRun> {
    const { id, loop } = this.#bench.opened
    await loop.save()
    const copy = await this.#bench.store.duplicate(id, name, 'best')
    await this.#bench.announce()
    return this.openRun(copy.id)
  }

  async closeRun(): Promise<void> {
    await this.#bench.close()
  }

  async ladder(): Promise<number[] | null> {
    const { dataset, text, spec } = this.#bench.opened
    return text === null ? null : ladderOf(dataset, spec.config.val_fraction, macrotask)
  }

  // -- kept runs

  async renameRun(id: string, name: string): Promise<void> {
    const open = this.#bench.openAs(id)
    open?.rename(name)
    if (open?.isKept ?? true) await this.#bench.store.rename(id, name)
    await this.#bench.announce()
  }
  async noteRun(id: string, notes: string): Promise<void> {
    const open = this.#bench.openAs(id)
    open?.note(notes)
    if (open?.isKept ?? true) await this.#bench.store.note(id, notes)
    await this.#bench.announce()
  }
  async duplicateRun(id: string): Promise<RunSummary> {
    const { store } = this.#bench
    const open = this.#bench.openAs(id)
    if (open?.isUsable) await open.loop.save()
    const { record } = open ?? (await store.load(id))
    const copy = await store.duplicate(id, `${record.spec.name} (copy)`)
    await this.#bench.announce()
    return summaryOf(copy)
  }
  async deleteRun(id: string): Promise<void> {
    await this.#bench.delete(id)
  }
  async restoreRun(id: string): Promise<void> {
    await this.#bench.store.restore(id)
    await this.#bench.announce()
  }

  /** From memory where the run is open, so that a full disk keeps nobody from taking it away. */
  async exportRun(id: string): Promise<{ name: string; bytes: Uint8Array<ArrayBuffer> }> {
    const open = this.#bench.openAs(id)
    const { record, text, history, checkpoint } = open?.isUsable
      ? { ...open.parts, checkpoint: await open.loop.take((session) => session.checkpoint()) }
      : await this.#bench.store.load(id)
    if (!checkpoint)
      throw new CheckpointError('None of this run’s checkpoints can be read, so there is nothing to export.')
    const file = pack(checkpoint, record, text, history)
    return transfer(file, [file.bytes.buffer])
  }
  async importRun(bytes: ArrayBuffer): Promise<RunSummary> {
    const { record, text, progress } = await unpack(new Uint8Array(bytes))
    const saved = await this.#bench.store.save(record, text, progress)
    await this.#bench.announce()
    return summaryOf(saved)
  }

  // -- chat

  generate(
    options: SampleOptions,
    onTokens: (tokens: GeneratedToken[]) => void,
  ): Promise<{ reason: Ending; unknown: string[] }> {
    return this.#bench.opened.write(options, onTokens)
  }
  checkAnswers(
    count: number,
    onAnswer: (answer: Answer, done: number, total: number) => void,
  ): Promise<Answers | null> {
    return checkAnswers(this.#bench.opened, count, onAnswer)
  }
  async stopGenerating(): Promise<void> {
    await this.#bench.run?.stopWriting()
  }
  async setPrompt(prompt: string): Promise<void> {
    const loop = this.#bench.trainable
    await loop.take((session) => Promise.resolve(session.setPrompt(prompt)))
    await loop.changed(false)
  }

  // -- device

  profile(): Promise<Timing[]> {
    return this.#bench.opened.loop.take((session) => session.profile())
  }
  bench(
    size: BenchSize,
    steps: number,
    onProgress: (what: 'compile' | 'train' | 'generate', done: number, total: number) => void,
  ): Promise<BenchResult | null> {
    const { turns, run, engines } = this.#bench
    this.#benching?.abort()
    const { signal } = (this.#benching = new AbortController())
    const go = async () => {
      try {
        return await measureSize(await engines.engine(), size, steps, { signal, progress: onProgress })
      } catch (error) {
        if (signal.aborted) return null
        throw error
      }
    }
    return turns.take(() => (run?.isUsable ? run.loop.take(go) : go()))
  }
  stopBench(): Promise<void> {
    this.#benching?.abort()
    return Promise.resolve()
  }
  async loseDevice(): Promise<void> {
    await this.#bench.engines.lose()
  }
  checkpointMeta(): Promise<CheckpointMeta | null> {
    return Promise.resolve(this.#bench.opened.meta)
  }

  // -- tokenizers

  readPassage(choice: TokenizerChoice, passage: string): Promise<PassageReading | null> {
    return this.#tokenizers.readPassage(choice, passage)
  }
  passageAt(share: number): Promise<string> {
    return this.#tokenizers.passageAt(share)
  }
  merges(choice: TokenizerChoice): Promise<Merges | null> {
    return this.#tokenizers.merges(choice)
  }
  replayMerges(choice: TokenizerChoice, passage: string): Promise<MergeReplay | null> {
    return this.#tokenizers.replayMerges(choice, passage)
  }
  compressionCurve(): Promise<CompressionPoint[] | null> {
    return this.#tokenizers.compressionCurve()
  }
  tokenizerJson(choice: TokenizerChoice): Promise<string | null> {
    return this.#tokenizers.tokenizerJson(choice)
  }
  readTokenizerFile(json: string): Promise<TokenizerChoice> {
    return this.#tokenizers.readTokenizerFile(json)
  }
  stopLearning(): Promise<void> {
    return this.#tokenizers.stopLearning()
  }
  tokenizerInUse(): Promise<TokenizerChoice> {
    return this.#tokenizers.tokenizerInUse()
  }

  /** The loop of a run that can take a step. */
  get #unended(): TrainingLoop {
    const loop = this.#bench.trainable
    if (loop.status === 'finished')
      throw new ConfigError(
        `This run ended at step ${loop.step}. Choose how far it should go on in Train, or restart it with the same weights.`,
      )
    return loop
  }

  async #room(): Promise<Room> {
    const { maxBlock } = await this.#bench.engines.engine()
    return { maxBlock, refused: this.#refused }
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
