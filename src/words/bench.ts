// The words of the bench: its four sizes, what the measurement of one says, and the tables in which a person reads and copies it.
// Times depend on the machine; dispatches, FLOPs, bytes and memory come from the recorded plan and do not.
import type { Config } from '../config/config'
import type { EngineInfo } from '../engine'
import { configFor } from '../presets'
import { bytes } from './sizes'

export const BENCH_SIZES = ['S', 'M', 'L', 'XL'] as const
export type BenchSize = (typeof BENCH_SIZES)[number]

/** GPT-2's architecture as nanoGPT trains it, at a constant rate, so that every step is the same work and the first ones move. */
const COMMON = {
  position: 'learned',
  norm: 'layernorm',
  mlp: 'gelu',
  bias: false,
  tie: true,
  dropout: 0,
  schedule: 'constant',
  warmup_iters: 0,
  learning_rate: 1e-3,
} as const satisfies Partial<Config>
/** Characters of tiny Shakespeare, and the tokens of GPT-2. */
const [LETTERS, TOKENS] = [65, 50257]

const SIZES: Record<BenchSize, { shape: Partial<Config>; vocab_size: number; software: Partial<Config> | null }> = {
  S: {
    shape: { n_layer: 2, n_head: 4, n_embd: 64, block_size: 64, batch_size: 8 },
    vocab_size: LETTERS,
    software: {},
  },
  // nanoGPT's shakespeare-char on a CPU
  M: {
    shape: { n_layer: 4, n_head: 4, n_embd: 128, block_size: 64, batch_size: 12 },
    vocab_size: LETTERS,
    software: {},
  },
  // nanoGPT's shakespeare-char; without a GPU one sequence of it, since 64 take minutes a step
  L: {
    shape: { n_layer: 6, n_head: 6, n_embd: 384, block_size: 256, batch_size: 64 },
    vocab_size: LETTERS,
    software: { batch_size: 1 },
  },
  // GPT-2; a rate that 124M parameters bear without a warm-up
  XL: {
    shape: { n_layer: 12, n_head: 12, n_embd: 768, block_size: 256, batch_size: 8, learning_rate: 1e-4 },
    vocab_size: TOKENS,
    software: null,
  },
}

/** The run that a size stands for. `software`: in the smaller batch for adapters that compute on the CPU. */
export function benchConfig(size: BenchSize, software: boolean): Config {
  const { shape, vocab_size, software: reduced } = SIZES[size]
  return configFor({ ...COMMON, ...shape, ...(software ? reduced : {}) }, vocab_size)
}

/** What is measured where nobody says which: everything that takes minutes rather than hours. */
export function defaultSizes(software: boolean): BenchSize[] {
  return BENCH_SIZES.filter((size) => !software || SIZES[size].software)
}

/** Whether an engine computes on the CPU: ours, or a driver that stands in for a GPU. */
export function isSoftware({ kind, name, architecture }: EngineInfo): boolean {
  return kind === 'cpu' || /llvmpipe|swiftshader|basic render|software/i.test(`${name} ${architecture}`)
}

/** Why this engine does not offer the fast precision, in a sentence; null where it does. */
export function whyNotFast(info: EngineInfo): string | null {
  if (info.kind === 'cpu') return `The fast precision is not offered here: ${info.name} has no 16-bit arithmetic.`
  if (!info.features.includes('shader-f16'))
    return 'The fast precision is not offered on this device: it has no 16-bit floats (shader-f16).'
  return null
}

/** Median, and what a tenth of the values lie below and above. */
export interface Spread {
  median: number
  p10: number
  p90: number
}

/** Where the time to the first step goes, in milliseconds. */
export interface StartTimes {
  /** Memory, initial weights, programs. */
  record_ms: number
  /** Writing the kernels: WGSL, or WebAssembly. */
  text_ms: number
  compile_ms: number
  /** Contests that a first step waits for, beyond what was compiled meanwhile. */
  contest_ms: number
  step_ms: number
}
/** From an engine that is open to the first step computed. */
export function firstStepOf({ record_ms, text_ms, compile_ms, contest_ms, step_ms }: StartTimes): number {
  return record_ms + text_ms + compile_ms + contest_ms + step_ms
}

export interface BenchResult {
  size: BenchSize
  /** [B, T] */
  batch: [number, number]
  params: number
  steps: number
  step_ms: Spread
  tokens_per_s: number
  /** The plan's FLOPs over the median step. */
  gflop_per_s: number
  /** What one large product, [rows, inner, columns], reached between the rounds. */
  matmul: { gflop_per_s: number; shape: [number, number, number] }
  /** The rate of the steps over the rate of the product in the same round, so that a busy machine slows both; median. */
  share: number
  /** Counted in the recorded step. */
  dispatches: number
  gflop: number
  bytes: number
  /** What is allocated for training and for writing, and what the config alone said of it. */
  memory_bytes: number
  predicted_bytes: number
  /** Where the time to the first step went, from an engine that is open. */
  start: StartTimes
  /** Milliseconds until kernels that give the same bits were chosen, after the first step. */
  later_ms: number
  generation_tokens_per_s: number
}

export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (q: number) => sorted[Math.round(q * (sorted.length - 1))] ?? NaN
  return { median: at(0.5), p10: at(0.1), p90: at(0.9) }
}

const number = (x: number, digits = 0) =>
  x.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits })
export const seconds = (ms: number) => `${number(ms / 1000, 2)} s`
/** Three figures. */
export const figures = (x: number) => number(x, Math.max(0, 2 - Math.floor(Math.log10(Math.max(Math.abs(x), 1e-2)))))
export const inSpread = ({ median, p10, p90 }: Spread, unit = '') =>
  `${figures(median)}${unit} (${figures(p10)}–${figures(p90)})`

/** One line a figure, in the order in which they are read. */
const LINES: [string, (r: BenchResult) => string][] = [
  ['parameters', (r) => number(r.params)],
  ['batch B × T', (r) => r.batch.join(' × ')],
  ['ms a step: median (p10–p90)', (r) => inSpread(r.step_ms)],
  ['tokens/s', (r) => number(r.tokens_per_s)],
  ['GFLOP/s', (r) => number(r.gflop_per_s, 1)],
  ['one product alone, GFLOP/s', (r) => `${number(r.matmul.gflop_per_s, 1)} (${r.matmul.shape.join('·')})`],
  ['share of that', (r) => `${number(100 * r.share)} %`],
  ['dispatches a step', (r) => number(r.dispatches)],
  ['GFLOP a step', (r) => number(r.gflop, 3)],
  ['bytes bound a step', (r) => bytes(r.bytes)],
  ['memory: allocated / predicted', (r) => `${bytes(r.memory_bytes)} / ${bytes(r.predicted_bytes)}`],
  ['compiling', (r) => seconds(r.start.compile_ms)],
  ['to the first step', (r) => seconds(firstStepOf(r.start))],
  ['generation, tokens/s', (r) => number(r.generation_tokens_per_s)],
  ['steps timed', (r) => number(r.steps)],
]

/** What was measured as rows of cells, a column a size; the first row is the head. */
export function resultRows(results: readonly BenchResult[]): string[][] {
  return [['', ...results.map(({ size }) => size)], ...LINES.map(([label, figure]) => [label, ...results.map(figure)])]
}
/** The same in Markdown. */
export function resultTable(results: readonly BenchResult[]): string {
  return markdown(resultRows(results))
}

/** A start of one size: on an engine opened for it, in `adapter_ms`; `warm` with the kernels that were chosen before. */
export interface Start {
  size: BenchSize
  warm: boolean
  adapter_ms: number
  times: StartTimes
}
/** Where the time to the first step went, a column a start, in milliseconds. */
export function startTable(starts: readonly Start[]): string {
  const row = (label: string, of: (start: Start) => number) => [label, ...starts.map((start) => number(of(start), 1))]
  return markdown([
    ['ms to the first step', ...starts.map(({ size, warm }) => `${size}, ${warm ? 'warm' : 'cold'}`)],
    row('opening the engine', ({ adapter_ms }) => adapter_ms),
    row('memory, weights, programs', ({ times }) => times.record_ms),
    row('text of the kernels', ({ times }) => times.text_ms),
    row('compiling', ({ times }) => times.compile_ms),
    row('contests', ({ times }) => times.contest_ms),
    row('the step', ({ times }) => times.step_ms),
    row('together', ({ adapter_ms, times }) => adapter_ms + firstStepOf(times)),
  ])
}

/** Rows of cells as a Markdown table whose columns stand one below the other in plain text too; the first row is the head. */
export function markdown(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(3, ...rows.map((row) => row[column]!.length)))
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join(' | ')} |`
  const rule = `|${widths.map((width, i) => (i === 0 ? `${'-'.repeat(width + 2)}` : `${'-'.repeat(width + 1)}:`)).join('|')}|`
  const [head = [], ...body] = rows
  return [line(head), rule, ...body.map(line)].join('\n')
}
