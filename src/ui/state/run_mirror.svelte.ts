// The run that the page shows: the open one, or the recorded one. Its numbers are gathered as they come and published at most ten
// times a second, so a fast run costs the page no more than a slow one.
import type { EvalMetrics, RunEvent, RunStatus, Sample } from '../../words/run'
import type { PackedHistory, RunSummary } from '../../worker/client'
import { indexAtStep, StepColumns, type Columns } from '../../words/columns'
import { RunHistory } from '../../words/history'
import type { RecordedRun } from './recorded'
import { toasts } from './toasts.svelte'

const PUBLISH_MS = 100
/** Samples of a run that trains come in at most this often: nobody reads faster, and their words are what costs most to show. */
const SAMPLES_MS = 1000
const REPLAY_MS = 10_000
/** Wall time over which the speed is averaged for the time left. */
const PACE_MS = 20_000
/** The least time between two marks that the pace is worked out from. */
const MARK_EVERY_MS = 100

export class RunMirror {
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
  evals = $state.raw<readonly EvalMetrics[]>([])
  samples = $state.raw<readonly Sample[]>([])
  events = $state.raw<PackedHistory['events']>([])
  /** What counting reaches on the same text: `RunCalls.ladder`. Null until it is known. */
  ladder = $state.raw<number[] | null>(null)
  compile = $state.raw<{ done: number; total: number } | null>(null)
  /** How many cores compute the steps of this run; null where that is not told. */
  cores = $state<number | null>(null)
  /** How long the open run took to its first step, and how much of that was compiling. */
  firstStep = $state.raw<{ ms: number; compile_ms: number } | null>(null)
  /** Step of the newest checkpoint. */
  savedStep = $state<number | null>(null)
  /** When it was written, on the clock of `performance.now()`, which nobody sets; null where that is not known. */
  savedAt = $state<number | null>(null)
  /** Steps a second of wall time, everything included; null until it is known. */
  pace = $state<number | null>(null)
  replaying = $state(false)

  /** What the chart and the samples belong to: the open run's config, or the recorded run's. */
  shown = $derived(this.run?.config ?? this.recorded?.config ?? null)
  /** Who writes when text is asked for: the open run, or the recorded one, whose weights come with the page. */
  speaker = $derived(
    this.run
      ? { name: this.run.name, prompt: this.run.prompt, tokenizer: this.run.tokenizer }
      : this.recorded && {
          name: this.recorded.name,
          prompt: this.recorded.history.samples.at(-1)?.prompt ?? '',
          tokenizer: this.recorded.tokenizer,
        },
  )
  /** What its tokens are, and how many bytes of text one stands for; null where that is not known. */
  reads = $derived(this.run?.tokenizer ?? this.recorded?.tokenizer ?? 'char')
  bytesPerToken = $derived(this.run ? this.run.bytes_per_token : (this.recorded?.bytes_per_token ?? null))

  #history = new RunHistory()
  #publishTimer: ReturnType<typeof setTimeout> | null = null
  #paceMarks: { at: number; step: number }[] = []
  #step = 0
  #samplesAt = -Infinity

  /** Shows a run that is at this step, with its history. */
  protected showRun(history: PackedHistory, status: RunStatus, step = history.steps.step.at(-1) ?? 0) {
    this.#history = new RunHistory(history)
    this.#paceMarks = []
    this.pace = null
    this.compile = null
    this.firstStep = null
    this.cores = null
    this.ladder = null
    this.reason = null
    this.status = status
    this.evals = history.evals
    this.samples = history.samples
    this.events = history.events
    this.columns = this.#history.steps.view()
    this.step = this.#step = step
  }

  /** Plays the recorded run again, from nothing to its end, in REPLAY_MS. */
  replay() {
    const recorded = this.recorded
    if (!recorded || this.run || this.replaying) return
    this.replaying = true
    const { steps, evals, samples } = recorded.history
    const all = this.#history.steps
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

  /** Hears what is told of the run. */
  protected hearOfRun(event: Exclude<RunEvent, { type: 'compile' }>) {
    this.#history.add(event)
    switch (event.type) {
      case 'step':
        this.#step = event.metrics.step
        this.#mark(event.metrics.step)
        break
      case 'checkpoint':
        this.savedStep = event.step
        this.savedAt = performance.now()
        break
      case 'first_step':
        this.firstStep = event
        break
      case 'cores':
        this.cores = event.cores
        break
      case 'status':
        // A run that went back to its checkpoint forgets what came after it.
        this.#step = event.step
        this.#history.goBack(event.step)
        this.#publish(true)
        if (event.status === 'running') this.compile = null
        this.status = event.status
        this.reason = event.reason ?? null
        break
      case 'notice':
        toasts.show({ level: event.level, text: event.mark.text })
    }
    this.#publishTimer ??= setTimeout(() => this.#publish(), PUBLISH_MS)
  }

  #publish(whole = false) {
    if (this.#publishTimer !== null) clearTimeout(this.#publishTimer)
    this.#publishTimer = null
    const { steps, evals, samples, events } = this.#history
    this.columns = steps.view()
    if (!same(this.evals, evals)) this.evals = [...evals]
    if (!same(this.samples, samples)) {
      const now = performance.now()
      if (whole || now - this.#samplesAt >= SAMPLES_MS) [this.samples, this.#samplesAt] = [[...samples], now]
      else this.#publishTimer = setTimeout(() => this.#publish(), PUBLISH_MS)
    }
    if (!same(this.events, events)) this.events = [...events]
    this.step = this.#step
    const [first, last] = [this.#paceMarks[0], this.#paceMarks.at(-1)]
    if (first && last && last.at - first.at > 500 && last.step > first.step)
      this.pace = (1000 * (last.step - first.step)) / (last.at - first.at)
  }

  #mark(step: number) {
    const at = performance.now()
    // Of a small model thousands of steps a second come in.
    if (at - (this.#paceMarks.at(-1)?.at ?? -Infinity) < MARK_EVERY_MS) return
    this.#paceMarks.push({ at, step })
    while ((this.#paceMarks[0]?.at ?? at) < at - PACE_MS) this.#paceMarks.shift()
  }

  /** Forgets how fast it was, and why it stopped: it goes on. */
  protected goOn() {
    this.#paceMarks = []
    this.pace = null
    this.reason = null
  }
}

/** Whether a copy of a list that grows at its end, or is cut there, still has all of it. */
function same<T>(copy: readonly T[], list: readonly T[]): boolean {
  return copy.length === list.length && copy.at(-1) === list.at(-1)
}
