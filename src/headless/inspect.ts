// `npm run inspect -- DIR | --golden DIR`: looks into a run that `train` kept, or holds what is seen against PyTorch's numbers.
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { tokenizerOf } from '../data/tokenize/tokenizers'
import type { Engine } from '../engine'
import { ProbeError } from '../errors'
import { topOf } from '../inspect/numbers'
import { logits } from '../inspect/predictions'
import { Probe } from '../inspect/probe'
import { probeTokens } from '../inspect/probe_text'
import { writeSafetensors, type StoredTensor } from '../storage/safetensors'
import { Slot } from '../train/slot'
import { engineFor, oneOf, pathOf, readFlags, runProgram, table, UsageError, wholeNumber, type Io } from './command'
import type { NamedArray } from './golden'
import { compareInspect, findInspectCases, readInspectCase, runInspectCase, type InspectCase } from './inspect_case'
import { describeView } from './inspect_tables'
import { look, VIEWS, type Seen, type Subject } from './inspect_views'
import { furthest, isWithin } from './parity_case'
import { readKeyframe, readRun } from './run_folder'

const USAGE = `npm run inspect -- DIR --text "…"    looks into the run in DIR, which train kept
npm run inspect -- --golden DIR      looks into every golden case of kind inspect in DIR and prints how far the numbers lie from
                                     PyTorch's in float64; exits 1 where one is past tolerance

A kept run:
  --text "…"         what goes through the model: at most block_size tokens that its text has
  --step N           the step whose weights are looked into, of those in DIR/keyframes (the last, in full precision)
  --view ${VIEWS.join('|')}|all
                     what to look at (all); may be given more than once
  --corrupted "…"    the other text of the patch view, as many tokens long (the middle token changed)
  --json             the numbers as JSON on standard output: shape and values of each tensor by name
  --out FILE.safetensors  the numbers as a file
Golden cases:
  --case NAME        only this case; may be given more than once
  --out DIR2         write what was seen: NAME.got.safetensors, under the golden's own names, and NAME.got.json
Tolerances, of the tensor's largest value or of 1: attention, logits, token losses, residual 1e-5; lens 1e-4; ablations, gate
gradients, attribution 5e-5; patches 5e-5 or 2e-5 / |clean − corrupted|, whichever is larger. Exits 2 where something cannot be run.
  --engine gpu|wasm|cpu  which engine (gpu for golden cases, else the GPU where there is one, and WebAssembly where not)`

/** Prints what is seen: 1 where a golden case is past tolerance, 2 where something could not be looked into. */
export async function main(args: readonly string[], io: Io): Promise<number> {
  const { values: flags, positionals } = readFlags(USAGE, args, {
    golden: { type: 'string' },
    case: { type: 'string', multiple: true },
    text: { type: 'string' },
    corrupted: { type: 'string' },
    step: { type: 'string' },
    view: { type: 'string', multiple: true },
    json: { type: 'boolean' },
    engine: { type: 'string' },
    out: { type: 'string' },
  })
  const only = (mode: string, names: readonly (keyof typeof flags)[]) => {
    const stranger = names.find((name) => flags[name] !== undefined)
    if (stranger) throw new UsageError(`--${stranger} is not for ${mode}.\n\n${USAGE}`)
  }
  if (flags.golden !== undefined) {
    if (positionals.length > 0) throw new UsageError(`A run or --golden, not both.\n\n${USAGE}`)
    only('golden cases', ['text', 'corrupted', 'step', 'view', 'json'])
    return againstGolden(pathOf(flags.golden), flags, io)
  }
  only('a kept run', ['case'])
  const [folder, ...more] = positionals
  if (folder === undefined || more.length > 0) throw new UsageError(`One folder of a kept run, please.\n\n${USAGE}`)
  if (flags.text === undefined) throw new UsageError(`--text says what goes through the model.\n\n${USAGE}`)
  return intoRun(pathOf(folder), { ...flags, text: flags.text }, io)
}

async function againstGolden(
  folder: string,
  flags: { case?: string[] | undefined; engine?: string | undefined; out?: string | undefined },
  io: Io,
): Promise<number> {
  const found = findInspectCases(folder)
  const stranger = flags.case?.find((name) => !found.includes(name))
  if (stranger !== undefined)
    throw new UsageError(`There is no case "${stranger}" of kind inspect in ${folder}; there are ${found.join(', ')}.`)
  const engine = await engineFor(flags.engine ?? 'gpu', io, { software: true })
  const summary: string[][] = []
  let [past, broken] = [0, 0]
  for (const name of flags.case ?? found) {
    try {
      const golden = readInspectCase(folder, name)
      const seen = await runInspectCase(engine, golden)
      if (flags.out !== undefined) writeCase(pathOf(flags.out), golden, engine, seen)
      const { worst, ok } = report(golden, seen, io)
      summary.push([name, worst, ok ? 'ok' : 'PAST TOLERANCE'])
      if (!ok) past++
    } catch (error) {
      io.err(`\n${name} could not be run: ${error instanceof Error ? error.message : String(error)}`)
      summary.push([name, '', 'could not be run'])
      broken++
    }
  }
  engine.destroy()
  io.out(`\n${table([['case', 'nearest to its limit', 'verdict'], ...summary])}`)
  return broken > 0 ? 2 : past > 0 ? 1 : 0
}

/** Prints every distance of a case. */
function report(golden: InspectCase, seen: Seen, io: Io): { worst: string; ok: boolean } {
  const { name, arch, config: c, subject } = golden
  const rows = compareInspect(golden, seen)
  io.out(
    `\n${name}: ${arch}, ${c.n_layer} layers, ${c.n_head} heads (${c.n_kv_head} key/value), ${c.n_embd} wide, ` +
      `vocabulary ${c.vocab_size}, ${subject.clean.length} tokens\n`,
  )
  const cells = rows.map((row) => [
    row.what,
    row.difference.toExponential(1),
    row.limit!.toExponential(1),
    isWithin(row) ? 'ok' : 'PAST TOLERANCE',
  ])
  io.out(table([['tensor', 'largest difference', 'limit', ''], ...cells]))
  const worst = furthest(rows.map((row) => ({ ...row, difference: row.difference / row.limit! })))!
  return {
    worst: `${worst.what} at ${(100 * worst.difference).toFixed(1)} % of its limit`,
    ok: rows.every(isWithin),
  }
}

function writeCase(folder: string, { name, right }: InspectCase, engine: Engine, seen: Seen): void {
  mkdirSync(folder, { recursive: true })
  const named = new Map([...seen.tensors].filter(([key]) => right.has(key)))
  writeFileSync(join(folder, `${name}.got.safetensors`), writeSafetensors(stored(named)))
  const { loss, clean, corrupted } = seen
  const numbers = { engine: engine.info.name, loss, clean, corrupted }
  writeFileSync(join(folder, `${name}.got.json`), `${JSON.stringify(numbers, null, 1)}\n`)
}

interface RunFlags {
  text: string
  corrupted?: string | undefined
  step?: string | undefined
  view?: string[] | undefined
  json?: boolean | undefined
  engine?: string | undefined
  out?: string | undefined
}

async function intoRun(folder: string, flags: RunFlags, io: Io): Promise<number> {
  const asked = (flags.view ?? ['all']).map((view) => oneOf('view', view, [...VIEWS, 'all']))
  const views = VIEWS.filter((view) => asked.includes(view) || asked.includes('all'))
  const { checkpoint } = readRun(folder)
  const { spec } = checkpoint.meta
  const last = checkpoint.meta.step
  const step = flags.step === undefined ? last : wholeNumber('step', flags.step, 0)
  const kept = step === last ? null : readKeyframe(folder, step, spec.config)
  const tokenizer = tokenizerOf(spec.tokenizer)
  const clean = Array.from(probeTokens(tokenizer, flags.text))
  if (clean.length < 2)
    throw new ProbeError('The text is one token long: nothing follows that could be predicted. Take two.')
  const other = flags.corrupted === undefined ? undefined : Array.from(probeTokens(tokenizer, flags.corrupted))
  if (flags.json !== true) io.out(`${spec.name}, step ${step}: ${clean.length} tokens`)
  const engine = await engineFor(flags.engine ?? 'auto', io)
  try {
    const slot = kept
      ? await Slot.of(engine, spec, step, tokenizer, kept)
      : await Slot.open(engine, spec, tokenizer, checkpoint)
    const probe = new Probe(slot.weights)
    const subject = await subjectOf(probe, clean, other)
    const seen = await look(probe, subject, views)
    if (flags.out !== undefined) {
      const file = pathOf(flags.out)
      mkdirSync(dirname(file), { recursive: true })
      writeFileSync(file, writeSafetensors(stored(seen.tensors)))
    }
    if (flags.json === true) io.out(asJson(seen, subject, step))
    else for (const view of views) io.out(`\n${describeView(view, seen, subject, { config: spec.config, tokenizer })}`)
    probe.destroy()
    slot.destroy()
  } finally {
    engine.destroy()
  }
  return 0
}

/** The text, the other one, and the two tokens that tell them apart: what the model thinks likeliest at the end of each. */
async function subjectOf(probe: Probe, clean: number[], other: number[] | undefined): Promise<Subject> {
  const { vocab_size: V } = probe.config
  const T = clean.length
  const middle = Math.floor((T - 1) / 2)
  const corrupted = other ?? clean.map((id, t) => (t === middle ? (id + 1) % V : id))
  if (corrupted.length !== T)
    throw new ProbeError(
      `--corrupted has ${corrupted.length} tokens, and --text has ${T}. Change tokens, and add or drop none.`,
    )
  const last = async (tokens: number[]) => topOf((await logits(probe, { tokens })).slice(-V), 2)
  const [answer = 0, second = 0] = await last(clean)
  const [instead = 0] = await last(corrupted)
  return {
    ...{ clean, corrupted, position: T - 1, targets: clean.map((_, t) => clean[t + 1] ?? -1) },
    ...{ answer, instead: instead === answer ? second : instead },
  }
}

/** Not-a-number and −∞ (scores above the diagonal) are null, since JSON has neither. */
function asJson({ tensors, ...numbers }: Seen, subject: Subject, step: number): string {
  const named = [...tensors].map(([name, { shape, data }]) => [name, { shape, data: Array.from(data) }] as const)
  const { clean, corrupted, ...asked } = subject
  return JSON.stringify({
    step,
    tokens: Array.from(clean),
    corrupted_tokens: Array.from(corrupted),
    ...asked,
    ...numbers,
    tensors: Object.fromEntries(named),
  })
}

function stored(tensors: ReadonlyMap<string, NamedArray>): Map<string, StoredTensor> {
  return new Map([...tensors].map(([name, array]) => [name, { dtype: 'F32' as const, ...array }]))
}

await runProgram(import.meta.url, main)
