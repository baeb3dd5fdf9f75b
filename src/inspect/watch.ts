// An engine that is watched while programs are recorded on it: which op each piece of work belongs to, on which tensors, and which
// kernels could have computed it. What is recorded is the engine's own work, unchanged.
import type { Engine, KernelClass, Op, OpName, Tensor, Work } from '../engine'

export type Pass = 'forward' | 'backward'

/** One call of an op, as it was recorded. */
export interface Seen {
  op: OpName
  pass: Pass
  /** Its tensors by name, gradients and scratch included. */
  tensors: Readonly<Record<string, Tensor>>
  attrs: Readonly<Record<string, unknown>>
  works: readonly Work[]
  /** The classes of calls that came up, where several kernels could compute it. */
  classes: readonly KernelClass[]
}

type AnyOp = Op<Tensor, Work, 'matmul'>
type AnyCall = Parameters<AnyOp['forward']>[0] & Partial<Parameters<AnyOp['backward']>[0]>

/** The engine, telling of each call that is recorded; `variants` are kernels by class, where another than the chosen one is wanted. */
export function watched(
  engine: Engine,
  variants: Readonly<Record<string, string>>,
  tell: (seen: Seen) => void,
): Engine {
  const record = (op: OpName, pass: Pass) => (call: AnyCall) => {
    const own = engine.ops[op] as unknown as Record<Pass, (call: AnyCall) => Work[]>
    const { recorded, asked } = engine.recordAs?.(variants, () => own[pass](call)) ?? {
      recorded: own[pass](call),
      asked: [],
    }
    const tensors = Object.fromEntries(
      Object.entries({ ...call.t, ...call.d }).flatMap(([name, tensor]) => (tensor ? [[name, tensor]] : [])),
    )
    tell({ op, pass, tensors, attrs: { ...call.attrs }, works: recorded, classes: asked })
    return recorded
  }
  const ops = Object.fromEntries(
    Object.keys(engine.ops).map((op) => [
      op,
      { forward: record(op as OpName, 'forward'), backward: record(op as OpName, 'backward') },
    ]),
  )
  return new Proxy(engine, {
    get: (of, key) => {
      if (key === 'ops') return ops
      // The engine's own methods keep their private fields: they are called on it, not on the proxy.
      const value: unknown = Reflect.get(of, key, of)
      return typeof value === 'function' ? (value.bind(of) as unknown) : value
    },
  })
}
