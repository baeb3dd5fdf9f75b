// The list of runs as the page knows it: read once, when the page opens, and then told of what changes, here and in other tabs.
import { estimateUsage, refusal } from '../storage/quota'
import type { RunStore } from '../storage/runs'
import type { UnreadableRun } from '../words/kept'
import type { LabEvent, RunSummary, SaveProblem } from './protocol'
import { summaryOf } from './summary'
import { Turns } from './turns'

/** What one tab tells the others. */
export type Change = Extract<LabEvent, { type: 'kept' | 'removed' }>

export class RunList {
  readonly #store: RunStore
  readonly #send: (event: LabEvent) => void
  readonly #estimates = new Turns()
  readonly #tabs: BroadcastChannel
  /** Why what is kept cannot be read. */
  #problem: string | null = null

  /** `send` tells the page of this tab; `heard` is called with what another tab told. */
  constructor(store: RunStore, send: (event: LabEvent) => void, heard: (change: Change) => void) {
    this.#store = store
    this.#send = send
    this.#tabs = new BroadcastChannel(`${store.name} runs`)
    this.#tabs.onmessage = ({ data }: MessageEvent<Change>) => heard(data)
  }

  /** Reads the record of every run, the last changed first, and names those that cannot be read. */
  async read(): Promise<{ runs: RunSummary[]; unreadable: UnreadableRun[] }> {
    try {
      const { runs, unreadable } = await this.#store.list()
      this.#problem = null
      return { runs: runs.map((record) => summaryOf(record)), unreadable }
    } catch (error) {
      this.#problem = refusal(error).message
      return { runs: [], unreadable: [] }
    }
  }

  /** Tells of a run that is new, or has changed. */
  changed(run: RunSummary): void {
    this.#tell({ type: 'kept', run })
  }
  /** Tells of a run that was deleted. */
  removed(run: string): void {
    this.#tell({ type: 'removed', run })
  }
  #tell(change: Change): void {
    this.#send(change)
    this.#tabs.postMessage(change)
  }

  /** Tells which runs cannot be read. */
  async tellUnreadable(): Promise<void> {
    this.#send({ type: 'unreadable', runs: (await this.#store.list()).unreadable })
  }

  /** Tells how much room the disk has; `problem`: why the open run cannot be saved. */
  tellStorage(problem: SaveProblem | null): Promise<void> {
    return this.#estimates.next(async () => {
      const usage = await estimateUsage()
      this.#send({ type: 'storage', ...usage, problem, list_problem: this.#problem })
    })
  }
}
