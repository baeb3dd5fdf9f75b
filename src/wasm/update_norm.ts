// The norms of AdamW's last update and of the weights: norms = [√ΣΔ², √Σw²] over the elements of each arena before `decayed`, with
// Δ = lr/bias1 · m / (√v/√bias2 + eps) from the moments that the step wrote. The call for an arena writes NORM_PARTIALS pairs of partial
// sums from `first` · NORM_PARTIALS on, one for each stretch. The `last` call adds all of them.
import { HYPER, NORM_PARTIALS } from '../engine'
import { sizeOf } from '../params'
import { once } from './expressions'
import { integers, kernel, pointers } from './kernel'
import { loop, sum, zero } from './statements'
import { launch, work, type WasmOp } from './tensor'

const sums = kernel(
  'update_norm_sums',
  { ...pointers('weights', 'm', 'v', 'hyper', 'partials'), ...integers('decayed', 'stretch') },
  (t) => {
    const rate = once(t.hyper.at(HYPER.learning_rate).div(t.hyper.at(HYPER.bias1)))
    const [root2, eps] = [once(t.hyper.at(HYPER.bias2).sqrt()), once(t.hyper.at(HYPER.eps))]
    loop(NORM_PARTIALS, (p) => {
      const from = once(p.mul(t.stretch).min(t.decayed))
      const length = once(t.decayed.sub(from).min(t.stretch))
      const [weights, m, v] = [t.weights, t.m, t.v].map((tensor) => once(tensor.plus(from)))
      const pair = t.partials.row(p, 2)
      pair.store(
        0,
        sum(length, (i) => once(rate.mul(m!.at(i)).div(v!.at(i).sqrt().div(root2).add(eps))).square()),
      )
      pair.store(
        1,
        sum(length, (i) => once(weights!.at(i)).square()),
      )
    })
  },
)
const finish = kernel('update_norm', { ...pointers('partials', 'norms'), ...integers('count') }, (t) => {
  for (const which of [0, 1]) {
    const all = zero({ lanes: 1 })
    loop(t.count, (p) => all.set(all.add(t.partials.row(p, 2).at(which))))
    t.norms.store(which, all.sqrt())
  }
})

export const update_norm: WasmOp<'update_norm'> = {
  forward({ name, t: { weights, m, v, hyper, partials, norms }, attrs: { decayed, first, last } }) {
    const own = { pointer: partials.pointer + 8 * first * NORM_PARTIALS }
    const stretch = Math.ceil(decayed / NORM_PARTIALS)
    const calls = [launch(sums, { weights, m, v, hyper, partials: own, decayed, stretch })]
    if (last) calls.push(launch(finish, { partials, count: sizeOf(partials.shape) / 2, norms }))
    return [work(`${name}.update_norm`, 9 * decayed, [weights, m, v, partials], calls)]
  },
  backward: () => [],
}
