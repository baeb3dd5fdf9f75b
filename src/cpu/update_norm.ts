// The norms of AdamW's last update and of the weights: norms = [√ΣΔ², √Σw²] over the elements of each arena before `decayed`, with
// Δ = lr/bias1 · m / (√v/√bias2 + eps) from the moments that the step wrote. The call for an arena writes NORM_PARTIALS pairs of partial
// sums from `first` · NORM_PARTIALS on, one for each stretch. The `last` call adds all of them.
import { HYPER, NORM_PARTIALS } from '../engine'
import { floats, work, type CpuOp } from './tensor'

export const update_norm: CpuOp<'update_norm'> = {
  forward({ name, t, attrs: { decayed, first, last } }) {
    const [weights, ms, vs, hyper] = [floats(t.weights), floats(t.m), floats(t.v), floats(t.hyper)]
    const [partials, norms] = [floats(t.partials), floats(t.norms)]
    const stretch = Math.ceil(decayed / NORM_PARTIALS)
    const run = () => {
      const rate = hyper[HYPER.learning_rate]! / hyper[HYPER.bias1]!
      const root2 = Math.sqrt(hyper[HYPER.bias2]!)
      for (let p = 0; p < NORM_PARTIALS; p++) {
        const end = Math.min(decayed, (p + 1) * stretch)
        let [moved, length] = [0, 0]
        for (let i = p * stretch; i < end; i++) {
          moved += ((rate * ms[i]!) / (Math.sqrt(vs[i]!) / root2 + hyper[HYPER.eps]!)) ** 2
          length += weights[i]! ** 2
        }
        partials[2 * (first * NORM_PARTIALS + p)] = moved
        partials[2 * (first * NORM_PARTIALS + p) + 1] = length
      }
      if (!last) return
      let [moved, length] = [0, 0]
      for (let p = 0; p < partials.length; p += 2) {
        moved += partials[p]!
        length += partials[p + 1]!
      }
      norms[0] = Math.sqrt(moved)
      norms[1] = Math.sqrt(length)
    }
    return [work(`${name}.update_norm`, 9 * decayed, [t.weights, t.m, t.v, t.partials], run)]
  },
  backward: () => [],
}
