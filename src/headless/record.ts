// `npm run record -- DIR`: makes a run that `train` kept the one that the page opens with: its history, written small (every second
// step, four digits), and the weights of some of its kept steps, which the page fetches when somebody looks inside.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { makeDataset, measureTokens } from '../data/dataset/dataset'
import { ladderOf } from '../data/dataset/ladder'
import { decodeText } from '../storage/checkpoint'
import { pathOf, readFlags, runProgram, UsageError, type Io } from './command'
import { CORPORA } from '../data/made/corpora'
import { withinBudget } from '../words/keyframes'
import type { CheckpointMeta } from '../words/run'
import { keyframeBytes, keyframesOf, readRun } from './run_folder'

/** What the weights may take of what the page is served with, in bytes. */
const LIMIT = 3_000_000

const USAGE = `npm run record -- DIR --on DEVICE [--out FILE]

Writes the history of the run in DIR as the recorded run that the page shows before anything is trained, and the weights of its
kept steps, ${LIMIT / 1e6} MB at most, evenly spread. Step 0 is made from the seed.
  --on DEVICE      what it was trained on, in words for the reader: "an Apple M2"
  --out FILE       where the history goes (public/recorded_run.json)
  --weights DIR    where the weights go (public/recorded)`

/** A curve as wide as the chart does not need them all. */
const EVERY = 2

/** Writes a kept run's history as the recorded run. */
export async function main(args: readonly string[], io: Io): Promise<number> {
  const { values: flags, positionals } = readFlags(USAGE, args, {
    on: { type: 'string' },
    out: { type: 'string', default: 'public/recorded_run.json' },
    weights: { type: 'string', default: 'public/recorded' },
  })
  const [folder, ...more] = positionals
  if (folder === undefined || more.length > 0) throw new UsageError(`One folder of a kept run, please.\n\n${USAGE}`)
  if (!flags.on) throw new UsageError(`--on must say what the run was trained on.\n\n${USAGE}`)
  const { checkpoint, history, text } = readRun(pathOf(folder))
  const { step: last, spec } = checkpoint.meta
  const { val_fraction } = spec.config
  const { dataset } = await makeDataset(decodeText(text), spec.corpus, val_fraction, spec.tokenizer)
  const recorded = {
    name: spec.name,
    note: `${spec.name} with seed ${spec.config.seed}, trained by this page’s own engine on ${flags.on}, every second step kept.`,
    config: spec.config,
    tokenizer: spec.tokenizer.kind,
    ...measureTokens(dataset, val_fraction),
    ladder: await ladderOf(dataset, val_fraction, () => Promise.resolve()),
    history: {
      evals: history.evals,
      samples: history.samples,
      events: history.events,
      steps: [...history.steps.rows()].filter(({ step }) => step % EVERY === 0 || step === 1 || step === last),
    },
  }
  const file = pathOf(flags.out)
  writeFileSync(
    file,
    JSON.stringify(recorded, (_, x: unknown) => (typeof x === 'number' ? rounded(x) : x)),
  )
  writeWeights(pathOf(folder), pathOf(flags.weights), checkpoint.meta)
  io.out(`${history.steps.length} steps to ${last} → ${file}`)
  return 0
}

/** Copies kept steps, as many as fit, and says which run they are of. */
function writeWeights(from: string, to: string, meta: CheckpointMeta): void {
  const { name } = meta.spec.corpus
  // One's own text does not come with the page: what needs held-out text is not shown then.
  const corpus = CORPORA.find((built) => built.name === name)?.id ?? null
  const kept = keyframesOf(from).filter(({ step }) => step > 0)
  const frames = withinBudget([{ step: 0, size_bytes: 0 }, ...kept], LIMIT).slice(1)
  rmSync(to, { recursive: true, force: true })
  mkdirSync(to, { recursive: true })
  for (const { step } of frames) writeFileSync(join(to, `${step}.safetensors`), keyframeBytes(from, step))
  const steps = frames.map(({ step }) => step)
  writeFileSync(join(to, 'run.json'), JSON.stringify({ meta, corpus, steps }))
}

/** Four digits; whole numbers as they are, for they count. */
function rounded(x: number): number {
  return Number.isInteger(x) ? x : Number(x.toPrecision(4))
}

await runProgram(import.meta.url, main)
