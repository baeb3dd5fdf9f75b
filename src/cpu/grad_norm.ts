// The global gradient norm: norm = √Σ g² over all arenas, also written to ring[dice.slot]. The call for an arena writes NORM_PARTIALS
// partial sums from `first` · NORM_PARTIALS on, one for each stretch of the arena. The `last` call adds all of them.
import { DICE, NORM_PARTIALS } from '../engine'
import { floats, work, words, type CpuOp } from './tensor'

export const grad_norm: CpuOp<'grad_norm'> = {
  forward({ name, t, attrs: { first, last } }) {
    const [grads, partials, norm] = [floats(t.grads), floats(t.partials), floats(t.norm)]
    const [dice, ring] = [words(t.dice), floats(t.ring)]
    const stretch = Math.ceil(grads.length / NORM_PARTIALS)
    const run = () => {
      for (let p = 0; p < NORM_PARTIALS; p++) {
        const end = Math.min(grads.length, (p + 1) * stretch)
        let sum = 0
        for (let i = p * stretch; i < end; i++) sum += grads[i]! ** 2
        partials[first * NORM_PARTIALS + p] = sum
      }
      if (!last) return
      let sum = 0
      for (let p = 0; p < partials.length; p++) sum += partials[p]!
      norm[0] = Math.sqrt(sum)
      ring[dice[DICE.slot]!] = norm[0]
    }
    return [work(`${name}.grad_norm`, 2 * grads.length, [t.grads, t.partials], run)]
  },
  backward: () => [],
}
