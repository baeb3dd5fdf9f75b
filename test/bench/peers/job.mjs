// How a peer is driven: the folder named on its command line holds what to train, each line on its standard input asks for so many
// steps, each line of JSON on its standard output answers. The torch peer (torch_step.py) speaks the same.
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'

/**
 * @typedef {{ name: string, shape: number[], decay: boolean }} Param
 * @typedef {{
 *   n_layer: number, n_head: number, n_embd: number, block_size: number, vocab_size: number, batch_size: number, norm_eps: number,
 *   learning_rate: number, weight_decay: number, beta1: number, beta2: number, eps: number, grad_clip: number,
 * }} Config
 * @typedef {{ config: Config, params: Param[], batches: number }} Job
 * @typedef {{ tokens: Int32Array, targets: Int32Array }} Batch
 */

const folder = process.argv[2] ?? '.'
/** What the peer computes on. */
export const backend = process.argv[3] ?? 'webgpu'

/** What to train: config, parameters in the order of weights.bin, and how many batches batches.bin holds. */
export const job = /** @type {Job} */ (JSON.parse(readFileSync(`${folder}/job.json`, 'utf8')))
export const { config } = job

/** The initial weights by name, each flat in row-major order. */
export function readWeights() {
  const all = new Float32Array(new Uint8Array(readFileSync(`${folder}/weights.bin`)).buffer)
  let at = 0
  return new Map(
    job.params.map(({ name, shape }) => {
      const size = shape.reduce((a, b) => a * b, 1)
      return [name, all.subarray(at, (at += size))]
    }),
  )
}

/** The batches that come round and round: tokens and targets, each [B · T]. */
export function readBatches() {
  const all = new Int32Array(new Uint8Array(readFileSync(`${folder}/batches.bin`)).buffer)
  const N = config.batch_size * config.block_size
  return Array.from({ length: job.batches }, (_, i) => ({
    tokens: all.subarray(2 * i * N, (2 * i + 1) * N),
    targets: all.subarray((2 * i + 1) * N, (2 * i + 2) * N),
  }))
}

/** What AdamW divides its moments by in a step counted from 0. @param {number} step */
export const corrections = (step) => [1 - config.beta1 ** (step + 1), 1 - config.beta2 ** (step + 1)]

/** @param {object} message */
const tell = (message) => process.stdout.write(`${JSON.stringify(message)}\n`)

/**
 * Serves until the standard input ends. `open` makes the model on an open device and returns a step, which resolves to the loss
 * when it has been computed.
 * @param {{ version: string, adapter: string }} about
 * @param {() => Promise<(batch: Batch, step: number) => Promise<() => Promise<number>>>} open
 */
export async function serve(about, open) {
  try {
    const batches = readBatches()
    let step = 0
    const from = performance.now()
    const train = await open()
    const next = () => train(/** @type {Batch} */ (batches[step % batches.length]), step++)
    const first = await next()
    const first_step_ms = performance.now() - from
    tell({ ...about, first_step_ms, losses: [await first()] })
    for await (const line of createInterface({ input: process.stdin })) {
      const { steps, limit_ms } = JSON.parse(line)
      const losses = []
      const step_ms = []
      const began = performance.now()
      const cpu = process.cpuUsage()
      while (step_ms.length < steps && performance.now() - began < limit_ms) {
        const at = performance.now()
        losses.push(await next())
        step_ms.push(performance.now() - at)
      }
      const { user, system } = process.cpuUsage(cpu)
      const cpu_ms = (user + system) / 1000 / step_ms.length
      const numbers = []
      for (const loss of losses) numbers.push(await loss())
      tell({ step_ms, cpu_ms, losses: numbers })
    }
    process.exit(0)
  } catch (error) {
    tell({ error: error instanceof Error ? error.message : String(error) })
    console.error(error)
    process.exit(1)
  }
}
