// Softmax cross-entropy with label smoothing ε (Szegedy et al., arXiv 1512.00567), as torch.nn.functional.cross_entropy:
//   lse = log Σ exp(logits),   loss = (1 − ε)·(lse − logits[target]) + ε·(lse − mean(logits))
// A negative target is not counted: loss and gradient 0. logits [N, V]; targets, losses, lse and scale [N].
import { invariant } from '../errors'
import { counting, float, once, select } from './expressions'
import { floats, integers, kernel, pointers } from './kernel'
import { exp, log } from './math'
import { across, largest, loop, put, sum, when, zero } from './statements'
import { launch, mask, rowsOf, work, type WasmOp } from './tensor'

const forward = kernel(
  'cross_entropy',
  { ...pointers('logits', 'targets', 'losses', 'lse'), ...integers('N', 'V'), ...floats('smoothing') },
  (t) => {
    const { N, V, smoothing } = t
    loop(N, (n) => {
      const row = t.logits.row(n, V)
      const most = largest(V, (v) => row.at(v))
      const logMass = once(log(sum(V, (v) => exp(row.at(v).sub(most)))))
      const target = once(t.targets.int(n))
      const loss = zero({ lanes: 1 })
      when(target.gt(-1), () => {
        const miss = logMass.sub(row.at(target).sub(most))
        const mean = sum(V, (v) => row.at(v).sub(most)).div(V.toFloat())
        loss.set(
          float(1)
            .sub(smoothing)
            .mul(miss)
            .add(smoothing.mul(logMass.sub(mean))),
        )
      })
      t.losses.store(n, loss)
      t.lse.store(n, most.add(logMass))
    })
  },
)

// loss = (1 − ε)·(lse − logits[target]) + ε·(lse − mean(logits))
//   ⇒  dlogits = (softmax − (1 − ε)·[v = target] − ε/V) · scale[n],  softmax = exp(logits − lse)
// dlogits may be the very memory of the logits: each is read before it is written over.
const backward = kernel(
  'cross_entropy_backward',
  {
    ...pointers('logits', 'targets', 'lse', 'scale', 'dlogits'),
    ...integers('N', 'V', 'adds'),
    ...floats('smoothing'),
  },
  (t) => {
    const { N, V, smoothing } = t
    const smooth = once(smoothing.div(V.toFloat()))
    loop(N, (n) => {
      const [row, gradient] = [t.logits.row(n, V), t.dlogits.row(n, V)]
      const [lse, target] = [once(t.lse.at(n)), once(t.targets.int(n))]
      const scale = once(select(target.lt(0), float(0), t.scale.at(n)))
      const hit = once(float(1).sub(smoothing))
      across(V, (v) => {
        const number = v.lanes === 4 ? counting(v.number) : v.number
        const share = exp(row.at(v).sub(lse)).sub(select(number.eq(target), hit, float(0)))
        put(gradient, v, share.sub(smooth).mul(scale), t.adds)
      })
    })
  },
)

export const cross_entropy: WasmOp<'cross_entropy'> = {
  forward({ name, t: { logits, targets, losses, lse }, attrs }) {
    const { rows: N, width: V } = rowsOf(logits)
    const call = launch(forward, { logits, targets, losses, lse, N, V, smoothing: attrs.label_smoothing })
    return [work(`${name}.cross_entropy`, 5 * N * V, [logits, targets, losses, lse], [call])]
  },

  backward({ name, t: { logits, targets, lse, scale }, d: { dlogits }, attrs, adds }) {
    if (!dlogits) return []
    const { rows: N, width: V } = rowsOf(logits)
    const adding = mask(adds, 'dlogits')
    invariant(
      dlogits.pointer !== logits.pointer || !adding,
      () => `${name}: dlogits cannot be added to logits that it writes over`,
    )
    const values = { logits, targets, lse, scale, dlogits, N, V, smoothing: attrs.label_smoothing, adds: adding }
    const call = launch(backward, values)
    return [work(`${name}.cross_entropy.dlogits`, 5 * N * V, [logits, targets, lse, dlogits], [call])]
  },
}
