// The one mirror of the worker: what it said last, as state that the page can show. Calls that change nothing of it are made by
// `calls`.
import type { Config } from '../../config/config'
import type { EngineInfo, KernelChoice } from '../../engine'
import type { BuiltInCorpus } from '../../words/corpus'
import {
  openLab,
  type DatasetSummary,
  type JobKind,
  type Lab,
  type LabEvent,
  type Measurement,
  type OpenRun,
  type Progress,
  type RunSummary,
} from '../../worker/client'
import { StepColumns } from '../../words/columns'
import type { Gates, LiveChange } from '../../words/run'
import type { UnreadableRun } from '../../words/kept'
import { KEYFRAME_BUDGET, type Keyframe } from '../../words/keyframes'
import { m } from '../messages'
import { onLeaving } from './leaving'
import { askToPersist } from './persist'
import { loadRecordedRun } from './recorded'
import { onResting } from './resting'
import { RunMirror } from './run_mirror.svelte'
import { settings } from './settings.svelte'
import { toasts } from './toasts.svelte'

type Phase = 'opening' | 'ready' | 'dead'

class LabMirror extends RunMirror {
  phase = $state<Phase>('opening')
  /** Why the worker did not open or has stopped, when `phase` is dead. */
  openError = $state.raw<Error | null>(null)
  engine = $state.raw<EngineInfo | null>(null)
  /** Which kernels the device computes with. */
  kernels = $state.raw<KernelChoice[]>([])
  fallback = $state<string | null>(null)
  corpora = $state.raw<BuiltInCorpus[]>([])
  runs = $state.raw<RunSummary[]>([])
  /** Runs that are kept and cannot be read. */
  unreadable = $state.raw<UnreadableRun[]>([])
  deleted = $state.raw<{ id: string; name: string }[]>([])
  storage = $state.raw<Omit<Extract<LabEvent, { type: 'storage' }>, 'type'> | null>(null)
  dataset = $state.raw<DatasetSummary | null>(null)
  /** How far long work is, where any is under way. */
  progress = $state.raw<{ readonly [K in JobKind]?: Progress[K] | null }>({})

  /** The run of last time is being brought back. */
  reopening = $state(settings.lastRun !== null)
  /** Steps of the shown run that can be looked back at. */
  frames = $state.raw<readonly Keyframe[]>([])
  /** A command is on its way to the worker. */
  busy = $state(false)

  #lab: Lab | null = null

  constructor() {
    super()
    onLeaving(
      async () => this.#lab?.run.save(),
      () => this.status === 'running',
    )
  }

  /** Opens the worker and reopens the run that was open last time; where there is none, shows the recorded one. */
  async open(): Promise<void> {
    const recorded = this.reopening ? null : this.#showRecorded()
    try {
      const lab = openLab(
        (events) => this.#receive(events),
        (error) => this.#died(error),
      )
      const opened = await lab.open(settings.engine)
      this.#lab = lab
      // A worker that has stopped says so itself.
      onResting((resting) => void lab.device.rest(resting).catch(() => undefined))
      this.engine = opened.engine
      this.fallback = opened.fallback
      this.runs = opened.runs
      this.unreadable = opened.unreadable
      this.corpora = opened.corpora
      this.phase = 'ready'
      if (settings.keyframeBytes !== KEYFRAME_BUDGET) await lab.look.setBudget(settings.keyframeBytes)
      if (!this.run) void this.#readFrames(null)
      // The open run of a worker that stopped; it may never have been saved.
      if (this.run && !opened.runs.some(({ id }) => id === this.run?.id)) this.#leave()
      const last = opened.runs.find((run) => run.id === settings.lastRun)
      // A new tab leaves a run to the tab that has it open.
      if (last) await (settings.isLastRunOwn ? this.openRun(last.id) : this.#command(() => lab.run.openIfFree(last.id)))
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

  /** Opens another worker in place of one that has stopped, and in it the run that was open, as it was saved last. */
  async reopen() {
    this.phase = 'opening'
    this.openError = null
    this.dataset = null
    this.reopening = settings.lastRun !== null
    await this.open()
  }

  #died(error: Error) {
    const wasOpen = this.phase === 'ready'
    this.#lab = null
    this.openError = error
    this.phase = 'dead'
    this.compile = null
    this.progress = {}
    if (this.status === 'running') this.status = 'paused'
    if (wasOpen) toasts.show({ level: 'error', text: m.errors.stopped })
  }

  /** Loads the run that comes with the page: a page that opens with a run of its own has not asked for it yet. */
  async loadRecorded() {
    try {
      this.recorded ??= await loadRecordedRun()
    } catch (error) {
      toasts.show({ level: 'warning', text: m.recorded.unreadable(asError(error).message) })
    }
  }

  async #showRecorded() {
    await this.loadRecorded()
    if (this.run) return
    if (this.recorded) {
      this.showRun(this.recorded.history, 'finished')
      this.ladder = this.recorded.ladder
    } else this.showRun({ steps: new StepColumns().packed(), evals: [], samples: [], events: [] }, 'paused')
  }

  /** The worker, once it is open. */
  get calls(): Lab {
    if (!this.#lab) throw new Error(m.errors.notReady)
    return this.#lab
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

  createRun(spec: Parameters<Lab['run']['create']>[0]) {
    return this.#command(() => this.calls.run.create(spec))
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
  /** The open run's weights on the current text, as a new run. */
  async tune(...how: Parameters<Lab['run']['tune']>) {
    await this.#command(() => this.calls.run.tune(...how))
    askToPersist()
  }
  closeRun() {
    return this.#command(() => this.calls.run.close())
  }

  start() {
    this.goOn()
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

  async turn(gates: Gates) {
    await this.calls.run.turn(gates)
    if (this.run) this.run = { ...this.run, gates }
  }

  async setPrompt(prompt: string) {
    await this.calls.run.setPrompt(prompt)
    if (this.run) this.run = { ...this.run, prompt }
  }

  async remove(run: { id: string; name: string }) {
    await this.calls.kept.delete(run.id)
    this.deleted = [run, ...this.deleted.filter((gone) => gone.id !== run.id)]
  }
  async restore(run: { id: string }) {
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
    const isHandedOver = this.run?.id === open.run.id && this.readOnly !== null && open.readOnly === null
    if (isHandedOver) toasts.show({ level: 'info', text: m.runs.handedOver(open.run.name) })
    this.run = open.run
    this.readOnly = open.readOnly
    this.broken = open.broken
    this.savedStep = open.saved?.step ?? null
    // A clock that has been set back since then knows no age.
    const age = open.saved ? Date.now() - open.saved.at : -1
    this.savedAt = age < 0 ? null : performance.now() - age
    settings.setRun(open.run.id)
    this.showRun(open.history, open.run.status, open.run.step)
    this.#list(open.run)
    void this.#count(open.run.id)
    void this.#readFrames(open.run.id)
  }

  #leave() {
    settings.setRun(null)
    this.run = null
    this.readOnly = null
    this.broken = null
    void this.#showRecorded()
    void this.#readFrames(null)
  }

  /** The list, the last changed first, with a run as it is now. */
  #list(run: RunSummary) {
    const others = this.runs.filter(({ id }) => id !== run.id)
    // A run that is new here, however it came, is worth asking for.
    if (others.length === this.runs.length) askToPersist()
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

  /** Asks which steps can be looked back at; where that is not known, none. */
  async #readFrames(run: string | null) {
    this.frames = []
    const frames = await this.calls.look.frames(run).catch(() => [])
    if ((this.run?.id ?? null) === run) this.frames = frames
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
        else if (event.run === this.run?.id) this.hearOfRun(event.event)
        return
      case 'kept':
        return this.#list(event.run)
      case 'removed':
        this.runs = this.runs.filter(({ id }) => id !== event.run)
        this.unreadable = this.unreadable.filter(({ id }) => id !== event.run)
        return
      case 'unreadable':
        this.unreadable = event.runs
        return
      case 'progress':
        this.progress = { ...this.progress, [event.job]: event.at }
        return
      case 'keyframes':
        if (event.run === this.run?.id) this.frames = event.frames
        return
      case 'engine':
        ;[this.engine, this.fallback] = [event.engine, event.fallback]
        return
      case 'kernels':
        this.kernels = event.kernels
        return
      case 'storage': {
        const { used_bytes, quota_bytes, persisted, problem, list_problem } = event
        this.storage = { used_bytes, quota_bytes, persisted, problem, list_problem }
      }
    }
  }
}

const compiling = (event: { done: number; total: number }) =>
  event.done < event.total ? { done: event.done, total: event.total } : null

export const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)))

export const lab = new LabMirror()
