// What the view of a training step's kernels says.
import { hundredths, integer, percent, plural, significant } from '../format'

const passes = { forward: 'forward', backward: 'backward', update: 'update' }

/** 1.23 ms, 45 µs */
const time = (ms: number) => (ms < 0.1 ? `${significant(ms * 1000)} µs` : `${significant(ms)} ms`)
const shape = (dims: readonly number[]) => `[${dims.join(' × ')}]`

export const kernels = {
  panel: 'Kernels',
  how: 'One training step from left to right, a block for each kernel that runs, as wide as it takes time. Choose one to see its source, its tensors and how near it comes to what this device can do.',
  measuring: 'Measuring a training step, kernel by kernel …',
  waits: 'The run trains on: the measuring waits its turn and takes some seconds more.',
  again: 'Measure again',
  step: (s: { ms: number; count: number; gflop: number; rate: number; device: string }) =>
    `One step takes ${time(s.ms)} on ${s.device}: ${plural(s.count, 'kernel call', 'kernel calls')}, ${significant(s.gflop)} GFLOP, ${significant(s.rate)} GFLOP/s.`,
  by: {
    timestamps: 'Each call is timed by the GPU’s own timestamps, the mean of three steps.',
    clock:
      'Each call is repeated until the clock can tell, so caches are warm and small calls look better than in a step.',
  },
  sum: (ms: number) => `The calls add up to ${time(ms)}.`,
  changed: (before: number, after: number) =>
    `Before the change a step took ${time(before)}; now it takes ${time(after)} (${percent(after / before)}).`,
  own: 'The measured step has weights of its own: no run is changed.',
  oneModel:
    'Model A’s step is shown: two steps with other kernels in them cannot be subtracted. Show B for the other one.',
  strip: 'Kernels of a training step',
  stripKeys: 'Arrow keys move from kernel to kernel.',
  passes,
  kinds: { product: 'matrix products', attention: 'attention', other: 'everything else' },
  tell: (p: { label: string; ms: number; share: number; pass: keyof typeof passes }) =>
    `${p.label}, ${passes[p.pass]}: ${time(p.ms)}, ${percent(p.share)} of the step`,
  table: 'The slowest calls',
  all: (count: number) => `Show all ${integer(count)}`,
  fewer: 'Show the slowest',
  columns: {
    ms: 'time',
    share: 'share',
    call: 'call',
    pass: 'pass',
    gflops: 'GFLOP/s',
    gbs: 'GB/s',
  },
  time,
  rate: significant,
  share: percent,
  roof: 'Roofline',
  roofHow:
    'Right of the bend a kernel can be limited by arithmetic, left of it by memory. The higher under the roof, the better it uses the device; above the slope, its numbers came from a cache.',
  roofAxes: { x: 'FLOP for each byte', y: 'GFLOP/s' },
  roofPeaks: (p: { gflops: number; n: number; gbs: number; mb: number }) =>
    `The roof was measured here: ${significant(p.gflops)} GFLOP/s by a product of two ${integer(p.n)} × ${integer(p.n)} matrices, ${significant(p.gbs)} GB/s by a sum that moves ${integer(p.mb)} MB.`,
  roofAlt: (count: number) => `Roofline with ${plural(count, 'kernel call', 'kernel calls')}`,
  compute: 'arithmetic',
  memory: 'memory',
  near: (share: number) => `${percent(share)} of what the roof allows`,
  beyond: 'faster than memory allows: its numbers were in a cache',
  kernel: 'Kernel',
  noSource: 'This engine computes in plain functions: there is no kernel text to show.',
  workgroups: (groups: readonly number[]) => `${groups.map(integer).join(' × ')} workgroups`,
  work: (flops: number, bytes: number) =>
    `${significant(flops / 1e6)} MFLOP on ${significant(bytes / 1e6)} MB, ${hundredths(flops / Math.max(1, bytes))} FLOP for each byte`,
  tensors: 'Tensors that it is given',
  tensorColumns: { name: 'name in the kernel', address: 'address', shape: 'shape', dtype: 'type' },
  shape,
  constants: 'Constants',
  source: 'Source, as the device gets it',
  showSource: (lines: number) => `Source, as the device gets it (${integer(lines)} lines)`,
  variant: 'Kernel for this class of calls',
  variantHow: (key: string) => `Another kernel for “${key}” is only for this measurement; runs keep theirs.`,
  oneVariant: 'This engine has one kernel for each op.',
  verify: {
    title: 'Verify on this device',
    how: 'Small models with every op between them take a step here. Each kernel gets the same numbers as a reference in plain JavaScript and double precision; the table has the largest differences.',
    start: 'Verify on this device',
    again: 'Verify again',
    running: 'Comparing every kernel with its reference …',
    all: (count: number, tolerance: number, device: string) =>
      `All ${integer(count)} kernels agree with their references on ${device}: no difference above ${tolerance.toExponential(0)}.`,
    some: (bad: number, count: number, device: string) =>
      `${integer(bad)} of ${integer(count)} kernels disagree with their references on ${device}. Do not trust what this device trains.`,
    columns: {
      kernel: 'kernel',
      op: 'op',
      pass: 'pass',
      tensor: 'worst tensor',
      norm: 'error',
      element: 'worst element',
      ms: 'time',
      calls: 'calls',
      agrees: 'agrees',
    },
    error: (x: number) => (Number.isFinite(x) ? x.toExponential(1) : String(x)),
    agrees: { true: 'yes', false: 'NO' },
    copy: 'Copy the table',
  },
}
