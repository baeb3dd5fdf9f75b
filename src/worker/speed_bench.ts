// The device under measurement: how fast it trains, and what happens when it is lost.
import type { Config } from '../config/config'
import type { Engine } from '../engine'
import { configFor, SIZES } from '../presets'
import type { BenchResult, BenchSize } from '../words/bench'
import type { Race } from '../words/race'
import { shardsOf } from '../train/shards'
import { stepTime, timeStep, type Timed } from '../train/step_times'
import type { Desk } from './desk'
import type { DeviceCalls, Progress } from './protocol'
import type { Workbench } from './workbench'

/**
 * Stops of the size dial that tell of all others, smallest first: each takes a fraction of a second. `cut`: the last has a batch that cores
 * share.
 */
function specimens({ info }: Engine, cut: boolean): number[] {
  if (info.kind === 'gpu') return [0, 4]
  if (info.name === 'plain JavaScript') return [0, 1]
  return cut ? [0, 2, 3] : [0, 2]
}
/** Of a text in letters. */
const VOCABULARY = 81

export class SpeedBench implements DeviceCalls {
  readonly #workbench: Workbench
  readonly #desk: Desk<Progress['bench']>

  readonly #threads: { resting: boolean } | undefined
  /** Steps timed on the engine that is open. */
  #timed: { engine: Engine; steps: Timed[] } | null = null

  constructor(workbench: Workbench, desk: Desk<Progress['bench']>, threads: { resting: boolean } | undefined) {
    this.#workbench = workbench
    this.#desk = desk
    this.#threads = threads
  }

  compare(): Promise<{ adapter: string; race: Race } | null> {
    return this.#aside(() => this.#workbench.engines.compare())
  }

  stepTimes(configs: readonly Config[]): Promise<number[]> {
    return this.#aside(async () => {
      const engine = await this.#workbench.engines.engine()
      const cuts = engine.threads !== undefined
      if (this.#timed?.engine !== engine) this.#timed = { engine, steps: [] }
      const { steps } = this.#timed
      for (const size of specimens(engine, cuts && configs.some((config) => shardsOf(config) > 1)).slice(steps.length))
        steps.push(await timeStep(engine, configFor(SIZES[size]!.config, VOCABULARY)))
      return configs.map((config) => stepTime(steps, config, cuts))
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
        const { measureSize } = await import('../train/benchmark')
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

  /** While no step of the open run is taken. */
  #aside<T>(measure: () => Promise<T>): Promise<T> {
    return this.#workbench.turns.next(() => {
      const { run } = this.#workbench
      return run?.isUsable ? run.withModel(measure) : measure()
    })
  }
}
