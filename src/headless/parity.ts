// `npm run parity -- DIR`: trains every golden case of a folder on this engine and prints how far it lies from PyTorch.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Engine } from '../engine'
import { countParams } from '../params'
import { writeSafetensors, type StoredTensor } from '../storage/safetensors'
import { engineFor, forced, pathOf, readFlags, runProgram, table, UsageError, type Io } from './command'
import { findCases, readCase, type GoldenCase } from './golden'
import { compare, furthest, isWithin, runCase, TOLERANCE, type Got, type Row } from './parity_case'

const USAGE = `npm run parity -- DIR [--engine gpu|wasm|cpu] [--case NAME] [--out DIR2]

Runs every golden case in DIR (NAME.json with NAME.safetensors: weights, batches, and what PyTorch made of them in float64)
and prints the distances. Exits 1 where one is past tolerance: logits ${TOLERANCE.logits} (largest difference), each gradient
and the first step's gradient norm ${TOLERANCE.gradient} (‖Δ‖/‖reference‖), each step's loss ${TOLERANCE.loss}; final weights and later gradient
norms are reported. Exits 2 where a case cannot be run.
  --engine gpu|wasm|cpu  which engine (gpu); wasm: WebAssembly, cpu: the reference in plain JavaScript
  --case NAME        only this case; may be given more than once
  --kernel OP=VARIANT  the kernel that OP takes where it can: matmul=plain (see npm run kernel -- --help)
  --out DIR2         write what the engine got: NAME.got.safetensors (logits, grad.*, final.*) and NAME.got.json`

/** Runs the cases: 1 where one is past tolerance, 2 where one could not be run. */
export async function main(args: readonly string[], io: Io): Promise<number> {
  const { values, positionals } = readFlags(USAGE, args, {
    engine: { type: 'string', default: 'gpu' },
    case: { type: 'string', multiple: true },
    kernel: { type: 'string', multiple: true },
    out: { type: 'string' },
  })
  const [folder, ...more] = positionals
  if (folder === undefined || more.length > 0) throw new UsageError(`One folder of golden cases, please.\n\n${USAGE}`)
  const cases = pathOf(folder)
  const found = findCases(cases)
  const stranger = values.case?.find((name) => !found.includes(name))
  if (stranger !== undefined)
    throw new UsageError(`There is no case "${stranger}" in ${folder}; there are ${found.join(', ')}.`)

  const engine = await engineFor(values.engine, io, { ...forced(values.kernel), software: true })
  const summary: string[][] = []
  let past = 0
  let broken = 0
  for (const name of values.case ?? found) {
    try {
      const golden = readCase(cases, name)
      const got = await runCase(engine, golden)
      if (values.out !== undefined) write(pathOf(values.out), name, engine, got)
      const { cells, ok } = report(golden, got, io)
      summary.push(cells)
      if (!ok) past++
    } catch (error) {
      io.err(`\n${name} could not be run: ${error instanceof Error ? error.message : String(error)}`)
      summary.push([name, 'could not be run'])
      broken++
    }
  }
  engine.destroy()
  io.out(`\n${table([['case', 'logits', 'worst gradient', 'worst loss', 'worst grad norm', 'verdict'], ...summary])}`)
  return broken > 0 ? 2 : past > 0 ? 1 : 0
}

/** Prints every distance of a case; returns its line of the summary. */
function report(golden: GoldenCase, got: Got, io: Io): { cells: string[]; ok: boolean } {
  const { config: c, B, T, arch, name } = golden
  const { tensors, steps } = compare(golden, got)
  io.out(
    `\n${name}: ${arch}, ${c.n_layer} layers, ${c.n_head} heads (${c.n_kv_head} key/value), ${c.n_embd} wide, ` +
      `vocabulary ${c.vocab_size}, batch ${B} × ${T}, ${countParams(c)} parameters, ${golden.losses.length} steps\n`,
  )
  io.out(table([['tensor', 'distance', 'limit', ''], ...tensors.map(rowCells)]))
  const stepRows = steps.map(({ loss, grad_norm }, i) => [
    String(i),
    (got.losses[i] ?? NaN).toFixed(6),
    scientific(loss.difference),
    (got.grad_norms[i] ?? NaN).toFixed(6),
    golden.grad_norms ? scientific(grad_norm.difference) : 'none given',
    verdict(isWithin(loss) && isWithin(grad_norm)),
  ])
  io.out(`\n${table([['step', 'loss', '|Δ|', 'grad norm', '|Δ|/norm', ''], ...stepRows])}`)

  const ok = tensors.every(isWithin) && steps.every(({ loss, grad_norm }) => isWithin(loss) && isWithin(grad_norm))
  const worst = (rows: readonly Row[]) => {
    const row = furthest(rows)
    return row ? `${scientific(row.difference)} ${row.what.replace(/^(logits|grad norm|grad|loss) ?/, '')}`.trim() : '–'
  }
  const cells = [
    name,
    worst(tensors.filter(({ what }) => what === 'logits')),
    worst(tensors.filter(({ what }) => what.startsWith('grad '))),
    worst(steps.map(({ loss }) => loss)),
    worst(steps.map(({ grad_norm }) => grad_norm)),
    verdict(ok),
  ]
  return { cells, ok }
}

function rowCells(row: Row): string[] {
  return [
    row.what,
    scientific(row.difference),
    row.limit === null ? '' : scientific(row.limit),
    row.limit === null ? 'reported' : verdict(isWithin(row)),
  ]
}
function verdict(ok: boolean): string {
  return ok ? 'ok' : 'PAST TOLERANCE'
}
function scientific(x: number): string {
  return x.toExponential(1)
}

function write(folder: string, name: string, engine: Engine, got: Got): void {
  const tensors = new Map<string, StoredTensor>([['logits', { dtype: 'F32', ...got.logits }]])
  for (const [key, array] of got.grads) tensors.set(`grad.${key}`, { dtype: 'F32', ...array })
  for (const [key, array] of got.finals) tensors.set(`final.${key}`, { dtype: 'F32', ...array })
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, `${name}.got.safetensors`), writeSafetensors(tensors))
  const { losses, grad_norms, loss_after } = got
  const numbers = { engine: engine.info.name, losses, grad_norms, loss_on_first_batch_after_last_step: loss_after }
  writeFileSync(join(folder, `${name}.got.json`), `${JSON.stringify(numbers, null, 1)}\n`)
}

await runProgram(import.meta.url, main)
