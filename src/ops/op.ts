// What the op files share. An op file records the forward and the backward of one op as dispatches of its kernels.
import { type Dropout, type Op, type OpName } from '../engine'
import { normPartials } from '../splits'
import type { Autotuner } from '../gpu/autotune'
import { grid, type Dispatch, type Kernels, type Shader } from '../gpu/kernel'
import type { GpuTensor } from '../gpu/tensor'
import { sizeOf } from '../params'
import { dropoutThreshold, STREAM } from '../rng'
import { FLAT, LANES, NORM, STOREY } from './shared'

export type GpuOp<K extends OpName> = (kernels: Kernels, tuner: Autotuner) => Op<GpuTensor, Dispatch, K>

/** The backward of an op that has none. */
export const noBackward = () => []

/**
 * A shader with its alias `numbers` put before it: f32, or vec4f where `fours`, for rows whose length is a multiple of four. With vec4f
 * the same bytes take a quarter of the threads, loads and address arithmetic.
 */
export function byFours({ name, source }: Shader, fours: boolean): Shader {
  return fours ? { name: `${name}.fours`, source: FOURS + source } : { name, source: ONES + source }
}
// One line each, so that errors keep the shader's own lines. STEP is the number of f32 in a `numbers`, and `total` their sum. `keep_each`
// gives dropout's factors for the i-th `numbers`. `activate_each` and `slope_each` apply the prelude's functions to each element.
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

/** Shader and workgroups that give one thread to each `numbers` of `size` elements in rows of `width`. */
export function elements(shader: Shader, size: number, width = size) {
  const fours = width % 4 === 0
  return { shader: byFours(shader, fours), workgroups: threads(size / (fours ? 4 : 1)) }
}

/**
 * Lanes that share a row of `width` `numbers`: the smallest power of two from STOREY to LANES that leaves each lane at most `most`. Eight
 * lanes read a whole cache line. Fewer lanes a row mean fewer barriers and more rows at once.
 */
export function teamFor(width: number, most: number): number {
  let team: number = STOREY
  while (team < LANES && team * most < width) team *= 2
  return team
}

/** Shader, overrides and workgroups of a norm over rows [N, C]: a team of lanes for each row, a workgroup for each stretch of rows. */
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

/** An op whose out[i] depends on x[i] alone; x and out have one shape. `flops` are those of one element, forward and backward. */
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

/** Overrides and `struct Size` members of an op with dropout: the threshold p · 2³², the factor 1/(1 − p), the stream of random bits. */
export function dropoutOf({ p, stream }: Dropout): Record<'constants' | 'size', Record<string, number>> {
  return {
    constants: { THRESHOLD: dropoutThreshold(p), RESCALE: 1 / (1 - p) },
    size: { stream: STREAM.dropout + stream },
  }
}
