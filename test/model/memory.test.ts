// The memory plan by brute force: walk the timeline moment by moment and ask who is alive; and by running it, since a plan that
// lets one tensor overwrite another changes the numbers.
import { describe, expect, test } from 'vitest'
import type { ModelConfig } from '../../src/config/config'
import { ALIGN, type Block, type Tensor } from '../../src/engine'
import { gpt, type Mode } from '../../src/model/gpt'
import { planMemory } from '../../src/model/memory'
import type { Tape } from '../../src/model/tape'
import type { Moment } from '../../src/model/timeline'
import { sizeOf } from '../../src/params'
import { apart, openProgram, parameterGradients, tinyConfig } from '../cpu/program'

/** What a moment touches of the tape's own, and what it writes for good and all. */
function touchedBy(tape: Tape, { node, pass }: Moment): { all: Set<Tensor>; anew: Set<Tensor> } {
  const gradients = node.grads.map(({ tensor }) => tensor)
  const all =
    pass === 'backward'
      ? [...node.saved, ...node.scratch, ...gradients, ...(node.dout ? [node.dout] : [])]
      : [...node.reads, ...node.writes]
  const own = (tensors: readonly Tensor[]) =>
    new Set(tensors.map((tensor) => tape.home(tensor)).filter((tensor) => !tape.isExternal(tensor)))
  // A window writes a part: what else is there stays.
  const whole = node.writes.filter((tensor) => tape.home(tensor) === tensor)
  return { all: own(all), anew: own(pass === 'backward' ? [] : whole) }
}
const moments = (tape: Tape) => tape.timeline.map((moment) => touchedBy(tape, moment))

/** Pairs of tensors that share memory at a moment when both are alive: touched then, or written before and read later. */
function clashes(tape: Tape, blocks: readonly Block[], keep: ReadonlySet<string>): string[] {
  const timeline = moments(tape)
  const alive = (tensor: Tensor, now: number) => {
    if (timeline[now]!.all.has(tensor)) return true
    if (!timeline.slice(0, now).some(({ all }) => all.has(tensor))) return false
    const next = timeline.slice(now).find(({ all }) => all.has(tensor))
    return keep.has(tensor.label) || (next !== undefined && !next.anew.has(tensor))
  }
  const found: string[] = []
  for (const { windows } of blocks)
    for (const a of windows)
      for (const b of windows) {
        const overlap = a.offset < b.offset + sizeOf(b.tensor.shape) && b.offset < a.offset + sizeOf(a.tensor.shape)
        if (a.tensor.label >= b.tensor.label || !overlap) continue
        const now = timeline.findIndex((_, i) => alive(a.tensor, i) && alive(b.tensor, i))
        if (now >= 0) found.push(`${a.tensor.label} and ${b.tensor.label} at ${now}`)
      }
  return found
}

const models: [string, ModelConfig][] = [
  ['GPT-2', tinyConfig({ position: 'learned', norm: 'layernorm', mlp: 'gelu', bias: true, dropout: 0.1, n_layer: 3 })],
  ['Llama', tinyConfig({ position: 'rope', norm: 'rmsnorm', mlp: 'swiglu', tie: false, n_kv_head: 1, n_layer: 3 })],
]
const modes: [string, Mode][] = [
  ['train', { use: 'train', B: 2, T: 5, label_smoothing: 0.1 }],
  ['train with the attention matrix', { use: 'train', B: 2, T: 5, label_smoothing: 0, fuse: false, att: true }],
  ['train, the MLPs computed again', { use: 'train', B: 2, T: 5, label_smoothing: 0.1, recompute: 'mlp' }],
  ['train, the layers computed again', { use: 'train', B: 2, T: 5, label_smoothing: 0.1, recompute: 'layer' }],
  ['train, the head by chunks', { use: 'train', B: 3, T: 50, label_smoothing: 0.1, head_rows: 64 }],
  ['evaluate, the head by chunks', { use: 'evaluate', B: 3, T: 50, head_rows: 64 }],
  ['evaluate', { use: 'evaluate', B: 2, T: 5 }],
  ['decode', { use: 'decode', T: 4, head: true }],
]
const kept: ReadonlySet<string>[] = [new Set(), new Set(['logits', 'h.0.attn.qkv', 'h.1.mlp.dfch'])]

describe.each(models)('%s', (_, config) => {
  test.each(modes)('%s: no two tensors that are alive at once overlap', (_, mode) => {
    const tape = gpt(config, mode)
    for (const keep of kept) {
      const blocks = planMemory(tape, keep)
      expect(clashes(tape, blocks, keep)).toEqual([])
      const placed = blocks.flatMap(({ windows }) => windows.map(({ tensor }) => tensor))
      expect(new Set(placed)).toEqual(new Set(moments(tape).flatMap(({ all }) => [...all])))
      for (const { label, size, windows } of blocks) {
        expect(size % ALIGN, label).toBe(0)
        for (const { tensor, offset } of windows) {
          expect(offset % ALIGN, tensor.label).toBe(0)
          expect(offset + sizeOf(tensor.shape), tensor.label).toBeLessThanOrEqual(size)
        }
      }
    }
  })

  test('what is kept survives, and memory shared gives the same bits as memory apart', async () => {
    const keep = new Set(['encoded', 'logits', 'h.0.attn.qkv', 'h.1.mlp.dfch', 'h.0.dln2'])
    const shared = await openProgram(config, { memory: (tape) => planMemory(tape, keep) })
    const separate = await openProgram(config, {
      memory: (tape) =>
        apart([...tape.tensors.values()].filter((tensor) => !tape.isExternal(tensor) && tape.home(tensor) === tensor)),
    })
    await shared.step()
    await separate.step()
    expect(await parameterGradients(shared)).toEqual(await parameterGradients(separate))
    for (const label of keep) expect(await shared.read(label), label).toEqual(await separate.read(label))
  })

  test('fusing and sharing pay: less than half of what all tensors take where each op is by itself', () => {
    const tape = (plain: boolean) =>
      gpt({ ...config, n_layer: 12 }, { use: 'train', B: 4, T: 6, label_smoothing: 0, fuse: !plain, att: plain })
    const apart = tape(true)
    const own = [...apart.tensors.values()].filter((tensor) => !apart.isExternal(tensor))
    const total = own.reduce((n, { shape }) => n + sizeOf(shape), 0)
    const planned = planMemory(tape(false)).reduce((n, { size }) => n + size, 0)
    expect(planned / total).toBeLessThan(0.5)
  })
})

test('the brute force can fail: one tensor moved onto another is found', () => {
  const tape = gpt(models[0]![1], modes[0]![1])
  const windows = [...tape.tensors.values()]
    .filter((tensor) => !tape.isExternal(tensor))
    .map((tensor) => ({ tensor, offset: 0 }))
  expect(clashes(tape, [{ label: 'all', size: 4096, windows }], new Set()).length).toBeGreaterThan(100)
})
