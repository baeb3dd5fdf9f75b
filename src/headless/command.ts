// What the command-line programs share: flags that are checked, problems told in one line, an engine opened by name. Each program exports
// its `main`, which a test calls in its own process.
import { realpathSync } from 'node:fs'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { inspect, parseArgs, type ParseArgsConfig } from 'node:util'
import type { Engine } from '../engine'
import type { TuneOptions } from '../gpu/autotune'
import { openEngine, type EngineOptions } from '../train/open_engine'
import { dawn } from './dawn'
import { nodeThreads } from './threads'

/** A mistake in how a command was called, or in a file it was given: told without a stack. */
export class UsageError extends Error {
  override name = 'UsageError'
}

/** Where a command prints: the terminal, or the strings of a test. */
export interface Io {
  /** A line on standard output. */
  out(line: string): void
  /** A line on standard error. */
  err(line: string): void
  /** Writes a piece of a line, on a terminal, where lines can be renewed; null in a file or a pipe. */
  write: ((text: string) => void) | null
}

/** A command by its arguments; returns its exit status. */
export type Main = (args: readonly string[], io: Io) => Promise<number>

/** `--help`: the usage is the answer, and the command ends well. */
class HelpAsked extends Error {}

type Options = NonNullable<ParseArgsConfig['options']>
type Parsed<O extends Options> = ReturnType<typeof parseArgs<{ options: O; allowPositionals: true; strict: true }>>

/** The flags and the other words of a command line. Throws UsageError, and HelpAsked for `--help`. */
export function readFlags<const O extends Options>(usage: string, args: readonly string[], options: O): Parsed<O> {
  if (args.includes('--help')) throw new HelpAsked(usage)
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true, strict: true })
  } catch (error) {
    throw new UsageError(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`, { cause: error })
  }
}

/** A flag's value as a whole number of at least `min`. */
export function wholeNumber(flag: string, value: string, min: number): number {
  const n = Number(value)
  if (!Number.isSafeInteger(n) || n < min || value.trim() === '')
    throw new UsageError(`--${flag} takes a whole number of at least ${min}, not "${value}".`)
  return n
}

/** A flag's value as one of a few words. */
export function oneOf<const T extends string>(flag: string, value: string, words: readonly T[]): T {
  const word = words.find((w) => w === value)
  if (word === undefined) throw new UsageError(`--${flag} is one of ${words.join(', ')}, not "${value}".`)
  return word
}

/** A path in a flag, from where the person stands: npm runs scripts in the project's folder. */
export function pathOf(path: string): string {
  return resolve(process.env['INIT_CWD'] ?? '.', path)
}

/** The values of `--kernel OP=VARIANT`: which kernel an op takes wherever it can. A letter x between numbers may stand for ×. */
export function forced(values: readonly string[] = []): TuneOptions {
  const pairs = values.map((value) => {
    const [, op, variant] = /^(\w+)=(.+)$/.exec(value) ?? []
    if (op === undefined || variant === undefined)
      throw new UsageError(`--kernel takes OP=VARIANT, such as matmul=plain, not "${value}".`)
    return [op, variant.replace(/(\d)x(\d)/, '$1×$2')] as const
  })
  return pairs.length > 0 ? { force: Object.fromEntries(pairs) } : {}
}

/** What `--engine` can say: `cpu` is the reference in plain JavaScript, `wasm` the same on WebAssembly. */
const PREFERENCES = { auto: 'auto', gpu: 'gpu', wasm: 'cpu', cpu: 'javascript' } as const
const ENGINES = ['auto', 'gpu', 'wasm', 'cpu'] as const

/** Opens an engine by a flag's value and says on standard error which one it is; `options` say how kernels are chosen. */
export async function engineFor(flag: string, io: Io, options: EngineOptions = {}): Promise<Engine> {
  const asked = oneOf('engine', flag, ENGINES)
  const preference = PREFERENCES[asked]
  const threads = nodeThreads(new URL('./shard_thread.mjs', import.meta.url))
  const onProcessor = preference === 'cpu' || preference === 'javascript'
  const { engine, fallback } = await openEngine(preference, onProcessor ? undefined : dawn(), { threads, ...options })
  if (asked === 'wasm' && fallback !== null) throw new UsageError(fallback)
  if (options.force && engine.info.kind === 'cpu')
    throw new UsageError('--kernel chooses among kernels of the GPU: take --engine gpu.')
  if (fallback) io.err(fallback)
  io.err(`Engine: ${engine.info.kind} · ${engine.info.name}`)
  return engine
}

/** Columns as wide as their widest cell. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths: number[] = []
  for (const row of rows) row.forEach((cell, i) => (widths[i] = Math.max(widths[i] ?? 0, cell.length)))
  return rows
    .map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

/** Runs a command to its exit status: what `main` returns, or 2 with the message of what it threw. */
export async function runCommand(main: Main, args: readonly string[], io: Io): Promise<number> {
  try {
    return await main(args, io)
  } catch (error) {
    if (error instanceof HelpAsked) {
      io.out(error.message)
      return 0
    }
    io.err(isToldByItsMessage(error) ? error.message : inspect(error))
    return 2
  }
}

/** Runs a command on this process's own arguments and terminal, where `url` is the program that Node was started with. */
export async function runProgram(url: string, main: Main): Promise<void> {
  const { argv, stdout } = process
  if (argv[1] === undefined || pathToFileURL(realpathSync(argv[1])).href !== url) return
  process.exitCode = await runCommand(main, argv.slice(2), {
    out: (line) => console.log(line),
    err: (line) => console.error(line),
    write: stdout.isTTY ? (text) => void stdout.write(text) : null,
  })
}

/** Errors of ours with a name, and the file system's: their message says it all. The rest are our own mistakes, with a stack. */
function isToldByItsMessage(error: unknown): error is Error {
  if (!(error instanceof Error)) return false
  return 'code' in error || !/^(Error|TypeError|RangeError|ReferenceError|SyntaxError)$/.test(error.name)
}
