// `npm run record -- DIR`: makes the history of a run that `train` kept the one that the page opens with. Written small:
// every second step, four digits.
import { writeFileSync } from 'node:fs'
import { makeDataset, measureTokens } from '../data/dataset/dataset'
import { ladderOf } from '../data/dataset/ladder'
import { decodeText } from '../storage/checkpoint'
import { pathOf, readFlags, runProgram, UsageError, type Io } from './command'
import { readRun } from './run_folder'

const USAGE = `npm run record -- DIR --on DEVICE [--out FILE]

Writes the history of the run in DIR as the recorded run that the page shows before anything is trained.
  --on DEVICE   what it was trained on, in words for the reader: "an Apple M2"
  --out FILE    where to (public/recorded_run.json)`

/** A curve as wide as the chart does not need them all. */
const EVERY = 2

/** Writes a kept run's history as the recorded run. */
export async function main(args: readonly string[], io: Io): Promise<number> {
  const { values: flags, positionals } = readFlags(USAGE, args, {
    on: { type: 'string' },
    out: { type: 'string', default: 'public/recorded_run.json' },
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
  io.out(`${history.steps.length} steps to ${last} → ${file}`)
  return 0
}

/** Four digits; whole numbers as they are, for they count. */
function rounded(x: number): number {
  return Number.isInteger(x) ? x : Number(x.toPrecision(4))
}

await runProgram(import.meta.url, main)
