// How a link wants the page shown: what Look inside should hold, and which controls are hidden or locked, for a class. Lasts until the page
// is loaded again, or somebody asks for everything.
import type { GateSettings, SlotName, SlotSource } from '../../words/look'
import type { Held, LinkControl, LinkView } from '../../words/link'
import { route, STAGES } from './route.svelte'

/** What Look inside holds. */
export interface Inside {
  slots: Record<SlotName, SlotSource | null>
  shows: SlotName | 'difference'
  panel: string
  text: string | null
  gates: GateSettings
}

const stageOf = (name: string) => STAGES.find((stage) => stage === name)

class PageView {
  /** What Look inside holds, or held when it was left; null before it was opened. */
  inside = $state.raw<Inside | null>(null)
  /** What it should hold, until it does. */
  wanted = $state.raw<Pick<LinkView, 'slots' | 'gates'> | null>(null)
  held = $state.raw<Held>({})

  isHeld(control: LinkControl): boolean {
    return this.held[control] !== undefined
  }

  /** Some of the page is hidden or locked. */
  isPartial = $derived(route.only !== null || Object.keys(this.held).length > 0)

  /** Shows the page as a link says; stages that this page does not have stay away. */
  show({ stage, text, only, slots, gates, controls }: LinkView) {
    route.probe = text
    const shown = [...(only ?? []), stage].flatMap((name) => stageOf(name) ?? [])
    route.only = only && shown.length > 0 ? [...new Set(shown)] : null
    this.wanted = { slots, gates }
    this.held = controls ?? {}
  }

  showEverything() {
    route.only = null
    this.held = {}
  }
}

export const pageView = new PageView()
