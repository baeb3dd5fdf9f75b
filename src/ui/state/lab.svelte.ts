// The one mirror of the run: what the worker said last, as state that the page can show. Events are gathered as they come and
// published at most ten times a second, so a fast run costs the page no more than a slow one.
import type { Config } from '../../config'
import type { EngineInfo, KernelChoice } from '../../engine'
import type { BuiltInCorpus } from '../../words/corpus'
import type { EvalMetrics, RunEvent, RunStatus, Sample } from '../../words/run'
import {
  openLab,
  type DatasetSummary,
  type JobKind,
  type Lab,
  type LabEvent,
  type LiveChange,
  type Measurement,
  type OpenRun,
  type Progress,
  type RunHistory,
  type RunSummary,
} from '../../worker/client'
import { ColumnBuffer, indexAtStep, NO_COLUMNS, type Columns } from './columns'
import { m } from '../messages'
import { askToPersist } from './persist'
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
  /** How far long work is, where any is under way. */
  progress = $state.raw<{ readonly [K in JobKind]?: Progress[K] | null }>({})

  /** The open run; null while the recorded one is shown. */
  run = $state.raw<RunSummary | null>(null)
  recorded = $state.raw<RecordedRun | null>(null)
  readOnly = $state<string | null>(null)
  broken = $state<string | null>(null)
  status = $state<RunStatus>('paused')
  /** Why the run failed or what made it stop. */
  reason = $state<string | null>(null)
  step = $state(0)
  columns = $state.raw<Columns>(NO_COLUMNS)
  evals = $state.raw<EvalMetrics[]>([])
  samples = $state.raw<Sample[]>([])
  events = $state.raw<RunHistory['events']>([])
  /** What counting reaches on the same text: `RunCalls.ladder`. Null until it is known. */
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
  #buffer = new ColumnBuffer()
  #pending: { evals: EvalMetrics[]; samples: Sample[]; events: RunHistory['events'] } | null = null
  #publishTimer: ReturnType<typeof setTimeout> | null = null
  #paceMarks: { at: number; step: number }[] = []
  #step = 0

  /** Opens the worker and reopens the run that was open last time; where there is none, shows the recorded one. */
  async open(): Promise<void> {
    const recorded = this.reopening ? null : this.#showRecorded()
    try {
      const lab = openLab((events) => this.#receive(events))
      const opened = await lab.open(settings.engine)
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
      this.#showHistory(this.recorded.history, 'finished')
      this.ladder = this.recorded.ladder
    } else this.#showHistory({ steps: [], evals: [], samples: [], events: [] }, 'paused')
  }

  /** The worker, once it is open. */
  get calls(): Lab {
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
    const last = steps.at(-1)?.step ?? 0
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

  /** Shows the dataset that a call makes the current one. */
  async show(load: Promise<DatasetSummary>): Promise<DatasetSummary> {
    this.dataset = await load
    return this.dataset
  }

  // -- a run

  measure(config: Config): Promise<Measurement> {
    return this.#command(() => this.calls.run.measure(config)).finally(() => (this.compile = null))
  }

  async createRun(spec: { name: string; config: Config; prompt: string }) {
    await this.#command(() => this.calls.run.create(spec))
    askToPersist()
  }
  openRun(id: string) {
    return this.#command(() => this.calls.run.open(id))
  }
  openBest(name: string) {
    return this.#command(() => this.calls.run.openBest(name))
  }
  restart(weights: 'same' | 'new', config: Config, name: string) {
    return this.#command(() => this.calls.run.restart({ weights, config, name }))
  }
  closeRun() {
    return this.#command(() => this.calls.run.close())
  }

  start() {
    this.#paceMarks = []
    this.pace = null
    this.reason = null
    return this.#command(() => this.calls.run.start())
  }
  pause() {
    return this.#command(() => this.calls.run.pause())
  }
  stepOnce() {
    this.reason = null
    return this.#command(() => this.calls.run.step())
  }
  stop() {
    return this.#command(() => this.calls.run.stop())
  }

  async change(change: LiveChange) {
    await this.calls.run.change(change)
    if (this.run) this.run = { ...this.run, config: { ...this.run.config, ...change } }
  }

  async setPrompt(prompt: string) {
    await this.calls.run.setPrompt(prompt)
    if (this.run) this.run = { ...this.run, prompt }
  }

  async remove(run: RunSummary) {
    await this.calls.kept.delete(run.id)
    this.deleted = [run, ...this.deleted]
  }
  async restore(run: RunSummary) {
    await this.calls.kept.restore(run.id)
    this.deleted = this.deleted.filter((gone) => gone.id !== run.id)
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
    this.#showHistory(open.history, open.run.status)
    this.step = this.#step = open.run.step
    this.#list(open.run)
    void this.#count(open.run.id)
  }

  #leave() {
    settings.set({ lastRun: null })
    this.run = null
    this.readOnly = null
    this.broken = null
    void this.#showRecorded()
  }

  /** The list, the last changed first, with a run as it is now. */
  #list(run: RunSummary) {
    const others = this.runs.filter(({ id }) => id !== run.id)
    this.runs = [run, ...others].sort((a, b) => b.updated - a.updated)
    const { name, notes } = run
    if (this.run?.id === run.id && (this.run.name !== name || this.run.notes !== notes))
      this.run = { ...this.run, name, notes }
  }

  /** Asks for the ladder. The chart does without it if the run is left meanwhile, or its text cannot be counted. */
  async #count(id: string) {
    const ladder = await this.calls.run.ladder().catch(() => null)
    if (this.run?.id === id) this.ladder = ladder
  }

  #showHistory(history: RunHistory, status: RunStatus) {
    this.#buffer = new ColumnBuffer()
    for (const metrics of history.steps) this.#buffer.push(metrics)
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
    for (const event of events) this.#hear(event)
  }
  #hear(event: LabEvent) {
    switch (event.type) {
      case 'open':
        return event.open ? this.#adopt(event.open) : this.#leave()
      case 'run':
        if (event.event.type === 'compile') this.compile = compiling(event.event)
        else if (event.run === this.run?.id) this.#apply(event.event)
        return
      case 'kept':
        return this.#list(event.run)
      case 'removed':
        this.runs = this.runs.filter(({ id }) => id !== event.run)
        return
      case 'progress':
        this.progress = { ...this.progress, [event.job]: event.at }
        return
      case 'engine':
        ;[this.engine, this.fallback] = [event.engine, event.fallback]
        return
      case 'kernels':
        this.kernels = event.kernels
        return
      case 'storage': {
        const { used_bytes, quota_bytes, problem } = event
        this.storage = { used_bytes, quota_bytes, problem }
      }
    }
  }

  #apply(event: Exclude<RunEvent, { type: 'compile' }>) {
    const later = (this.#pending ??= { evals: [...this.evals], samples: [...this.samples], events: [...this.events] })
    switch (event.type) {
      case 'step':
        this.#buffer.push(event.metrics)
        this.#step = event.metrics.step
        this.#mark(event.metrics.step)
        break
      case 'eval':
        later.evals = [...later.evals.filter((kept) => kept.step < event.metrics.step), event.metrics]
        break
      case 'sample':
        later.samples = [...later.samples.filter((kept) => kept.step < event.sample.step), event.sample]
        break
      case 'checkpoint':
        this.savedStep = event.step
        break
      case 'first_step':
        this.firstStep = event
        break
      case 'status':
        // A run that went back to its checkpoint forgets what came after it.
        this.#step = event.step
        this.#buffer.cut(event.step)
        later.evals = later.evals.filter((kept) => kept.step <= event.step)
        later.samples = later.samples.filter((kept) => kept.step <= event.step)
        this.#publish()
        if (event.status === 'running') this.compile = null
        this.status = event.status
        this.reason = event.reason ?? null
        break
      case 'notice':
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
}

const compiling = (event: { done: number; total: number }) =>
  event.done < event.total ? { done: event.done, total: event.total } : null

export const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)))

export const lab = new LabMirror()
