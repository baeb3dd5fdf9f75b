// Fusion: a pass over recorded calls in which a product computes what follows it, its activation, dropout or residual, before it
// stores. Each saves a dispatch, and a tensor's way to memory and back; see `matmul` in src/engine.ts for what the kernel does. What
// was swallowed has no address any more. Bits stay what they are: the kernel does the same in the same order.
import type { Activation, Dropout, Tensor } from '../engine'
import type { Recorded } from './recorder'

/** A product with the calls that it may take in. */
interface Product {
  readonly matmul: Recorded<'matmul'>
  readonly activation?: Recorded
  readonly dropout?: Recorded
  readonly residual?: Recorded
  /** The last of them: its name and output are the product's. */
  readonly end: Recorded
}

/** An activation's output that only products read: their backward goes on to its input `pre`. */
interface Activated {
  readonly pre: Tensor
  readonly activation: Activation
}

const outOf = (call: Recorded) => call.t['out']!

/** The calls, fused, and the tensors that none of them makes any more. */
export function fuse(calls: readonly Recorded[]): { calls: Recorded[]; swallowed: ReadonlySet<Tensor> } {
  const readers = readersOf(calls)
  const found: (Recorded | Product)[] = []
  for (const call of calls) {
    const before = found.at(-1)
    const joined = before && 'matmul' in before && joins(before, call, readers) ? join(before, call) : undefined
    if (joined) found.splice(-1, 1, joined)
    else found.push(call.op === 'matmul' ? { matmul: call as Recorded<'matmul'>, end: call } : call)
  }
  const activated = new Map<Tensor, Activated>()
  const swallowed = new Set<Tensor>()
  const fused = found.flatMap((item) => (isProduct(item) ? written(item, activated, swallowed) : [item]))
  return { calls: fused, swallowed }
}
const isProduct = (item: Recorded | Product): item is Product => 'matmul' in item

/** Who reads each tensor, and under which name. */
function readersOf(calls: readonly Recorded[]): Map<Tensor, { call: Recorded; name: string }[]> {
  const readers = new Map<Tensor, { call: Recorded; name: string }[]>()
  for (const call of calls)
    for (const [name, tensor] of Object.entries(call.t))
      if (!call.out.includes(name)) readers.set(tensor, [...(readers.get(tensor) ?? []), { call, name }])
  return readers
}

/**
 * Whether a product can take in the call that follows it: nobody else may read what lies between. A residual's `a` is read for the last
 * time there, since its gradient begins as the gradient of the sum.
 */
function joins(product: Product, call: Recorded, readers: ReturnType<typeof readersOf>): boolean {
  const { matmul, activation, dropout, residual, end } = product
  const between = outOf(end)
  if (matmul.attrs.transposed || activation || residual || call.stretch !== matmul.stretch) return false
  if (readers.get(between)?.length !== 1) return false
  if (call.op === 'residual') return call.t['b'] === between && readers.get(call.t['a']!)?.at(-1)?.call === call
  if (dropout || call.t['x'] !== between) return false
  if (call.op === 'dropout') return true
  const onlyProducts = () =>
    readers.get(outOf(call))?.every(({ call: { op }, name }) => op === 'matmul' && name === 'x')
  return (call.op === 'gelu' || call.op === 'relu2') && onlyProducts() === true
}

function join(product: Product, call: Recorded): Product {
  const part = call.op === 'residual' || call.op === 'dropout' ? call.op : 'activation'
  return { ...product, [part]: call, end: call }
}

/** A product as the call that computes it, and, with dropout, the call that undoes that. */
function written(
  { matmul, activation, dropout, residual, end }: Product,
  activated: Map<Tensor, Activated>,
  swallowed: Set<Tensor>,
): Recorded[] {
  const sum = outOf(matmul)
  const out = outOf(end)
  // An x that is an activation has no gradient of its own: the backward goes on to the activation's input.
  const before = activated.get(matmul.t['x']!)
  const kind = before?.activation ?? (activation?.op as Activation | undefined)
  if (activation) activated.set(out, { pre: sum, activation: activation.op as Activation })
  if (residual) swallowed.add(outOf(dropout ?? matmul))
  const passes = residual && { passes: residual.t['a']! }
  const product: Recorded<'matmul'> = {
    ...matmul,
    // Dropout alone keeps the product's name: the backward of dropout bears its own.
    name: (residual ?? matmul).name,
    t: {
      ...matmul.t,
      ...(activation && { pre: sum }),
      ...(dropout && { dice: dropout.t['dice']! }),
      ...(residual && { residual: residual.t['a']! }),
      out,
      ...(before && { xpre: before.pre }),
    },
    attrs: {
      ...matmul.attrs,
      ...(kind && { activation: kind }),
      ...(dropout && { dropout: dropout.attrs as Dropout }),
    },
    out: activation ? ['out', 'pre'] : ['out'],
    saved: before ? [...matmul.saved, 'xpre'] : matmul.saved,
    grads: before ? ['xpre', 'weight', 'bias'] : matmul.grads,
    dout: activation || dropout ? sum : out,
    ...(!dropout && passes),
  }
  if (!dropout) return [product]
  // Backward, dropout comes first: what it leaves is the gradient of the sum.
  const t = { dice: dropout.t['dice']!, out }
  return [product, { ...dropout, t, out: [], dout: out, unkept: { x: sum }, ...passes }]
}
