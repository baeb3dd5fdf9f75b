// The ops of a model, written down one after the other: each method appends one call, with the shapes of its outputs and what its
// backward reads again, and returns its output. What is recorded is plain: one op a call, every output at an address of its own.
// fuse.ts may make fewer calls of it, and tape.ts adds the gradients. Knows shapes and names, not memory and not who computes.
import {
  type Activation,
  type Call,
  type DType,
  type Heads,
  type OpName,
  type Ops,
  type Tensor,
  type Tensors,
} from '../engine'
import { normPartials } from '../splits'
import { invariant } from '../errors'
import { partialsOf } from '../splits'
import type { Stretch } from './timeline'

/** One op call as it was recorded: its tensors by name, and which of them play which part. */
export interface Recorded<K extends OpName = OpName> {
  readonly op: K
  readonly name: string
  readonly t: Readonly<Record<string, Tensor>>
  readonly attrs: Ops[K]['attrs']
  /** The tensors that forward writes; all others it reads. */
  readonly out: readonly string[]
  /** The tensors that backward reads again. */
  readonly saved: readonly string[]
  /** The tensors that have gradients, where something behind them trains. */
  readonly grads: readonly string[]
  /** The tensor whose gradient backward reads. */
  readonly dout?: Tensor
  /** Shapes of what lives only during the backward. */
  readonly scratch: Readonly<Record<string, readonly number[]>>
  /** The input whose gradient backward's kernel writes on its way to any other. */
  readonly along?: string
  /** The input whose gradient takes the memory of the input itself, which nobody can read afterwards. */
  readonly overwrites?: string
  /** The input whose gradient is that of `dout`. */
  readonly passes?: Tensor
  /** Inputs that are kept nowhere, and have a gradient. */
  readonly unkept?: Readonly<Record<string, Tensor>>
  readonly stretch: Stretch | undefined
}

/** Part of a tensor's memory, from element `offset` on. */
export interface Window {
  readonly of: Tensor
  readonly offset: number
}

type Names<K extends OpName> = readonly (keyof Tensors<Tensor, K> & string)[]
/** What a method says about its call, beside the tensors. */
interface Roles<K extends OpName> {
  out: Names<K>
  saved?: Names<K>
  grads?: readonly Ops[K]['grads'][]
  dout?: Tensor
  scratch?: Partial<Record<Ops[K]['scratch'], readonly number[]>>
  along?: Ops[K]['grads']
  overwrites?: Ops[K]['grads']
}

const rows = (t: Tensor) => t.shape.slice(0, -1).reduce((a, b) => a * b, 1)
const last = (t: Tensor) => t.shape.at(-1) ?? 1

export class Recorder {
  readonly calls: Recorded[] = []
  /** Every tensor by its address. */
  readonly tensors = new Map<string, Tensor>()
  readonly params = new Set<string>()
  /** Parameters and inputs that do not train. */
  readonly frozen = new Set<string>()
  readonly inputs = new Set<string>()
  /** Tensors without memory of their own, by address. */
  readonly windows = new Map<string, Window>()
  readonly #fast: { fast?: true }
  #stretch: Stretch | undefined
  #stream = 0

  /** `fast`: products and attention may be made of 16-bit numbers. */
  constructor({ fast = false }: { fast?: boolean } = {}) {
    this.#fast = fast ? { fast } : {}
  }

  /** A weight. One that trains has a gradient of the same shape; both live outside the tape's memory. */
  param(label: string, shape: readonly number[], trains = true): Tensor {
    this.params.add(label)
    if (!trains) this.frozen.add(label)
    return this.#tensor(label, shape)
  }
  /** A tensor that is written from outside before the tape runs; it has a gradient only where it `trains`. */
  input(label: string, shape: readonly number[], dtype: DType, trains = false): Tensor {
    this.inputs.add(label)
    if (!trains) this.frozen.add(label)
    return this.#tensor(label, shape, dtype)
  }
  /** Part of `of` under a name of its own, from element `offset` on, a multiple of ALIGN. */
  window(label: string, of: Tensor, shape: readonly number[], offset: number): Tensor {
    this.windows.set(label, { of, offset })
    return this.#tensor(label, shape, of.dtype)
  }
  /** The nodes until `end` are a stretch with an order of its own; see timeline.ts. */
  begin(kind: Stretch['kind']): void {
    this.#stretch = { kind }
  }
  end(): void {
    this.#stretch = undefined
  }

  #tensor(label: string, shape: readonly number[], dtype: DType = 'f32'): Tensor {
    invariant(!this.tensors.has(label), () => `two tensors at the address ${label}`)
    const tensor = { label, shape, dtype }
    this.tensors.set(label, tensor)
    return tensor
  }
  #record<K extends OpName>(op: K, call: Call<Tensor, K>, roles: Roles<K>): void {
    const { saved = [], grads = [], scratch = {} } = roles
    this.calls.push({ op, ...call, ...roles, saved, grads, scratch, stretch: this.#stretch })
  }

  /** tokens [B, T] → name [B, T, C]. `order` [N] and `starts` [V + 1] serve the gradient of wte. */
  embedding(
    name: string,
    t: { tokens: Tensor; order: Tensor; starts: Tensor; wte: Tensor; wpe?: Tensor; pos?: Tensor },
  ): Tensor {
    const out = this.#tensor(name, [...t.tokens.shape, last(t.wte)])
    this.#record(
      'embedding',
      { name, t: { ...t, out }, attrs: {} },
      { out: ['out'], saved: ['tokens', 'order', 'starts'], grads: ['wte', 'wpe'], dout: out },
    )
    return out
  }
  /** x [B, T, C] → name [B, T, C], name.mean and name.rstd [N]; weight and bias [C]. */
  layernorm(name: string, x: Tensor, weight: Tensor, bias: Tensor | undefined, eps: number): Tensor {
    const out = this.#tensor(name, x.shape)
    const mean = this.#tensor(`${name}.mean`, [rows(x)])
    const rstd = this.#tensor(`${name}.rstd`, [rows(x)])
    const t = { x, weight, ...(bias && { bias }), out, mean, rstd }
    this.#record(
      'layernorm',
      { name, t, attrs: { eps } },
      {
        out: ['out', 'mean', 'rstd'],
        saved: ['x', 'weight', 'mean', 'rstd'],
        grads: ['x', 'weight', 'bias'],
        along: 'x',
        dout: out,
        scratch: { partials: [normPartials(rows(x)), bias ? 2 : 1, last(x)] },
      },
    )
    return out
  }
  /** x [B, T, C] → name [B, T, C], name.rstd [N]; weight [C]. */
  rmsnorm(name: string, x: Tensor, weight: Tensor, eps: number): Tensor {
    const out = this.#tensor(name, x.shape)
    const rstd = this.#tensor(`${name}.rstd`, [rows(x)])
    this.#record(
      'rmsnorm',
      { name, t: { x, weight, out, rstd }, attrs: { eps } },
      {
        out: ['out', 'rstd'],
        saved: ['x', 'weight', 'rstd'],
        grads: ['x', 'weight'],
        along: 'x',
        dout: out,
        scratch: { partials: [normPartials(rows(x)), last(x)] },
      },
    )
    return out
  }
  /**
   * x [B, T, K] → name [B, T, M]; weight [K, M], or [M, K] where `transposed`; bias [M]. `multiple`: rows of the output are padded to a
   * multiple of it.
   */
  matmul(name: string, x: Tensor, weight: Tensor, bias: Tensor | undefined, transposed = false, multiple = 1): Tensor {
    const M = transposed ? weight.shape[0]! : last(weight)
    const out = this.#tensor(name, [...x.shape.slice(0, -1), Math.ceil(M / multiple) * multiple])
    const parts = partialsOf(rows(x), last(x), M, transposed)
    this.#record(
      'matmul',
      { name, t: { x, weight, ...(bias && { bias }), out }, attrs: { transposed, ...this.#fast } },
      {
        out: ['out'],
        saved: ['x', 'weight'],
        grads: ['x', 'weight', 'bias'],
        dout: out,
        scratch: parts > 0 ? { partials: [parts] } : {},
      },
    )
    return out
  }
  /** x [B, T, (NH + 2 NKV)·HS] → name, the same shape; cos and sin [P, HS/2]. */
  rope(name: string, x: Tensor, t: { cos: Tensor; sin: Tensor; pos?: Tensor }, heads: Heads): Tensor {
    const out = this.#tensor(name, x.shape)
    this.#record(
      'rope',
      { name, t: { x, ...t, out }, attrs: heads },
      { out: ['out'], saved: ['cos', 'sin'], grads: ['x'], dout: out },
    )
    return out
  }
  /** qkv [B, T, (NH + 2 NKV)·HS] → name, `….atty`, [B, T, NH·HS], and `….att` [B, NH, T, T]. */
  attention(name: string, qkv: Tensor, dice: Tensor, heads: Heads, p: number): Tensor {
    const [B = 1, T = 1] = qkv.shape
    const att = this.#tensor(name.replace(/atty$/, 'att'), [B, heads.n_head, T, T])
    const out = this.#tensor(name, [B, T, attyWidth(qkv, heads)])
    const attrs = { ...heads, p, stream: this.#stream++ }
    this.#record(
      'attention',
      { name, t: { qkv, dice, att, out }, attrs },
      {
        out: ['att', 'out'],
        saved: ['qkv', 'att', 'dice'],
        grads: ['qkv'],
        dout: out,
        scratch: { dpreatt: att.shape },
      },
    )
    return out
  }
  /** qkv [B, T, (NH + 2 NKV)·HS] → name, `….atty`, [B, T, NH·HS], and `….lse` [B, NH, T]; for heads whose size `flashes`. */
  flashAttention(name: string, qkv: Tensor, dice: Tensor, heads: Heads, p: number): Tensor {
    const [B = 1, T = 1] = qkv.shape
    const lse = this.#tensor(name.replace(/atty$/, 'lse'), [B, heads.n_head, T])
    const out = this.#tensor(name, [B, T, attyWidth(qkv, heads)])
    const attrs = { ...heads, p, stream: this.#stream++, ...this.#fast }
    this.#record(
      'flash_attention',
      { name, t: { qkv, dice, out, lse }, attrs },
      {
        out: ['out', 'lse'],
        saved: ['qkv', 'out', 'lse', 'dice'],
        grads: ['qkv'],
        dout: out,
        scratch: { delta: lse.shape },
      },
    )
    return out
  }
  /** qkv [1, T, (NH + 2 NKV)·HS], keys and values [P, NKV·HS] → name, `….atty`, [1, T, NH·HS], and `….att` [NH, T, P]. */
  attentionCached(name: string, qkv: Tensor, t: { keys: Tensor; values: Tensor; pos: Tensor }, heads: Heads): Tensor {
    const [, T = 1] = qkv.shape
    const att = this.#tensor(name.replace(/atty$/, 'att'), [heads.n_head, T, t.keys.shape[0]!])
    const out = this.#tensor(name, [1, T, attyWidth(qkv, heads)])
    this.#record('attention_cached', { name, t: { qkv, ...t, att, out }, attrs: heads }, { out: ['att', 'out'] })
    return out
  }
  /** x [B, T, F] → name [B, T, F]. */
  gelu(name: string, x: Tensor): Tensor {
    return this.#activation('gelu', name, x)
  }
  /** x [B, T, F] → name [B, T, F]. */
  relu2(name: string, x: Tensor): Tensor {
    return this.#activation('relu2', name, x)
  }
  #activation(activation: Activation, name: string, x: Tensor): Tensor {
    const out = this.#tensor(name, x.shape)
    const call = { name, t: { x, out }, attrs: {} }
    this.#record(activation, call, { out: ['out'], saved: ['x'], grads: ['x'], dout: out })
    return out
  }
  /** x [B, T, 2F] = [gate | up] → name [B, T, F]. */
  swiglu(name: string, x: Tensor): Tensor {
    const out = this.#tensor(name, [...x.shape.slice(0, -1), last(x) / 2])
    const call = { name, t: { x, out }, attrs: {} }
    this.#record('swiglu', call, { out: ['out'], saved: ['x'], grads: ['x'], dout: out })
    return out
  }
  /** a and b [B, T, C] → name [B, T, C]. */
  residual(name: string, a: Tensor, b: Tensor): Tensor {
    const out = this.#tensor(name, a.shape)
    this.#record('residual', { name, t: { a, b, out }, attrs: {} }, { out: ['out'], grads: ['a', 'b'], dout: out })
    return out
  }
  /** x [B, T, C] → name [B, T, C]; x itself, and no call, where `p` is 0. */
  dropout(name: string, x: Tensor, dice: Tensor, p: number): Tensor {
    const stream = this.#stream++
    if (p === 0) return x
    const out = this.#tensor(name, x.shape)
    const call = { name, t: { x, dice, out }, attrs: { p, stream } }
    this.#record('dropout', call, { out: ['out'], saved: ['dice'], grads: ['x'], dout: out })
    return out
  }
  /** x [B, T, M], gate [G] → name [B, T, M]: each of G parts of a row by its gate, or each of T = G rows by `positions`. */
  gate(name: string, x: Tensor, gate: Tensor, positions = false): Tensor {
    const out = this.#tensor(name, x.shape)
    const call = { name, t: { x, gate, out }, attrs: { positions } }
    this.#record('gate', call, { out: ['out'], saved: ['x', 'gate'], grads: ['x', 'gate'], dout: out })
    return out
  }
  /** The losses of `count` rows, at the address `name`, and their log-sum-exps, at `lse`: [N] each, for `crossEntropy` to write. */
  losses(name: string, count: number): { losses: Tensor; lse: Tensor } {
    return { losses: this.#tensor(name, [count]), lse: this.#tensor('lse', [count]) }
  }
  /**
   * logits [B, T, V], targets and scale [N] → losses and lse [N], which are given. `overwrite`: dlogits takes the place of the logits,
   * which nobody can read afterwards. `V`: how much of a row of padded logits counts.
   */
  crossEntropy(
    name: string,
    logits: Tensor,
    t: { targets: Tensor; scale: Tensor; losses: Tensor; lse: Tensor },
    label_smoothing: number,
    overwrite: boolean,
    V = last(logits),
  ): void {
    this.#record(
      'cross_entropy',
      { name, t: { logits, ...t }, attrs: { label_smoothing, ...(V < last(logits) && { V }) } },
      {
        out: ['losses', 'lse'],
        saved: ['logits', 'targets', 'scale', 'lse'],
        grads: ['logits'],
        ...(overwrite && { overwrites: 'logits' as const }),
      },
    )
  }
  /** losses and scale [N] → one number, in `ring` [RING]. */
  meanLoss(t: { losses: Tensor; scale: Tensor; dice: Tensor; ring: Tensor }): void {
    this.#record('mean_loss', { name: 'mean_loss', t, attrs: {} }, { out: ['ring'] })
  }
  /** The last row of logits [1, T, V] → one token: to `drawn` [DRAWS, 2], and to `tokens` as the next step's input. */
  sample(
    name: string,
    logits: Tensor,
    t: { sampling: Tensor; dice: Tensor; tokens: Tensor; pos: Tensor; drawn: Tensor },
  ): void {
    this.#record('sample', { name, t: { logits, ...t }, attrs: {} }, { out: ['dice', 'tokens', 'pos', 'drawn'] })
  }
}

/** NH·HS, from qkv [B, T, (NH + 2 NKV)·HS]. */
const attyWidth = (qkv: Tensor, { n_head, n_kv_head }: Heads) => (last(qkv) / (n_head + 2 * n_kv_head)) * n_head
