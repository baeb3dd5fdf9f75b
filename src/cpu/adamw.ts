// AdamW (Loshchilov and Hutter, arXiv 1711.05101), as torch.optim.AdamW, on one arena of weights with its m and v:
//   g = grad · min(1, clip/(norm + 1e-6))            w −= lr · weight_decay · w   (elements before `decayed`)
//   m = β1·m + (1 − β1)·g,  v = β2·v + (1 − β2)·g²   w −= lr/bias1 · m / (√v/√bias2 + eps)
// If the norm is not finite, nothing is written and the weights of the last good step stay.
import { HYPER } from '../engine'
import { floats, work, type CpuOp } from './tensor'

export const adamw: CpuOp<'adamw'> = {
  forward({ name, t, attrs: { decayed } }) {
    const [weights, grads, ms, vs] = [floats(t.weights), floats(t.grads), floats(t.m), floats(t.v)]
    const [norm, hyper] = [floats(t.norm), floats(t.hyper)]
    const run = () => {
      const lr = hyper[HYPER.learning_rate]!
      const shrink = 1 - lr * hyper[HYPER.weight_decay]!
      const [beta1, beta2, eps] = [hyper[HYPER.beta1]!, hyper[HYPER.beta2]!, hyper[HYPER.eps]!]
      const [rest1, rest2] = [hyper[HYPER.rest1]!, hyper[HYPER.rest2]!]
      const [rate, root2] = [lr / hyper[HYPER.bias1]!, Math.sqrt(hyper[HYPER.bias2]!)]
      const clip = hyper[HYPER.grad_clip]!
      if (!Number.isFinite(norm[0])) return
      const factor = clip > 0 ? Math.min(1, clip / (norm[0]! + 1e-6)) : 1
      for (let i = 0; i < weights.length; i++) {
        const g = grads[i]! * factor
        const m = beta1 * ms[i]! + rest1 * g
        const v = beta2 * vs[i]! + rest2 * g * g
        const w = i < decayed ? weights[i]! * shrink : weights[i]!
        ms[i] = m
        vs[i] = v
        weights[i] = w - (rate * m) / (Math.sqrt(v) / root2 + eps)
      }
    }
    return [work(`${name}.adamw`, 15 * weights.length, [t.weights, t.grads, t.m, t.v, t.weights, t.m, t.v], run)]
  },
  backward: () => [],
}
