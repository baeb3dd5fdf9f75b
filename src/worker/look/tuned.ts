// The tuned lens of a model in a slot: its readers are fitted to the model's own text when somebody first asks, a window at a turn, and
// kept while the slot holds the model. A run that trains grows away from its readers: they are fitted again behind the ones that are there.
import { macrotask, paced } from '../../paced'
import { SupersededError } from '../../errors'
import { lensView, streamOf } from '../../inspect/lens'
import { rowsWanted, StreamRows, type TunedLens } from '../../inspect/tuned_lens'
import type { TunedReport } from '../../words/look'
import type { Looked, Slots } from './slots'
import { evenWindows, heldOut, ownText } from './windows'

/** The fewest windows that readers are fitted to: tokens of one window resemble each other. */
const WINDOWS = 32
/** Held-out windows that readers are measured on, and the most logits of one depth of them. */
const MEASURED = 8
const MEASURED_LOGITS = 2 ** 23
/** While the run trains, between two turns of fitting. */
const REST_MS = 380
/** Of a run that trains, readers count as old once it has made so many times as many steps. */
const OLD = 1.25

export interface Tuned {
  lens: TunedLens
  report: TunedReport
}

interface Kept {
  /** The newest readers. */
  done: Tuned | null
  /** Those that are being fitted, to the model at this step. */
  next: { step: number; tuned: Promise<Tuned> } | null
}

const kept = new WeakMap<Looked, Kept>()

/** The readers of a model, fitted now where there are none. Throws ProbeError where none of its text is at hand. */
export function tunedOf(slots: Slots, looked: Looked): Promise<Tuned> {
  const entry = kept.get(looked) ?? { done: null, next: null }
  kept.set(looked, entry)
  const { step, trains } = looked.now()
  const { done, next } = entry
  if (done && (trains ? step <= OLD * done.report.step : step === done.report.step)) return Promise.resolve(done)
  const fitting = next && (trains || next.step === step) ? next : begin(slots, looked, entry)
  return done && trains ? Promise.resolve(done) : fitting.tuned
}

function begin(slots: Slots, looked: Looked, entry: Kept) {
  const next = { step: looked.now().step, tuned: fit(slots, looked) }
  entry.next = next
  const end = () => {
    if (entry.next === next) entry.next = null
  }
  next.tuned.then(
    (tuned) => {
      if (entry.next === next) entry.done = tuned
      end()
    },
    end, // Whoever asked hears of it; the next one who asks tries again.
  )
  return next
}

async function fit(slots: Slots, looked: Looked): Promise<Tuned> {
  const { config, source } = looked.info
  const { train } = await ownText(looked)
  const wanted = Math.min(rowsWanted(config), train.length)
  const windows = evenWindows(train, config.block_size, Math.max(WINDOWS, Math.ceil(wanted / config.block_size)))
  const rows = new StreamRows(config, wanted)
  const { step } = looked.now()
  const each = Math.ceil(wanted / windows.length)
  /** A slot that has taken another step or is closed needs these readers no more. */
  const goOn = async () => {
    await macrotask()
    if (!slots.hold(looked) || (source.of !== 'live' && looked.now().step !== step))
      throw new SupersededError('Another model was put into the slot.')
  }
  for (const tokens of windows) {
    rows.add(await looked.probe((probe) => streamOf(probe, { tokens })), each)
    await goOn()
  }
  const lens = await paced(rows.fit(), async () => {
    await goOn()
    // Of a run's time a twentieth: paced works for 20 ms at a time.
    if (looked.now().trains) await new Promise((resolve) => setTimeout(resolve, REST_MS))
  })
  const fits = Math.floor(MEASURED_LOGITS / (config.block_size * config.vocab_size))
  const held = await heldOut(looked, Math.max(1, Math.min(MEASURED, fits)))
  const none = () => new Float64Array(lens.readers.length + 1)
  const sums = { plain: none(), tuned: none() }
  let measured = 0
  for (const tokens of held) {
    for (const which of ['plain', 'tuned'] as const) {
      const { toEnd, T } = await looked.probe((probe) =>
        lensView(probe, { tokens }, { k: 1, tuned: which === 'tuned' ? lens : undefined }),
      )
      for (const [row, nats] of toEnd.entries()) sums[which][Math.floor(row / T)]! += nats
    }
    measured += tokens.length
    await goOn()
  }
  const mean = (sum: Float64Array) => Float32Array.from(sum, (nats) => nats / measured)
  const report = { step: looked.now().step, tokens: rows.count, measured }
  return { lens, report: { ...report, plain: mean(sums.plain), tuned: mean(sums.tuned) } }
}
