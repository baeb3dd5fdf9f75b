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
  /** The open run is looked at, whether it trains or not. */
  holdsLive = $derived((['A', 'B'] as const).some((slot) => this.slots[slot]?.source.of === 'live'))
  /** It is looked at while it trains. */
  isLive = $derived(lab.status === 'running' && this.holdsLive)

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
 * Made while a component is set up. A null question asks nothing. While the looked-at run trains, the question is asked again after a step,
 * or, where it takes the model long, after an evaluation, once the one before it has been answered.
 */
export class Answer<V extends ViewName> {
  value = $state.raw<LookViews[V]['tells'] | null>(null)
  error = $state.raw<Error | null>(null)
  asking = $state(false)

  constructor(view: V, question: () => LookViews[V]['asks'] | null, again: 'steps' | 'evaluations' = 'steps') {
    const moment = () => (again === 'steps' ? lab.step : (lab.evals.at(-1)?.step ?? 0))
    /** The question that stands, and the moment at which it was asked last; null while it waits for its turn. */
    let standing: { askedAt: number | null; wait: (ms: number) => void } | null = null
    $effect(() => {
      void look.version
      const asked = question()
      if (asked === null || look.slots[asked.slot] === null || lab.phase !== 'ready') return
      let timer: ReturnType<typeof setTimeout> | undefined
      let busy = false
      const ask = async () => {
        busy = this.asking = true
        own.askedAt = moment()
        try {
          const told = await lab.calls.look.ask(view, asked)
          if (standing === own) [this.value, this.error] = [told, null]
        } catch (error) {
          if (standing === own && !(error instanceof CancelledError)) this.error = asError(error)
        }
        busy = false
        if (standing !== own) return
        this.asking = false
        if (look.holdsLive && own.askedAt !== moment()) own.wait(LIVE_MS)
      }
      const own: NonNullable<typeof standing> = {
        askedAt: null,
        wait: (ms) => {
          if (busy) return
          own.askedAt = null
          timer = setTimeout(() => void ask(), ms)
        },
      }
      standing = own
      own.wait(untrack(() => (this.value === null ? 0 : TYPING_MS)))
      return () => {
        standing = null
        clearTimeout(timer)
        untrack(() => (this.asking = false))
      }
    })
    $effect(() => {
      const now = look.holdsLive ? moment() : null
      if (now !== null && standing && standing.askedAt !== null && standing.askedAt !== now) standing.wait(LIVE_MS)
    })
  }
}
