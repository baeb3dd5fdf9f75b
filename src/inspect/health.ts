// The health of a model's tensors: how their numbers lie, how large their gradients are, how far a step moves them, and what is dead or
// saturated on held-out text. One probe forward and backward for each window; sums in double precision.
import { gradientLabel } from '../model/tape'
import { BINS, DEAD, SATURATED, type ActivationHealth, type Spread } from '../words/health'
import { attentionAddress, layers, streamAddresses } from './addresses'
import { joined } from './numbers'
import type { Probe } from './probe'

/** Numbers of a tensor that are sorted for its histogram: more are taken evenly. */
const SORTED = 2 ** 16
/** Rows of attention that are not counted as saturated: a token that sees few others has little choice. */
const FIRST_ROWS = 8

/** Mean, standard deviation and quantiles of numbers. Of more than 65,536, the quantiles are those of evenly taken ones. */
export function spreadOf(values: Float32Array): Spread {
  const count = values.length
  let sum = 0
  for (let i = 0; i < count; i++) sum += values[i]!
  const mean = sum / count
  let squares = 0
  for (let i = 0; i < count; i++) squares += (values[i]! - mean) ** 2
  const stride = Math.max(1, count / SORTED)
  const sorted = Float32Array.from(
    { length: Math.min(count, SORTED) },
    (_, i) => values[Math.floor(i * stride)]!,
  ).sort()
  const edges = Float32Array.from({ length: BINS + 1 }, (_, i) => {
    const at = (i / BINS) * (sorted.length - 1)
    const low = sorted[Math.floor(at)]!
    return low + (at % 1) * (sorted[Math.ceil(at)]! - low)
  })
  return { count, mean, std: Math.sqrt(squares / count), edges }
}

/** ‖values‖. */
export function normOf(values: ArrayLike<number>): number {
  let sum = 0
  for (let i = 0; i < values.length; i++) sum += values[i]! ** 2
  return Math.sqrt(sum)
}

/** ‖after − before‖ / ‖after‖ for each of `steps` steps. Steps that go back and forth cancel, so a step is at least this large. */
export function movedPerStep(before: Float32Array, after: Float32Array, steps: number): number {
  let sum = 0
  for (let i = 0; i < after.length; i++) sum += (after[i]! - before[i]!) ** 2
  return Math.sqrt(sum) / (normOf(after) || 1) / steps
}

/** Where activations are taken: the stream at each depth, and what attention and MLP compute on the way. */
export function activationAddresses(probe: Probe): string[] {
  const { config: c } = probe
  const [encoded, ...rest] = streamAddresses(c)
  return [
    encoded!,
    ...layers(c).flatMap((l) => [
      ...['qkv', 'atty', 'attproj'].map((name) => `h.${l}.attn.${name}`),
      rest[2 * l]!,
      ...['fch', `fch_${c.mlp}`, 'fcproj'].map((name) => `h.${l}.mlp.${name}`),
      rest[2 * l + 1]!,
    ]),
    'lnf',
  ]
}

export interface Seen {
  /** Mean loss over the windows, nats a token. */
  loss: number
  /** ‖gradient‖ of that loss by parameter. */
  gradients: Map<string, number>
  activations: ActivationHealth[]
  /** [L] */
  dead: Float32Array
  /** [L · NH] */
  saturated: Float32Array
}

/** Takes its turn with a probe into the model. */
export type Ask = <R>(use: (probe: Probe) => Promise<R>) => Promise<R>

/** What windows of text of equal length say of a model; each is one turn. Throws as `Probe.ask` does. */
export async function healthOn(ask: Ask, windows: readonly (readonly number[])[]): Promise<Seen> {
  let loss = 0
  const sums = new Map<string, Float32Array>()
  const acts = new Map<string, Float32Array[]>()
  let largest: Float32Array[] = []
  let saturated = new Float64Array()
  for (const tokens of windows)
    await ask(async (probe) => {
      const c = probe.config
      const names = probe.weights.params.map(({ name }) => name)
      const addresses = activationAddresses(probe)
      const patterns = layers(c).map(attentionAddress)
      const keep = [...names.map(gradientLabel), ...addresses, ...patterns]
      const told = await probe.ask({ tokens, keep, backward: true })
      loss += told.loss / windows.length
      const data = (address: string) => told.tensors.get(address)!.data
      for (const name of names) addTo(sums, name, data(gradientLabel(name)), 1 / windows.length)
      for (const address of addresses) acts.set(address, [...(acts.get(address) ?? []), data(address)])
      const outputs = layers(c).map((l) => largestOf(data(`h.${l}.mlp.fch_${c.mlp}`), c.n_inner))
      largest = outputs.map((row, l) => row.map((x, f) => Math.max(x, largest[l]?.[f] ?? 0)))
      const shares = patterns.flatMap((address) => [...saturatedShares(data(address), c.n_head, tokens.length)])
      saturated = Float64Array.from(shares, (share, i) => (saturated[i] ?? 0) + share / windows.length)
    })
  return {
    loss,
    gradients: new Map([...sums].map(([name, sum]) => [name, normOf(sum)])),
    activations: [...acts].map(([address, parts]) => ({ address, ...spreadOf(joined(parts)) })),
    dead: Float32Array.from(largest, (row) => row.filter((x) => x < DEAD).length / row.length),
    saturated: Float32Array.from(saturated),
  }
}

/** The largest |x| of each column of [rows, width]. */
export function largestOf(values: Float32Array, width: number): Float32Array {
  const most = new Float32Array(width)
  for (let i = 0; i < values.length; i++) most[i % width] = Math.max(most[i % width]!, Math.abs(values[i]!))
  return most
}

/** The share of rows of each head's attention [NH, T, T] with one weight above `SATURATED`; the first eight rows are left out. */
export function saturatedShares(att: Float32Array, heads: number, T: number): Float32Array {
  const from = Math.min(FIRST_ROWS, T - 1)
  return Float32Array.from({ length: heads }, (_, h) => {
    let count = 0
    for (let row = from; row < T; row++) {
      const at = (h * T + row) * T
      if (att.subarray(at, at + row + 1).some((share) => share > SATURATED)) count++
    }
    return count / (T - from)
  })
}

function addTo(sums: Map<string, Float32Array>, name: string, data: Float32Array, factor: number): void {
  const sum = sums.get(name) ?? new Float32Array(data.length)
  for (let i = 0; i < data.length; i++) sum[i]! += factor * data[i]!
  sums.set(name, sum)
}
