// `npm run bench`: how long a training step takes on this machine, as the session runs it: recorded once, replayed, a few steps
// in flight, losses read late. Measures the whole step, not kernels; says which adapter it was.
import { writeFileSync } from 'node:fs'
import type { Config } from '../config'
import { Loader } from '../data/loader'
import type { Engine } from '../engine'
import { countParams, paramTable, sizeOf } from '../params'
import { configFor } from '../presets'
import { hash, Rng } from '../rng'
import { Trainer } from '../train/trainer'
import { engineFor, oneOf, readFlags, runCommand, UsageError, wholeNumber, pathOf } from './command'

const USAGE = `npm run bench -- [--size S|M|L] [--engine gpu|cpu] [--steps N] [--json FILE]

Times training steps of GPT-2-shaped models on random tokens.
  --size S|M|L       S: 2 layers, 4 heads, 64 wide, batch 8 × 64; M: nanoGPT's CPU model, 4/4/128, 12 × 64;
                     L: nanoGPT's GPU model, 6/6/384, 64 × 256, on a software adapter 1 × 256 (S and M)
  --engine gpu|cpu   which engine (gpu)
  --steps N          steps to time, after 5 to warm up (50)
  --json FILE        write the numbers there`

const SIZES = {
  S: { n_layer: 2, n_head: 4, n_embd: 64, block_size: 64, batch_size: 8 },
  M: { n_layer: 4, n_head: 4, n_embd: 128, block_size: 64, batch_size: 12 },
  L: { n_layer: 6, n_head: 6, n_embd: 384, block_size: 256, batch_size: 64 },
} as const satisfies Record<string, Partial<Config>>
type Size = keyof typeof SIZES

/** What nanoGPT trains: the same arithmetic as its own benchmark. Characters of tiny Shakespeare: 65. */
const SHAPE = { position: 'learned', norm: 'layernorm', mlp: 'gelu', bias: false, tie: true, dropout: 0 } as const
const VOCABULARY = 65
const WARM_UP = 5
/** As the session has it. */
const IN_FLIGHT = 3

interface Result {
  size: Size
  engine: string
  adapter: string
  vendor: string
  software: boolean
  batch: [number, number]
  params: number
  memory_bytes: number
  dispatches: number
  gflop: number
  steps: number
  step_ms: { median: number; p10: number; p90: number }
  tokens_per_s: number
  gflop_per_s: number
}

await runCommand(async () => {
  const { values: flags } = readFlags(USAGE, {
    size: { type: 'string', multiple: true },
    engine: { type: 'string', default: 'gpu' },
    steps: { type: 'string', default: '50' },
    json: { type: 'string' },
  })
  const sizes = (flags.size ?? ['S', 'M']).map((size) => oneOf('size', size, ['S', 'M', 'L']))
  const steps = wholeNumber('steps', flags.steps, 1)
  const engine = await engineFor(flags.engine)
  const results: Result[] = []
  for (const size of sizes) {
    const result = await time(engine, size, steps)
    console.log(inWords(result))
    results.push(result)
  }
  if (flags.json !== undefined) writeFileSync(pathOf(flags.json), `${JSON.stringify(results, null, 1)}\n`)
  engine.destroy()
  return 0
})

async function time(engine: Engine, size: Size, steps: number): Promise<Result> {
  const { kind, name, vendor } = engine.info
  const software = kind === 'cpu' || /llvmpipe|swiftshader|software/i.test(`${name} ${engine.info.architecture}`)
  const reduced = size === 'L' && software ? { batch_size: 1 } : {}
  const config = configFor({ ...SHAPE, ...SIZES[size], ...reduced }, VOCABULARY)
  const { batch_size: B, block_size: T } = config
  const tokens = Uint32Array.from({ length: 100 * T }, (_, i) => hash(config.seed, 0, i) % VOCABULARY)
  const loader = new Loader(tokens, VOCABULARY, B, T, config.seed, 1)
  const trainer = await Trainer.open(engine, config, randomWeights(config))
  const train = (step: number) => trainer.train(step, () => loader.batch(step))
  for (let step = 0; step < WARM_UP; step++) await train(step)
  /** When each step was done. */
  const done = [performance.now()]
  const inFlight: Promise<unknown>[] = []
  for (let step = WARM_UP; step < WARM_UP + steps; step++) {
    inFlight.push(train(step).then(() => done.push(performance.now())))
    if (inFlight.length >= IN_FLIGHT) await inFlight.shift()
    if (trainer.ringIsFilling) await trainer.updates()
  }
  await Promise.all(inFlight)
  const last = (await trainer.updates()).at(-1)
  if (!last || !Number.isFinite(last.loss))
    throw new UsageError(`The loss is ${last?.loss}: these figures mean nothing.`)
  const { program, memory_bytes } = trainer
  trainer.destroy()
  const step_ms = done.slice(1).map((at, i) => at - done[i]!)
  const sorted = step_ms.toSorted((a, b) => a - b)
  const quantile = (q: number) => sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))]!
  const mean = step_ms.reduce((a, b) => a + b) / step_ms.length
  const gflop = program.reduce((sum, { flops }) => sum + flops, 0) / 1e9
  return {
    size,
    engine: kind,
    adapter: name,
    vendor,
    software,
    batch: [B, T],
    params: countParams(config),
    memory_bytes,
    dispatches: program.length,
    gflop,
    steps,
    step_ms: { median: quantile(0.5), p10: quantile(0.1), p90: quantile(0.9) },
    tokens_per_s: (B * T * 1000) / mean,
    gflop_per_s: (gflop * 1000) / quantile(0.5),
  }
}

/** Numbers of a trained model's size; which ones does not matter to the clock. */
function randomWeights(config: Config): Map<string, Float32Array> {
  const rng = new Rng(config.seed, 2)
  return new Map(
    paramTable(config).map(({ name, shape, init }) => [
      name,
      Float32Array.from({ length: sizeOf(shape) }, () => ('constant' in init ? 1 : 0.05 * (rng.uniform() - 0.5))),
    ]),
  )
}

function inWords(r: Result): string {
  const { median, p10, p90 } = r.step_ms
  const whole = (x: number) => Math.round(x).toLocaleString('en')
  return [
    `\n${r.size}: ${whole(r.params)} parameters, batch ${r.batch.join(' × ')}, on ${r.adapter}${r.software ? ' (software)' : ''}`,
    `  ${median.toFixed(2)} ms a step (median of ${r.steps}; 10 % below ${p10.toFixed(2)}, 10 % above ${p90.toFixed(2)})`,
    `  ${whole(r.tokens_per_s)} tokens/s`,
    `  ${r.gflop_per_s.toFixed(1)} GFLOP/s (${r.gflop.toFixed(3)} GFLOP a step)`,
    `  ${r.dispatches} dispatches a step, ${(r.memory_bytes / 2 ** 20).toFixed(1)} MiB`,
  ].join('\n')
}
