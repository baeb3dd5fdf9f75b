// The answer to a question that takes seconds: asked when somebody wants it, not at each step of a run; it stays until the next one is there.
import { CancelledError } from '../../errors'
import type { LookViews, ViewName } from '../../words/look'
import { asError, lab } from '../state/lab.svelte'

export class Asked<V extends ViewName> {
  value = $state.raw<LookViews[V]['tells'] | null>(null)
  error = $state.raw<Error | null>(null)
  asking = $state(false)
  /** What the answer is of. */
  key = $state('')
  readonly #view: V
  #newest = 0

  constructor(view: V) {
    this.#view = view
  }

  /** Asks, unless the answer to this is there or on its way. */
  async ask(question: LookViews[V]['asks'], key: string, again = false): Promise<void> {
    if (!again && key === this.key && (this.asking || this.value !== null)) return
    const number = ++this.#newest
    this.key = key
    this.asking = true
    try {
      const told = await lab.calls.look.ask(this.#view, question)
      if (number !== this.#newest) return
      this.value = told
      this.error = null
    } catch (error) {
      if (number === this.#newest && !(error instanceof CancelledError)) this.error = asError(error)
    } finally {
      if (number === this.#newest) this.asking = false
    }
  }
}
