// What is looked at: the models in the two slots, the text, the view, and the part that every view has in focus.
import { untrack } from 'svelte'
import { CancelledError } from '../../errors'
import type { Keyframe } from '../../words/keyframes'
import type { GateSettings, LookViews, SlotInfo, SlotName, SlotSource, ViewName } from '../../words/look'
import { asError, lab } from '../state/lab.svelte'

/** Milliseconds between two questions while the looked-at run trains, and before a text that is being typed is asked about. */
const LIVE_MS = 250
const TYPING_MS = 150

class LookState {
  slots = $state.raw<Record<SlotName, SlotInfo | null>>({ A: null, B: null })
  /** Which model the views show; `difference`: A − B, where a view can. */
  shows = $state<SlotName | 'difference'>('A')
  /** Null: the beginning that the model's run has for its samples, or a stretch of its held-out text. */
  text = $state<string | null>(null)
  /** The view that is shown, by its name in panels.ts. */
  panel = $state('attention')
  /** The part in focus, and a place in the text (null: the last). */
  layer = $state(0)
  head = $state(0)
  position = $state<number | null>(null)
  /** Gates that somebody turned, to see what changes. */
  gates = $state.raw<GateSettings>({})
  /** Kept steps of the run in each slot. */
  frames = $state.raw<Record<SlotName, Keyframe[]>>({ A: [], B: [] })
  error = $state.raw<Error | null>(null)
  filling = $state<SlotName | null>(null)
  /** Counts what changes every answer: another model, or its next step. */
  version = $state(0)

  /** The slot that is asked where only one can be. */
  slot = $derived<SlotName>(this.shows === 'B' ? 'B' : 'A')
  info = $derived(this.slots[this.slot])
  /** The open run is looked at while it trains. */
  isLive = $derived(
    lab.status === 'running' && (['A', 'B'] as const).some((slot) => this.slots[slot]?.source.of === 'live'),
  )

  /** Puts a model into a slot; what went wrong is shown beside the slots, and the slot stays as it was. */
  async fill(slot: SlotName, source: SlotSource | null): Promise<void> {
    this.error = null
    this.filling = slot
    try {
      const info = await lab.calls.look.fill(slot, source)
      this.slots = { ...this.slots, [slot]: info }
      if (info) {
        this.layer = Math.min(this.layer, info.config.n_layer - 1)
        this.head = Math.min(this.head, info.config.n_head - 1)
      }
      if (slot === 'B') this.shows = info === null ? 'A' : this.shows
      if (slot === 'B' && info !== null && this.shows === 'A') this.shows = 'difference'
      this.version++
      await this.readFrames(slot)
      if (this.text === null && slot === 'A') this.text = await this.firstText()
    } catch (error) {
      if (!(error instanceof CancelledError)) this.error = asError(error)
    } finally {
      if (this.filling === slot) this.filling = null
    }
  }

  /** Puts the kept step before or after the one that slot A shows in its place; after the last of the open run comes its present. */
  async scrub(by: -1 | 1): Promise<void> {
    const source = this.slots.A?.source
    if (!source || this.filling !== null) return
    const steps = this.frames.A.map(({ step }) => step)
    const shown = source.of === 'live' ? null : source.step
    const at = shown === null ? steps.length : steps.indexOf(shown)
    const step = steps[at + by]
    if (source.of === 'shipped') return step === undefined ? undefined : this.fill('A', { of: 'shipped', step })
    const run = source.of === 'run' ? source.run : lab.run?.id
    if (run === undefined || at + by < 0) return
    if (step !== undefined) return this.fill('A', { of: 'run', run, step })
    return this.fill('A', run === lab.run?.id ? { of: 'live' } : { of: 'run', run, step: null })
  }

  /** The kept steps of the run in a slot. */
  async readFrames(slot: SlotName): Promise<void> {
    const source = this.slots[slot]?.source
    const run = source?.of === 'live' ? (lab.run?.id ?? null) : source?.of === 'run' ? source.run : null
    const frames = source ? await lab.calls.look.frames(run) : []
    this.frames = { ...this.frames, [slot]: frames }
  }

  /** Something that the model has not seen, where its text is at hand. */
  async firstText(): Promise<string> {
    const window = await lab.calls.look.ask('window', { slot: 'A', share: 0.4 }).catch(() => null)
    const text = window?.replace(/^\S*\s+/, '').slice(0, 64)
    // It ends within a word, where a model has something to foretell.
    return /^[^]{16,}(?<!\p{L})\p{L}{3}(?=\p{L}{2})/u.exec(text ?? '')?.[0] ?? text ?? this.slots.A?.prompt ?? ''
  }
}

export const look = new LookState()

/**
 * The answer to a view's question, asked again whenever the question or a model changes; the old one stays until the new one is there.
 * Made while a component is set up. A null question asks nothing. While the looked-at run trains, the question is asked again with every
 * step, or, where it takes the model long, with every evaluation.
 */
export class Answer<V extends ViewName> {
  value = $state.raw<LookViews[V]['tells'] | null>(null)
  error = $state.raw<Error | null>(null)
  asking = $state(false)

  /** The question that was asked last: only its answer counts. */
  #asked: LookViews[V]['asks'] | null = null
  #askedAt = 0

  constructor(view: V, question: () => LookViews[V]['asks'] | null, again: 'steps' | 'evaluations' = 'steps') {
    const ask = (asked: LookViews[V]['asks']) => {
      this.#asked = asked
      this.#askedAt = performance.now()
      this.asking = true
      const isLast = () => this.#asked === asked
      lab.calls.look
        .ask(view, asked)
        .then((told) => {
          if (isLast()) [this.value, this.error] = [told, null]
        })
        .catch((error: unknown) => {
          if (isLast() && !(error instanceof CancelledError)) this.error = asError(error)
        })
        .finally(() => {
          if (isLast()) this.asking = false
        })
    }
    let current: LookViews[V]['asks'] | null = null
    $effect(() => {
      // Another model; or a run that began to train, or has stopped at a step that was not asked about.
      void [look.version, look.isLive]
      const asked = question()
      current = asked !== null && look.slots[asked.slot] !== null && lab.phase === 'ready' ? { ...asked } : null
      const next = current
      if (next === null) return
      const timer = setTimeout(() => ask(next), untrack(() => this.value) === null ? 0 : TYPING_MS)
      return () => {
        clearTimeout(timer)
        this.#asked = null
        this.asking = false
      }
    })
    $effect(() => {
      void (again === 'steps' ? lab.step : lab.evals.at(-1)?.step)
      if (!look.isLive) return
      // A question that waits for its answer is not asked anew: a run that is faster than its answers would never get one.
      const isDue = untrack(() => !this.asking) && performance.now() - this.#askedAt > LIVE_MS
      if (current && isDue && untrack(() => look.slots[current!.slot])?.source.of === 'live') ask({ ...current })
    })
  }
}
