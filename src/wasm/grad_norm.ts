// The global gradient norm: norm = √Σ g² over all arenas, also written to ring[dice.slot]. The call for an arena writes NORM_PARTIALS
// partial sums from `first` · NORM_PARTIALS on, one for each stretch of the arena. The `last` call adds all of them.
import { DICE, NORM_PARTIALS } from '../engine'
import { sizeOf } from '../params'
import { once } from './expressions'
import { integers, kernel, pointers } from './kernel'
import { loop, sum } from './statements'
import { launch, work, type WasmOp } from './tensor'

const sums = kernel(
  'grad_norm_sums',
  { ...pointers('grads', 'partials'), ...integers('size', 'stretch') },
  ({ grads, partials, size, stretch }) =>
    loop(NORM_PARTIALS, (p) => {
      const from = once(p.mul(stretch).min(size))
      const row = once(grads.plus(from))
      partials.store(
        p,
        sum(once(size.sub(from).min(stretch)), (i) => once(row.at(i)).square()),
      )
    }),
)
const finish = kernel(
  'grad_norm',
  { ...pointers('partials', 'norm', 'dice', 'ring'), ...integers('count') },
  ({ partials, count, norm, dice, ring }) => {
    const all = once(sum(count, (p) => partials.at(p)).sqrt())
    norm.store(0, all)
    ring.store(dice.int(DICE.slot), all)
  },
)

export const grad_norm: WasmOp<'grad_norm'> = {
  forward({ name, t: { grads, partials, norm, dice, ring }, attrs: { first, last } }) {
    const size = sizeOf(grads.shape)
    const own = { pointer: partials.pointer + 4 * first * NORM_PARTIALS }
    const calls = [launch(sums, { grads, partials: own, size, stretch: Math.ceil(size / NORM_PARTIALS) })]
    if (last) calls.push(launch(finish, { partials, count: sizeOf(partials.shape), norm, dice, ring }))
    return [work(`${name}.grad_norm`, 2 * size, [grads, partials], calls)]
  },
  backward: () => [],
}
