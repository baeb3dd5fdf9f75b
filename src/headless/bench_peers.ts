// The same training step in other people's programs, on the same adapter, weights and batches: each in a process of its own, driven
// over lines of JSON (test/bench/peers/job.mjs), in rounds that alternate with ours. Losses tell whether it is the same work.
import { spawn, spawnSync, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { figures, inSpread, markdown, seconds, spreadOf, type Spread } from '../words/bench'
import type { Config } from '../config/config'
import { paramTable } from '../params'
import { BATCHES, benchInput, COMPARED } from '../train/benchmark'
import { UsageError } from './command'

/** From the project's folder, where npm runs its scripts. */
const FOLDER = resolve('test/bench/peers')
/** A peer that has not answered by then is told to be too slow, and left. */
const PATIENCE_MS = 15 * 60_000
/** Longest round: a slow peer takes fewer steps than were asked for, at least one. */
const ROUND_MS = 30_000
/** Losses that agree to four decimals differ by less. */
const AGREE = 5e-5

/** A program, and the folder of what it shall train as its last argument. */
export interface Peer {
  name: string
  command: string
  args: (job: string) => string[]
  /** Computes in 16 bits, so that its losses are shown and not held against ours. */
  coarse?: boolean
}

/** What a peer said of one size, or why it said nothing. */
export interface PeerResult {
  name: string
  version: string
  adapter: string
  coarse: boolean
  first_step_ms: number
  step_ms: Spread
  /** In each round, the peer's median step over ours. */
  ratios: number[]
  /** In each round, what the process took of all processors a step: where a driver stands in for a GPU, a busy machine alters it little. */
  cpu_ms: number[]
  /** Of the first COMPARED steps. */
  losses: number[]
  /** Why there are no figures, or fewer. */
  failure: string | null
}

interface Answer {
  version?: string
  adapter?: string
  first_step_ms?: number
  step_ms?: number[]
  cpu_ms?: number
  losses?: number[]
  error?: string
}

/** Where PyTorch comes from, where no Python of this machine has it. */
const NO_TORCH =
  'PyTorch is not here: `apt install python3-torch` on Debian and Ubuntu, or `pip install torch` for the python3 in the path.'

/**
 * The peers that this machine has for what our engine computes on, an adapter or the processor, and a sentence for each that is missing;
 * installs the packages of two of them on first use. Throws UsageError where that fails.
 */
export function findPeers(on: 'gpu' | 'cpu'): { peers: Peer[]; missing: string[] } {
  const backend = on === 'gpu' ? 'webgpu' : 'wasm'
  const node = (step: string) => ({
    command: process.execPath,
    args: (job: string) => ['run.mjs', step, job, backend],
  })
  const { status } = spawnSync(process.execPath, ['install.mjs'], { cwd: FOLDER, stdio: ['ignore', 2, 2] })
  if (status !== 0)
    throw new UsageError(
      '--peers needs the npm registry on its first use, for jax-js and TensorFlow.js. Go without it.',
    )
  const kind = on === 'gpu' ? '' : ' wasm'
  const peers: Peer[] = [
    { name: `jax-js${kind}`, ...node('jax_step') },
    { name: `TensorFlow.js${kind}`, ...node('tfjs_step') },
  ]
  const probe = (python: string, expression: string) =>
    spawnSync(python, ['-c', `import sys, torch; sys.exit(0 if ${expression} else 1)`]).status === 0
  // The first in the path may be another than the system's, where Debian puts torch.
  const python = ['python3', '/usr/bin/python3'].find((command) => probe(command, 'True'))
  if (python === undefined) return { peers, missing: [NO_TORCH] }
  const torch = (mode: string) => ({ command: python, args: (job: string) => ['torch_step.py', job, mode] })
  if (on === 'cpu') peers.push({ name: 'PyTorch float32, one thread', ...torch('thread') })
  peers.push({ name: 'PyTorch eager float32', ...torch('eager') })
  if (on === 'gpu' && probe(python, 'torch.cuda.is_available() and hasattr(torch, "compile")'))
    peers.push({ name: 'PyTorch compiled bfloat16', ...torch('compiled'), coarse: true })
  return { peers, missing: [] }
}

/** Writes what a peer needs to do the same work as we, into a folder that is there while `use` runs; a peer reads it before its first step. */
export async function withJob<R>(config: Config, use: (folder: string) => Promise<R>): Promise<R> {
  const folder = mkdtempSync(join(tmpdir(), 'glasshouse-bench-'))
  try {
    const params = paramTable(config).map(({ name, shape, decay }) => ({ name, shape, decay }))
    const { weights, batches } = benchInput(config)
    writeFileSync(join(folder, 'job.json'), JSON.stringify({ config, params, batches: BATCHES }))
    writeFileSync(join(folder, 'weights.bin'), joined(params.map(({ name }) => weights.get(name)!)))
    writeFileSync(join(folder, 'batches.bin'), joined(batches.flatMap(({ tokens, targets }) => [tokens, targets])))
    return await use(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function joined(parts: readonly (Float32Array | Uint32Array | Int32Array)[]): Buffer {
  return Buffer.concat(parts.map(({ buffer, byteOffset, byteLength }) => Buffer.from(buffer, byteOffset, byteLength)))
}

/** A peer at work on one size. Its failures are its result: nothing here throws. */
export class PeerRun {
  readonly #process: ChildProcessWithoutNullStreams
  readonly #answers: AsyncIterator<string>
  readonly #result: PeerResult
  readonly #step_ms: number[] = []
  #stderr = ''

  private constructor(peer: Peer, job: string) {
    const { name, coarse = false } = peer
    const none = { median: NaN, p10: NaN, p90: NaN }
    const about = { name, version: '', adapter: '', coarse, failure: null }
    this.#result = { ...about, first_step_ms: NaN, step_ms: none, ratios: [], cpu_ms: [], losses: [] }
    this.#process = spawn(peer.command, peer.args(job), { cwd: FOLDER })
    this.#process.on('error', ({ message }) => (this.#stderr += message))
    this.#process.stdin.on('error', () => undefined) // it has ended: its silence says so
    this.#process.stderr.on('data', (data) => (this.#stderr = `${this.#stderr}${data}`.slice(-2000)))
    this.#answers = createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]()
  }

  /** Starts a peer and takes the first COMPARED steps. */
  static async start(peer: Peer, job: string): Promise<PeerRun> {
    const run = new PeerRun(peer, job)
    const first = await run.#answer()
    Object.assign(run.#result, {
      version: first?.version,
      adapter: first?.adapter,
      first_step_ms: first?.first_step_ms,
    })
    const more = first && (await run.#ask(COMPARED - 1, PATIENCE_MS))
    run.#result.losses = [...(first?.losses ?? []), ...(more?.losses ?? [])]
    return run
  }

  /** Times `steps` steps after one that warms up, against the milliseconds of ours in the same round. */
  async round(steps: number, ours: readonly number[]): Promise<void> {
    if (this.#result.failure !== null) return
    const answer = await this.#ask(steps + 1, ROUND_MS)
    const all = answer?.step_ms ?? []
    const timed = all.length > 1 ? all.slice(1) : all
    if (timed.length === 0) return
    this.#step_ms.push(...timed)
    this.#result.cpu_ms.push(answer?.cpu_ms ?? NaN)
    this.#result.ratios.push(spreadOf(timed).median / spreadOf(ours).median)
  }

  /** Ends the peer. */
  result(): PeerResult {
    this.#process.stdin.end()
    this.#process.kill()
    return { ...this.#result, step_ms: spreadOf(this.#step_ms) }
  }

  #ask(steps: number, limit_ms: number): Promise<Answer | null> {
    this.#process.stdin.write(`${JSON.stringify({ steps, limit_ms })}\n`)
    return this.#answer()
  }

  async #answer(): Promise<Answer | null> {
    const late = new AbortController()
    const patience = new Promise<'late'>((resolve) => {
      const timer = setTimeout(() => resolve('late'), PATIENCE_MS)
      late.signal.addEventListener('abort', () => clearTimeout(timer))
    })
    try {
      for (;;) {
        const line = await Promise.race([this.#answers.next(), patience])
        if (line === 'late') return this.#fail(`no answer within ${PATIENCE_MS / 60_000} minutes`)
        if (line.done) return this.#fail(this.#stderr.trim().split('\n').at(-1) || 'it ended without a word')
        if (!line.value.startsWith('{"')) continue // a package that talks
        const answer = JSON.parse(line.value) as Answer
        return answer.error === undefined ? answer : this.#fail(answer.error)
      }
    } finally {
      late.abort()
    }
  }

  #fail(why: string): null {
    this.#result.failure = why
    return null
  }
}

/** Whether two programs did the same work: their first losses agree to four decimals. */
export function agree(ours: readonly number[], theirs: readonly number[]): boolean {
  return theirs.length >= COMPARED && theirs.every((loss, i) => Math.abs(loss - (ours[i] ?? NaN)) < AGREE)
}

/** Peers whose losses are not ours, one sentence each. A peer that did not get so far, or computes in 16 bits, is none of them. */
export function disagreements(ours: readonly number[], peers: readonly PeerResult[]): string[] {
  return peers
    .filter(({ coarse, losses }) => !coarse && losses.length >= COMPARED && !agree(ours, losses))
    .map(({ name, losses }) => {
      const at = losses.findIndex((loss, i) => !(Math.abs(loss - (ours[i] ?? NaN)) < AGREE))
      return `${name} does not do the same work: its loss at step ${at} is ${losses[at]}, ours ${ours[at]}.`
    })
}

/** Who, how long to the first step, how long a step, how often ours goes into theirs, and the losses that vouch for it. */
export function peerTable(
  ours: {
    adapter: string
    first_step_ms: number
    step_ms: Spread
    cpu_ms: readonly number[]
    losses: readonly number[]
  },
  peers: readonly PeerResult[],
): string {
  const losses = (list: readonly number[]) => list.map((loss) => loss.toFixed(4)).join(' ')
  const rows = peers.map((peer) => {
    const where = peer.adapter === ours.adapter || peer.adapter === '' ? '' : ` on ${peer.adapter}`
    const told = peer.failure === null ? '' : ` (${peer.failure})`
    const measured = peer.ratios.length > 0
    const ratio = spreadOf(peer.ratios)
    return [
      `${peer.name} ${peer.version}${where}${told}`,
      Number.isFinite(peer.first_step_ms) ? seconds(peer.first_step_ms) : '–',
      measured ? inSpread(peer.step_ms) : '–',
      measured ? `${figures(ratio.median)}× (${peer.ratios.map(figures).join(' ')})` : '–',
      measured ? figures(spreadOf(peer.cpu_ms).median) : '–',
      losses(peer.losses),
    ]
  })
  return markdown([
    [
      '',
      'to the first step',
      'ms a step (p10–p90)',
      'ours is faster (each round)',
      'CPU ms a step',
      `first ${COMPARED} losses`,
    ],
    [
      'Glasshouse',
      seconds(ours.first_step_ms),
      inSpread(ours.step_ms),
      '1×',
      figures(spreadOf(ours.cpu_ms).median),
      losses(ours.losses),
    ],
    ...rows,
  ])
}
