// The one mirror of the run: what the worker said last, as state that the page can show. Events are gathered as they come and
// published at most ten times a second, so a fast run costs the page no more than a slow one.
import type { Loading } from '../../words/collecting'
import type { Config, Problem } from '../../config'
import type { EngineInfo, KernelChoice } from '../../engine'
import type { CleanStep, PersonalQuery, Preparation } from '../../words/recipe'
import type { BuiltInCorpus } from '../../words/corpus'
import type { EvalMetrics, Forecast, RunEvent, RunStatus, Sample, SampleOptions } from '../../words/run'
import {
  openLab,
  type DatasetSummary,
  type Lab,
  type LabEvent,
  type LiveChange,
  type Measurement,
  type OpenRun,
  type PackedHistory,
  type RunSummary,
} from '../../worker/client'
import { indexAtStep, StepColumns, type Columns } from '../../words/columns'
import { m } from '../messages'
import { loadRecordedRun, type RecordedRun } from './recorded'
import { settings } from './settings.svelte'
import { toasts } from './toasts.svelte'

const PUBLISH_MS = 100
const REPLAY_MS = 10_000
/** Wall time over which the speed is averaged for the time left. */
const PACE_MS = 20_000

type Phase = 'opening' | 'ready' | 'dead'

class LabMirror {
  phase = $state<Phase>('opening')
  /** Why the worker did not open, when `phase` is dead. */
  openError = $state.raw<Error | null>(null)
  engine = $state.raw<EngineInfo | null>(null)
  /** Which kernels the device computes with. */
  kernels = $state.raw<KernelChoice[]>([])
  fallback = $state<string | null>(null)
  corpora = $state.raw<BuiltInCorpus[]>([])
  runs = $state.raw<RunSummary[]>([])
  deleted = $state.raw<RunSummary[]>([])
  storage = $state.raw<{ used_bytes: number; quota_bytes: number; problem: string | null } | null>(null)
  dataset = $state.raw<DatasetSummary | null>(null)
  /** How far the next one is; null where none is on its way. */
  loading = $state.raw<Loading | null>(null)
  /** The share of a tokenizer on trial that is learned; null where none is being learned. */
  learning = $state<number | null>(null)

  /** The open run; null while the recorded one is shown. */
  run = $state.raw<RunSummary | null>(null)
  recorded = $state.raw<RecordedRun | null>(null)
  readOnly = $state<string | null>(null)
  broken = $state<string | null>(null)
  status = $state<RunStatus>('paused')
  /** Why the run failed or what made it stop. */
  reason = $state<string | null>(null)
  step = $state(0)
  columns = $state.raw<Columns>(new StepColumns().view())
  evals = $state.raw<EvalMetrics[]>([])
  samples = $state.raw<Sample[]>([])
  events = $state.raw<PackedHistory['events']>([])
  /** What counting reaches on the same text: `Lab.ladder`. Null until it is known. */
  ladder = $state.raw<number[] | null>(null)
  compile = $state.raw<{ done: number; total: number } | null>(null)
  /** How long the open run took to its first step, and how much of that was compiling. */
  firstStep = $state.raw<{ ms: number; compile_ms: number } | null>(null)
  /** Step of the newest checkpoint written while the page was looking. */
  savedStep = $state<number | null>(null)
  /** Steps a second of wall time, everything included; null until it is known. */
  pace = $state<number | null>(null)
  replaying = $state(false)
  /** The run of last time is being brought back. */
  reopening = $state(settings.lastRun !== null)
  /** A command is on its way to the worker. */
  busy = $state(false)

  /** What the chart and the samples belong to: the open run's config, or the recorded run's. */
  shown = $derived(this.run?.config ?? this.recorded?.config ?? null)
  /** What its tokens are, and how many bytes of text one stands for; null where that is not known. */
  reads = $derived(this.run?.tokenizer ?? this.recorded?.tokenizer ?? 'char')
  bytesPerToken = $derived(this.run ? this.run.bytes_per_token : (this.recorded?.bytes_per_token ?? null))

  #lab: Lab | null = null
  #buffer = new StepColumns()
  #pending: { evals: EvalMetrics[]; samples: Sample[]; events: PackedHistory['events'] } | null = null
  #publishTimer: ReturnType<typeof setTimeout> | null = null
  #paceMarks: { at: number; step: number }[] = []
  #step = 0

  /** Opens the worker and reopens the run that was open last time; where there is none, shows the recorded one. */
  async open(): Promise<void> {
    const recorded = this.reopening ? null : this.#showRecorded()
    try {
      const lab = openLab()
      const opened = await lab.open(settings.engine, (events) => this.#receive(events))
      this.#lab = lab
      this.engine = opened.engine
      this.fallback = opened.fallback
      this.runs = opened.runs
      this.corpora = opened.corpora
      this.phase = 'ready'
      const last = opened.runs.find((run) => run.id === settings.lastRun)
      if (last) await this.openRun(last.id)
    } catch (error) {
      if (this.phase === 'ready') toasts.show({ level: 'error', text: m.errors.describe(asError(error)).text })
      else {
        this.openError = asError(error)
        this.phase = 'dead'
      }
    }
    this.reopening = false
    await (recorded ?? (this.run ? null : this.#showRecorded()))
  }

  async #showRecorded() {
    try {
      this.recorded ??= await loadRecordedRun()
    } catch (error) {
      toasts.show({ level: 'warning', text: m.recorded.unreadable(asError(error).message) })
    }
    if (this.run) return
    if (this.recorded) {
      this.#show(this.recorded.history, 'finished')
      this.ladder = this.recorded.ladder
    } else this.#show({ steps: new StepColumns().packed(), evals: [], samples: [], events: [] }, 'paused')
  }

  get #open(): Lab {
    if (!this.#lab) throw new Error(m.errors.notReady)
    return this.#lab
  }

  /** Plays the recorded run again, from nothing to its end, in REPLAY_MS. */
  replay() {
    const recorded = this.recorded
    if (!recorded || this.run || this.replaying) return
    this.replaying = true
    const { steps, evals, samples } = recorded.history
    const all = this.#buffer
    const last = steps.step.at(-1) ?? 0
    const began = performance.now()
    const timer = setInterval(() => {
      const share = Math.min(1, (performance.now() - began) / REPLAY_MS)
      if (this.run) done()
      else {
        const until = share * last
        this.columns = all.view(indexAtStep(all.view(), until) + 1)
        this.evals = evals.filter((e) => e.step <= until)
        this.samples = samples.filter((s) => s.step <= until)
        this.step = this.columns.step.at(-1) ?? 0
        if (share === 1) done()
      }
    }, PUBLISH_MS)
    const done = () => {
      clearInterval(timer)
      this.replaying = false
    }
  }

  /** The training loss reported at a step, or the nearest before it. */
  lossAt(step: number): number | null {
    return this.columns.loss[indexAtStep(this.columns, step)] ?? null
  }

  // -- data

  loadCorpus(...args: Parameters<Lab['loadCorpus']>) {
    return this.#take(this.#open.loadCorpus(...args))
  }
  loadText(name: string, text: string) {
    return this.#take(this.#open.loadText(name, text))
  }
  loadFiles(...args: Parameters<Lab['loadFiles']>) {
    return this.#take(this.#open.loadFiles(...args))
  }
  loadUrl(address: string) {
    return this.#take(this.#open.loadUrl(address))
  }
  readAs(...args: Parameters<Lab['readAs']>) {
    return this.#take(this.#open.readAs(...args))
  }
  chooseColumns(...args: Parameters<Lab['chooseColumns']>) {
    return this.#take(this.#open.chooseColumns(...args))
  }
  previewTable(part: string) {
    return this.#open.previewTable(part)
  }
  cancelLoading() {
    return this.#open.cancelLoading()
  }
  prepare(preparation: Preparation) {
    return this.#take(this.#open.prepare(preparation))
  }
  loadRunCorpus(id: string) {
    return this.#take(this.#open.loadRunCorpus(id))
  }
  async #take(load: Promise<DatasetSummary>) {
    this.dataset = await load
    return this.dataset
  }
  previewClean(steps: readonly CleanStep[]) {
    return this.#open.previewClean(steps)
  }
  findPersonal(query: PersonalQuery) {
    return this.#open.findPersonal(query)
  }
  leaks(...args: Parameters<Lab['leaks']>) {
    return this.#open.leaks(...args)
  }
  stopLeaks() {
    return this.#open.stopLeaks()
  }
  async setLicence(licence: string) {
    this.dataset = await this.#open.setLicence(licence)
  }
  readPassage(...args: Parameters<Lab['readPassage']>) {
    return this.#open.readPassage(...args)
  }
  passageAt(share: number) {
    return this.#open.passageAt(share)
  }
  merges(...args: Parameters<Lab['merges']>) {
    return this.#open.merges(...args)
  }
  replayMerges(...args: Parameters<Lab['replayMerges']>) {
    return this.#open.replayMerges(...args)
  }
  compressionCurve() {
    return this.#open.compressionCurve()
  }
  tokenizerJson(...args: Parameters<Lab['tokenizerJson']>) {
    return this.#open.tokenizerJson(...args)
  }
  readTokenizerFile(json: string) {
    return this.#open.readTokenizerFile(json)
  }
  stopLearning() {
    return this.#open.stopLearning()
  }
  tokenizerInUse() {
    return this.#open.tokenizerInUse()
  }

  // -- a run

  check(config: Config): Promise<Problem[]> {
    return this.#open.check(config)
  }

  forecast(config: Config): Promise<Forecast> {
    return this.#open.forecast(config)
  }
  measure(config: Config): Promise<Measurement> {
    return this.#command(() => this.#open.measure(config)).finally(() => (this.compile = null))
  }

  async createRun(spec: { name: string; config: Config; prompt: string }) {
    this.#adopt(await this.#command(() => this.#open.createRun(spec)))
  }

  async openRun(id: string) {
    this.#adopt(await this.#command(() => this.#open.openRun(id)))
  }

  async openBest(name: string) {
    this.#adopt(await this.#command(() => this.#open.openBest(name)))
  }

  async restart(weights: 'same' | 'new', config: Config, name: string) {
    this.#adopt(await this.#command(() => this.#open.restart({ weights, config, name })))
  }

  async closeRun() {
    await this.#command(() => this.#open.closeRun())
    await this.#leave()
  }
  async #leave() {
    settings.set({ lastRun: null })
    this.run = null
    this.readOnly = null
    this.broken = null
    await this.#showRecorded()
  }

  start() {
    this.#paceMarks = []
    this.pace = null
    this.reason = null
    return this.#command(() => this.#open.start())
  }
  pause() {
    return this.#command(() => this.#open.pause())
  }
  stepOnce() {
    this.reason = null
    return this.#command(() => this.#open.step())
  }
  stop() {
    return this.#command(() => this.#open.stop())
  }

  async change(change: LiveChange) {
    await this.#open.change(change)
    if (this.run) this.run = { ...this.run, config: { ...this.run.config, ...change } }
  }

  async setPrompt(prompt: string) {
    await this.#open.setPrompt(prompt)
    if (this.run) this.run = { ...this.run, prompt }
  }

  // -- kept runs

  async rename(id: string, name: string) {
    await this.#open.renameRun(id, name)
    this.#editRun(id, { name })
  }
  async note(id: string, notes: string) {
    await this.#open.noteRun(id, notes)
    this.#editRun(id, { notes })
  }
  async duplicate(id: string) {
    const copy = await this.#open.duplicateRun(id)
    if (!this.runs.some((run) => run.id === copy.id)) this.runs = [copy, ...this.runs]
  }
  async remove(run: RunSummary) {
    await this.#open.deleteRun(run.id)
    if (this.run?.id === run.id) await this.#leave()
    this.runs = this.runs.filter((kept) => kept.id !== run.id)
    this.deleted = [run, ...this.deleted]
  }
  async restore(run: RunSummary) {
    await this.#open.restoreRun(run.id)
    this.deleted = this.deleted.filter((gone) => gone.id !== run.id)
    if (!this.runs.some((kept) => kept.id === run.id)) this.runs = [run, ...this.runs]
  }
  exportRun(id: string) {
    return this.#open.exportRun(id)
  }
  async importRun(bytes: ArrayBuffer) {
    const run = await this.#open.importRun(bytes)
    if (!this.runs.some((kept) => kept.id === run.id)) this.runs = [run, ...this.runs]
    return run
  }

  // -- chat and device

  generate(options: SampleOptions, onTokens: Parameters<Lab['generate']>[1]) {
    return this.#open.generate(options, onTokens)
  }
  ladderOfText(...args: Parameters<Lab['ladderOfText']>) {
    return this.#open.ladderOfText(...args)
  }
  checkAnswers(...args: Parameters<Lab['checkAnswers']>) {
    return this.#open.checkAnswers(...args)
  }
  stopGenerating() {
    return this.#open.stopGenerating()
  }
  bench(...args: Parameters<Lab['bench']>) {
    return this.#open.bench(...args)
  }
  stopBench() {
    return this.#open.stopBench()
  }
  loseDevice() {
    return this.#open.loseDevice()
  }

  // -- what comes up

  async #command<T>(send: () => Promise<T>): Promise<T> {
    this.busy = true
    try {
      return await send()
    } finally {
      this.busy = false
    }
  }

  #adopt(open: OpenRun) {
    this.run = open.run
    this.readOnly = open.readOnly
    this.broken = open.broken
    this.savedStep = open.run.step > 0 ? open.run.step : null
    settings.set({ lastRun: open.run.id })
    this.#show(open.history, open.run.status)
    this.step = this.#step = open.run.step
    if (this.runs.some((run) => run.id === open.run.id)) this.#editRun(open.run.id, open.run)
    else this.runs = [open.run, ...this.runs]
    void this.#count(open.run.id)
  }

  /** Asks for the ladder. The chart does without it if the run is left meanwhile, or its text cannot be counted. */
  async #count(id: string) {
    const ladder = await this.#open.ladder().catch(() => null)
    if (this.run?.id === id) this.ladder = ladder
  }

  #show(history: PackedHistory, status: RunStatus) {
    this.#buffer = StepColumns.of(history.steps)
    this.#pending = null
    this.#paceMarks = []
    this.pace = null
    this.compile = null
    this.firstStep = null
    this.ladder = null
    this.reason = null
    this.status = status
    this.evals = history.evals
    this.samples = history.samples
    this.events = history.events
    this.columns = this.#buffer.view()
    this.step = this.#step = this.columns.step.at(-1) ?? 0
  }

  #receive(events: LabEvent[]) {
    for (const event of events) {
      if ('runs' in event) this.runs = event.runs
      else if ('loading' in event) this.loading = event.loading
      else if ('learning' in event) this.learning = event.learning
      else if ('kernels' in event) this.kernels = event.kernels
      else if ('engine' in event) [this.engine, this.fallback] = [event.engine, event.fallback]
      else if ('storage' in event) this.storage = event.storage
      else if (event.event.type === 'compile') this.compile = compiling(event.event)
      else if (event.run === this.run?.id) this.#apply(event.event)
    }
  }

  #apply(event: Exclude<RunEvent, { type: 'compile' }>) {
    const later = (this.#pending ??= { evals: [...this.evals], samples: [...this.samples], events: [...this.events] })
    if (event.type === 'step') {
      this.#buffer.push(event.metrics)
      this.#step = event.metrics.step
      this.#mark(event.metrics.step)
    } else if (event.type === 'eval') {
      later.evals = [...later.evals.filter((kept) => kept.step < event.metrics.step), event.metrics]
    } else if (event.type === 'sample') {
      later.samples = [...later.samples.filter((kept) => kept.step < event.sample.step), event.sample]
    } else if (event.type === 'checkpoint') {
      this.savedStep = event.step
    } else if (event.type === 'first_step') {
      this.firstStep = event
    } else if (event.type === 'status') {
      // A run that went back to its checkpoint forgets what came after it.
      this.#step = event.step
      this.#buffer.cut(event.step)
      later.evals = later.evals.filter((kept) => kept.step <= event.step)
      later.samples = later.samples.filter((kept) => kept.step <= event.step)
      this.#publish()
      if (event.status === 'running') this.compile = null
      this.status = event.status
      this.reason = event.reason ?? null
    } else {
      toasts.show({ level: event.level, text: event.message })
      later.events.push({ step: this.#step, text: event.message })
    }
    this.#publishTimer ??= setTimeout(() => this.#publish(), PUBLISH_MS)
  }

  #publish() {
    if (this.#publishTimer !== null) clearTimeout(this.#publishTimer)
    this.#publishTimer = null
    const later = this.#pending
    this.#pending = null
    this.columns = this.#buffer.view()
    if (later) {
      this.evals = later.evals
      this.samples = later.samples
      this.events = later.events
    }
    this.step = this.#step
    const [first, last] = [this.#paceMarks[0], this.#paceMarks.at(-1)]
    if (first && last && last.at - first.at > 500 && last.step > first.step)
      this.pace = (1000 * (last.step - first.step)) / (last.at - first.at)
  }

  #mark(step: number) {
    const at = performance.now()
    this.#paceMarks.push({ at, step })
    while ((this.#paceMarks[0]?.at ?? at) < at - PACE_MS) this.#paceMarks.shift()
  }

  #editRun(id: string, change: Partial<RunSummary>) {
    this.runs = this.runs.map((run) => (run.id === id ? { ...run, ...change } : run))
    if (this.run?.id === id) this.run = { ...this.run, ...change }
  }
}

const compiling = (event: { done: number; total: number }) =>
  event.done < event.total ? { done: event.done, total: event.total } : null

export const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)))

export const lab = new LabMirror()
