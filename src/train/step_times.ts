// What a step of any model would take on this device, from a few that were timed: a time that every step takes, and one for each flop. Batches
// that are cut into shards have a speed of their own, since several cores may share them. Rough: kernels of larger models are faster on a GPU.
import type { Config } from '../config/config'
import type { Engine } from '../engine'
import { benchInput } from './benchmark'
import { stepFlops } from './plan'
import { shardsOf } from './shards'
import { Trainer } from './trainer'

/** A step of a config, timed. */
export interface Timed {
  config: Config
  ms: number
}

/** Steps timed of each, and how many more may pass, and for how long, until the number of cores is settled. */
const STEPS = 2
const SETTLING = { steps: 24, ms: 3000 }

/** Times a step of a config, the fastest of STEPS after one that warms up; nothing of it is kept. Throws as `Trainer.open` does. */
export async function timeStep(engine: Engine, config: Config): Promise<Timed> {
  const { weights, batches } = benchInput(config)
  const trainer = await Trainer.open(engine, config, weights)
  let at = 0
  const step = async () => {
    const from = performance.now()
    await trainer.train(at, (micro) => batches[(at + micro) % batches.length]!)
    await trainer.updates()
    at++
    return performance.now() - from
  }
  try {
    await step()
    const from = performance.now()
    while (!trainer.isSettled && at < SETTLING.steps && performance.now() - from < SETTLING.ms) await step()
    let ms = Infinity
    for (let i = 0; i < STEPS; i++) ms = Math.min(ms, await step())
    return { config, ms }
  } finally {
    trainer.destroy()
  }
}

/** Milliseconds of a step of `config`, from the timed steps of a small and of larger models, smallest first. `cuts`: large batches are cut. */
export function stepTime(timed: readonly Timed[], config: Config, cuts: boolean): number {
  const [small, ...larger] = timed.map(({ config, ms }) => ({ config, ms, flops: stepFlops(config) }))
  const isCut = (c: Config) => cuts && shardsOf(c) > 1
  const like = larger.findLast((point) => isCut(point.config) === isCut(config)) ?? larger.at(-1)!
  const slope = (like.ms - small!.ms) / (like.flops - small!.flops)
  // A larger step that took no longer says only that flops are cheap here.
  const each = slope > 0 ? slope : like.ms / like.flops
  const always = Math.max(0, small!.ms - each * small!.flops)
  return always + each * stepFlops(config)
}
