// Long questions in short turns, all of them about the same weights: of a run that may train meanwhile, about a copy of what it was when
// the first turn came.
import type { Engine } from '../../engine'
import { ProbeError } from '../../errors'
import { Probe } from '../../inspect/probe'
import { initialWeights } from '../../train/slot'
import { Weights } from '../../train/weights'
import type { Job } from '../desk'
import type { Looked } from './slots'

/** The open run lends its model for so long at a time: what fits a twentieth of the time, four times a second. */
const TURN_MS = 12

/** A run that trains lends little: after so long an answer about less of the text is better than none. */
const PATIENCE_MS = 12_000
/** Items that are always asked about. */
const FEWEST = 8

export interface Long<T> {
  /** The model as it is, or as it was at step 0. */
  of: 'now' | 'fresh'
  items: readonly T[]
  ask: (probe: Probe, item: T) => Promise<void>
  /** No turn begins after so much work, but for the first few items. */
  most_ms: number
}

/** Asks about one item after the other; returns how many there was time for. Throws as `ask` does. */
export async function inTurns<T>(
  looked: Looked,
  job: Job<never>,
  { of, items, ask, most_ms }: Long<T>,
): Promise<number> {
  const copies = of === 'fresh' || looked.info.source.of === 'live'
  const held: { copy: Probe | null } = { copy: null }
  let done = 0
  let spent_ms = 0
  const until = performance.now() + PATIENCE_MS
  const hasTime = () => done < FEWEST || (spent_ms < most_ms && performance.now() < until)
  try {
    while (done < items.length && hasTime()) {
      await job.pause()
      await looked.probe(async (own, { engine }) => {
        if (held.copy && held.copy.weights.engine !== engine)
          throw new ProbeError('The graphics device was lost in the middle of this. The model is back; ask again.')
        if (copies && !held.copy) held.copy = new Probe(await copyOf(own, engine, of, looked))
        const from = performance.now()
        do await ask(held.copy ?? own, items[done++]!)
        while (done < items.length && performance.now() - from < TURN_MS)
        spent_ms += performance.now() - from
      })
    }
  } finally {
    held.copy?.destroy()
    held.copy?.weights.destroy()
  }
  return done
}

async function copyOf(own: Probe, engine: Engine, of: 'now' | 'fresh', looked: Looked): Promise<Weights> {
  const { config } = looked.info
  if (of === 'fresh') return Weights.open(engine, config, initialWeights({ config }))
  const state = await own.weights.state()
  const copy = await Weights.open(engine, config, new Map([...state].map(([name, { data }]) => [name, data])))
  if (Object.keys(own.weights.gates).length > 0) await copy.turn(own.weights.gates)
  return copy
}
