// `npm run bench`: how long a training step takes on this machine, for four sizes of model, with what it is made of; and, where asked,
// how long other programs take for the same step. Prints Markdown: adapter, versions and the command stand with the figures.
import { readFileSync, writeFileSync } from 'node:fs'
import {
  BENCH_SIZES,
  benchConfig,
  defaultSizes,
  firstStepOf,
  isSoftware,
  resultTable,
  startTable,
  whyNotFast,
  type BenchSize,
  type Start,
} from '../words/bench'
import { PRECISIONS, type Config } from '../config/config'
import { readText } from '../data/collect/read_text'
import type { Engine, KernelChoice } from '../engine'
import { Benchmark, benchInput, COMPARED, roundsOf } from '../train/benchmark'
import { firstStep } from '../train/first_step'
import { disagreements, findPeers, PeerRun, peerTable, withJob, type Peer } from './bench_peers'
import { lookCost, lookTable } from './bench_look'
import { tokenizerTable } from './bench_tokenizers'
import { engineFor, forced, oneOf, pathOf, readFlags, runProgram, UsageError, wholeNumber, type Io } from './command'

const USAGE = `npm run bench -- [--size S|M|L|XL] [--engine gpu|wasm|cpu] [--steps N] [--precision f32|fast] [--peers] [--json FILE]
npm run bench -- --look [--size …] [--engine …]
npm run bench -- --text FILE

Times training steps of GPT-2-shaped models, dropout 0, and prints a table in Markdown.
  --size S|M|L|XL       S: 2 layers, 4 heads, 64 wide, batch 8 × 64; M: nanoGPT's CPU model, 4/4/128, 12 × 64;
                        L: nanoGPT's GPU model, 6/6/384, 64 × 256, on a software adapter 1 × 256; XL: GPT-2, 12/12/768, 8 × 256,
                        50,257 tokens. May be given several times (all; on a software adapter all but XL)
  --engine gpu|wasm|cpu   which engine (gpu): wasm is WebAssembly on the processor, cpu the reference in plain JavaScript
  --kernel OP=VARIANT   the kernel that OP takes where it can: matmul=plain (see npm run kernel -- --help)
  --steps N             steps to time, in five rounds (50)
  --precision f32|fast  fast: products and attention in 16 bits, sums in 32, where the device has proved itself (f32)
  --peers               the same step in jax-js and TensorFlow.js, and in PyTorch where python3 has it, round by round with ours: on the
                        adapter, or with --engine wasm or cpu on the processor, by their WebAssembly backends;
                        the first time this installs packages into test/bench/peers. Status 1 where their losses are not ours
  --look                instead: what looking inside costs a run that trains, as the page does it: ms a step with a view open and without,
                        round by round, and memory over 2,000 questions
  --json FILE           write the numbers there
  --text FILE           instead: how fast this text becomes tokens, of each kind of tokenizer, as it is and at 20 MB`

/** Times the sizes that were asked for: 1 where a peer's losses are not ours. */
export async function main(args: readonly string[], io: Io): Promise<number> {
  // The first step as a first visit has it: drivers (Mesa's, NVIDIA's) keep compiled shaders on disk unless told not to before they load.
  process.env['MESA_SHADER_CACHE_DISABLE'] ??= 'true'
  process.env['__GL_SHADER_DISK_CACHE'] ??= '0'
  const { values: flags } = readFlags(USAGE, args, {
    size: { type: 'string', multiple: true },
    engine: { type: 'string', default: 'gpu' },
    kernel: { type: 'string', multiple: true },
    steps: { type: 'string', default: '50' },
    precision: { type: 'string', default: 'f32' },
    peers: { type: 'boolean', default: false },
    look: { type: 'boolean', default: false },
    json: { type: 'string' },
    text: { type: 'string' },
  })
  if (flags.text !== undefined) {
    const file = pathOf(flags.text)
    io.out(tokenizerTable(readText(file, readFileSync(file)).text))
    return 0
  }
  const asked = flags.size?.map((size) => oneOf('size', size, BENCH_SIZES))
  const steps = wholeNumber('steps', flags.steps, 1)
  const precision = oneOf('precision', flags.precision, PRECISIONS)
  const open = async () => {
    const from = performance.now()
    const engine = await engineFor(flags.engine, io, { ...forced(flags.kernel), software: true })
    return { engine, adapter_ms: performance.now() - from }
  }
  const { engine, adapter_ms } = await open()
  const refusal = precision === 'fast' ? whyNotFast(engine.info) : null
  if (refusal !== null) throw new UsageError(refusal)
  if (flags.look) {
    const costs = []
    for (const size of asked ?? defaultSizes(isSoftware(engine.info))) {
      io.err(`${size}: steps with a view open, and without`)
      costs.push(await lookCost(engine, size))
    }
    engine.destroy()
    io.out(`\n${engine.info.name}\n\n${lookTable(costs)}`)
    return 0
  }
  const { peers, missing } = flags.peers ? findPeers(engine.info.kind) : { peers: [], missing: [] }
  const about = {
    adapter: engine.info.name,
    precision,
    versions: {
      glasshouse: versionIn('package.json'),
      node: process.versions.node,
      webgpu: versionIn('node_modules/webgpu/package.json'),
    },
    date: new Date().toISOString().slice(0, 16).replace('T', ' '),
    command: ['npm run bench --', ...args].join(' '),
  }
  const measured = []
  for (const size of asked ?? defaultSizes(isSoftware(engine.info)))
    measured.push(await measure(engine, size, steps, precision, peers, io))
  engine.destroy()
  const starts: Start[] = []
  for (const { result } of measured) {
    const { size } = result
    starts.push({ size, warm: false, adapter_ms, times: result.start })
    io.err(`${size}: a second start, with the kernels that were chosen`)
    starts.push({ size, ...(await warmStart(await open(), engine.choices, size, precision)) })
  }

  const versions = Object.entries(about.versions).map(([name, version]) => `${name} ${version}`)
  io.out(`\n${about.adapter} · ${versions.join(' · ')} · ${about.date} UTC · \`${about.command}\`\n`)
  io.out(resultTable(measured.map(({ result }) => result)))
  io.out('\nWhere the time to the first step goes; warm: in the same process, with kept kernels\n')
  io.out(startTable(starts))
  const wrong: string[] = []
  for (const { result, cpu_ms, losses, others } of measured) {
    if (others.length === 0) continue
    io.out(`\n${result.size}: the same weights, batches and update\n`)
    io.out(
      peerTable(
        { ...result, first_step_ms: firstStepOf(result.start), adapter: about.adapter, cpu_ms, losses },
        others,
      ),
    )
    // Ours are then rounded, and theirs are exact.
    if (precision === 'fast') continue
    wrong.push(...disagreements(losses, others).map((sentence) => `${result.size}: ${sentence}`))
  }
  for (const sentence of missing) io.out(`\n${sentence}`)
  if (flags.json !== undefined) {
    const results = measured.map(({ result, cpu_ms, losses, others }) => ({ ...result, cpu_ms, losses, peers: others }))
    writeFileSync(pathOf(flags.json), `${JSON.stringify({ ...about, starts, results }, null, 1)}\n`)
  }
  for (const sentence of wrong) io.err(sentence)
  return wrong.length > 0 ? 1 : 0
}

/** The first step of a size on an engine that was opened for it, with choices made before. */
async function warmStart(
  { engine, adapter_ms }: { engine: Engine; adapter_ms: number },
  choices: readonly KernelChoice[],
  size: BenchSize,
  precision: Config['precision'],
): Promise<Omit<Start, 'size'>> {
  try {
    engine.recall(choices)
    const config = { ...benchConfig(size, isSoftware(engine.info)), precision }
    const { weights, batches } = benchInput(config)
    const { trainer, times } = await firstStep(engine, config, weights, batches[0]!)
    trainer.destroy()
    return { warm: true, adapter_ms, times }
  } finally {
    engine.destroy()
  }
}

/** One size: ours and each peer in turn, up to the first losses, then round by round. */
async function measure(
  engine: Engine,
  size: BenchSize,
  steps: number,
  precision: Config['precision'],
  peers: readonly Peer[],
  io: Io,
) {
  const say = (what: string) => io.err(`${size}: ${what}`)
  say('first steps')
  const benchmark = await Benchmark.open(engine, size, { precision })
  try {
    const losses = benchmark.losses.slice(0, COMPARED)
    const runs: PeerRun[] = []
    const start = async (job: string) => {
      for (const peer of peers) {
        say(`first steps of ${peer.name}`)
        runs.push(await PeerRun.start(peer, job))
      }
    }
    if (peers.length > 0) await withJob(benchmark.config, start)
    const cpu_ms: number[] = []
    const rounds = roundsOf(steps)
    for (const [i, count] of rounds.entries()) {
      say(`round ${i + 1} of ${rounds.length}`)
      const before = process.cpuUsage()
      const ours = await benchmark.round(count)
      const { user, system } = process.cpuUsage(before)
      cpu_ms.push((user + system) / 1000 / (count + 1))
      await benchmark.product()
      for (const run of runs) await run.round(count, ours)
    }
    const others = runs.map((run) => run.result())
    say('generation')
    return { result: await benchmark.result(), cpu_ms, losses, others }
  } finally {
    benchmark.destroy()
  }
}

function versionIn(file: string): string {
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version
}

await runProgram(import.meta.url, main)
