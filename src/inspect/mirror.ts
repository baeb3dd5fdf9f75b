// Two engines side by side: one under test, and the reference in double precision. Whatever program runs on the pair, each call is given
// the reference's numbers on both, and what it writes is compared. So every kernel meets the sizes and numbers that a model gives it, and
// no error is carried from one to the next.
import { openCpu, type CpuEngine } from '../cpu/engine'
import type { CpuTensor, CpuWork } from '../cpu/tensor'
import type { Block, Engine, KernelChoice, Op, OpName, Stage, Tensor, Work, Words } from '../engine'
import type { Pass } from './watch'

interface Pair extends Tensor {
  readonly tested: Tensor
  readonly right: CpuTensor
}

interface PairWork extends Work {
  readonly call: { op: OpName; pass: Pass; named: readonly (readonly [string, Pair])[]; adds: ReadonlySet<string> }
  readonly tested: readonly Work[]
  readonly right: readonly CpuWork[]
}

/** How one call of an op did. */
export interface Checked {
  op: OpName
  pass: Pass
  kernels: string[]
  /** What it wrote, by name: ‖got − want‖ / ‖want‖, and the worst element as a share of the largest. */
  wrote: { name: string; shape: readonly number[]; norm: number; element: number }[]
  /** Milliseconds of the engine under test, as it is called alone. */
  ms: number
}

/** Written by an op for itself, in the layout that each engine likes. */
const PRIVATE: ReadonlySet<string> = new Set(['partials', 'dpreatt', 'delta'])

type AnyOp = Op<Tensor, Work, 'matmul'>
type AnyCall = Parameters<AnyOp['backward']>[0]

/** The pair as an engine. `tell` hears of each call; `variants` are kernels by op. `pause` is waited for between calls. */
export function mirror(
  tested: Engine,
  variants: Readonly<Record<string, string>>,
  tell: (checked: Checked) => void,
  pause: () => Promise<void>,
): Engine<Pair, PairWork> {
  return new Mirror(tested, variants, tell, pause)
}

class Mirror implements Engine<Pair, PairWork> {
  readonly ops: Engine<Pair, PairWork>['ops']
  readonly maxBlock: number
  readonly lost: Promise<Error>
  readonly #tested: Engine
  readonly #right: CpuEngine = openCpu('f64')
  readonly #tell: (checked: Checked) => void
  readonly #pause: () => Promise<void>
  #queue: Promise<unknown> = Promise.resolve()

  constructor(
    tested: Engine,
    variants: Readonly<Record<string, string>>,
    tell: (checked: Checked) => void,
    pause: () => Promise<void>,
  ) {
    this.#tested = tested
    this.#tell = tell
    this.#pause = pause
    this.maxBlock = Math.min(tested.maxBlock, this.#right.maxBlock)
    this.lost = tested.lost
    const record = (op: OpName, pass: Pass) => (call: AnyCall) => this.#record(op, pass, call, variants)
    this.ops = Object.fromEntries(
      Object.keys(tested.ops).map((op) => [
        op,
        { forward: record(op as OpName, 'forward'), backward: record(op as OpName, 'backward') },
      ]),
    ) as unknown as Engine<Pair, PairWork>['ops']
  }

  get info() {
    return this.#tested.info
  }
  get choices(): readonly KernelChoice[] {
    return this.#tested.choices
  }
  recall(choices: readonly KernelChoice[]): void {
    this.#tested.recall(choices)
  }
  tune(): Promise<boolean> {
    return this.#tested.tune()
  }
  compile(program: readonly PairWork[]): Promise<void> {
    return this.#tested.compile(program.flatMap((work) => work.tested))
  }

  async allocate(blocks: readonly Block[]): Promise<Map<string, Pair>> {
    const [tested, right] = [await this.#tested.allocate(blocks), await this.#right.allocate(blocks)]
    return new Map(
      [...tested].map(([label, tensor]) => [label, { ...shapeOf(tensor), tested: tensor, right: right.get(label)! }]),
    )
  }
  window(of: Pair, tensor: Tensor, offset: number): Pair {
    const [tested, right] = [
      this.#tested.window(of.tested, tensor, offset),
      this.#right.window(of.right, tensor, offset),
    ]
    return { ...shapeOf(tensor), tested, right }
  }
  free(tensors: Iterable<Pair>): void {
    this.#tested.free([...tensors].map((pair) => pair.tested))
  }

  write(tensor: Pair, data: Float32Array | Float64Array | Uint32Array | Int32Array): void {
    const copy = data.slice()
    void this.#inOrder(() => {
      this.#tested.write(tensor.tested, copy)
      this.#right.write(tensor.right, copy)
    })
  }
  stage(tensors: readonly Pair[]): Stage {
    const { arrays } = this.#right.stage(tensors.map(({ right }) => right))
    const write = () => {
      for (const tensor of tensors) this.write(tensor, arrays.get(tensor.label) as Words)
    }
    return { arrays, write }
  }
  read(tensors: readonly Pair[]): Promise<Float32Array[]> {
    return this.#inOrder(() => this.#right.read(tensors.map(({ right }) => right)))
  }
  run(program: readonly PairWork[], times = 1): Promise<void> {
    return this.#inOrder(async () => {
      for (let round = 0; round < times; round++) for (const work of program) await this.#check(work)
    })
  }
  destroy(): void {}

  #inOrder<R>(task: () => R | Promise<R>): Promise<R> {
    const done = this.#queue.then(task)
    this.#queue = done.catch(() => undefined)
    return done
  }

  #record(op: OpName, pass: Pass, call: AnyCall, variants: Readonly<Record<string, string>>): PairWork[] {
    const named = Object.entries({ ...call.t, ...(call.d as AnyCall['d'] | undefined) }).flatMap(([name, tensor]) =>
      tensor ? [[name, tensor as unknown as Pair] as const] : [],
    )
    const side = <T>(of: 'tested' | 'right') => {
      const pick = (tensors: object | undefined) =>
        tensors &&
        Object.fromEntries(
          Object.entries(tensors as Record<string, Pair | undefined>).flatMap(([name, pair]) =>
            pair ? [[name, pair[of]]] : [],
          ),
        )
      return { ...call, t: pick(call.t), ...(call.d && { d: pick(call.d) }) } as T
    }
    const ask = () => (this.#tested.ops[op] as unknown as Record<Pass, (c: AnyCall) => Work[]>)[pass](side('tested'))
    const tested = this.#tested.recordAs?.(variantsOf(op, variants), ask).recorded ?? ask()
    const right = (this.#right.ops[op] as unknown as Record<Pass, (c: AnyCall) => CpuWork[]>)[pass](side('right'))
    if (tested.length === 0) return []
    const sum = (key: 'flops' | 'bytes') => tested.reduce((total, work) => total + work[key], 0)
    const adds = (call.adds as ReadonlySet<string> | undefined) ?? new Set()
    const label = tested[0]!.label
    return [{ label, flops: sum('flops'), bytes: sum('bytes'), call: { op, pass, named, adds }, tested, right }]
  }

  async #check({ call, tested, right }: PairWork): Promise<void> {
    await this.#pause()
    const floats = call.named.filter(([, { dtype }]) => dtype === 'f32')
    const rights = floats.map(([, pair]) => pair.right)
    // Both begin with the same numbers, as far as single precision has them.
    const before = await this.#right.read(rights)
    floats.forEach(([, pair], i) => {
      this.#right.write(pair.right, before[i]!)
      this.#tested.write(pair.tested, before[i]!)
    })
    const from = performance.now()
    await this.#tested.run(tested)
    const ms = performance.now() - from
    await this.#right.run(right)
    const got = await this.#tested.read(floats.map(([, pair]) => pair.tested))
    const want = await this.#right.readExact(rights)
    const kernels = new Set(tested.flatMap((work) => this.#tested.kernelOf?.(work).name ?? []))
    const wrote = floats.flatMap(([name, { shape }], i) => {
      const isGradient = call.pass === 'backward'
      if (PRIVATE.has(name) || name === 'dout' || (isGradient && !name.startsWith('d'))) return []
      const added = call.adds.has(name)
      if (!isGradient && want[i]!.every((x, at) => Object.is(x, before[i]![at]))) return []
      return [{ name, shape, ...errors(got[i]!, want[i]!, added ? before[i]! : null) }]
    })
    this.#tell({ op: call.op, pass: call.pass, kernels: [...kernels], wrote, ms })
  }
}

const shapeOf = ({ label, shape, dtype }: Tensor): Tensor => ({ label, shape, dtype })

/** Variants by op as variants by class: a class's key begins with its op. */
function variantsOf(op: string, variants: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const variant = variants[op]
  if (variant === undefined) return {}
  return new Proxy({}, { get: () => variant })
}

/** Errors against the reference; where a sum was added to, by the size of its terms, which may cancel. NaN where a number is. */
export function errors(
  got: Float32Array,
  want: Float64Array,
  before: Float32Array | null,
): { norm: number; element: number } {
  let [apart, length, worst, largest] = [0, 0, 0, 0]
  for (let i = 0; i < want.length; i++) {
    const off = Math.abs(got[i]! - want[i]!)
    const size = before ? Math.abs(before[i]!) + Math.abs(want[i]! - before[i]!) : Math.abs(want[i]!)
    apart += off * off
    length += size * size
    if (!(off <= worst)) worst = off
    largest = Math.max(largest, size)
  }
  return { norm: Math.sqrt(apart / (length || 1)), element: worst / (largest || 1) }
}
