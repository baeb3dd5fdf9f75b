// A question that takes long: asked when it changes or another model is put into a slot, and not at every step of a run that trains.
import { untrack } from 'svelte'
import { CancelledError } from '../../errors'
import type { LookViews, ViewName } from '../../words/look'
import { asError, lab } from '../state/lab.svelte'
import { look } from './look.svelte'

/** Before a slider that is being moved is asked about. */
const SETTLING_MS = 250

/** As `Answer`. Made while a component is set up; a null question asks nothing. */
export class Slow<V extends ViewName> {
  value = $state.raw<LookViews[V]['tells'] | null>(null)
  /** The question that `value` answers. */
  question = $state.raw<LookViews[V]['asks'] | null>(null)
  error = $state.raw<Error | null>(null)
  asking = $state(false)
  #step = $state(0)
  #again = $state(0)

  constructor(view: V, question: () => LookViews[V]['asks'] | null) {
    $effect(() => {
      void look.version
      void this.#again
      const asked = question()
      if (asked === null || look.slots[asked.slot] === null || lab.phase !== 'ready') return
      let gone = false
      const timer = setTimeout(
        () => {
          this.asking = true
          const { step } = lab
          lab.calls.look
            .ask(view, asked)
            .then((told) => {
              if (gone) return
              this.value = told
              this.question = asked
              this.#step = step
              this.error = null
            })
            .catch((error: unknown) => {
              if (!gone && !(error instanceof CancelledError)) this.error = asError(error)
            })
            .finally(() => {
              if (!gone) this.asking = false
            })
        },
        untrack(() => this.value === null) ? 0 : SETTLING_MS,
      )
      return () => {
        gone = true
        untrack(() => (this.asking = false))
        clearTimeout(timer)
      }
    })
  }

  /** The step that the answer is of, where the looked-at run has gone on; else null. */
  get behind(): number | null {
    const slot = this.question?.slot
    const live = slot !== undefined && look.slots[slot]?.source.of === 'live'
    return live && !this.asking && lab.step !== this.#step ? this.#step : null
  }
  again(): void {
    this.#again++
  }
}
