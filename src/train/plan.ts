// The memory of a run, from its config alone: the blocks that weights, trainer, evaluator and decoder allocate, and their bytes.
// Allocates nothing, so that a run can be judged before it starts.
import type { Config, ModelConfig } from '../config/config'
import { ALIGN, DICE, HYPER, NORM_PARTIALS, RING, type Block, type Engine, type Head, type Tensor } from '../engine'
import { arithmetic } from '../model/arithmetic'
import { gpt, type Form } from '../model/gpt'
import { planMemory } from '../model/memory'
import { gradientLabel, type Tape } from '../model/tape'
import { layoutArenas, paramTable, sizeOf, type Arena, type Trains } from '../params'
import type { Forecast, MemoryUse } from '../words/run'
import { angleTensors } from './angles'
import { shardConfig, shardsOf } from './shards'

/** What has an arena for each part of the parameters: weights, gradients, AdamW's two moments. */
export type Kind = 'weights' | 'grads' | 'm' | 'v'

/** The address of a parameter's weights, gradient or moment. */
export function labelOf(kind: Kind, param: string): string {
  return { weights: param, grads: gradientLabel(param), m: `m.${param}`, v: `v.${param}` }[kind]
}

/**
/**
 * The arenas of a model's parameters, on a device whose largest block is `maxBlock` elements, and for each kind a block per arena. A
 * block has a window on the whole arena (`weights.0`, flat) and one on each parameter's part. `arenas` are those that train; frozen
 * weights have arenas of their own after them (`frozen.0`), without gradients and moments.
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
      // A parameter that has an arena to itself is a large one; the block has its name, so that a refusal names the parameter.
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

/** What is written for each batch of B rows of T tokens, whether it is trained on or evaluated. */
function batchTensors(c: ModelConfig, B: number, T: number): Tensor[] {
  return [
    { label: 'tokens', shape: [B, T], dtype: 'u32' },
    { label: 'targets', shape: [B, T], dtype: 'i32' },
    { label: 'order', shape: [B * T], dtype: 'u32' },
    { label: 'starts', shape: [c.vocab_size + 1], dtype: 'u32' },
    { label: 'dice', shape: [DICE.size], dtype: 'u32' },
    { label: 'scale', shape: [B * T], dtype: 'f32' },
  ]
}

/** The inputs of a program: `written` is one block, written for each batch; `others` are allocated beside it. */
export interface Inputs {
  written: Block
  others: Block[]
}

/** The inputs of a training step on rows of `T` tokens; `arenas` counts the arenas that the update walks through. */
export function inputBlocks(c: Config, T: number, arenas: number): Inputs {
  const inputs: Tensor[] = [...batchTensors(c, c.batch_size, T), { label: 'hyper', shape: [HYPER.size], dtype: 'f32' }]
  const own: Tensor[] = [
    { label: 'norm', shape: [1], dtype: 'f32' },
    { label: 'partials', shape: [arenas * NORM_PARTIALS], dtype: 'f32' },
    { label: 'update_norms', shape: [2], dtype: 'f32' },
    { label: 'update_partials', shape: [arenas * NORM_PARTIALS, 2], dtype: 'f32' },
    { label: 'loss_ring', shape: [RING], dtype: 'f32' },
    { label: 'norm_ring', shape: [RING], dtype: 'f32' },
    ...angleTensors(c),
  ]
  return { written: blockOfAll('inputs', inputs), others: own.map(blockOf) }
}

/** The inputs of an evaluation by itself, on batches of B rows of T tokens. */
export function evaluationInputs(c: ModelConfig, B: number, T: number): Inputs {
  const own: Tensor[] = [{ label: 'loss_ring', shape: [RING], dtype: 'f32' }, ...angleTensors(c)]
  return { written: blockOfAll('inputs', batchTensors(c, B, T)), others: own.map(blockOf) }
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

/**
 * The tapes of a training step and of an evaluation, on rows of `T` tokens; the same tape where neither dropout nor smoothing is on. `head`:
 * how the engine stores large logits.
 */
export function programs(
  c: Config,
  T: number,
  keep: ReadonlySet<string>,
  { trains, fuse, att, gates, gated }: TapeOptions = {},
  head?: Head,
): { train: Planned; evaluate: Planned } {
  const { batch_size: B, label_smoothing, recompute, precision } = c
  const planned = (tape: Tape) => ({ tape, blocks: planMemory(tape, keep) })
  const shared = { B, T, precision, fuse, att, gates, gated, head }
  const train = planned(gpt(c, { use: 'train', ...shared, label_smoothing, recompute, trains }))
  const same = c.dropout === 0 && label_smoothing === 0
  return { train, evaluate: same ? train : planned(gpt(c, { use: 'evaluate', ...shared })) }
}

/** The most elements of a pass's attention matrix [NH, T, P]: 64 MiB. It decides how long the longest pass over a prompt is. */
const LARGEST_ATT = 2 ** 24

/** The tape that reads the next `T` tokens of a text; with `head`, it also draws the token after them. `gated`: sets of gates it reads. */
export function decoderTape(c: ModelConfig, T: number, head: boolean, gated: ReadonlySet<string>): Tape {
  return gpt(c, { use: 'decode', T, head, ...formOf(gated) })
}

/** How a program is recorded that reads some sets of gates, or none. */
export function formOf(gated: ReadonlySet<string>): Pick<Form, 'gates' | 'gated'> {
  return gated.size > 0 ? { gates: 'turn', gated } : {}
}

/**
 * What a decoder allocates: `next` reads one token and draws the one after it; `pass` reads T tokens of a prompt, and shorter passes
 * use its memory; `shared` are the inputs of both: caches, position, tables and dice. Gates lie with the weights.
 */
export function decoderPlan(
  c: ModelConfig,
  gated: ReadonlySet<string> = new Set(),
): { shared: Block[]; pass: Planned & { T: number }; next: Planned } {
  const planned = (T: number, head: boolean) => {
    const tape = decoderTape(c, T, head, gated)
    const lengths = inputsOf(tape).filter(({ label }) => OWN.has(label))
    return { T, tape, blocks: [...lengths.map(blockOf), ...planMemory(tape)] }
  }
  const { n_head, block_size } = c
  const pass = planned(Math.max(1, Math.min(block_size, Math.floor(LARGEST_ATT / (n_head * block_size)))), false)
  const next = planned(1, true)
  const shared = inputsOf(next.tape).filter(({ label }) => !OWN.has(label) && label !== 'gates')
  return { shared: shared.map(blockOf), pass, next }
}
/** Inputs whose length depends on the number of tokens, so that each program has its own. */
const OWN = new Set(['tokens', 'order'])
const inputsOf = (tape: Tape) =>
  [...tape.tensors.values()].filter((t) => tape.isExternal(t) && !tape.isParam(t) && tape.home(t) === t)

/** Bytes that all other threads of a run may take together. */
const MOST_ELSEWHERE = 2 ** 30

/** The bytes that a thread takes which computes shards of a config's batches. */
function threadBytes(c: Config, shards: number, maxBlock: number): number {
  const shard = shardConfig(c, shards)
  const { arenas, blocks } = stateBlocks(shard, maxBlock)
  const { written, others } = inputBlocks(shard, c.block_size, arenas.length)
  const { train } = programs(shard, c.block_size, new Set())
  return bytesOf([...blocks.weights, ...blocks.grads, written, ...others, ...train.blocks])
}
/** How many threads there is work and memory for beside a trainer's own. */
export function helpersWithin(c: Config, shards: number, maxBlock: number): number {
  return Math.min(shards - 1, Math.floor(MOST_ELSEWHERE / threadBytes(c, shards, maxBlock)))
}

/**
/** What of a device decides how much a run takes of it. */
export interface Means {
  /** Largest block, in elements. */
  maxBlock: number
  /** How it stores large logits. */
  head?: Head | undefined
  /** Where batches are cut into shards: how many threads there are beside its own. */
  threads?: number | undefined
}
export const meansOf = ({ maxBlock, head, threads }: Engine): Means => ({ maxBlock, head, threads: threads?.most })

/**
 * The bytes that a run of this config takes on a device, and its largest block. A run that is only looked at takes `weights`, and
 * `decoder` once it writes.
 */
export function predictMemory(c: Config, { maxBlock, head, threads }: Means): { memory: MemoryUse; largest: Block } {
  const shards = threads === undefined ? 1 : shardsOf(c)
  const rows = shardConfig(c, shards)
  const state = stateBlocks(c, maxBlock)
  const { written, others } = inputBlocks(rows, c.block_size, state.arenas.length)
  const inputs = [written, ...others]
  const { train, evaluate } = programs(rows, c.block_size, new Set(), {}, head)
  const evaluation = evaluate === train ? [] : evaluate.blocks
  const { shared, pass, next } = decoderPlan(c)
  const decoder = [...shared, ...pass.blocks, ...next.blocks]
  const { weights, grads, m, v } = state.blocks
  const all = [weights, grads, m, v, inputs, train.blocks, evaluation, decoder].flat()
  const elsewhere =
    shards > 1 ? Math.min(threads ?? 0, helpersWithin(c, shards, maxBlock)) * threadBytes(c, shards, maxBlock) : 0
  const memory = {
    weights: bytesOf(weights),
    gradients: bytesOf(grads) * (shards > 1 ? 2 : 1),
    moments: bytesOf(m) + bytesOf(v),
    inputs: bytesOf(inputs),
    activations: bytesOf(train.blocks),
    evaluation: bytesOf(evaluation),
    decoder: bytesOf(decoder),
    threads: elsewhere,
    total: bytesOf(all) + (shards > 1 ? bytesOf(grads) : 0) + elsewhere,
  }
  return { memory, largest: all.reduce((a, b) => (b.size > a.size ? b : a)) }
}

/** The memory and the flops of a step for each setting of `recompute`, the config's other fields as they are. */
export function forecast(config: Config, device: Means): Forecast {
  const of = (recompute: Config['recompute']) => {
    const c = { ...config, recompute }
    const { memory } = predictMemory(c, device)
    return { memory, flops: stepFlops(c) }
  }
  return { none: of('none'), mlp: of('mlp'), layer: of('layer') }
}

/** The flops of one step of a config. */
export function stepFlops(c: Config): number {
  const { batch_size: B, block_size: T, label_smoothing, recompute } = c
  return arithmetic(gpt(c, { use: 'train', B, T, label_smoothing, recompute })) * c.gradient_accumulation_steps
}

/** Bytes of some blocks. */
export function bytesOf(blocks: readonly Block[]): number {
  return blocks.reduce((sum, { size }) => sum + size * 4, 0)
}

/** One block for several tensors. */
function blockOfAll(label: string, tensors: readonly Tensor[]): Block {
  let size = 0
  const windows = tensors.map((tensor) => {
    const offset = size
    size += Math.ceil(sizeOf(tensor.shape) / ALIGN) * ALIGN
    return { tensor, offset }
  })
  return { label, size, windows }
}
/** A block for one tensor. */
export function blockOf(tensor: Tensor): Block {
  return { label: tensor.label, size: Math.max(ALIGN, sizeOf(tensor.shape)), windows: [{ tensor, offset: 0 }] }
}
