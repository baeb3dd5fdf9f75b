// Which model is shared: the open run, a kept one, or the one that comes with the page. Every panel of the stage speaks of it.
import type { SlotSource } from '../../words/look'
import { lab } from '../state/lab.svelte'

export const LIVE = 'live'
export const SHIPPED = 'shipped'

class ShareState {
  /** `live`, `shipped`, or a run's id; null until somebody chooses: the open run, else the one of the page. */
  #chosen = $state<string | null>(null)
  /** The last step of the run that comes with the page. */
  #lastShipped = $state<number | null>(null)

  key = $derived.by(() => {
    const chosen = this.#chosen
    if (chosen === SHIPPED || (chosen === LIVE && lab.run)) return chosen
    if (chosen !== null && lab.runs.some(({ id }) => id === chosen)) return lab.run?.id === chosen ? LIVE : chosen
    return lab.run ? LIVE : SHIPPED
  })
  /** What is known of the model's text, and whether it holds personal data. */
  corpus = $derived(
    this.key === SHIPPED
      ? null
      : ((this.key === LIVE ? lab.run : lab.runs.find(({ id }) => id === this.key))?.corpus ?? null),
  )

  choose(key: string) {
    this.#chosen = key
  }

  /** Where the model is had. */
  async source(): Promise<SlotSource> {
    const { key } = this
    if (key === LIVE) return { of: 'live' }
    if (key !== SHIPPED) return { of: 'run', run: key, step: null }
    this.#lastShipped ??= (await lab.calls.look.frames(null)).at(-1)?.step ?? 0
    return { of: 'shipped', step: this.#lastShipped }
  }
}

export const share = new ShareState()
