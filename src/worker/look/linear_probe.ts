// Linear readers of a model's stream: trained on windows of its text at each depth, measured on held-out ones, beside readers of nothing.
import { ProbeError } from '../../errors'
import { streamAddresses } from '../../inspect/addresses'
import { labelling, NO_LABEL } from '../../inspect/labels'
import { Design, hits, readRows, shuffledLabels } from '../../inspect/linear_probe'
import type { Probe } from '../../inspect/probe'
import { paced } from '../../paced'
import type { LookViews } from '../../words/look'
import { PROBE_CLASSES, type ProbeLabel } from '../../words/look_parts'
import { SPECIAL } from '../../words/tokens'
import type { Job } from '../desk'
import type { Looked } from './slots'
import { inTurns } from './steady'
import { windowsOf, type Window } from './windows'

/** Tokens that are learned from and held out: fewer of a wide stream, whose readers cost the square of its width. */
const TOKENS = { trained: 3072, held: 2048 }
const WIDE = 192
/** Work of sending the windows through; the readers come after it. */
const MOST_MS = 5000
/** Fewer labels than this say nothing. */
const FEWEST = 64

/** Rows of the stream where there is a label, depth by depth. */
interface Rows {
  /** Of each depth, [N, C]. */
  stream: Float32Array[]
  labels: Int32Array
}

/** The labels that a model's text has. */
export async function labelsView(looked: Looked): Promise<ProbeLabel[]> {
  const { special } = looked.tokenizer.state
  const dataset = await looked.dataset()
  if (!dataset) return []
  const chats = [SPECIAL.user, SPECIAL.assistant].every((token) => special?.includes(token)) && spoken(dataset)
  return [
    'next',
    'word',
    ...(chats ? (['speaker'] as const) : []),
    ...(chats && dataset.corpus.card?.generated?.task === 'support-chats' ? (['mood'] as const) : []),
  ]
}

/** Whether somebody speaks in a text at all. */
function spoken({ tokens, tokenizer }: { tokens: ArrayLike<number>; tokenizer: Looked['tokenizer'] }): boolean {
  const user = tokenizer.state.vocab.indexOf(SPECIAL.user)
  return Array.prototype.includes.call(tokens, user)
}

/** `of`: of the model as it is, or as it was at step 0. Throws ProbeError where the text has no such label. */
export async function probeView(
  looked: Looked,
  { label }: LookViews['probe']['asks'],
  of: 'now' | 'fresh',
  job: Job<never>,
): Promise<LookViews['probe']['tells']> {
  const { config, name } = looked.info
  if (!(await labelsView(looked)).includes(label))
    throw new ProbeError(`The text of “${name}” does not have this label, or is not at hand. Choose another.`)
  const share = config.n_embd > WIDE ? 0.5 : 1
  const count = (tokens: number) => Math.max(8, Math.ceil((share * tokens) / config.block_size))
  const windows = await windowsOf(looked, { trained: count(TOKENS.trained), held: count(TOKENS.held) })
  if (!windows.some(({ held }) => held))
    throw new ProbeError(`“${name}” holds no text out that a reader could be measured on. Hold a part out in Data.`)
  const { trained, held } = await rowsOf(looked, job, label, windows, of)
  for (const { labels } of [trained, held])
    if (labels.length < FEWEST)
      throw new ProbeError(
        `Only ${labels.length} places of the text have this label; ${FEWEST} are needed. Choose another.`,
      )
  const classes = PROBE_CLASSES[label].length
  const told = await readersOf(trained, held, job, classes)
  const counts = Array.from({ length: classes }, (_, k) => held.labels.filter((one) => one === k).length)
  return {
    ...{ label, ...told, counts },
    floor: Math.max(...counts) / held.labels.length,
    trained: trained.labels.length,
    held: held.labels.length,
  }
}

async function rowsOf(
  looked: Looked,
  job: Job<never>,
  label: ProbeLabel,
  windows: readonly Window[],
  of: 'now' | 'fresh',
): Promise<{ trained: Rows; held: Rows }> {
  const { tokens: all } = (await looked.dataset())!
  const { config } = looked.info
  const C = config.n_embd
  const depths = streamAddresses(config)
  const labelsAt = labelling(label, looked.tokenizer)
  const kept = { trained: collector(depths.length), held: collector(depths.length) }
  const ask = async (probe: Probe, { from, held, tokens }: Window) => {
    const labels = labelsAt(all, from, tokens.length)
    if (labels.every((one) => one === NO_LABEL)) return
    const { tensors } = await probe.ask({ tokens, keep: depths })
    const into = kept[held ? 'held' : 'trained']
    labels.forEach((one, t) => {
      if (one === NO_LABEL) return
      into.labels.push(one)
      depths.forEach((address, d) => into.rows[d]!.push(tensors.get(address)!.data.slice(t * C, (t + 1) * C)))
    })
  }
  await inTurns(looked, job, { of, items: windows, ask, most_ms: MOST_MS })
  const joined = ({ rows, labels }: ReturnType<typeof collector>): Rows => ({
    stream: rows.map((each) => {
      const flat = new Float32Array(each.length * C)
      each.forEach((row, n) => flat.set(row, n * C))
      return flat
    }),
    labels: Int32Array.from(labels),
  })
  return { trained: joined(kept.trained), held: joined(kept.held) }
}

function collector(depths: number): { rows: Float32Array[][]; labels: number[] } {
  return { rows: Array.from({ length: depths }, () => []), labels: [] }
}

/** Fits a reader at each depth, and one on shuffled labels beside it. */
async function readersOf(
  trained: Rows,
  held: Rows,
  job: Job<never>,
  classes: number,
): Promise<{ model: Float32Array; shuffled: Float32Array; recall: Float32Array }> {
  const depths = trained.stream.length
  const C = trained.stream[0]!.length / trained.labels.length
  const pause = () => job.pause()
  const [model, shuffled] = [new Float32Array(depths), new Float32Array(depths)]
  const recall = new Float32Array(depths * classes)
  const dealt = shuffledLabels(trained.labels, 1)
  for (let d = 0; d < depths; d++) {
    const design = await paced(Design.of(trained.stream[d]!, C), pause)
    const measured = async (labels: Int32Array) => {
      const reader = await paced(design.fit(labels, classes), pause)
      return hits(readRows(reader, held.stream[d]!), held.labels, classes)
    }
    const told = await measured(trained.labels)
    model[d] = told.share
    recall.set(told.recall, d * classes)
    shuffled[d] = (await measured(dealt)).share
  }
  return { model, shuffled, recall }
}
