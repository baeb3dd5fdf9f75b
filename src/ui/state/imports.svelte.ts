// A model of another program under a person's hands: what its files or its address hold, and the way to open it.
import { CancelledError } from '../../errors'
import type { ImportSummary } from '../../words/imports'
import type { Given } from './given'
import { asError, lab } from './lab.svelte'

class Imports {
  /** What is in hand; null where nothing is. */
  summary = $state.raw<ImportSummary | null>(null)
  /** Why the last one could not be looked at, or opened. */
  error = $state.raw<Error | null>(null)
  busy = $state(false)
  name = $state('')
  #asked = 0

  read(given: readonly Given[]) {
    const files = given.map(({ name, file }) => ({ name, data: file }))
    return this.#look(() => lab.calls.imports.read(files))
  }
  look(address: string) {
    return this.#look(() => lab.calls.imports.look(address))
  }
  async #look(ask: () => Promise<ImportSummary>) {
    this.summary = null
    await this.#try(async (isNewest) => {
      const summary = await ask()
      if (!isNewest()) return
      this.summary = summary
      this.name = summary.name
    })
  }

  /** Keeps it and opens it as a run; true once it is open. */
  open(): Promise<boolean> {
    return this.#try(async () => {
      await lab.calls.imports.open(this.name)
      this.summary = null
    })
  }

  cancel() {
    return lab.calls.cancel('importing')
  }
  async forget() {
    this.summary = null
    this.error = null
    await lab.calls.imports.forget()
  }

  /** What was called off, or something newer replaced, did not fail. */
  async #try(work: (isNewest: () => boolean) => Promise<void>): Promise<boolean> {
    const mine = ++this.#asked
    const isNewest = () => mine === this.#asked
    this.error = null
    this.busy = true
    try {
      await work(isNewest)
      return true
    } catch (error) {
      if (isNewest() && !(error instanceof CancelledError)) this.error = asError(error)
      return false
    } finally {
      if (isNewest()) this.busy = false
    }
  }
}

export const imports = new Imports()
