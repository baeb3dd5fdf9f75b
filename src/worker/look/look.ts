// What the page may ask of a model's inside: which models are looked at, and one question for each view. Of each view only the newest
// question is answered; an older one gets a SupersededError.
import { transfer } from 'comlink'
import type { Keyframe } from '../../words/keyframes'
import type { LookCalls, LookViews, SlotInfo, SlotName, SlotSource, ViewName } from '../../words/look'
import { Desk, type Job } from '../desk'
import type { Workbench } from '../workbench'
import { HeadMarks } from './head_marks'
import type { Shipped } from './shipped'
import type { Slots } from './slots'

/** Views that take their time. */
const LONG: ReadonlySet<ViewName> = new Set(['learned'])

export class Look implements LookCalls {
  readonly #workbench: Workbench
  readonly #shipped: Shipped
  readonly #slots: Slots
  readonly #marks = new HeadMarks()
  readonly #desks = new Map<string, Desk<number>>()
  /** Where views work that take their time, one at once; it tells how far they are. */
  readonly #looking: Desk<number>

  constructor(workbench: Workbench, shipped: Shipped, slots: Slots, looking: Desk<number>) {
    this.#workbench = workbench
    this.#shipped = shipped
    this.#slots = slots
    this.#looking = looking
  }

  fill(slot: SlotName, source: SlotSource | null): Promise<SlotInfo | null> {
    return this.#desk(`fill ${slot}`).begin(async ({ before }) => {
      await before
      return this.#slots.fill(slot, source)
    })
  }

  async frames(run: string | null): Promise<Keyframe[]> {
    if (run !== null) return this.#workbench.store.keyframes(run)
    return (await this.#shipped.index()).steps.map((step) => ({ step, size_bytes: 0 }))
  }

  async setBudget(bytes: number): Promise<void> {
    this.#workbench.keyframe_bytes = bytes
    const { run } = this.#workbench
    if (run?.readOnly !== null) return
    const frames = await this.#workbench.store.thinKeyframes(run.id, bytes)
    this.#workbench.emit({ type: 'keyframes', run: run.id, frames })
    await this.#workbench.tellStorage()
  }

  ask<V extends ViewName>(view: V, question: LookViews[V]['asks']): Promise<LookViews[V]['tells']> {
    const { slot } = question
    const desk = LONG.has(view) ? this.#looking : this.#desk(`${view} ${slot}`)
    return desk.begin(async (job: Job<number>) => {
      await job.before
      const told = await (await import('./views')).VIEWS[view](this.#slots, question, job)
      if (view === 'heads') this.#markHeads(slot, told as LookViews['heads']['tells'])
      return typeof told === 'object' && told !== null ? transfer(told, buffersOf(told)) : told
    })
  }

  /** Marks the curve of the open run where one of its heads has become something. */
  #markHeads(slot: SlotName, heads: LookViews['heads']['tells']): void {
    const { run } = this.#workbench
    const { source, config } = this.#slots.at(slot).info
    if (source.of !== 'live' || run?.readOnly !== null) return
    for (const sentence of this.#marks.hear(run.id, heads, config.n_head)) run.notice('info', sentence)
  }

  /** Ends every question of a view. */
  async drop(view: ViewName): Promise<void> {
    if (LONG.has(view)) await this.#looking.cancel()
    await Promise.all(['A', 'B'].map((slot) => this.#desk(`${view} ${slot}`).cancel()))
  }

  #desk(name: string): Desk<number> {
    const desk = this.#desks.get(name) ?? new Desk<number>()
    this.#desks.set(name, desk)
    return desk
  }
}

/** What goes over instead of a copy. */
function buffersOf(told: object): Transferable[] {
  const arrays = Object.values(told).flatMap((part: unknown) =>
    ArrayBuffer.isView(part) ? [part] : typeof part === 'object' && part !== null ? Object.values(part) : [],
  )
  return [...new Set(arrays.filter((part) => ArrayBuffer.isView(part)).map(({ buffer }) => buffer as ArrayBuffer))]
}
