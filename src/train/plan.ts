// What a run takes of a device's memory, worked out from its config alone: the blocks that the trainer allocates, and how many
// bytes they and the decoder's come to. Nothing is allocated here, so that a run can be judged before it starts.
import type { Config, ModelConfig } from '../config'
import { ALIGN, DICE, HYPER, NORM_PARTIALS, RING, type Block, type Tensor } from '../engine'
import { arithmetic } from '../model/arithmetic'
import { gatesSize } from '../model/gates'
import { gpt, type Form } from '../model/gpt'
import { planMemory } from '../model/memory'
import { gradientLabel, type Tape } from '../model/tape'
import { layoutArenas, paramTable, sizeOf, type Arena, type Trains } from '../params'
import type { Forecast, MemoryUse } from '../words/run'

/** The flat arenas of one kind: weights, gradients or a moment. */
export const KINDS = ['weights', 'grads', 'm', 'v'] as const
export type Kind = (typeof KINDS)[number]

/** The address of what a parameter has of one kind. */
export function labelOf(kind: Kind, param: string): string {
  return { weights: param, grads: gradientLabel(param), m: `m.${param}`, v: `v.${param}` }[kind]
}

/**
 * The arenas of every kind, on a device whose largest block is `maxBlock` elements. Those of `arenas` hold what trains; frozen weights
 * have arenas of their own after them, without gradients and moments.
 */
export function stateBlocks(
  c: ModelConfig,
  maxBlock: number,
  trains?: Trains,
): { arenas: Arena[]; blocks: Record<Kind, Block[]> } {
  const params = paramTable(c, trains)
  const layout = (wanted: boolean) =>
    layoutArenas(
      params.filter((p) => p.trains === wanted),
      maxBlock,
      ALIGN,
    )
  const [trained, frozen] = [layout(true), layout(false)]
  const blocksOf = (kind: Kind, prefix: string, { places, arenas } = trained) =>
    arenas.map(({ size }, arena): Block => {
      const whole: Tensor = { label: `${prefix}.${arena}`, shape: [size], dtype: 'f32' }
      const windows = places
        .filter((place) => place.arena === arena)
        .map(({ param, offset }) => ({
          tensor: { label: labelOf(kind, param.name), shape: param.shape, dtype: 'f32' as const },
          offset,
        }))
      // A parameter with an arena to itself is too large to share one: if the device refuses it, then by its own name.
      const label = windows.length === 1 ? windows[0]!.tensor.label : whole.label
      return { label, size, windows: [{ tensor: whole, offset: 0 }, ...windows] }
    })
  return {
    arenas: trained.arenas,
    blocks: {
      weights: [...blocksOf('weights', 'weights'), ...blocksOf('weights', 'frozen', frozen)],
      grads: blocksOf('grads', 'grads'),
      m: blocksOf('m', 'm'),
      v: blocksOf('v', 'v'),
    },
  }
}

/** A batch of rows of `T` tokens with what changes from step to step, gathered in one block, and what stands beside it. */
export function inputBlocks(
  c: Config,
  T: number,
  arenas: number,
  { gates }: Form = {},
): { written: Block; others: Block[] } {
  const B = c.batch_size
  const inputs: Tensor[] = [
    { label: 'tokens', shape: [B, T], dtype: 'u32' },
    { label: 'targets', shape: [B, T], dtype: 'i32' },
    { label: 'order', shape: [B * T], dtype: 'u32' },
    { label: 'starts', shape: [c.vocab_size + 1], dtype: 'u32' },
    { label: 'dice', shape: [DICE.size], dtype: 'u32' },
    { label: 'scale', shape: [B * T], dtype: 'f32' },
    { label: 'hyper', shape: [HYPER.size], dtype: 'f32' },
  ]
  const own: Tensor[] = [
    { label: 'norm', shape: [1], dtype: 'f32' },
    { label: 'partials', shape: [arenas * NORM_PARTIALS], dtype: 'f32' },
    { label: 'update_norms', shape: [2], dtype: 'f32' },
    { label: 'update_partials', shape: [arenas * NORM_PARTIALS, 2], dtype: 'f32' },
    { label: 'loss_ring', shape: [RING], dtype: 'f32' },
    { label: 'norm_ring', shape: [RING], dtype: 'f32' },
    ...angleTensors(c),
    ...(gates ? [{ label: 'gates', shape: [gatesSize(c)], dtype: 'f32' as const }] : []),
  ]
  return { written: blockOfAll('inputs', inputs), others: own.map(blockOf) }
}

/** A tape with the blocks of its activations. */
export interface Planned {
  tape: Tape
  blocks: Block[]
}

/** What a tape is recorded with beside its config. */
export interface TapeOptions extends Form {
  /** The parameters that have gradients; else all. */
  trains?: Trains | undefined
}

/** A step's tape and an evaluation's, on batches of rows of `T` tokens; one and the same where nothing is drawn or smoothed. */
export function programs(
  c: Config,
  T: number,
  keep: ReadonlySet<string>,
  { trains, fuse, att, gates }: TapeOptions = {},
): { train: Planned; evaluate: Planned } {
  const { batch_size: B, label_smoothing, recompute, precision } = c
  const planned = (tape: Tape) => ({ tape, blocks: planMemory(tape, keep) })
  const shared = { B, T, precision, fuse, att, gates }
  const train = planned(gpt(c, { use: 'train', ...shared, label_smoothing, recompute, trains }))
  const same = c.dropout === 0 && label_smoothing === 0
  return { train, evaluate: same ? train : planned(gpt(c, { use: 'evaluate', ...shared })) }
}

/** The longest pass over a prompt, by the numbers in its attention matrix [NH, T, P], of which there is one: 64 MiB. */
const LARGEST_ATT = 2 ** 24

/** A decoder's program for the next `T` tokens; with a head it draws what follows. */
export function decoderTape(c: ModelConfig, T: number, head: boolean): Tape {
  return gpt(c, { use: 'decode', T, head })
}

/**
 * What a decoder holds: the program for the next token; the longest pass over a prompt of `T` tokens, in whose memory shorter ones
 * find room; and what all of them share: caches, position and tables.
 */
export function decoderPlan(c: ModelConfig): { shared: Block[]; pass: Planned & { T: number }; next: Planned } {
  const planned = (T: number, head: boolean) => {
    const tape = decoderTape(c, T, head)
    const lengths = inputsOf(tape).filter(({ label }) => OWN.has(label))
    return { T, tape, blocks: [...lengths.map(blockOf), ...planMemory(tape)] }
  }
  const { n_head, block_size } = c
  const pass = planned(Math.max(1, Math.min(block_size, Math.floor(LARGEST_ATT / (n_head * block_size)))), false)
  const next = planned(1, true)
  const shared = inputsOf(next.tape).filter(({ label }) => !OWN.has(label))
  return { shared: shared.map(blockOf), pass, next }
}
/** Those inputs whose length is the program's. */
const OWN = new Set(['tokens', 'order'])
const inputsOf = (tape: Tape) => [...tape.tensors.values()].filter((t) => tape.isExternal(t) && !tape.isParam(t))

/** What a run of this config takes on a device whose largest block is `maxBlock` elements, and its largest block. */
export function predictMemory(c: Config, maxBlock: number): { memory: MemoryUse; largest: Block } {
  const state = stateBlocks(c, maxBlock)
  const { written, others } = inputBlocks(c, c.block_size, state.arenas.length)
  const inputs = [written, ...others]
  const { train, evaluate } = programs(c, c.block_size, new Set())
  const evaluation = evaluate === train ? [] : evaluate.blocks
  const { shared, pass, next } = decoderPlan(c)
  const decoder = [...shared, ...pass.blocks, ...next.blocks]
  const { weights, grads, m, v } = state.blocks
  const all = [weights, grads, m, v, inputs, train.blocks, evaluation, decoder].flat()
  const memory = {
    weights: bytesOf(weights),
    gradients: bytesOf(grads),
    moments: bytesOf(m) + bytesOf(v),
    inputs: bytesOf(inputs),
    activations: bytesOf(train.blocks),
    evaluation: bytesOf(evaluation),
    decoder: bytesOf(decoder),
    total: bytesOf(all),
  }
  return { memory, largest: all.reduce((a, b) => (b.size > a.size ? b : a)) }
}

/** What a run of this config takes and computes, whatever it keeps and whatever it computes again. */
export function forecast(config: Config, maxBlock: number): Forecast {
  const of = (recompute: Config['recompute']) => {
    const c = { ...config, recompute }
    const { memory } = predictMemory(c, maxBlock)
    const { batch_size: B, block_size: T, label_smoothing } = c
    const step = arithmetic(gpt(c, { use: 'train', B, T, label_smoothing, recompute }))
    return { memory, flops: step * c.gradient_accumulation_steps }
  }
  return { none: of('none'), mlp: of('mlp'), layer: of('layer') }
}

/** The memory of some blocks. */
export function bytesOf(blocks: readonly Block[]): number {
  return blocks.reduce((sum, { size }) => sum + size * 4, 0)
}

/** Tensors that share a block. */
function blockOfAll(label: string, tensors: readonly Tensor[]): Block {
  let size = 0
  const windows = tensors.map((tensor) => {
    const offset = size
    size += Math.ceil(sizeOf(tensor.shape) / ALIGN) * ALIGN
    return { tensor, offset }
  })
  return { label, size, windows }
}
/** A block of one tensor's own. */
export function blockOf(tensor: Tensor): Block {
  return { label: tensor.label, size: Math.max(ALIGN, sizeOf(tensor.shape)), windows: [{ tensor, offset: 0 }] }
}
/** The tables of RoPE, if the model turns. */
export function angleTensors(c: ModelConfig): Tensor[] {
  if (c.position !== 'rope') return []
  const shape = [c.block_size, c.n_embd / c.n_head / 2]
  return [
    { label: 'cos', shape, dtype: 'f32' },
    { label: 'sin', shape, dtype: 'f32' },
  ]
}
