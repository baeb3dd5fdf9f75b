// The device under measurement: how fast it trains, and what happens when it is lost.
import type { BenchResult, BenchSize } from '../words/bench'
import type { Race } from '../words/race'
import { measureSize } from '../train/benchmark'
import type { Desk } from './desk'
import type { DeviceCalls, Progress } from './protocol'
import type { Workbench } from './workbench'

export class SpeedBench implements DeviceCalls {
  readonly #workbench: Workbench
  readonly #desk: Desk<Progress['bench']>

  readonly #threads: { resting: boolean } | undefined

  constructor(workbench: Workbench, desk: Desk<Progress['bench']>, threads: { resting: boolean } | undefined) {
    this.#workbench = workbench
    this.#desk = desk
    this.#threads = threads
  }

  compare(): Promise<{ adapter: string; race: Race } | null> {
    const { turns, engines } = this.#workbench
    return turns.next(() => {
      const { run } = this.#workbench
      const measure = () => engines.compare()
      return run?.isUsable ? run.withModel(measure) : measure()
    })
  }

  rest(resting: boolean): Promise<void> {
    if (this.#threads) this.#threads.resting = resting
    return Promise.resolve()
  }

  bench(size: BenchSize, steps: number): Promise<BenchResult> {
    const { turns, engines } = this.#workbench
    return this.#desk.begin(({ signal, tell }) => {
      const progress = (phase: Progress['bench']['phase'], done: number, total: number) => tell({ phase, done, total })
      const measure = async () => {
        signal.throwIfAborted()
        return measureSize(await engines.engine(), size, steps, { signal, progress })
      }
      return turns.next(() => {
        const { run } = this.#workbench
        return run?.isUsable ? run.withModel(measure) : measure()
      })
    })
  }

  async lose(): Promise<void> {
    await this.#workbench.engines.lose()
  }
}
