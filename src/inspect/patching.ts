// Activation patching (causal tracing: Meng et al., arXiv 2202.05262): a corrupted text is run with one activation of the clean text in
// its place. How far the answer comes back says what that place carried: 0 as corrupted, 1 as clean; it can leave that range.
import { ProbeError } from '../errors'
import { turnedSets } from '../model/gates'
import { gatheredAddress, layers, streamAddresses } from './addresses'
import { headParameter } from './attribution'
import { dot } from './numbers'
import type { Between, Probe } from './probe'
import type { PatchCell } from '../words/look'

/** Two texts of one length, and the two tokens whose logits tell them apart at `position`, the last unless told. */
export interface Pair {
  clean: ArrayLike<number>
  corrupted: ArrayLike<number>
  answer: number
  instead: number
  position?: number | undefined
}

export interface PatchMap {
  /** [2L + 1, T]: the stream at one depth and position. */
  resid: Float32Array
  /** [L, NH]: what one head gathered, at all positions. */
  head: Float32Array
  /** logit(answer) − logit(instead) of both texts as they are. */
  clean: number
  corrupted: number
}

/** Everything restored, one place at a time. Throws as `Probe.ask` does, and ProbeError for texts that do not make a pair. */
export async function patch(probe: Probe, pair: Pair, between?: Between): Promise<PatchMap> {
  const { config: c, weights } = probe
  const { n_embd: C, n_head } = c
  const T = pair.clean.length
  if (pair.corrupted.length !== T)
    throw new ProbeError(
      `The texts have ${T} and ${pair.corrupted.length} tokens. Change tokens, and add or drop none.`,
    )
  for (const token of [pair.answer, pair.instead])
    if (!Number.isInteger(token) || token < 0 || token >= c.vocab_size)
      throw new ProbeError(`Token ${token} is not among the ${c.vocab_size} tokens that this model knows.`)
  const position = pair.position ?? T - 1
  const stream = streamAddresses(c)
  const turned = turnedSets(weights.gates)
  const gathered = layers(c).map((l) => gatheredAddress(l, turned))
  const keep = [...stream, ...gathered, 'lnf']
  const clean = (await probe.ask({ tokens: pair.clean, keep })).tensors
  const corrupted = (await probe.ask({ tokens: pair.corrupted, keep })).tensors
  const [answer, instead] = [
    await probe.row(headParameter(c), pair.answer),
    await probe.row(headParameter(c), pair.instead),
  ]
  const direction = Float64Array.from(answer, (a, i) => a - instead[i]!)
  const differenceOf = (row: Float32Array) => dot(row, 0, direction, 0, C)
  const as = (tensors: typeof clean) =>
    differenceOf(tensors.get('lnf')!.data.subarray(position * C, (position + 1) * C))

  const positions = Array.from({ length: T }, (_, t) => t)
  const streams = stream.flatMap((address) =>
    positions.map((t) => ({
      address,
      data: () => mixed(corrupted.get(address)!.data, clean.get(address)!.data, (i) => Math.floor(i / C) === t),
    })),
  )
  const heads = gathered.flatMap((address) =>
    Array.from({ length: n_head }, (_, h) => ({
      address,
      data: () =>
        mixed(corrupted.get(address)!.data, clean.get(address)!.data, (i) => Math.floor((i % C) / (C / n_head)) === h),
    })),
  )
  const rows = await probe.replaced(
    { tokens: pair.corrupted },
    [...streams, ...heads],
    { address: 'lnf', position },
    between,
  )
  const [from, to] = [as(corrupted), as(clean)]
  const shares = Float32Array.from(rows, (row) => (differenceOf(row) - from) / (to - from))
  return { resid: shares.slice(0, streams.length), head: shares.slice(streams.length), clean: to, corrupted: from }
}

/** The tensor that a patch goes into, and which of its elements [T, width] it covers. Throws ProbeError for a place that is none. */
export function patchPlace({ config, gates }: Probe['weights'], cell: PatchCell, T: number) {
  if (cell.of === 'stream') {
    const { depth, position } = cell
    const address = streamAddresses(config)[depth]
    if (address === undefined || !(position >= 0 && position < T))
      throw new ProbeError(`There is no depth ${depth} or position ${position} to patch.`)
    return { address, covers: (i: number, width: number) => Math.floor(i / width) === position }
  }
  const { layer, head } = cell
  if (!(layer >= 0 && layer < config.n_layer && head >= 0 && head < config.n_head))
    throw new ProbeError(`There is no head ${head} in layer ${layer} to patch.`)
  return {
    address: gatheredAddress(layer, turnedSets(gates)),
    covers: (i: number, width: number) => Math.floor((i % width) / (width / config.n_head)) === head,
  }
}

/** `base`, with the numbers of `other` where `which` says so. */
function mixed(base: Float32Array, other: Float32Array, which: (i: number) => boolean): Float32Array {
  return base.map((x, i) => (which(i) ? other[i]! : x))
}
