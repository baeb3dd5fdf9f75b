// `npm run torture`: kills, full disks, two tabs, damage and flipped bits, many times over. Prints one table; exits 1 where something did
// not hold. The browser's parts drive dist/. Small forms of all this are tests.
import { oneOf, readFlags, runProgram, UsageError, wholeNumber, type Io } from '../../src/headless/command'
import { damage } from './damage'
import { killsInCalls, killsInTraining } from './kills'
import { memory } from './memory'
import { mutations } from './mutations'
import { quota } from './quota'
import { tabs } from './tabs'
import { table, type Finding } from './tally'

const USAGE = `npm run torture -- [--only PART] [--seed N] [--kills N] [--mutations N]

What is tried to lose, in the built page (npm run build) and in the storage alone. Takes half an hour.

  --only PART      damage, mutations, kills, calls, quota, tabs or memory; may be given more than once
  --seed N         where chance has a say; one of its own otherwise, which is printed
  --kills N        of the browser while it trains, and as many in the middle of calls that read or write the disk (40)
  --mutations N    inputs with something changed in them (50000)`

const PARTS = ['damage', 'mutations', 'kills', 'calls', 'quota', 'tabs', 'memory'] as const
/** Of each kind of damage in which chance has a say. */
const ROUNDS = 10
/** In bytes: nothing, less than a checkpoint, about one, and a few. */
const QUOTAS = [1, 20_000, 60_000, 150_000]
const TAB_ROUNDS = 4

export async function main(args: readonly string[], io: Io): Promise<number> {
  const { values, positionals } = readFlags(USAGE, args, {
    only: { type: 'string', multiple: true },
    seed: { type: 'string' },
    kills: { type: 'string', default: '40' },
    mutations: { type: 'string', default: '50000' },
  })
  if (positionals.length > 0) throw new UsageError(`What is "${positionals[0]}"?\n\n${USAGE}`)
  const parts = values.only?.map((part) => oneOf('only', part, PARTS)) ?? PARTS
  const seed = wholeNumber('seed', values.seed ?? String(Date.now() % 1_000_000), 0)
  const kills = wholeNumber('kills', values.kills, 1)
  const inputs = wholeNumber('mutations', values.mutations, 1)
  io.err(`Seed ${seed}.`)
  const findings: Finding[] = []
  for (const part of parts) {
    const from = performance.now()
    if (part === 'damage') findings.push(...(await damage(seed, ROUNDS)))
    else if (part === 'mutations') findings.push(...mutations(seed, inputs))
    else if (part === 'kills') findings.push(await killsInTraining(seed, kills, io.err))
    else if (part === 'calls') findings.push(...(await killsInCalls(seed, kills, io.err)))
    else if (part === 'quota') findings.push(...(await quota(QUOTAS, io.err)))
    else if (part === 'tabs') findings.push(...(await tabs(seed, TAB_ROUNDS, io.err)))
    else findings.push(...(await memory(io.err)))
    io.err(`${part}: ${Math.round((performance.now() - from) / 1000)} s`)
  }
  io.out(table(findings))
  return findings.every(({ tried, held }) => tried > 0 && held === tried) ? 0 : 1
}

await runProgram(import.meta.url, main)
