// AdamW (Loshchilov and Hutter, arXiv 1711.05101), as torch.optim.AdamW, on one arena of weights with its m and v:
//   g = grad · min(1, clip/(norm + 1e-6))            w −= lr · weight_decay · w   (elements before `decayed`)
//   m = β1·m + (1 − β1)·g,  v = β2·v + (1 − β2)·g²   w −= lr/bias1 · m / (√v/√bias2 + eps)
// If the norm is not finite, nothing is written and the weights of the last good step stay.
import { HYPER } from '../engine'
import { sizeOf } from '../params'
import { float, once, variable, type Float, type Int } from './expressions'
import { integers, kernel, pointers } from './kernel'
import { across, leaveWhen, when } from './statements'
import { launch, work, type WasmOp } from './tensor'

const forward = kernel(
  'adamw',
  { ...pointers('weights', 'grads', 'm', 'v', 'norm', 'hyper'), ...integers('size', 'decayed') },
  (t) => {
    const hyper = (word: keyof typeof HYPER) => once(t.hyper.at(HYPER[word]))
    const norm = once(t.norm.at(0))
    // x − x is 0 for every number, and no number for infinity.
    leaveWhen(norm.sub(norm).ne(0))
    const [lr, clip, eps] = [hyper('learning_rate'), hyper('grad_clip'), hyper('eps')]
    const factor = variable(float(1))
    when(clip.gt(0), () => factor.set(clip.div(norm.add(1e-6)).min(1)))
    const [beta1, beta2, rest1, rest2] = [hyper('beta1'), hyper('beta2'), hyper('rest1'), hyper('rest2')]
    const [rate, root2] = [once(lr.div(hyper('bias1'))), once(hyper('bias2').sqrt())]
    const update = (to: Int, from: Int | number, shrink: Float) =>
      across(
        to,
        (i) => {
          const g = once(t.grads.at(i).mul(factor))
          const m = once(beta1.mul(t.m.at(i)).add(rest1.mul(g)))
          const v = once(beta2.mul(t.v.at(i)).add(rest2.mul(g).mul(g)))
          t.m.store(i, m)
          t.v.store(i, v)
          t.weights.store(
            i,
            t.weights
              .at(i)
              .mul(shrink)
              .sub(rate.mul(m).div(v.sqrt().div(root2).add(eps))),
          )
        },
        from,
      )
    update(t.decayed, 0, once(float(1).sub(lr.mul(hyper('weight_decay')))))
    update(t.size, t.decayed, float(1))
  },
)

export const adamw: WasmOp<'adamw'> = {
  forward({ name, t, attrs: { decayed } }) {
    const size = sizeOf(t.weights.shape)
    const { weights, grads, m, v } = t
    const call = launch(forward, { ...t, size, decayed })
    return [work(`${name}.adamw`, 15 * size, [weights, grads, m, v, weights, m, v], [call])]
  },
  backward: () => [],
}
