// What a person does with several runs at once: which are chosen, how they are shown beside each other, and in which order all stand.
import { settings } from '../state/settings.svelte'
import { lab } from '../state/lab.svelte'
import type { RunSummary } from '../../worker/client'
import { readDifferently, type SharedUnit } from './losses'
import { sorted, startsDown, type Column, type Order } from './order'

export const VIEWS = ['none', 'curves', 'differences', 'groups', 'family'] as const
export type View = (typeof VIEWS)[number]
/** Runs that fit into one chart, and into one table of differences. */
export const MOST = 8

class Beside {
  view = $state<View>('none')
  order = $state.raw<Order>({ by: 'updated', isDown: true })
  /** The unit that a person chose; null until then. */
  #unit = $state<SharedUnit | null>(null)
  #chosen = $state.raw<readonly string[]>([])

  mixed = $derived(readDifferently(lab.runs))
  get unit(): SharedUnit {
    return this.#unit ?? (this.mixed ? 'bits' : 'nats')
  }
  set unit(unit: SharedUnit) {
    this.#unit = unit
  }

  runs = $derived.by(() => sorted(lab.runs, this.order, this.unit))
  /** The chosen runs that are still here, in the order in which they were chosen. */
  chosen = $derived(
    this.#chosen
      .map((id) => lab.runs.find((run) => run.id === id))
      .filter((run): run is RunSummary => run !== undefined),
  )
  /** What is shown beside each other: what is chosen, or else the newest. */
  shown = $derived((this.chosen.length > 0 ? this.chosen : lab.runs).slice(0, MOST))
  /** The baseline that a person chose, if it is still here. */
  baseline = $derived(lab.runs.some(({ id }) => id === settings.baseline) ? settings.baseline : null)

  isChosen = (id: string) => this.#chosen.includes(id)
  choose(id: string, isChosen: boolean) {
    this.#chosen = isChosen
      ? [...this.#chosen.filter((one) => one !== id), id]
      : this.#chosen.filter((one) => one !== id)
  }
  chooseNone() {
    this.#chosen = []
  }

  /** A column's heading was pressed: another column, or the same turned around. */
  sortBy(by: Column) {
    this.order = by === this.order.by ? { by, isDown: !this.order.isDown } : { by, isDown: startsDown(by) }
  }
  turn() {
    this.order = { ...this.order, isDown: !this.order.isDown }
  }
}

export const beside = new Beside()
