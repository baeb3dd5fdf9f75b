// The tape: a model's forward pass as nodes, made of what recorder.ts wrote down, from which the backward pass follows, in the order
// of timeline.ts. The first gradient written to a tensor is `=`, every later one `+=`, so nothing is ever zeroed. There is no general
// autograd: each op's backward is a kernel of its own, and a node only says which tensors that kernel reads again.
// Knows shapes and names, not memory (memory.ts) and not who computes (the Engine).
import type { Call, Engine, OpName, Tensor, Tensors, Work } from '../engine'
import { invariant } from '../errors'
import { fuse } from './fuse'
import type { Recorded, Recorder, Window } from './recorder'
import { timelineOf, type Moment, type Node } from './timeline'

/** The address of a tensor's gradient: `h.0.attn.att` → `h.0.attn.datt`. */
export function gradientLabel(label: string): string {
  const dot = label.lastIndexOf('.') + 1
  return `${label.slice(0, dot)}d${label.slice(dot)}`
}

export interface TapeOptions {
  /** The tape has a backward as well. */
  training: boolean
  /** Products compute the activation, dropout or residual that follows them (fuse.ts). Without, every op has a node and an address. */
  fuse?: boolean
}

export class Tape {
  readonly nodes: readonly Node[]
  /** Every tensor by its address: parameters, inputs, activations, gradients. */
  readonly tensors: Map<string, Tensor>
  /** Every moment of a step, in order. */
  readonly timeline: readonly Moment[]
  /** Parameters and their gradients. */
  readonly #params: Set<string>
  readonly #inputs: ReadonlySet<string>
  /** Tensors without memory of their own. */
  readonly #windows: Map<string, Window>
  /** What no gradient reaches: frozen parameters, and what is made of nothing that trains. */
  readonly #fixed: ReadonlySet<string>
  readonly #training: boolean

  constructor(recorder: Recorder, { training, fuse: fuses = false }: TapeOptions) {
    this.tensors = new Map(recorder.tensors)
    this.#params = new Set(recorder.params)
    this.#inputs = recorder.inputs
    this.#windows = new Map(recorder.windows)
    this.#training = training
    this.#fixed = this.#fixedOf(recorder)
    const { calls, swallowed } = fuses ? fuse(recorder.calls) : { calls: recorder.calls, swallowed: [] }
    for (const { label } of swallowed) this.tensors.delete(label)
    this.nodes = calls.map((call) => this.#node(call))
    this.timeline = timelineOf(this.nodes, training)
    settle(this.timeline)
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
  /** The forward alone. */
  forward<T extends Tensor, W extends Work>(engine: Engine<T, W>, place: (tensor: Tensor) => T): W[] {
    return this.nodes.flatMap((node) => node.forward(engine, place))
  }
  /** The whole timeline; `accumulate`: the gradients of parameters are added to what is there (later micro-batches). */
  step<T extends Tensor, W extends Work>(engine: Engine<T, W>, place: (tensor: Tensor) => T, accumulate = false): W[] {
    return this.timeline.flatMap(({ node, pass }) =>
      pass === 'backward' ? node.backward(engine, place, accumulate) : node.forward(engine, place),
    )
  }

  /** Addresses that no gradient reaches, found on the plain calls: of each op, all inputs together reach its outputs. */
  #fixedOf({ calls, frozen }: Recorder): Set<string> {
    const fixed = new Set(frozen)
    for (const { t, grads, out } of calls) {
      const inputs = grads.flatMap((name) => t[name] ?? [])
      if (inputs.length > 0 && inputs.every((tensor) => fixed.has(this.home(tensor).label)))
        for (const name of out) fixed.add(t[name]!.label)
    }
    return fixed
  }
  #moves(tensor: Tensor | undefined): tensor is Tensor {
    return tensor !== undefined && !this.#fixed.has(this.home(tensor).label)
  }

  #add(label: string, shape: readonly number[]): Tensor {
    invariant(!this.tensors.has(label), () => `two tensors at the address ${label}`)
    const tensor: Tensor = { label, shape, dtype: 'f32' }
    this.tensors.set(label, tensor)
    return tensor
  }
  /** The gradient of a tensor, made where there is none. The gradient of a window is a window on the gradient. */
  #gradientOf(tensor: Tensor): Tensor {
    const found = this.gradient(tensor)
    if (found) return found
    const window = this.#windows.get(tensor.label)
    const of = window && this.#gradientOf(window.of)
    const gradient = this.#add(gradientLabel(tensor.label), tensor.shape)
    if (window && of) this.#windows.set(gradient.label, { of, offset: window.offset })
    if (this.#params.has(tensor.label)) this.#params.add(gradient.label)
    return gradient
  }

  /** A call with its gradients. */
  #node<K extends OpName>(call: Recorded<K>): Node {
    const { op, name, t, attrs, along } = call
    const byName = Object.entries(t)
    const named = (names: readonly string[]) =>
      byName.filter(([name]) => names.includes(name)).map(([, tensor]) => tensor)
    const inputs = [...byName, ...Object.entries(call.unkept ?? {})].filter(([name]) => call.grads.includes(name))
    const moves = inputs.some(([, tensor]) => this.#moves(tensor))
    const trains = this.#training && (moves || this.#moves(call.passes))
    const wanted = inputs.filter(([name, tensor]) => this.#moves(tensor) || (moves && name === along))
    const grads = trains
      ? wanted.map(([name, tensor]) => ({ key: `d${name}`, tensor: this.#gradientOf(tensor), first: false }))
      : []
    const scratch = Object.entries(trains ? call.scratch : {}).map(
      ([key, shape]) => [key, this.#add(`${name}.${key}`, shape)] as const,
    )
    const dout = trains && call.dout ? this.#gradientOf(call.dout) : undefined
    const passes = trains && this.#moves(call.passes) ? this.#gradientOf(call.passes) : undefined
    if (passes && dout) this.#windows.set(passes.label, { of: dout, offset: 0 })
    const over = trains && call.overwrites ? t[call.overwrites] : undefined
    if (over) this.#windows.set(gradientLabel(over.label), { of: over, offset: 0 })

    /** Where a tensor lies, windows too. */
    const lies = <T extends Tensor, W extends Work>(engine: Engine<T, W>, place: (tensor: Tensor) => T) => {
      const at = (tensor: Tensor): T => {
        const window = this.#windows.get(tensor.label)
        return window ? engine.window(at(window.of), tensor, window.offset) : place(tensor)
      }
      return at
    }
    const placed = <T>(at: (tensor: Tensor) => T) =>
      ({
        name,
        t: Object.fromEntries(byName.map(([key, tensor]) => [key, at(tensor)])) as Tensors<T, K>,
        attrs,
      }) satisfies Call<T, K>
    return {
      op,
      name,
      reads: byName.filter(([name]) => !call.out.includes(name)).map(([, tensor]) => tensor),
      writes: named(call.out),
      saved: trains ? named(call.saved) : [],
      dout,
      grads,
      scratch: scratch.map(([, tensor]) => tensor),
      passes,
      stretch: call.stretch,
      forward<T extends Tensor, W extends Work>(engine: Engine<T, W>, place: (tensor: Tensor) => T) {
        return engine.ops[op].forward(placed(lies(engine, place)))
      },
      backward: <T extends Tensor, W extends Work>(
        engine: Engine<T, W>,
        place: (tensor: Tensor) => T,
        accumulate: boolean,
      ) => {
        if (grads.length === 0) return []
        const at = lies(engine, place)
        const d = Object.fromEntries([
          ...grads.map(({ key, tensor }) => [key, at(tensor)]),
          ...scratch.map(([key, tensor]) => [key, at(tensor)]),
          ...(dout ? [['dout', at(dout)]] : []),
        ])
        const adds = new Set(grads.filter((g) => !g.first || (accumulate && this.isParam(g.tensor))).map((g) => g.key))
        return engine.ops[op].backward({ ...placed(at), d, adds })
      },
    }
  }
}

/** Settles which gradient is written first: in the order of the timeline, each tensor's first is `=`. */
function settle(timeline: readonly Moment[]): void {
  const written = new Set<string>()
  for (const { node, pass } of timeline) {
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
