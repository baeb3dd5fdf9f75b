// What every op file is: from a GPU's kernels, the two directions of one op as lists of dispatches.
import { normPartials, type Dropout, type Op, type OpName } from '../engine'
import type { Autotuner } from '../gpu/autotune'
import { grid, type Dispatch, type Kernels, type Shader } from '../gpu/kernel'
import type { GpuTensor } from '../gpu/tensor'
import { sizeOf } from '../params'
import { dropoutThreshold, STREAM } from '../rng'
import { FLAT, LANES, NORM, STOREY } from './shared'

export type GpuOp<K extends OpName> = (kernels: Kernels, tuner: Autotuner) => Op<GpuTensor, Dispatch, K>

/** An op without a backward. */
export const noBackward = () => []

/**
 * A shader whose text speaks of `numbers`: one f32, or a vec4f where `fours`, which takes rows that are a multiple of four long.
 * One text either way, and by fours a quarter of the threads, loads and address arithmetic for the same bytes.
 */
export function byFours({ name, source }: Shader, fours: boolean): Shader {
  return fours ? { name: `${name}.fours`, source: FOURS + source } : { name, source: ONES + source }
}
// One line each, so that errors keep the shader's own lines. STEP says how many f32 a `numbers` holds, `total` adds them up,
// `keep_each` gives dropout's factors of the i-th `numbers`, by each element's own index, `activate_each` and `slope_each` the prelude's
// activations of each.
const ONES =
  'alias numbers = f32; const STEP = 1u; ' +
  'fn total(v: numbers) -> f32 { return v; } ' +
  'fn keep_each(key: u32, i: u32, threshold: u32, rescale: f32) -> numbers { return keep(key, i, threshold, rescale); } ' +
  'fn activate_each(kind: u32, v: numbers) -> numbers { return activate(kind, v); } ' +
  'fn slope_each(kind: u32, v: numbers) -> numbers { return slope(kind, v); } '
const FOURS =
  'alias numbers = vec4f; const STEP = 4u; ' +
  'fn total(v: numbers) -> f32 { return (v.x + v.y) + (v.z + v.w); } ' +
  'fn keep_each(key: u32, i: u32, threshold: u32, rescale: f32) -> numbers { let e = 4u * i; return vec4f(' +
  'keep(key, e, threshold, rescale), keep(key, e + 1u, threshold, rescale), ' +
  'keep(key, e + 2u, threshold, rescale), keep(key, e + 3u, threshold, rescale)); } ' +
  'fn activate_each(kind: u32, v: numbers) -> numbers { return vec4f(activate(kind, v.x), activate(kind, v.y), activate(kind, v.z), activate(kind, v.w)); } ' +
  'fn slope_each(kind: u32, v: numbers) -> numbers { return vec4f(slope(kind, v.x), slope(kind, v.y), slope(kind, v.z), slope(kind, v.w)); } '

/** Workgroups that give one thread to each of so many elements. */
export function threads(count: number): [number, number, number] {
  return grid(Math.ceil(count / FLAT))
}

/** How to dispatch one thread a `numbers` over `size` elements in rows of `width`. */
export function elements(shader: Shader, size: number, width = size) {
  const fours = width % 4 === 0
  return { shader: byFours(shader, fours), workgroups: threads(size / (fours ? 4 : 1)) }
}

/**
 * How many lanes share a row of `width` `numbers`: a power of two from 8, which read a whole cache line side by side, to a
 * workgroup's 64; the fewest that leave each lane at most `most`. Fewer lanes a row: fewer barriers, and more rows at once.
 */
export function teamFor(width: number, most: number): number {
  let team: number = STOREY
  while (team < LANES && team * most < width) team *= 2
  return team
}

/** What the norms share: N rows of C numbers, a team of lanes to each, and sums over stretches of rows. */
export function rowPlan(source: Shader, N: number, C: number) {
  const fours = C % 4 === 0
  const width = fours ? C / 4 : C
  const TEAM = teamFor(width, 4)
  const COUNT = normPartials(N)
  return {
    shader: byFours(source, fours),
    constants: { N, C, TEAM, PER: Math.ceil(width / TEAM), STRETCH: Math.ceil(N / COUNT), COUNT },
    rows: grid(Math.ceil((N * TEAM) / LANES)),
    stretches: [COUNT, 1, 1] as const,
    columns: Math.ceil(width / NORM.columns),
  }
}

/** An op whose out[i] depends on x[i] alone. `flops` are those of one element, forward and backward. */
export function elementwise(source: Shader, flops: [number, number]): GpuOp<'gelu'> & GpuOp<'relu2'> {
  return (kernels) => ({
    forward({ name, t }) {
      const SIZE = sizeOf(t.out.shape)
      const { shader, workgroups } = elements(source, SIZE)
      return [
        kernels.dispatch(shader, 'forward', {
          label: `${name}.${source.name}`,
          tensors: t,
          constants: { SIZE },
          workgroups,
          flops: flops[0] * SIZE,
        }),
      ]
    },
    backward({ name, t, d, adds }) {
      const SIZE = sizeOf(t.out.shape)
      const { shader, workgroups } = elements(source, SIZE)
      return [
        kernels.dispatch(shader, 'backward', {
          label: `${name}.${source.name}.dx`,
          tensors: { ...t, ...d },
          constants: { SIZE, ACCUMULATE: Number(adds.has('dx')) },
          workgroups,
          flops: flops[1] * SIZE,
        }),
      ]
    },
  })
}

/** For an op that draws: the share dropped as a threshold of 32 random bits, and the call's stream of them. */
export function dropoutOf({ p, stream }: Dropout): Record<'constants' | 'size', Record<string, number>> {
  return {
    constants: { THRESHOLD: dropoutThreshold(p), RESCALE: 1 / (1 - p) },
    size: { stream: STREAM.dropout + stream },
  }
}
