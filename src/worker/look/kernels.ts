// The kernels of a slot's training step: timed piece by piece in turns, and held against the reference. Each has a model of its own, so
// that no run is touched.
import { Loader } from '../../data/dataset/loader'
import type { Engine } from '../../engine'
import { measurePeaks } from '../../inspect/peaks'
import { AGREEMENT, otherKernels, verify } from '../../inspect/verify'
import { Xray, type Turn } from '../../inspect/xray'
import { hash, STREAM } from '../../rng'
import type { Peaks } from '../../words/kernels'
import type { LookViews } from '../../words/look'
import type { Job } from '../desk'
import type { Looked } from './slots'

/** What each engine can do at best, measured once. */
const peaksOf = new WeakMap<Engine, Peaks>()

type Kernels = LookViews['xray']

export async function xrayView(
  looked: Looked,
  { variants }: Kernels['asks'],
  job: Job<never>,
): Promise<Kernels['tells']> {
  const engine = await looked.probe((probe) => Promise.resolve(probe.weights.engine))
  const turn: Turn = async (use) => {
    await job.pause()
    return looked.probe(() => use())
  }
  const { config, source } = looked.info
  const { vocab_size: V, batch_size: B, block_size: T, seed } = config
  const text = (await looked.dataset())?.train ?? Uint16Array.from({ length: 4 * T }, (_, i) => hash(seed, 1, i) % V)
  const xray = await Xray.open(engine, config, new Loader(text, V, B, T, seed, STREAM.batch).batch(0), variants)
  try {
    // A run holds its own contests between two steps.
    if (source.of !== 'live') await turn(async () => engine.improve?.(true))
    const measured = await xray.measure(turn)
    const peaks = peaksOf.get(engine) ?? (await measurePeaks(engine, turn))
    peaksOf.set(engine, peaks)
    return { ...measured, peaks, device: engine.info.name }
  } finally {
    xray.destroy()
  }
}

export async function verifyView(looked: Looked, job: Job<never>): Promise<LookViews['verify']['tells']> {
  const engine = await looked.probe((probe) => Promise.resolve(probe.weights.engine))
  const verdicts = await verify(engine, await otherKernels(engine), () => job.pause())
  return { verdicts, agreement: AGREEMENT, device: engine.info.name }
}
