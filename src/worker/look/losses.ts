// What a model foresees of a text: when in training each token was learned, and which held-out text is hard.
import type { Dataset } from '../../data/dataset/dataset'
import { ProbeError } from '../../errors'
import { foreseen } from '../../inspect/predictions'
import { bandOf, byClass, byGroup, extremeStretches, frequencyRanks, type Stretch } from '../../inspect/token_groups'
import type { LookViews, Place } from '../../words/look'
import type { Job } from '../desk'
import { evenly, type Looked, type Slots } from './slots'
import { readText } from './texts'
import { heldOut } from './windows'

/** Kept steps that a text is read at. */
const MOST_STEPS = 16
/** Windows of held-out text that are searched for hard places. */
const WINDOWS = 24
/** Tokens of a place, how many are shown around it, and how many places are told. */
const STRETCH = 8
const AROUND = 24
const PLACES = 5

export async function learnedView(
  slots: Slots,
  { slot, text }: LookViews['learned']['asks'],
  job: Job<number>,
): Promise<LookViews['learned']['tells']> {
  const { ids, told } = readText(slots.at(slot), text)
  const steps = evenly(await slots.steps(slot), MOST_STEPS)
  if (steps.length === 0)
    throw new ProbeError(`“${slots.at(slot).info.name}” keeps no steps yet to look back at. Train it, and ask again.`)
  const rows: Float32Array[] = []
  job.tell(0)
  await slots.walk(slot, steps, async (looked, _, share) => {
    await job.pause()
    rows.push(await looked.probe((probe) => foreseen(probe, ids)))
    job.tell(share)
  })
  const losses = new Float32Array(steps.length * ids.length)
  rows.forEach((row, i) => losses.set(row, i * ids.length))
  return { ...told, steps, losses }
}

/** Places among the tokens of a training text by frequency. */
const ranks = new WeakMap<Dataset, Uint32Array>()
function ranksOf(dataset: Dataset): Uint32Array {
  const known = ranks.get(dataset) ?? frequencyRanks(dataset.train, dataset.tokenizer.vocab_size)
  ranks.set(dataset, known)
  return known
}

export async function placesView(looked: Looked, job: Job<number>): Promise<LookViews['places']['tells']> {
  const dataset = await looked.dataset()
  // Windows of a short text would overlap, and the same place be found twice.
  const apart = Math.floor((dataset?.val.length ?? 0) / looked.info.config.block_size)
  const windows = await heldOut(looked, Math.max(1, Math.min(WINDOWS, apart)))
  const losses: Float32Array[] = []
  for (const tokens of windows) {
    await job.pause()
    losses.push(await looked.probe((probe) => foreseen(probe, tokens)))
  }
  const ids = windows.flat()
  const all = losses.flatMap((row) => [...row])
  const rank = ranksOf(dataset!)
  const { tokenizer } = looked
  const [whole] = byGroup(all, () => null)
  const T = windows[0]!.length
  const choice = {
    count: PLACES,
    length: Math.min(STRETCH, Math.max(1, Math.floor(T / 4))),
    context: Math.floor(T / 4),
  }
  const placeOf = ({ window, from, mean }: Stretch): Place => {
    const to = from + choice.length
    const text = (first: number, last: number) => tokenizer.decode(windows[window]!.slice(Math.max(0, first), last))
    return {
      ...{ before: text(from - AROUND, from), text: text(from, to), after: text(to, to + AROUND) },
      mean,
      whole: text(0, to),
    }
  }
  return {
    tokens: whole!.count,
    mean: whole!.mean,
    classes: byClass(
      all,
      ids.map((id) => tokenizer.token(id)),
    ),
    ranks: byGroup(all, (i) => bandOf(rank[ids[i]!]!)).sort((a, b) => a.group - b.group),
    hardest: extremeStretches(losses, 'highest', choice).map(placeOf),
    easiest: extremeStretches(losses, 'lowest', choice).map(placeOf),
  }
}
