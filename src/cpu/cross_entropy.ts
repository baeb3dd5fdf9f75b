// Softmax cross-entropy with label smoothing ε (Szegedy et al., arXiv 1512.00567), as torch.nn.functional.cross_entropy:
//   lse = log Σ exp(logits),   loss = (1 − ε)·(lse − logits[target]) + ε·(lse − mean(logits))
// A negative target is not counted: loss and gradient 0. logits [N, V]; targets, losses, lse and scale [N].
import { invariant } from '../errors'
import { floats, integers, rowsOf, work, type CpuOp } from './tensor'

export const cross_entropy: CpuOp<'cross_entropy'> = {
  forward({ name, t, attrs: { label_smoothing } }) {
    const { rows: N, width: V } = rowsOf(t.logits)
    const [logits, targets, losses, lses] = [floats(t.logits), integers(t.targets), floats(t.losses), floats(t.lse)]
    const run = () => {
      for (let n = 0; n < N; n++) {
        const row = n * V
        let [max, sum, total] = [-Infinity, 0, 0]
        for (let v = 0; v < V; v++) max = Math.max(max, logits[row + v]!)
        for (let v = 0; v < V; v++) {
          sum += logits[row + v]! - max
          total += Math.exp(logits[row + v]! - max)
        }
        const [target, log] = [targets[n]!, Math.log(total)]
        const miss = target < 0 ? 0 : log - (logits[row + target]! - max)
        losses[n] = target < 0 ? 0 : (1 - label_smoothing) * miss + label_smoothing * (log - sum / V)
        lses[n] = max + log
      }
    }
    return [work(`${name}.cross_entropy`, 5 * N * V, [t.logits, t.targets, t.losses, t.lse], run)]
  },

  backward({ name, t, d, attrs: { label_smoothing }, adds }) {
    if (!d.dlogits) return []
    const { rows: N, width: V } = rowsOf(t.logits)
    const [logits, targets, lses, scale] = [floats(t.logits), integers(t.targets), floats(t.lse), floats(t.scale)]
    const dlogits = floats(d.dlogits)
    // dlogits may be the very memory of the logits: each is read before it is written over.
    const inPlace = dlogits.buffer === logits.buffer && dlogits.byteOffset === logits.byteOffset
    const adding = adds.has('dlogits')
    invariant(!(inPlace && adding), () => `${name}: dlogits cannot be added to logits that it writes over`)
    // loss = (1 − ε)·(lse − logits[target]) + ε·(lse − mean(logits))
    //   ⇒  dlogits = (softmax − (1 − ε)·[v = target] − ε/V) · scale[n],  softmax = exp(logits − lse)
    const run = () => {
      for (let n = 0; n < N; n++) {
        const target = targets[n]!
        for (let v = 0; v < V; v++) {
          const at = n * V + v
          const hit = v === target ? 1 - label_smoothing : 0
          const gradient = target < 0 ? 0 : (Math.exp(logits[at]! - lses[n]!) - hit - label_smoothing / V) * scale[n]!
          dlogits[at] = adding ? dlogits[at]! + gradient : gradient
        }
      }
    }
    return [work(`${name}.cross_entropy.dlogits`, 5 * N * V, [t.logits, t.targets, t.lse, d.dlogits], run)]
  },
}
