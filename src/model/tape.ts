// The tape: a model's forward pass written down as nodes, from which the backward pass follows, in the order of timeline.ts.
// The first gradient written to a tensor is `=`, every later one `+=`, so nothing is ever zeroed. There is no general
// autograd: each op's backward is a kernel of its own, and a node only says which tensors that kernel reads again.
// Knows shapes and names, not memory (memory.ts) and not who computes (the Engine).
import {
  normPartials,
  partialsOf,
  type Activation,
  type Call,
  type DType,
  type Dropout,
  type Engine,
  type Heads,
  type OpName,
  type Ops,
  type Tensor,
  type Tensors,
  type Work,
} from '../engine'
import { invariant } from '../errors'
import { timelineOf, type Moment, type Node, type Stretch } from './timeline'

type Shapes<K extends OpName> = Partial<Record<Ops[K]['grads'], true>>

/** A call of matmul. */
interface Product {
  name: string
  t: Tensors<Tensor, 'matmul'>
  transposed: boolean
  activation?: Activation
  /** The dropout that the sum goes through, and the sum's address: it has a gradient there, and is not kept. */
  dropout?: { name: string; sum: string; attrs: Dropout }
}

/** The address of a tensor's gradient: `h.0.attn.att` → `h.0.attn.datt`. */
export function gradientLabel(label: string): string {
  const dot = label.lastIndexOf('.') + 1
  return `${label.slice(0, dot)}d${label.slice(dot)}`
}

const rows = (t: Tensor) => t.shape.slice(0, -1).reduce((a, b) => a * b, 1)
const last = (t: Tensor) => t.shape.at(-1) ?? 1

export class Tape {
  readonly nodes: Node[] = []
  /** Every tensor by its address: parameters, inputs, activations, gradients. */
  readonly tensors = new Map<string, Tensor>()
  readonly #params = new Set<string>()
  readonly #inputs = new Set<string>()
  /** Frozen parameters, and what is made of nothing that trains: no gradient reaches them. */
  readonly #fixed = new Set<string>()
  /** Tensors without memory of their own. */
  readonly #windows = new Map<string, { of: Tensor; offset: number }>()
  readonly #training: boolean
  readonly #fuse: boolean
  readonly #fast: boolean
  #stretch: Stretch | undefined
  #timeline: readonly Moment[] = []
  #stream = 0
  /** The product just recorded, while an activation, dropout or a residual can still be made part of it. */
  #fusable: Product | null = null
  /** Outputs of fused activations, by what they were made of. */
  readonly #activated = new Map<Tensor, { pre: Tensor; activation: Activation }>()

  /**
   * `training`: record the backward as well. `fuse`: let products compute the activation, dropout or residual that follows
   * them. `fast`: products and attention may be made of 16-bit numbers.
   */
  constructor({ training, fuse = false, fast = false }: { training: boolean; fuse?: boolean; fast?: boolean }) {
    this.#training = training
    this.#fuse = fuse
    this.#fast = fast
  }

  /** A weight. One that trains has a gradient of the same shape; both live outside the tape's memory. */
  param(label: string, shape: readonly number[], trains = true): Tensor {
    this.#params.add(label)
    if (!trains) this.#fixed.add(label)
    return this.#tensor(label, shape, 'f32')
  }
  /** Written from outside before the tape runs. */
  input(label: string, shape: readonly number[], dtype: DType): Tensor {
    this.#inputs.add(label)
    return this.#tensor(label, shape, dtype)
  }
  isParam(tensor: Tensor): boolean {
    return this.#params.has(tensor.label)
  }
  /** Inputs, parameters and parameters' gradients: not the tape's own to place. */
  isExternal(tensor: Tensor): boolean {
    const { label } = this.home(tensor)
    return this.#params.has(label) || this.#inputs.has(label)
  }
  /** The tensor in whose memory this one lies: itself, unless it is a window. */
  home(tensor: Tensor): Tensor {
    const window = this.#windows.get(tensor.label)
    return window ? this.home(window.of) : tensor
  }
  /** The gradient of a tensor, if this tape computes one. */
  gradient(tensor: Tensor): Tensor | undefined {
    return this.tensors.get(gradientLabel(tensor.label))
  }

  #tensor(label: string, shape: readonly number[], dtype: DType = 'f32'): Tensor {
    invariant(!this.tensors.has(label), () => `two tensors at the address ${label}`)
    const tensor = { label, shape, dtype }
    this.tensors.set(label, tensor)
    return tensor
  }
  /** Part of `of` under a name of its own, from element `offset` on. The gradient of a window is a window on the gradient. */
  window(label: string, of: Tensor, shape: readonly number[], offset: number): Tensor {
    const tensor = this.#tensor(label, shape, of.dtype)
    this.#windows.set(label, { of, offset })
    return tensor
  }
  #gradientOf(tensor: Tensor): Tensor {
    invariant(!this.#activated.has(tensor), () => `${tensor.label} has no gradient: only products may read it`)
    const found = this.gradient(tensor)
    if (found) return found
    const window = this.#windows.get(tensor.label)
    if (window)
      return this.window(gradientLabel(tensor.label), this.#gradientOf(window.of), tensor.shape, window.offset)
    const gradient = this.#tensor(gradientLabel(tensor.label), tensor.shape)
    if (this.#params.has(tensor.label)) this.#params.add(gradient.label)
    return gradient
  }

  #record<K extends OpName>(
    op: K,
    call: Call<Tensor, K>,
    roles: {
      out: readonly (keyof Tensors<Tensor, K> & string)[]
      saved?: readonly (keyof Tensors<Tensor, K> & string)[]
      grads?: Shapes<K>
      dout?: Tensor
      scratch?: Partial<Record<Ops[K]['scratch'], readonly number[]>>
      /** The input whose gradient is dout. */
      passes?: Tensor
      /** What else reaches the outputs, by a node of its own. */
      beside?: Tensor | undefined
      /** Inputs that are kept nowhere, and have a gradient. */
      unkept?: Record<string, Tensor>
    },
  ): void {
    this.#fusable = null
    const byName = Object.entries(call.t) as [keyof Tensors<Tensor, K> & string, Tensor][]
    const named = (names: readonly string[]) =>
      byName.filter(([name]) => names.includes(name)).map(([, tensor]) => tensor)
    const moves = (tensor: Tensor | undefined) => tensor !== undefined && !this.#fixed.has(this.home(tensor).label)
    const inputs = [...byName, ...Object.entries(roles.unkept ?? {})].filter(([name]) => name in (roles.grads ?? {}))
    const moving = inputs.filter(([, tensor]) => moves(tensor))
    const trains = this.#training && (moving.length > 0 || moves(roles.passes))
    if (this.#training && roles.grads && !trains && !moves(roles.beside))
      for (const { label } of named(roles.out)) this.#fixed.add(label)
    // A norm's kernel writes dx on the way to the sums for its weight.
    const written =
      moving.length > 0 && /norm$/.test(op) ? inputs.filter(([name, t]) => name === 'x' || moves(t)) : moving
    const grads = trains
      ? written.map(([name, tensor]) => ({ key: `d${name}`, tensor: this.#gradientOf(tensor), first: false }))
      : []
    const scratch = Object.entries(
      (trains && roles.scratch ? roles.scratch : {}) as Record<string, readonly number[]>,
    ).map(([key, shape]) => [key, this.#tensor(`${call.name}.${key}`, shape)] as const)
    const dout = trains && roles.dout ? this.#gradientOf(roles.dout) : undefined
    const passes = trains && roles.passes && moves(roles.passes) ? this.#gradientOf(roles.passes) : undefined
    if (passes && dout) this.#windows.set(passes.label, { of: dout, offset: 0 })
    const isParam = (tensor: Tensor) => this.#params.has(tensor.label)
    /** Where a tensor lies, windows too. */
    const lies = <T extends Tensor, W extends Work>(engine: Engine<T, W>, place: (tensor: Tensor) => T) => {
      const at = (tensor: Tensor): T => {
        const window = this.#windows.get(tensor.label)
        return window ? engine.window(at(window.of), tensor, window.offset) : place(tensor)
      }
      return at
    }
    this.nodes.push({
      op,
      name: call.name,
      reads: byName.filter(([name]) => !roles.out.includes(name)).map(([, tensor]) => tensor),
      writes: named(roles.out),
      saved: trains ? named(roles.saved ?? []) : [],
      dout,
      grads,
      scratch: scratch.map(([, tensor]) => tensor),
      passes,
      stretch: this.#stretch,
      forward<T extends Tensor, W extends Work>(engine: Engine<T, W>, place: (tensor: Tensor) => T) {
        return engine.ops[op].forward({ ...call, t: placed<T, K>(call.t, lies(engine, place)) })
      },
      backward<T extends Tensor, W extends Work>(
        engine: Engine<T, W>,
        place: (tensor: Tensor) => T,
        accumulate: boolean,
      ) {
        if (grads.length === 0) return []
        const at = lies(engine, place)
        const d = Object.fromEntries([
          ...grads.map(({ key, tensor }) => [key, at(tensor)]),
          ...scratch.map(([key, tensor]) => [key, at(tensor)]),
          ...(dout ? [['dout', at(dout)]] : []),
        ])
        const adds = new Set(grads.filter((g) => !g.first || (accumulate && isParam(g.tensor))).map((g) => g.key))
        return engine.ops[op].backward({ ...call, t: placed<T, K>(call.t, at), d, adds })
      },
    })
  }

  /** The nodes until `end` are a stretch with an order of its own; see timeline.ts. */
  begin(kind: Stretch['kind']): void {
    this.#stretch = { kind }
  }
  end(): void {
    this.#stretch = undefined
  }

  /** Settles the order of the finished tape, and with it which gradient is written first. Call once, after the last op. */
  reverse(): void {
    this.#timeline = timelineOf(this.nodes, this.#training)
    const written = new Set<string>()
    for (const { node, pass } of this.#timeline) {
      if (pass !== 'backward') continue
      if (node.passes) {
        const { label } = node.passes
        invariant(!written.has(label), () => `${node.name}: ${label} holds something already`)
        written.add(label)
      }
      for (const gradient of node.grads) {
        gradient.first = !written.has(gradient.tensor.label)
        written.add(gradient.tensor.label)
      }
    }
  }
  /** Every moment of a step, in order, once the tape has been reversed. */
  get timeline(): readonly Moment[] {
    return this.#timeline
  }
  /** The forward alone. */
  forward<T extends Tensor, W extends Work>(engine: Engine<T, W>, place: (tensor: Tensor) => T): W[] {
    return this.nodes.flatMap((node) => node.forward(engine, place))
  }
  /** The whole timeline; `accumulate`: the gradients of parameters are added to what is there (later micro-batches). */
  step<T extends Tensor, W extends Work>(engine: Engine<T, W>, place: (tensor: Tensor) => T, accumulate = false): W[] {
    return this.#timeline.flatMap(({ node, pass }) =>
      pass === 'backward' ? node.backward(engine, place, accumulate) : node.forward(engine, place),
    )
  }

  // ---- the ops, each with the shapes of its outputs and what its backward reads again -------------------------------

  embedding(
    name: string,
    t: { tokens: Tensor; order: Tensor; starts: Tensor; wte: Tensor; wpe?: Tensor; pos?: Tensor },
  ): Tensor {
    const out = this.#tensor(name, [...t.tokens.shape, last(t.wte)])
    this.#record(
      'embedding',
      { name, t: { ...t, out }, attrs: {} },
      { out: ['out'], saved: ['tokens', 'order', 'starts'], grads: { wte: true, wpe: true }, dout: out },
    )
    return out
  }
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
        grads: { x: true, weight: true, bias: true },
        dout: out,
        scratch: { partials: [normPartials(rows(x)), bias ? 2 : 1, last(x)] },
      },
    )
    return out
  }
  rmsnorm(name: string, x: Tensor, weight: Tensor, eps: number): Tensor {
    const out = this.#tensor(name, x.shape)
    const rstd = this.#tensor(`${name}.rstd`, [rows(x)])
    this.#record(
      'rmsnorm',
      { name, t: { x, weight, out, rstd }, attrs: { eps } },
      {
        out: ['out', 'rstd'],
        saved: ['x', 'weight', 'rstd'],
        grads: { x: true, weight: true },
        dout: out,
        scratch: { partials: [normPartials(rows(x)), last(x)] },
      },
    )
    return out
  }
  matmul(name: string, x: Tensor, weight: Tensor, bias: Tensor | undefined, transposed = false): Tensor {
    const out = this.#tensor(name, [...x.shape.slice(0, -1), transposed ? weight.shape[0]! : last(weight)])
    this.#matmul({ name, t: { x, weight, ...(bias && { bias }), out }, transposed })
    return out
  }
  /** A product with what the tape has fused to it; see `Ops.matmul`. */
  #matmul(product: Product): void {
    const { name, t, transposed, activation, dropout } = product
    // An x that is an activation has no gradient of its own: the backward goes on to the activation's input.
    const before = this.#activated.get(t.x)
    const kind = before?.activation ?? activation
    const parts = partialsOf(rows(t.x), last(t.x), last(t.out), transposed)
    const grads = { weight: true, bias: true } as const
    const sum = dropout && this.#tensor(dropout.sum, t.out.shape)
    const passes = t.residual && { passes: t.residual }
    this.#record(
      'matmul',
      {
        name,
        t: { ...t, ...(before && { xpre: before.pre }) },
        attrs: {
          transposed,
          ...(kind && { activation: kind }),
          ...(dropout && { dropout: dropout.attrs }),
          ...(this.#fast && { fast: true }),
        },
      },
      {
        out: t.pre ? ['out', 'pre'] : ['out'],
        saved: ['x', 'weight', ...(before ? (['xpre'] as const) : [])],
        grads: before ? { xpre: true, ...grads } : { x: true, ...grads },
        dout: sum ?? t.pre ?? t.out,
        scratch: parts > 0 ? { partials: [parts] } : {},
        ...(!sum && passes),
        beside: t.residual,
      },
    )
    // Backward, dropout comes first: what it leaves is the gradient of the sum.
    if (dropout && sum && t.dice)
      this.#record(
        'dropout',
        { name: dropout.name, t: { dice: t.dice, out: t.out }, attrs: dropout.attrs },
        { out: [], saved: ['dice'], grads: { x: true }, unkept: { x: sum }, dout: t.out, ...passes },
      )
    this.#fusable = this.#fuse && !transposed && !t.pre && !t.residual ? product : null
  }
  /** Takes the product back that has just been recorded, if it made `x`, so that it can be recorded with more. */
  #takeBack(x: Tensor): Product | null {
    const product = this.#fusable
    if (product?.t.out !== x) return null
    const nodes = this.nodes.splice(product.dropout ? -2 : -1)
    const made = nodes.flatMap(({ dout, scratch }) => [...(dout ? [dout] : []), ...scratch])
    for (const { label } of [x, ...made]) this.tensors.delete(label)
    if (product.dropout) this.tensors.delete(product.dropout.sum)
    return product
  }
  rope(name: string, x: Tensor, t: { cos: Tensor; sin: Tensor; pos?: Tensor }, heads: Heads): Tensor {
    const out = this.#tensor(name, x.shape)
    this.#record(
      'rope',
      { name, t: { x, ...t, out }, attrs: heads },
      { out: ['out'], saved: ['cos', 'sin'], grads: { x: true }, dout: out },
    )
    return out
  }
  attention(name: string, qkv: Tensor, dice: Tensor, heads: Heads, p: number): Tensor {
    const [B = 1, T = 1, width = 1] = qkv.shape
    const att = this.#tensor(name.replace(/atty$/, 'att'), [B, heads.n_head, T, T])
    const out = this.#tensor(name, [B, T, (width / (heads.n_head + 2 * heads.n_kv_head)) * heads.n_head])
    const attrs = { ...heads, p, stream: this.#stream++ }
    this.#record(
      'attention',
      { name, t: { qkv, dice, att, out }, attrs },
      {
        out: ['att', 'out'],
        saved: ['qkv', 'att', 'dice'],
        grads: { qkv: true },
        dout: out,
        scratch: { dpreatt: att.shape },
      },
    )
    return out
  }
  /** Attention that keeps no matrix, for heads whose size `flashes`. */
  flashAttention(name: string, qkv: Tensor, dice: Tensor, heads: Heads, p: number): Tensor {
    const [B = 1, T = 1, width = 1] = qkv.shape
    const lse = this.#tensor(name.replace(/atty$/, 'lse'), [B, heads.n_head, T])
    const out = this.#tensor(name, [B, T, (width / (heads.n_head + 2 * heads.n_kv_head)) * heads.n_head])
    const attrs = { ...heads, p, stream: this.#stream++, ...(this.#fast && { fast: true }) }
    this.#record(
      'flash_attention',
      { name, t: { qkv, dice, out, lse }, attrs },
      {
        out: ['out', 'lse'],
        saved: ['qkv', 'out', 'lse', 'dice'],
        grads: { qkv: true },
        dout: out,
        scratch: { delta: lse.shape },
      },
    )
    return out
  }
  attentionCached(name: string, qkv: Tensor, t: { keys: Tensor; values: Tensor; pos: Tensor }, heads: Heads): Tensor {
    const [, T = 1, width = 1] = qkv.shape
    const att = this.#tensor(name.replace(/atty$/, 'att'), [heads.n_head, T, t.keys.shape[0]!])
    const out = this.#tensor(name, [1, T, (width / (heads.n_head + 2 * heads.n_kv_head)) * heads.n_head])
    this.#record('attention_cached', { name, t: { qkv, ...t, att, out }, attrs: heads }, { out: ['att', 'out'] })
    return out
  }
  gelu(name: string, x: Tensor): Tensor {
    return this.#activation('gelu', name, x)
  }
  relu2(name: string, x: Tensor): Tensor {
    return this.#activation('relu2', name, x)
  }
  /** Fused: the product that makes x keeps it, and applies the activation before it stores. */
  #activation(activation: Activation, name: string, x: Tensor): Tensor {
    const out = this.#tensor(name, x.shape)
    const product = this.#fusable?.dropout ? null : this.#takeBack(x)
    if (product) {
      const pre = this.#tensor(x.label, x.shape)
      this.#matmul({ ...product, t: { ...product.t, pre, out }, activation })
      this.#activated.set(out, { pre, activation })
    } else
      this.#record(
        activation,
        { name, t: { x, out }, attrs: {} },
        { out: ['out'], saved: ['x'], grads: { x: true }, dout: out },
      )
    return out
  }
  swiglu(name: string, x: Tensor): Tensor {
    const out = this.#tensor(name, [...x.shape.slice(0, -1), last(x) / 2])
    this.#record(
      'swiglu',
      { name, t: { x, out }, attrs: {} },
      { out: ['out'], saved: ['x'], grads: { x: true }, dout: out },
    )
    return out
  }
  /** Fused: the product that makes b adds a, and the gradient of a is out's own. */
  residual(name: string, a: Tensor, b: Tensor): Tensor {
    const out = this.#tensor(name, a.shape)
    const product = this.#takeBack(b)
    if (product) this.#matmul({ ...product, name, t: { ...product.t, residual: a, out } })
    else
      this.#record(
        'residual',
        { name, t: { a, b, out }, attrs: {} },
        { out: ['out'], saved: [], grads: { a: true, b: true }, dout: out },
      )
    return out
  }
  /** Nothing at all where `p` is 0. Fused: the product that makes x drops before it stores. */
  dropout(name: string, x: Tensor, dice: Tensor, p: number): Tensor {
    const stream = this.#stream++
    if (p === 0 || !this.#training) return x
    const out = this.#tensor(name, x.shape)
    const attrs = { p, stream }
    const product = this.#fusable?.dropout ? null : this.#takeBack(x)
    if (product) this.#matmul({ ...product, t: { ...product.t, dice, out }, dropout: { name, sum: x.label, attrs } })
    else
      this.#record(
        'dropout',
        { name, t: { x, dice, out }, attrs },
        { out: ['out'], saved: ['dice'], grads: { x: true }, dout: out },
      )
    return out
  }
  /** A loss for each of `count` rows, and its log-sum-exp. */
  losses(name: string, count: number): { losses: Tensor; lse: Tensor } {
    return { losses: this.#tensor(name, [count]), lse: this.#tensor('lse', [count]) }
  }
  /** `overwrite`: dlogits takes the place of the logits, which nobody can read afterwards. */
  crossEntropy(
    name: string,
    logits: Tensor,
    t: { targets: Tensor; scale: Tensor; losses: Tensor; lse: Tensor },
    label_smoothing: number,
    overwrite: boolean,
  ): void {
    this.#record(
      'cross_entropy',
      { name, t: { logits, ...t }, attrs: { label_smoothing } },
      { out: ['losses', 'lse'], saved: ['logits', 'targets', 'scale', 'lse'], grads: { logits: true } },
    )
    const dlogits = this.gradient(logits)
    if (overwrite && dlogits) this.#windows.set(dlogits.label, { of: logits, offset: 0 })
  }
  /** The mean of the losses goes to `ring`. */
  meanLoss(t: { losses: Tensor; scale: Tensor; dice: Tensor; ring: Tensor }): void {
    this.#record('mean_loss', { name: 'mean_loss', t, attrs: {} }, { out: ['ring'] })
  }
  /** The token drawn from the last row of logits goes to `drawn`, and to `tokens` as the next step's input. */
  sample(
    name: string,
    logits: Tensor,
    t: { sampling: Tensor; dice: Tensor; tokens: Tensor; pos: Tensor; drawn: Tensor },
  ): void {
    this.#record('sample', { name, t: { logits, ...t }, attrs: {} }, { out: ['dice', 'tokens', 'pos', 'drawn'] })
  }
}

function placed<T, K extends OpName>(t: Tensors<Tensor, K>, place: (tensor: Tensor) => T): Tensors<T, K> {
  return Object.fromEntries(
    Object.entries<Tensor>(t as Record<string, Tensor>).map(([name, tensor]) => [name, place(tensor)]),
  ) as Tensors<T, K>
}
