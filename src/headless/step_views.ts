// The first training step of a golden case as text, for debugging a kernel. Prints the step's dispatches, the final source of their
// kernels, and the values of a tensor by its address on the tape.
import type { Engine, Tensor, Work } from '../engine'
import { sizeOf } from '../params'
import { programs } from '../train/plan'
import { Trainer } from '../train/trainer'
import { UsageError } from './command'
import type { GoldenCase } from './golden'

/** Every dispatch of a step in order, a line each: label, kernel, GFLOP and MiB bound. `word` selects by label or kernel. */
export async function dispatchList(engine: Engine, golden: GoldenCase, word: string): Promise<string> {
  const rows = (await recorded(engine, golden))
    .filter((work) => includes(engine, work, word))
    .map((work) => [work.label, nameOf(engine, work), gigas(work.flops), mebibytes(work.bytes)])
  if (rows.length === 0) throw new UsageError(`No dispatch of ${golden.name} has "${word}" in its label or its kernel.`)
  const width = Math.max(...rows.map(([label = '']) => label.length))
  return rows.map(([label = '', ...rest]) => [label.padEnd(width), ...rest].join('  ')).join('\n')
}

/**
 * The final source of every kernel that computes a dispatch with `word` in its label or kernel, directives, shared constants and
 * prelude included. A comment before each names the kernel, its overrides and its dispatches. Nothing is compiled, so a kernel that
 * does not compile is printed too.
 */
export async function kernelSources(engine: Engine, golden: GoldenCase, word: string): Promise<string> {
  if (!engine.kernelOf) throw new UsageError('Plain JavaScript has no kernels: take --engine gpu.')
  const kernels = new Map<string, { source: string; labels: string[] }>()
  for (const work of await recorded(engine, golden)) {
    if (!includes(engine, work, word)) continue
    const { name, source } = engine.kernelOf(work)
    const kernel = kernels.get(name) ?? { source, labels: [] }
    kernel.labels.push(work.label)
    kernels.set(name, kernel)
  }
  if (kernels.size === 0)
    throw new UsageError(`No dispatch of ${golden.name} has "${word}" in its label or its kernel.`)
  return [...kernels]
    .map(([name, { source, labels }]) => `// ---- ${name}\n// computes ${labels.join(', ')}\n${source.trimEnd()}\n`)
    .join('\n')
}

/** The tensors of a step, a line each: address, shape and type. `word` selects by address. */
export function tensorList(golden: GoldenCase, word: string): string {
  const found = [...tensorsOf(golden).values()].filter(({ label }) => label.includes(word))
  if (found.length === 0) throw new UsageError(`No tensor of ${golden.name} has "${word}" in its address.`)
  return found.map(described).join('\n')
}

/**
 * The values of a tensor after the first step (forward, backward and update). Prints its shape, smallest, largest, mean and root mean
 * square, the number of values that are not finite, and its first rows. An activation is kept until the end of the step. Throws UsageError for an address
 * that the tape does not have.
 */
export async function tensorValues(engine: Engine, golden: GoldenCase, address: string): Promise<string> {
  const tensor = tensorsOf(golden).get(address)
  if (!tensor) {
    const last = address.split('.').at(-1)!
    const near = [...tensorsOf(golden).keys()].filter((label) => label.split('.').includes(last))
    const hint = near.length > 0 ? `near it: ${near.join(', ')}` : '`npm run kernel -- tensors` lists them all'
    throw new UsageError(`${golden.name} has no tensor at the address ${address}; ${hint}.`)
  }
  if (tensor.dtype !== 'f32') throw new UsageError(`${address} is ${tensor.dtype}: only f32 is printed.`)
  const trainer = await open(engine, golden, [address])
  try {
    await trainer.train(0, () => golden.batches[0]!)
    const [values] = await trainer.read([address])
    return `${described(tensor)}\n${statistics(values!)}\n${firstRows(tensor, values!)}`
  } finally {
    trainer.destroy()
  }
}

/** The dispatches of a step, recorded and not compiled. */
async function recorded(engine: Engine, golden: GoldenCase): Promise<readonly Work[]> {
  const bound = (key: string | symbol): unknown => {
    const value: unknown = Reflect.get(engine, key, engine)
    return typeof value === 'function' ? value.bind(engine) : value
  }
  const recorder = new Proxy(engine, {
    get: (_, key) => (key === 'compile' ? () => Promise.resolve() : bound(key)),
  })
  const trainer = await open(recorder, golden, [])
  const program = trainer.program
  trainer.destroy()
  return program
}

function open(engine: Engine, { config, weights, T }: GoldenCase, keep: readonly string[]): Promise<Trainer> {
  return Trainer.open(engine, config, weights, { T, keep })
}
function tensorsOf({ config, T }: GoldenCase): ReadonlyMap<string, Tensor> {
  return programs(config, T, new Set()).train.tape.tensors
}

const nameOf = (engine: Engine, work: Work) => engine.kernelOf?.(work).name ?? ''
function includes(engine: Engine, work: Work, word: string): boolean {
  return work.label.includes(word) || nameOf(engine, work).includes(word)
}
const gigas = (flops: number) => `${(flops / 1e9).toFixed(4)} GFLOP`
const mebibytes = (bytes: number) => `${(bytes / 2 ** 20).toFixed(2)} MiB`
const described = ({ label, shape, dtype }: Tensor) => `${label} [${shape.join(', ')}] ${dtype}`

function statistics(values: Float32Array): string {
  const finite = values.filter(Number.isFinite)
  const sum = (of: (x: number) => number) => finite.reduce((total, x) => total + of(x), 0)
  const [least, most] = finite.reduce(([a, b], x) => [Math.min(a, x), Math.max(b, x)], [Infinity, -Infinity])
  const rms = Math.sqrt(sum((x) => x * x) / finite.length)
  return (
    `min ${short(least)}, max ${short(most)}, mean ${short(sum((x) => x) / finite.length)}, rms ${short(rms)}, ` +
    `not finite ${values.length - finite.length} of ${values.length}`
  )
}

/** Rows and columns of a tensor that are printed. */
const ROWS = 4
const COLUMNS = 8
function firstRows({ shape }: Tensor, values: Float32Array): string {
  const width = shape.at(-1) ?? 1
  const rows = Math.min(ROWS, sizeOf(shape) / width)
  return Array.from({ length: rows }, (_, row) => {
    const numbers = [...values.subarray(row * width, row * width + Math.min(COLUMNS, width))].map(short)
    return `  ${numbers.join(' ')}${width > COLUMNS ? ' …' : ''}`
  }).join('\n')
}
const short = (x: number) => x.toPrecision(6)
