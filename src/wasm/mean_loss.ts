// The loss of a batch, put where it waits to be read: ring[dice.slot] = Σ scale · losses. The largest scale is taken out of the
// sum, as in shaders/mean_loss.wgsl.
import { DICE } from '../engine'
import { sizeOf } from '../params'
import { float, once, select } from './expressions'
import { integers, kernel, pointers } from './kernel'
import { largest, sum } from './statements'
import { launch, work, type WasmOp } from './tensor'

const forward = kernel(
  'mean_loss',
  { ...pointers('losses', 'scale', 'dice', 'ring'), ...integers('N') },
  ({ losses, scale, dice, ring, N }) => {
    const most = once(largest(N, (n) => scale.at(n).abs()).max(0))
    // A row without weight counts for nothing, whatever its loss is.
    const term = sum(N, (n) => {
      const share = once(scale.at(n))
      return select(share.eq(0), float(0), losses.at(n).mul(share.div(most)))
    })
    ring.store(dice.int(DICE.slot), most.mul(term))
  },
)

export const mean_loss: WasmOp<'mean_loss'> = {
  forward({ name, t }) {
    const N = sizeOf(t.losses.shape)
    return [work(name, 2 * N, [t.losses, t.scale], [launch(forward, { ...t, N })])]
  },
  backward: () => [],
}
