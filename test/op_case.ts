// One call of each op, made up from sizes and a seed: which tensors it is given, which it makes, which gradients it has.
// The same cases are held against central differences (test/cpu) and against another engine (check_op.ts).
import {
  DICE,
  DRAWS,
  HYPER,
  NORM_PARTIALS,
  RING,
  SAMPLING,
  type Activation,
  type DType,
  type OpName,
  type Ops,
  type SamplingOptions,
} from '../src/engine'
import { normPartials } from '../src/splits'
import { sizeOf } from '../src/params'
import { Rng } from '../src/rng'
import { partialsOf } from '../src/splits'

type Numbers = Float64Array | Uint32Array | Int32Array

export interface OpCase {
  op: OpName
  attrs: Ops[OpName]['attrs']
  /** Tensors that hold something before the call; those it also writes are named in `compare`. */
  given: Record<string, { shape: number[]; dtype: DType; data: Numbers }>
  /** Tensors that it writes whole. */
  made: Record<string, number[]>
  /** What a right engine must agree on after the forward. */
  compare: string[]
  /** Given tensors whose gradients the backward makes. */
  grads: string[]
  scratch: Record<string, number[]>
  /** Given tensors that are functions of others. */
  derive?: (given: Record<string, Float64Array>) => Record<string, Float64Array>
}

/** Values of the op's main input: of element `i`, from a standard normal draw. Rounded to f32 afterwards, as all inputs are. */
type Fill = (i: number, normal: number) => number

class Draws {
  readonly #rng: Rng
  constructor(seed: number) {
    this.#rng = new Rng(seed, 77)
  }
  normal(shape: number[], fill: Fill = (_, z) => z) {
    const data = Float64Array.from({ length: sizeOf(shape) }, (_, i) => Math.fround(fill(i, this.#rng.normal())))
    return { shape, dtype: 'f32' as const, data }
  }
  below(shape: number[], n: number) {
    return words(
      Array.from({ length: sizeOf(shape) }, () => this.#rng.below(n)),
      shape,
    )
  }
  dice(slot = 3) {
    const data = Uint32Array.from({ length: DICE.size }, () => this.#rng.u32())
    data[DICE.slot] = slot
    data[DICE.row] = 0
    return { shape: [DICE.size], dtype: 'u32' as const, data }
  }
}

function words(values: ArrayLike<number>, shape: number[] = [values.length]) {
  return { shape, dtype: 'u32' as const, data: Uint32Array.from(values) }
}
function numbers(values: ArrayLike<number>, shape: number[] = [values.length]) {
  return { shape, dtype: 'f32' as const, data: Float64Array.from(values, Math.fround) }
}

interface HeadSizes {
  B: number
  T: number
  NH: number
  NKV: number
  HS: number
}
const heads = ({ NH, NKV }: { NH: number; NKV: number }) => ({ n_head: NH, n_kv_head: NKV })
const width = ({ NH, NKV, HS }: { NH: number; NKV: number; HS: number }) => (NH + 2 * NKV) * HS
const none = { grads: [], scratch: {} }

const ACTIVATIONS: Record<Activation, (x: number) => number> = {
  gelu: (x) => x / (1 + Math.exp(-2 * Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
  relu2: (x) => Math.max(x, 0) ** 2,
}

/** A case of every op by its sizes, in the letters of src/engine.ts. */
export const cases = {
  embedding(seed: number, s: { B: number; T: number; C: number; V: number; P?: number; pos?: number }): OpCase {
    const draws = new Draws(seed)
    const tokens = draws.below([s.B, s.T], s.V)
    const order = [...tokens.data.keys()].toSorted((a, b) => tokens.data[a]! - tokens.data[b]! || a - b)
    const starts = Array.from({ length: s.V + 1 }, (_, v) => tokens.data.filter((token) => token < v).length)
    return {
      op: 'embedding',
      attrs: {},
      given: {
        tokens,
        order: words(order),
        starts: words(starts),
        wte: draws.normal([s.V, s.C]),
        ...(s.P === undefined ? {} : { wpe: draws.normal([s.P, s.C]) }),
        ...(s.pos === undefined ? {} : { pos: words([s.pos]) }),
      },
      made: { out: [s.B, s.T, s.C] },
      compare: ['out'],
      // `pos` is for writing text: no backward.
      grads: s.pos !== undefined ? [] : s.P === undefined ? ['wte'] : ['wte', 'wpe'],
      scratch: {},
    }
  },

  layernorm(seed: number, s: { N: number; C: number; bias?: boolean; eps?: number; fill?: Fill }): OpCase {
    const draws = new Draws(seed)
    return {
      op: 'layernorm',
      attrs: { eps: s.eps ?? 1e-5 },
      given: {
        x: draws.normal([s.N, s.C], s.fill),
        weight: draws.normal([s.C]),
        ...(s.bias ? { bias: draws.normal([s.C]) } : {}),
      },
      made: { out: [s.N, s.C], mean: [s.N], rstd: [s.N] },
      compare: ['out', 'mean', 'rstd'],
      grads: ['x', 'weight', ...(s.bias ? ['bias'] : [])],
      scratch: { partials: [normPartials(s.N), s.bias ? 2 : 1, s.C] },
    }
  },

  rmsnorm(seed: number, s: { N: number; C: number; eps?: number; fill?: Fill }): OpCase {
    const draws = new Draws(seed)
    return {
      op: 'rmsnorm',
      attrs: { eps: s.eps ?? 1e-5 },
      given: { x: draws.normal([s.N, s.C], s.fill), weight: draws.normal([s.C]) },
      made: { out: [s.N, s.C], rstd: [s.N] },
      compare: ['out', 'rstd'],
      grads: ['x', 'weight'],
      scratch: { partials: [normPartials(s.N), s.C] },
    }
  },

  /** `before`: x is that activation of xpre; `after`: out is that activation of pre. */
  matmul(
    seed: number,
    s: {
      N: number
      K: number
      M: number
      transposed?: boolean
      bias?: boolean
      residual?: boolean
      drop?: number
      fast?: boolean
      before?: Activation
      after?: Activation
      fill?: Fill
    },
  ): OpCase {
    const draws = new Draws(seed)
    const x = draws.normal([s.N, s.K], s.fill)
    const xpre = { ...x, data: x.data.slice() }
    if (s.before) for (let i = 0; i < x.data.length; i++) x.data[i] = Math.fround(ACTIVATIONS[s.before](x.data[i]!))
    const activation = s.before ?? s.after
    const { before } = s
    const parts = partialsOf(s.N, s.K, s.M, s.transposed ?? false)
    const derive: OpCase['derive'] = ({ xpre }) => (before && xpre ? { x: xpre.map(ACTIVATIONS[before]) } : {})
    return {
      op: 'matmul',
      attrs: {
        transposed: s.transposed ?? false,
        ...(activation && { activation }),
        ...(s.drop && { dropout: { p: s.drop, stream: 3 } }),
        ...(s.fast && { fast: true }),
      },
      given: {
        x,
        ...(s.before ? { xpre } : {}),
        weight: draws.normal(s.transposed ? [s.M, s.K] : [s.K, s.M]),
        ...(s.bias ? { bias: draws.normal([s.M]) } : {}),
        ...(s.residual ? { residual: draws.normal([s.N, s.M]) } : {}),
        ...(s.drop ? { dice: draws.dice() } : {}),
      },
      made: { ...(s.after ? { pre: [s.N, s.M] } : {}), out: [s.N, s.M] },
      compare: s.after ? ['pre', 'out'] : ['out'],
      // The gradient that comes in is that of the sum: with an activation or dropout after it, the sum is no output of the case.
      grads: s.after || s.drop ? [] : [s.before ? 'xpre' : 'x', 'weight', ...(s.bias ? ['bias'] : [])],
      scratch: s.after || s.drop || parts === 0 ? {} : { partials: [parts] },
      derive,
    }
  },

  rope(seed: number, s: HeadSizes & { P?: number; pos?: number }): OpCase {
    const draws = new Draws(seed)
    const [P, half] = [s.P ?? s.T, s.HS / 2]
    const angles = Array.from({ length: P * half }, (_, i) => Math.floor(i / half) * 100 ** (-(i % half) / half))
    return {
      op: 'rope',
      attrs: heads(s),
      given: {
        x: draws.normal([s.B, s.T, width(s)]),
        cos: numbers(angles.map(Math.cos), [P, half]),
        sin: numbers(angles.map(Math.sin), [P, half]),
        ...(s.pos === undefined ? {} : { pos: words([s.pos]) }),
      },
      made: { out: [s.B, s.T, width(s)] },
      compare: ['out'],
      grads: s.pos === undefined ? ['x'] : [],
      scratch: {},
    }
  },

  attention(seed: number, s: HeadSizes & { p?: number; stream?: number; fill?: Fill }): OpCase {
    const draws = new Draws(seed)
    const att = [s.B, s.NH, s.T, s.T]
    return {
      op: 'attention',
      attrs: { ...heads(s), p: s.p ?? 0, stream: s.stream ?? 0 },
      given: { qkv: draws.normal([s.B, s.T, width(s)], s.fill), dice: draws.dice() },
      made: { att, out: [s.B, s.T, s.NH * s.HS] },
      compare: ['att', 'out'],
      grads: ['qkv'],
      scratch: { dpreatt: att },
    }
  },

  /** HS a multiple of 4. */
  flash_attention(seed: number, s: HeadSizes & { p?: number; stream?: number; fast?: boolean; fill?: Fill }): OpCase {
    const plain = cases.attention(seed, s)
    return {
      ...plain,
      op: 'flash_attention',
      attrs: { ...plain.attrs, ...(s.fast && { fast: true }) },
      made: { out: [s.B, s.T, s.NH * s.HS], lse: [s.B, s.NH, s.T] },
      compare: ['out', 'lse'],
      scratch: { delta: [s.B, s.NH, s.T] },
    }
  },

  attention_cached(
    seed: number,
    s: { T: number; P: number; pos: number; NH: number; NKV: number; HS: number; fill?: Fill },
  ): OpCase {
    const draws = new Draws(seed)
    return {
      op: 'attention_cached',
      attrs: heads(s),
      given: {
        qkv: draws.normal([1, s.T, width(s)], s.fill),
        keys: draws.normal([s.P, s.NKV * s.HS]),
        values: draws.normal([s.P, s.NKV * s.HS]),
        pos: words([s.pos]),
      },
      made: { att: [s.NH, s.T, s.P], out: [1, s.T, s.NH * s.HS] },
      compare: ['keys', 'values', 'att', 'out'],
      ...none,
    }
  },

  gelu: (seed: number, s: { N: number; C: number; fill?: Fill }) => elementwise('gelu', seed, s, 1),
  relu2: (seed: number, s: { N: number; C: number; fill?: Fill }) => elementwise('relu2', seed, s, 1),
  /** C is the width of the output, half that of the input. */
  swiglu: (seed: number, s: { N: number; C: number; fill?: Fill }) => elementwise('swiglu', seed, s, 2),

  residual(seed: number, s: { N: number; C: number }): OpCase {
    const draws = new Draws(seed)
    const shape = [s.N, s.C]
    return {
      op: 'residual',
      attrs: {},
      given: { a: draws.normal(shape), b: draws.normal(shape) },
      made: { out: shape },
      compare: ['out'],
      grads: ['a', 'b'],
      scratch: {},
    }
  },

  /** G parts of a row, or G rows by `positions`. */
  gate(seed: number, s: { N: number; M: number; G: number; positions?: boolean }): OpCase {
    const draws = new Draws(seed)
    return {
      op: 'gate',
      attrs: { positions: s.positions ?? false },
      given: { x: draws.normal([s.N, s.M]), gate: draws.normal([s.G]) },
      made: { out: [s.N, s.M] },
      compare: ['out'],
      grads: ['x', 'gate'],
      scratch: {},
    }
  },

  dropout(seed: number, s: { N: number; C: number; p: number; stream?: number }): OpCase {
    const draws = new Draws(seed)
    return {
      op: 'dropout',
      attrs: { p: s.p, stream: s.stream ?? 0 },
      given: { x: draws.normal([s.N, s.C]), dice: draws.dice() },
      made: { out: [s.N, s.C] },
      compare: ['out'],
      grads: ['x'],
      scratch: {},
    }
  },

  /** Every `ignore`-th target is not counted; with `weighted`, rows have weights of their own, some of them 0 or negative. */
  cross_entropy(
    seed: number,
    s: { N: number; V: number; label_smoothing?: number; ignore?: number; weighted?: boolean; fill?: Fill },
  ): OpCase {
    const draws = new Draws(seed)
    const targets = Int32Array.from(draws.below([s.N], s.V).data, (target, n) =>
      s.ignore && n % s.ignore === 0 ? -1 : target,
    )
    return {
      op: 'cross_entropy',
      attrs: { label_smoothing: s.label_smoothing ?? 0 },
      given: {
        logits: draws.normal([s.N, s.V], s.fill),
        targets: { shape: [s.N], dtype: 'i32', data: targets },
        scale: scaleOf(draws, s),
      },
      made: { losses: [s.N], lse: [s.N] },
      compare: ['losses', 'lse'],
      grads: ['logits'],
      scratch: {},
    }
  },

  mean_loss(seed: number, s: { N: number; slot?: number; weighted?: boolean }): OpCase {
    const draws = new Draws(seed)
    return {
      op: 'mean_loss',
      attrs: {},
      given: {
        losses: draws.normal([s.N], (_, z) => z * z),
        scale: scaleOf(draws, s),
        dice: draws.dice(s.slot),
        ring: draws.normal([RING]),
      },
      made: {},
      compare: ['ring'],
      ...none,
    }
  },

  /** The draw numbered `draw`, 5 if not told. */
  sample(
    seed: number,
    s: { V: number; T?: number; draw?: number; slot?: number; fill?: Fill } & Partial<SamplingOptions>,
  ): OpCase {
    const draws = new Draws(seed)
    const T = s.T ?? 1
    const sampling = new Float64Array(SAMPLING.size)
    sampling[SAMPLING.temperature] = s.temperature ?? 1
    sampling[SAMPLING.top_k] = s.top_k ?? 0
    sampling[SAMPLING.top_p] = s.top_p ?? 1
    const dice = draws.dice(s.slot)
    dice.data[DICE.step] = s.draw ?? 5
    return {
      op: 'sample',
      attrs: {},
      given: {
        logits: draws.normal([1, T, s.V], s.fill),
        sampling: numbers(sampling),
        dice,
        tokens: words(new Uint32Array(T)),
        pos: words([7]),
        drawn: draws.normal([DRAWS, 2]),
      },
      made: {},
      compare: ['drawn'],
      ...none,
    }
  },

  /** The last of `arenas`: the partial sums of those before are there already. */
  grad_norm(seed: number, s: { size: number; arenas?: number; slot?: number; fill?: Fill }): OpCase {
    const draws = new Draws(seed)
    const arenas = s.arenas ?? 1
    return {
      op: 'grad_norm',
      attrs: { first: arenas - 1, last: true },
      given: {
        grads: draws.normal([s.size], s.fill),
        partials: draws.normal([arenas * NORM_PARTIALS], (_, z) => z * z),
        dice: draws.dice(s.slot),
        ring: draws.normal([RING]),
      },
      made: { norm: [1] },
      compare: ['norm', 'ring'],
      ...none,
    }
  },

  /** `norm` is the gradient's, as grad_norm would have left it. */
  adamw(
    seed: number,
    s: { size: number; decayed: number; grad_clip?: number; norm?: number; step?: number; fill?: Fill },
  ): OpCase {
    const draws = new Draws(seed)
    return {
      op: 'adamw',
      attrs: { decayed: s.decayed },
      given: {
        weights: draws.normal([s.size]),
        grads: draws.normal([s.size], s.fill),
        m: draws.normal([s.size]),
        v: draws.normal([s.size], (_, z) => z * z),
        norm: numbers([s.norm ?? 1]),
        hyper: hyperOf(s.step, s.grad_clip),
      },
      made: {},
      compare: ['weights', 'm', 'v'],
      ...none,
    }
  },

  /** The last of `arenas`: the partial sums of those before are there already. */
  update_norm(seed: number, s: { size: number; decayed: number; arenas?: number; step?: number; fill?: Fill }): OpCase {
    const draws = new Draws(seed)
    const arenas = s.arenas ?? 1
    return {
      op: 'update_norm',
      attrs: { decayed: s.decayed, first: arenas - 1, last: true },
      given: {
        weights: draws.normal([s.size]),
        m: draws.normal([s.size], s.fill),
        v: draws.normal([s.size], (_, z) => z * z),
        hyper: hyperOf(s.step),
        partials: draws.normal([arenas * NORM_PARTIALS, 2], (_, z) => z * z),
      },
      made: { norms: [2] },
      compare: ['norms'],
      ...none,
    }
  },
} satisfies { [K in OpName]: (seed: number, sizes: never) => OpCase }

/** The shares of N rows in the mean: all the same, or drawn, every third of them 0. */
const scaleOf = (draws: Draws, { N, weighted = false }: { N: number; weighted?: boolean }) =>
  weighted ? draws.normal([N], (n, z) => (n % 3 === 0 ? 0 : z / N)) : numbers(new Float64Array(N).fill(1 / N))

/** What makes a case from a seed and sizes: `cases.matmul`. */
export type MakeCase<S> = (seed: number, sizes: S) => OpCase

/** What AdamW needs at a step, the seventh if not told. */
function hyperOf(step = 7, grad_clip = 0) {
  const [beta1, beta2] = [0.9, 0.99]
  const hyper = new Float64Array(HYPER.size)
  hyper[HYPER.learning_rate] = 0.01
  hyper[HYPER.weight_decay] = 0.1
  hyper[HYPER.beta1] = beta1
  hyper[HYPER.beta2] = beta2
  hyper[HYPER.rest1] = 1 - beta1
  hyper[HYPER.rest2] = 1 - beta2
  hyper[HYPER.eps] = 1e-8
  hyper[HYPER.bias1] = 1 - beta1 ** step
  hyper[HYPER.bias2] = 1 - beta2 ** step
  hyper[HYPER.grad_clip] = grad_clip
  return numbers(hyper)
}

function elementwise(
  op: 'gelu' | 'relu2' | 'swiglu',
  seed: number,
  { N, C, fill }: { N: number; C: number; fill?: Fill },
  inputs: number,
): OpCase {
  return {
    op,
    attrs: {},
    given: { x: new Draws(seed).normal([N, inputs * C], fill) },
    made: { out: [N, C] },
    compare: ['out'],
    grads: ['x'],
    scratch: {},
  }
}
