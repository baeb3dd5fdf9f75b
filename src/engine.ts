// The contract between a model and whatever computes it. A model calls ops by name on tensors by name; `ops/` implements
// them as GPU dispatches, `wasm/` as kernels in WebAssembly SIMD, `cpu/` as loops over plain arrays, and nothing above knows which
// one runs.
//
// Dimensions: B batch, T time, C channels, L layers, NH heads, NKV key/value heads, HS head size, F MLP width,
// V vocabulary, N = B·T rows, P the longest context.
import type { Threads } from './threads'

export type DType = 'f32' | 'u32' | 'i32'

/** A labelled shape; an engine gives it memory. Labels are addresses: unique within a program, `h.0.attn.att`. */
export interface Tensor {
  readonly label: string
  readonly shape: readonly number[]
  readonly dtype: DType
}

/** A labelled piece of work that can be replayed: a GPU dispatch or a function. `flops` and `bytes` say what the op must do and move. */
export interface Work {
  readonly label: string
  readonly flops: number
  readonly bytes: number
}

/**
 * What each op reads and writes. `tensors` are always given, `optional` ones may be absent. `grads` names the tensors whose gradients,
 * `d` + name, the backward writes where they are asked for. `scratch` lives only during the backward. `partials`, the sums over parts,
 * are given where the sizes need them.
 */
export interface Ops {
  /**
   * out[b,t] = wte[tokens[b,t]] + wpe[pos + t]. tokens [B, T], wte [V, C], wpe [P, C], out [B, T, C]. `order` [N] lists the positions
   * sorted by token; `starts` [V + 1] says where each token's positions begin in it.
   */
  embedding: {
    tensors: 'tokens' | 'order' | 'starts' | 'wte' | 'out'
    optional: 'wpe' | 'pos'
    grads: 'wte' | 'wpe'
    scratch: never
    attrs: object
  }
  /**
   * out = (x − mean) · rstd · weight + bias, row by row. x and out [N, C], weight and bias [C], mean and rstd [N], partials
   * [normPartials(N), S, C], S = 2 with a bias and else 1. Backward needs dx; dweight and dbias may be absent.
   */
  layernorm: {
    tensors: 'x' | 'weight' | 'out' | 'mean' | 'rstd'
    optional: 'bias'
    grads: 'x' | 'weight' | 'bias'
    scratch: 'partials'
    attrs: { eps: number }
  }
  /** out = x · rstd · weight, rstd [N] = 1/√(mean(x²) + eps). x and out [N, C], weight [C], partials [normPartials(N), C]. */
  rmsnorm: {
    tensors: 'x' | 'weight' | 'out' | 'rstd'
    optional: never
    grads: 'x' | 'weight'
    scratch: 'partials'
    attrs: { eps: number }
  }
  /**
   * out [N, M] = x [N, K] · weight [K, M] + bias [M]; `transposed`: weight is [M, K]. The kernel can do the neighbouring ops as well:
   * - `residual` [N, M] is added to out. Its gradient is dout itself, which the tape passes on.
   * - `pre` [N, M] keeps the sum, and out = activation(pre). Backward's dout is then dpre.
   * - `xpre` [N, K] is what x was made of: x = activation(xpre). Backward writes dxpre in place of dx.
   * - `dice` sends the sum through dropout, before the residual. Backward's dout is then the gradient of the sum.
   * - out's rows may be longer than M, on an engine whose `head` pads them. What lies past M may be anything; in dout it is zero.
   * `partials` [`partialsOf`] holds dweight's sums over parts of N, where `splits` cuts them, and dx's over parts of M.
   */
  matmul: {
    tensors: 'x' | 'weight' | 'out'
    optional: 'bias' | 'residual' | 'dice' | 'pre' | 'xpre'
    grads: 'x' | 'xpre' | 'weight' | 'bias'
    scratch: 'partials'
    /** `fast`: the products may use 16-bit numbers. */
    attrs: { transposed: boolean; activation?: Activation; dropout?: Dropout; fast?: boolean }
  }
  /** RoPE: turns the queries and keys in x [B, T, (NH + 2 NKV)·HS] by their position and copies the values. cos and sin [P, HS/2]. */
  rope: { tensors: 'x' | 'cos' | 'sin' | 'out'; optional: 'pos'; grads: 'x'; scratch: never; attrs: Heads }
  /** Causal attention over qkv [B, T, (NH + 2 NKV)·HS]: att [B, NH, T, T] = softmax(q·kᵀ/√HS) before dropout, out [B, T, NH·HS] = dropout(att)·v. */
  attention: {
    tensors: 'qkv' | 'out' | 'att' | 'dice'
    optional: never
    grads: 'qkv'
    scratch: 'dpreatt'
    attrs: Heads & Dropout
  }
  /** Causal attention without the matrix att: lse [B, NH, T] is the log-sum-exp of each row of scores. For heads that `flashes`. */
  flash_attention: {
    tensors: 'qkv' | 'out' | 'lse' | 'dice'
    optional: never
    grads: 'qkv'
    scratch: 'delta'
    /** `fast`: keys, values and gradients may be read as 16-bit numbers. */
    attrs: Heads & Dropout & { fast?: boolean }
  }
  /**
   * Attention with a KV cache: appends T keys and values at `pos` to `keys` and `values` [P, NKV·HS], then attends over all of them.
   * qkv [1, T, (NH + 2 NKV)·HS], att [NH, T, P], out [1, T, NH·HS].
   */
  attention_cached: ForwardOnly<'qkv' | 'keys' | 'values' | 'pos' | 'att' | 'out', Heads>
  /** out = x · ½(1 + tanh(√(2/π)(x + 0.044715x³))). x and out [N, F]. */
  gelu: { tensors: 'x' | 'out'; optional: never; grads: 'x'; scratch: never; attrs: object }
  /** out = silu(gate) · up. x [N, 2F] = [gate | up], out [N, F]. */
  swiglu: { tensors: 'x' | 'out'; optional: never; grads: 'x'; scratch: never; attrs: object }
  /** out = max(x, 0)². x and out [N, F]. */
  relu2: { tensors: 'x' | 'out'; optional: never; grads: 'x'; scratch: never; attrs: object }
  /** out = a + b, [N, C] each. */
  residual: { tensors: 'a' | 'b' | 'out'; optional: never; grads: 'a' | 'b'; scratch: never; attrs: object }
  /**
   * out = x · keep/(1 − p), [N, C] each. keep is a function of (dice, stream, index), so backward draws the same. x is absent where a
   * product has done the forward: only backward is called then.
   */
  dropout: { tensors: 'out' | 'dice'; optional: 'x'; grads: 'x'; scratch: never; attrs: Dropout }
  /**
   * out = x · gate. x and out [N, M], gate [G]. Each of G equal parts of a row has a multiplier of its own: heads, neurons, or the whole
   * row. With `positions`, each of the G = T rows of a text has one. A step that nobody looks into has no such op.
   */
  gate: {
    tensors: 'x' | 'gate' | 'out'
    optional: never
    grads: 'x' | 'gate'
    scratch: never
    attrs: { positions: boolean }
  }
  /**
   * losses [N] = smoothed cross-entropy of softmax(logits [N, V]) at targets [N]; lse [N] the rows' log-sum-exp. A negative target is
   * not counted: its loss is 0. scale [N] is each row's share in the batch's loss. Backward: dlogits = (softmax − target) · scale,
   * in place where dlogits has the memory of logits. With `V`, rows are longer than that, on an engine whose `head` pads them: what lies
   * past V is not read, and dlogits is zero there.
   */
  cross_entropy: {
    tensors: 'logits' | 'targets' | 'scale' | 'losses' | 'lse'
    optional: never
    grads: 'logits'
    scratch: never
    attrs: { label_smoothing: number; V?: number }
  }
  /** ring[dice.slot] = Σ scale · losses, both [N]. */
  mean_loss: ForwardOnly<'losses' | 'scale' | 'dice' | 'ring'>
  /**
   * norm [1] = ‖grads‖ over all arenas, summed in a fixed order, and the same in ring[dice.slot]. Called once for each arena; the call
   * with `last` finishes. partials [arenas · NORM_PARTIALS].
   */
  grad_norm: ForwardOnly<'grads' | 'partials' | 'norm' | 'dice' | 'ring', { first: number; last: boolean }>
  /**
   * Draws the next token from the last row of logits [1, T, V]. The token becomes the next step's input, tokens[0], at pos + 1. Token and
   * probability go to row dice.slot of drawn [DRAWS, 2]. dice.step, the number of the draw, and dice.slot advance.
   */
  sample: ForwardOnly<'logits' | 'sampling' | 'dice' | 'tokens' | 'pos' | 'drawn'>
  /**
   * AdamW as torch.optim.AdamW on one arena. The gradient is first scaled by min(1, clip/(norm + 1e-6)). Elements before `decayed` decay.
   */
  adamw: ForwardOnly<'weights' | 'grads' | 'm' | 'v' | 'norm' | 'hyper', { decayed: number }>
  /**
   * norms [2] = ‖Δ‖ and ‖weights‖ over the elements before `decayed` of all arenas, summed in a fixed order. Δ is the step that AdamW
   * took last, without weight decay, computed from the moments that it left. Called once for each arena; the call with `last` finishes.
   * partials [arenas · NORM_PARTIALS, 2].
   */
  update_norm: ForwardOnly<
    'weights' | 'm' | 'v' | 'hyper' | 'partials' | 'norms',
    { decayed: number; first: number; last: boolean }
  >
}
export type OpName = keyof Ops
/** An op without a backward. */
interface ForwardOnly<Tensors extends string, Attrs = object> {
  tensors: Tensors
  optional: never
  grads: never
  scratch: never
  attrs: Attrs
}

/** The activations that a product can compute on the way. */
export type Activation = 'gelu' | 'relu2'

export interface Heads {
  n_head: number
  n_kv_head: number
}
/** `p` the share dropped; `stream` tells the dropouts of one program apart. */
export interface Dropout {
  p: number
  stream: number
}

/** How many neighbours of x [N, M] share one of the gates [G]. */
export function gateSpan({ x, gate }: { x: Tensor; gate: Tensor }, positions: boolean): number {
  const M = x.shape.at(-1)!
  return positions ? M : M / gate.shape[0]!
}

/**
 * Whether heads of this size can go without the attention matrix: they are read by fours and fit a thread's registers. A thread of
 * the backward holds four rows. At 128 numbers a head that is 512, more than GPUs have, and llvmpipe compiles for minutes.
 */
export function flashes(headSize: number): boolean {
  return headSize % 4 === 0 && headSize <= 64
}

/**
 * The words of `dice` (u32): what changes each step and is not a rate. `row` is the row of the batch, of B, with which the tensors begin:
 * a shard of a batch drops what the whole batch would. Only engines that have `threads` are given another than 0, and read it.
 */
export const DICE = { seed: 0, step: 1, slot: 2, row: 3, size: 4 } as const
/**
 * The words of `hyper` (f32): what AdamW needs this step. `bias1` = 1 − beta1^step, `bias2` = 1 − beta2^step; `rest1` = 1 − beta1 and
 * `rest2` = 1 − beta2 are taken in double precision, since 1 − 0.999 in float32 is off by 5·10⁻⁵ of itself.
 */
export const HYPER = {
  learning_rate: 0,
  weight_decay: 1,
  beta1: 2,
  beta2: 3,
  eps: 4,
  bias1: 5,
  bias2: 6,
  grad_clip: 7,
  rest1: 8,
  rest2: 9,
  size: 12,
} as const
/** The words of `sampling` (f32): how a token is drawn. */
export const SAMPLING = { temperature: 0, top_k: 1, top_p: 2, size: 4 } as const
export interface SamplingOptions {
  /** 0 takes the likeliest token. */
  temperature: number
  /** 0 switches it off. */
  top_k: number
  /** 1 switches it off. */
  top_p: number
}
/** Tokens that may be drawn between two readings. */
export const DRAWS = 256
/** Slots in the rings of losses and gradient norms; a program may be replayed this often between two readings. */
export const RING = 1024
/** Partial sums of squares that `grad_norm` writes for each arena, and pairs of them that `update_norm` writes. */
export const NORM_PARTIALS = 256
/** Windows on a shared block start at multiples of this many elements (256 bytes, WebGPU's alignment of storage windows). */
export const ALIGN = 64

export type Tensors<T, K extends OpName> = Readonly<
  Record<Ops[K]['tensors'], T> & Partial<Record<Ops[K]['optional'], T>>
>
/** One call of an op: its address on the tape, its tensors by name, its constants. */
export interface Call<T, K extends OpName> {
  readonly name: string
  readonly t: Tensors<T, K>
  readonly attrs: Ops[K]['attrs']
}
/** The same call's backward: gradients by name (`dout` in; `dx`, `dweight`, … out), `adds` those to add to (`+=`) rather than to write (`=`). */
export interface BackwardCall<T, K extends OpName> extends Call<T, K> {
  readonly d: Readonly<
    Partial<Record<`d${Ops[K]['grads'] | 'out'}`, T>> &
      Record<Exclude<Ops[K]['scratch'], 'partials'>, T> & { partials?: T }
  >
  readonly adds: ReadonlySet<string>
}
/** An op: describes work, never does it. */
export interface Op<T, W, K extends OpName> {
  forward(call: Call<T, K>): W[]
  backward(call: BackwardCall<T, K>): W[]
}

/** A stretch of memory and the tensors that look into it; `offset` and `size` in elements of 4 bytes. */
export interface Block {
  label: string
  size: number
  windows: readonly { tensor: Tensor; offset: number }[]
}

/** The numbers of a tensor, in its own type. */
export type Words = Float32Array | Uint32Array | Int32Array

/** Tensors that are written together. `write` takes effect before the next `run`; it takes all of every array. */
export interface Stage {
  /** By label, each as long as its tensor. */
  readonly arrays: ReadonlyMap<string, Words>
  write(): void
}

/** How long one piece of work took, beside what it had to do. */
export interface Timing {
  label: string
  ms: number
  flops: number
  bytes: number
}

/** How logits are stored where they are too large to be kept: at most `most` elements at a time, in rows padded to a multiple. */
export interface Head {
  readonly most: number
  readonly multiple: number
}
/** 64 MiB at a time, and no padding. */
export const HEAD: Head = { most: 2 ** 24, multiple: 1 }

/** What computes, in words for the device panel. */
export interface EngineInfo {
  kind: 'gpu' | 'cpu'
  /** "NVIDIA H200 (hopper)", "WebAssembly SIMD" or "plain JavaScript". */
  name: string
  vendor: string
  architecture: string
  /** A program that computes on the processor stands in for the GPU. */
  software: boolean
  features: string[]
  limits: Record<string, number>
}

/** How several kernels for one class of calls compared on this device. */
export interface KernelChoice {
  /** The op and the class of shapes: `matmul nn large`. */
  key: string
  variant: string
  /** Milliseconds of those that were right, on a call of `flops`. */
  ms: Record<string, number>
  flops: number
  /** Those that disagreed with the plain kernel, or that the device does not compile. */
  refused: string[]
}
/** A class of calls that several kernels can compute, and the one that was taken. */
export type KernelClass = Pick<KernelChoice, 'key' | 'variant'> & { variants: readonly string[] }

export interface Engine<T extends Tensor = Tensor, W extends Work = Work> {
  readonly info: EngineInfo
  readonly ops: { readonly [K in OpName]: Op<T, W, K> }
  /** Largest block, in elements. */
  readonly maxBlock: number
  /** Absent: as HEAD says. */
  readonly head?: Head

  /** Where this is given, large batches are computed in shards (train/shards.ts), which other threads may take over. */
  readonly threads?: Threads
  /** Memory, zeroed, for every tensor of the blocks, by label. Throws OutOfMemoryError naming the block. */
  allocate(blocks: readonly Block[]): Promise<Map<string, T>>
  /** A look at part of a tensor under another name, from its element `offset` on, a multiple of ALIGN. Has no memory of its own. */
  window(of: T, tensor: Tensor, offset: number): T
  /** Gives blocks back that `allocate` made. */
  free(tensors: Iterable<T>): void
  /**
   * Measures the kernels that calls recorded since the last time could have taken, where it has not before and their bits differ. True
   * where one would now be recorded with another kernel: record again.
   */
  tune(): Promise<boolean>
  /**
   * Goes on with the choice among kernels that give the same bits; to be called between two steps, by whoever takes many. Null where there is
   * nothing to do now. Else resolves when the next step may be submitted, which waits for those before; with `all`, when all is decided.
   * Programs take what was chosen by themselves. Absent where ops have one kernel each.
   */
  improve?(all?: boolean): Promise<void> | null
  /** Milliseconds spent so far on writing the text of kernels, WGSL or WebAssembly. Absent where kernels have none. */
  readonly text_ms?: number
  /** Whether other kernels are being compiled or measured: if the engine dies then, they are the likeliest reason. */
  readonly trying?: boolean
  /** Which kernel was chosen for which class of calls, and why. */
  readonly choices: readonly KernelChoice[]
  /** Takes over choices that were made on the same device before. */
  recall(choices: readonly KernelChoice[]): void
  /** Resolves when a program can run; `progress` counts pipelines, from 0. */
  compile(program: readonly W[], progress?: (done: number, total: number) => void): Promise<void>
  /**
   * Replays a program, `times` in a row (1); resolves when it has been computed. Programs run in the order of the calls. How to
   * run an array is remembered: keep it from step to step, and do not change it.
   */
  run(program: readonly W[], times?: number): Promise<void>
  /** Writes from the start of the tensor; takes effect before the next `run`. */
  write(tensor: T, data: Float32Array | Float64Array | Uint32Array | Int32Array): void
  /** Arrays for tensors of one block, to be filled and written together, as often as one likes. */
  stage(tensors: readonly T[]): Stage
  /** Copies tensors out, in the order of calls with `run`. f32 as Float32Array whatever the engine's own precision. */
  read(tensors: readonly T[]): Promise<Float32Array[]>
  /** Times each piece of a program, averaged over `repeat` runs; absent or empty where there is nothing to time with. */
  profile?(program: readonly W[], repeat?: number): Promise<Timing[]>
  /** The kernel of a piece of work: its name and its final source text. Absent where kernels have none. */
  kernelOf?(work: W): { name: string; source: string; workgroups?: readonly number[] }
  /** Calls `record` with these variants by class, where they can; `asked` are the classes that came up. Absent where an op has one kernel. */
  recordAs?<R>(variants: Readonly<Record<string, string>>, record: () => R): { recorded: R; asked: KernelClass[] }
  /** Resolves, once, with the reason, if the engine dies. */
  readonly lost: Promise<Error>
  destroy(): void
}

/** Records programs with the kernels that are fastest on this device, and makes them ready to run. `record` may be called twice. */
export async function prepare<T extends Tensor, W extends Work, P>(
  engine: Engine<T, W>,
  record: () => P,
  works: (programs: P) => readonly W[],
  progress?: (done: number, total: number) => void,
): Promise<P> {
  const programs = record()
  // What no contest is about compiles meanwhile.
  const [changed] = await Promise.all([engine.tune(), engine.compile(works(programs), progress)])
  if (!changed) return programs
  const tuned = record()
  await engine.compile(works(tuned))
  return tuned
}
